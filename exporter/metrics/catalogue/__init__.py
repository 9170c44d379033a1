"""Every metric of this exporter, once: the page, its HELP lines and docs/metrics.md are made from it."""

from exporter.metrics.catalogue.campaigns import CAMPAIGN_METRICS, CallingHours, Described, calling_hours, utc_offset
from exporter.metrics.catalogue.figures import FIGURE_METRICS
from exporter.metrics.catalogue.metric import CAMPAIGN, OPERATION, TARGET, Kind, Metric, Subject
from exporter.metrics.catalogue.operations import LIVE_METRICS, OPERATION_METRICS
from exporter.metrics.catalogue.process import EXPORTER_METRICS, PROCESS_METRICS, ExporterState
from exporter.metrics.catalogue.targets import TARGET_METRICS, Polled

__all__ = [
    "CAMPAIGN",
    "CAMPAIGN_METRICS",
    "EXPORTER_METRICS",
    "FIGURE_METRICS",
    "LIVE_METRICS",
    "OPERATION",
    "OPERATION_METRICS",
    "PROCESS_METRICS",
    "TARGET",
    "TARGET_METRICS",
    "CallingHours",
    "Described",
    "ExporterState",
    "Kind",
    "Metric",
    "Polled",
    "Subject",
    "calling_hours",
    "utc_offset",
]
