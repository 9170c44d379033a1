"""What the client library tells of the process and its Python."""

from functools import lru_cache

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector

from exporter.metrics.format import Exposition
from exporter.metrics.sample import header, number, pair


def runtime_registry() -> CollectorRegistry:
    """A registry with `process_*` and `python_*` and nothing else."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)
    return registry


def runtime(registry: CollectorRegistry, exposition: Exposition) -> bytes:
    """The gauges and counters of a registry as they are now: the client library's bytes, with the names kept ready."""
    parts = []
    for family in registry.collect():
        name = f"{family.name}_total" if family.type == "counter" else family.name
        parts.append(header(name, family.type, family.documentation, exposition))
        parts += [
            f"{_series(sample.name, tuple(sample.labels.items()))} {number(sample.value)}\n"
            for sample in family.samples
        ]
    return "".join(parts).encode()


@lru_cache(maxsize=256)
def _series(name: str, labels: tuple[tuple[str, str], ...]) -> str:
    inner = ",".join(pair(label, value) for label, value in sorted(labels))
    return f"{name}{{{inner}}}" if inner else name
