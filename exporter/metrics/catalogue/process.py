"""The metrics of the exporter itself."""

from collections.abc import Iterable
from dataclasses import dataclass

from exporter.metrics.build import Build
from exporter.metrics.catalogue.metric import Kind, Metric, one
from exporter.metrics.sample import Sample, pairs


@dataclass(frozen=True, slots=True)
class ExporterState:
    """What this process says of itself."""

    build: Build
    reload_ok: bool
    reloaded_at: float
    """Unix seconds."""


def _build(exporter: ExporterState) -> Iterable[Sample]:
    build = exporter.build
    return (Sample(1, pairs(("version", "revision", "python"), (build.version, build.revision, build.python))),)


EXPORTER_METRICS: tuple[Metric[ExporterState], ...] = (
    Metric(
        "wolkvox_config_last_reload_successful",
        Kind.GAUGE,
        (),
        "1 if the latest attempt to load the configuration succeeded, otherwise 0",
        "From loading the configuration",
        "Cached from the latest reload",
        lambda exporter: one(exporter.reload_ok),
    ),
    Metric(
        "wolkvox_config_last_reload_success_timestamp_seconds",
        Kind.GAUGE,
        (),
        "When the running configuration was loaded, in Unix seconds",
        "From this machine's clock",
        "Cached from the latest good reload",
        lambda exporter: one(exporter.reloaded_at),
    ),
    Metric(
        "wolkvox_exporter_build_info",
        Kind.GAUGE,
        ("version", "revision", "python"),
        "Always 1; the labels describe the running build",
        "From the installed package",
        "Cached from the start of the process",
        _build,
    ),
)

PROCESS_METRICS: tuple[Metric[int], ...] = (
    Metric(
        "wolkvox_exporter_log_lines_dropped_total",
        Kind.COUNTER,
        (),
        "Log lines that were dropped because nobody read stderr or its disk was full",
        "Counted by the exporter",
        "Not cached: as it is at each scrape; counts this process and starts at 0",
        one,
    ),
)
