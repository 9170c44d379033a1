"""What the client library tells of the process and its Python."""

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector


def runtime_registry() -> CollectorRegistry:
    """A registry with `process_*` and `python_*` and nothing else."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)
    return registry
