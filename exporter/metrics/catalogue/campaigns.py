"""The metrics of each campaign."""

from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from exporter.calling_hours import is_open, last_change
from exporter.metrics.catalogue.metric import CAMPAIGN, Kind, Metric, one
from exporter.metrics.sample import Sample, pair
from exporter.model import Target


@dataclass(frozen=True, slots=True)
class CallingHours:
    """Whether calling is allowed at one moment."""

    is_open: bool
    changed_at: float | None
    """When that changed last, in Unix seconds; None where it never does."""


def calling_hours(target: Target, at: float) -> CallingHours | None:
    """The calling hours of a target's campaign at a moment; None where it has none."""
    hours, zone = target.hours, target.zone
    return None if hours is None else CallingHours(is_open(hours, zone, at), last_change(hours, zone, at))


@dataclass(frozen=True, slots=True)
class Described:
    """A campaign as the configuration describes it, at one moment."""

    name: str
    """For people; empty where none is configured."""
    utc_offset: float
    """Seconds that its local time is ahead of UTC."""
    calling: CallingHours | None = None
    """None where no hours are set."""


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
        "From `name` of the configuration; of a discovered campaign from `campaign_name` of campaigns",
        "Cached from the configuration or the last good list, and read again at a reload or with the next list",
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
    Metric(
        "wolkvox_calling_hours_open",
        Kind.GAUGE,
        CAMPAIGN,
        "1 inside the campaign's calling hours, 0 outside; only if `hours` is set",
        "From `hours` of the configuration, the calendar of holidays and this machine's clock",
        "Cached until the hours begin or end",
        lambda described: one(None if described.calling is None else described.calling.is_open),
    ),
    Metric(
        "wolkvox_calling_hours_change_timestamp_seconds",
        Kind.GAUGE,
        CAMPAIGN,
        "When the campaign's calling hours last began or ended, in Unix seconds; absent if they never do",
        "From `hours` of the configuration and the calendar of holidays",
        "Cached until the hours begin or end",
        lambda described: one(None if described.calling is None else described.calling.changed_at),
    ),
)
