"""What the client library tells of the process and its Python."""

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector, generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as openmetrics

from exporter.metrics.format import Exposition


def runtime_registry() -> CollectorRegistry:
    """A registry with `process_*` and `python_*` and nothing else."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)
    return registry


def runtime(registry: CollectorRegistry, exposition: Exposition) -> bytes:
    """The gauges and counters of a registry as they are now, in the client library's own bytes."""
    if exposition is Exposition.OPENMETRICS:
        page: bytes = openmetrics(registry)  # type: ignore[no-untyped-call]
        return page.removesuffix(b"# EOF\n")  # more of the page follows
    return generate_latest(registry)
