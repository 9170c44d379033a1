from collections.abc import Iterable

import pytest
from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.openmetrics import exposition as openmetrics
from prometheus_client.registry import Collector

from exporter.metrics.format import Exposition
from exporter.metrics.runtime import runtime, runtime_registry


class Frozen(Collector):
    """What the runtime's collectors said at one moment."""

    def __init__(self) -> None:
        self.families = list(runtime_registry().collect())

    def collect(self) -> Iterable[Metric]:
        return self.families


@pytest.fixture
def frozen() -> CollectorRegistry:
    registry = CollectorRegistry()
    registry.register(Frozen())
    return registry


def test_text_is_that_of_the_client_library(frozen: CollectorRegistry) -> None:
    assert runtime(frozen, Exposition.TEXT) == generate_latest(frozen)


def test_openmetrics_is_that_of_the_client_library(frozen: CollectorRegistry) -> None:
    theirs = openmetrics.generate_latest(frozen)  # type: ignore[no-untyped-call]
    assert runtime(frozen, Exposition.OPENMETRICS) + b"# EOF\n" == theirs


def test_process_and_python_are_there() -> None:
    names = {family.name for family in runtime_registry().collect()}
    assert {"process_cpu_seconds", "process_resident_memory_bytes", "python_info", "python_gc_collections"} <= names
