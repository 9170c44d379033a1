"""The metrics of each campaign."""

from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from exporter.metrics.catalogue.metric import CAMPAIGN, CONFIG, Kind, Metric, one
from exporter.metrics.sample import Sample, pair


@dataclass(frozen=True, slots=True)
class Described:
    """A campaign as the configuration describes it, at one moment."""

    name: str
    """For people; empty where none is configured."""
    utc_offset: float
    """Seconds that its local time is ahead of UTC."""


def utc_offset(zone: ZoneInfo, at: float) -> float:
    """Seconds that a zone's local time is ahead of UTC at a moment, given in Unix seconds."""
    local, utc = datetime.fromtimestamp(at, zone), datetime.fromtimestamp(at, UTC)
    return (local.replace(tzinfo=None) - utc.replace(tzinfo=None)).total_seconds()


CAMPAIGN_METRICS: tuple[Metric[Described], ...] = (
    Metric(
        "wolkvox_campaign_info",
        Kind.GAUGE,
        (*CAMPAIGN, "name"),
        "Always 1; `name` is the campaign's name for people, empty where none is configured",
        "From `name` of the configuration",
        CONFIG,
        lambda described: (Sample(1, pair("name", described.name)),),
    ),
    Metric(
        "wolkvox_campaign_utc_offset_seconds",
        Kind.GAUGE,
        CAMPAIGN,
        "Current UTC offset of the campaign's time zone, in seconds; it changes when daylight saving begins or ends",
        "From `timezone` of the configuration",
        "Cached from the configuration and checked against this machine's clock at each scrape",
        lambda described: one(described.utc_offset),
    ),
)
