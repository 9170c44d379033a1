"""Every metric of this exporter, once: the page, its HELP lines and docs/metrics.md are made from it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Generic, TypeVar
from zoneinfo import ZoneInfo

from exporter.metrics.build import Build
from exporter.metrics.sample import Sample, number, pair, pairs
from exporter.model import LATENCY_BOUNDS, OperationStats, Target, TargetState

Subject = TypeVar("Subject")


class Kind(StrEnum):
    """The types of both text formats."""

    GAUGE = "gauge"
    COUNTER = "counter"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True)
class Metric(Generic[Subject]):
    """A metric family and how its samples come from one subject."""

    name: str
    """As the samples bear it: counters with `_total`."""
    kind: Kind
    labels: tuple[str, ...]
    """Those of the subject first."""
    meaning: str
    source: str
    """Which field it comes from."""
    refresh: str
    """Since when it is cached and how often it changes."""
    samples: Callable[[Subject], Iterable[Sample]]

    @property
    def help(self) -> str:
        """The HELP line's text."""
        return f"{self.meaning}. {self.source}. {self.refresh}."


@dataclass(frozen=True, slots=True)
class Polled:
    """A target with what is known of it."""

    target: Target
    state: TargetState


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


@dataclass(frozen=True, slots=True)
class ExporterState:
    """What this process says of itself."""

    build: Build
    reload_ok: bool
    reloaded_at: float
    """Unix seconds."""


TARGET = ("operation", "campaign", "window")
CAMPAIGN = ("operation", "campaign")
OPERATION = ("operation",)
API = "campaign_4"

_REPORT = "Cached from the last good report and requested again every wolkvox_poll_interval_seconds"
_POLL = "Cached from the latest poll and updated by the next, every wolkvox_poll_interval_seconds"
_COUNT = "Cached between polls, every wolkvox_poll_interval_seconds; counts this process and starts at 0"
_CONFIG = "Cached from the configuration and read again at a reload"
_STORAGE = (
    "Cached from storage; updated with each poll, every wolkvox_poll_interval_seconds, and when the lease is renewed"
)


def _one(value: float | None) -> tuple[Sample, ...]:
    return () if value is None else (Sample(value),)


def _attempts(polled: Polled) -> Iterable[Sample]:
    data = polled.state.published
    return [Sample(row.attempts, pair("result", row.result)) for row in data.rows] if data else ()


def _percent(polled: Polled) -> Iterable[Sample]:
    data = polled.state.published
    return [Sample(row.percent, pair("result", row.result)) for row in data.rows] if data else ()


def _no_data(polled: Polled) -> Iterable[Sample]:
    return _one(data.no_data if (data := polled.state.published) else None)


def _window_start(polled: Polled) -> Iterable[Sample]:
    return _one(data.bounds.start if (data := polled.state.published) else None)


def _window_end(polled: Polled) -> Iterable[Sample]:
    return _one(data.bounds.end if (data := polled.state.published) else None)


def _up(polled: Polled) -> Iterable[Sample]:
    return _one(None if polled.state.last_poll_at is None else polled.state.failure is None)


def _failure(polled: Polled) -> Iterable[Sample]:
    failure = polled.state.failure
    if failure is None or polled.state.last_poll_at is None:
        return ()
    return (Sample(1, pair("reason", failure.reason)),)


def _interval(polled: Polled) -> Iterable[Sample]:
    """Absent while `yesterday` is not polled: otherwise it would look late."""
    state = polled.state
    if polled.target.window.days_ago:
        if state.data is None and state.failure is None:
            return ()
        if state.data is not None and state.data.final:
            return ()
    return (Sample(polled.target.interval),)


def _failures_by_reason(figures: OperationStats) -> Iterable[Sample]:
    return (Sample(count, pair("reason", reason)) for reason, count in figures.failures)


def _requests(figures: OperationStats) -> Iterable[Sample]:
    return (Sample(figures.requests, pair("api", API)),)


def _durations(figures: OperationStats) -> Iterable[Sample]:
    latency = figures.latency
    for bound, count in zip(LATENCY_BOUNDS, latency.buckets, strict=True):
        yield Sample(count, pairs(("api", "le"), (API, number(bound))), "_bucket")
    yield Sample(latency.count, pairs(("api", "le"), (API, "+Inf")), "_bucket")
    yield Sample(latency.count, pair("api", API), "_count")
    yield Sample(latency.total, pair("api", API), "_sum")


def _rest(figures: OperationStats) -> Iterable[Sample]:
    return () if figures.rest is None else (Sample(1, pair("reason", figures.rest.reason)),)


def _build(exporter: ExporterState) -> Iterable[Sample]:
    build = exporter.build
    return (Sample(1, pairs(("version", "revision", "python"), (build.version, build.revision, build.python))),)


TARGET_METRICS: tuple[Metric[Polled], ...] = (
    Metric(
        "wolkvox_campaign_attempts",
        Kind.GAUGE,
        (*TARGET, "result"),
        "Dialling attempts in the window, by result",
        "From `records` of campaign_4",
        _REPORT,
        _attempts,
    ),
    Metric(
        "wolkvox_campaign_attempts_percent",
        Kind.GAUGE,
        (*TARGET, "result"),
        "Share of the window's attempts by result, 0 to 100; 0 in an empty window",
        "From `percent` of campaign_4, or computed from `records` where that cannot be used",
        _REPORT,
        _percent,
    ),
    Metric(
        "wolkvox_campaign_no_data",
        Kind.GAUGE,
        TARGET,
        "1 when the API answered that the window has no rows (a wrong campaign id looks the same), otherwise 0",
        "From `code` and `data` of campaign_4",
        _REPORT,
        _no_data,
    ),
    Metric(
        "wolkvox_campaign_window_start_timestamp_seconds",
        Kind.GAUGE,
        TARGET,
        "Start of the window that the data covers, in Unix seconds",
        "From the parameter `date_ini` of campaign_4",
        _REPORT,
        _window_start,
    ),
    Metric(
        "wolkvox_campaign_window_end_timestamp_seconds",
        Kind.GAUGE,
        TARGET,
        "End of the window that the data covers, in Unix seconds",
        "From the parameter `date_end` of campaign_4",
        _REPORT,
        _window_end,
    ),
    Metric(
        "wolkvox_campaign_up",
        Kind.GAUGE,
        TARGET,
        "1 if the latest poll of this campaign and window succeeded, otherwise 0; present from the first poll on",
        "From the outcome of the request to campaign_4",
        _POLL,
        _up,
    ),
    Metric(
        "wolkvox_campaign_failure",
        Kind.GAUGE,
        (*TARGET, "reason"),
        "1 with the reason why the latest poll failed; absent while it succeeded",
        "From HTTP status, `code` and `msg` of campaign_4",
        _POLL,
        _failure,
    ),
    Metric(
        "wolkvox_campaign_last_success_timestamp_seconds",
        Kind.GAUGE,
        TARGET,
        "When a poll last succeeded, in Unix seconds; absent until one did",
        "From this machine's clock",
        _POLL,
        lambda polled: _one(polled.state.last_success_at),
    ),
    Metric(
        "wolkvox_campaign_last_poll_timestamp_seconds",
        Kind.GAUGE,
        TARGET,
        "When the latest poll ended, in Unix seconds; absent until there was one",
        "From this machine's clock",
        _POLL,
        lambda polled: _one(polled.state.last_poll_at),
    ),
    Metric(
        "wolkvox_campaign_polls_total",
        Kind.COUNTER,
        TARGET,
        "Polls of this campaign and window, successful and failed",
        "Counted by the exporter",
        _COUNT,
        lambda polled: _one(polled.state.polls),
    ),
    Metric(
        "wolkvox_campaign_poll_failures_total",
        Kind.COUNTER,
        TARGET,
        "Polls of this campaign and window that failed; wolkvox_poll_failures_total has the reasons",
        "Counted by the exporter",
        _COUNT,
        lambda polled: _one(polled.state.failures),
    ),
    Metric(
        "wolkvox_poll_interval_seconds",
        Kind.GAUGE,
        TARGET,
        "Interval between polls of this campaign and window; absent for yesterday while it is not polled",
        "From `interval` of the configuration, for yesterday at least an hour",
        _CONFIG,
        _interval,
    ),
)

CAMPAIGN_METRICS: tuple[Metric[Described], ...] = (
    Metric(
        "wolkvox_campaign_info",
        Kind.GAUGE,
        (*CAMPAIGN, "name"),
        "Always 1; `name` is the campaign's name for people, empty where none is configured",
        "From `name` of the configuration",
        _CONFIG,
        lambda described: (Sample(1, pair("name", described.name)),),
    ),
    Metric(
        "wolkvox_campaign_utc_offset_seconds",
        Kind.GAUGE,
        CAMPAIGN,
        "Current UTC offset of the campaign's time zone, in seconds; it changes when daylight saving begins or ends",
        "From `timezone` of the configuration",
        "Cached from the configuration and checked against this machine's clock at each scrape",
        lambda described: _one(described.utc_offset),
    ),
)

OPERATION_METRICS: tuple[Metric[OperationStats], ...] = (
    Metric(
        "wolkvox_poll_failures_total",
        Kind.COUNTER,
        (*OPERATION, "reason"),
        "Failed polls of the operation by reason; every reason is present from the start",
        "From HTTP status, `code` and `msg` of campaign_4",
        _COUNT,
        _failures_by_reason,
    ),
    Metric(
        "wolkvox_api_requests_total",
        Kind.COUNTER,
        (*OPERATION, "api"),
        "Requests sent to the API, retries included",
        "Counted by the exporter",
        _COUNT,
        _requests,
    ),
    Metric(
        "wolkvox_api_request_duration_seconds",
        Kind.HISTOGRAM,
        (*OPERATION, "api"),
        "Time from sending a request to the end of its answer or failure",
        "From this machine's clock",
        _COUNT,
        _durations,
    ),
    Metric(
        "wolkvox_quota_budget_requests",
        Kind.GAUGE,
        OPERATION,
        "Requests that this exporter may send in a local day; only if `licenses` is set",
        "From `licenses` and `quota_share` of the configuration",
        _CONFIG,
        lambda figures: _one(figures.budget),
    ),
    Metric(
        "wolkvox_quota_used_requests",
        Kind.GAUGE,
        OPERATION,
        "Requests sent in this local day by any process on this storage",
        "From the count of requests in storage",
        _STORAGE,
        lambda figures: _one(figures.used),
    ),
    Metric(
        "wolkvox_token_lease_held",
        Kind.GAUGE,
        OPERATION,
        "1 if this process may send requests with the operation's token, 0 if another process on the same storage does",
        "From the lease in storage",
        _STORAGE,
        lambda figures: _one(figures.lease_held),
    ),
    Metric(
        "wolkvox_token_rest",
        Kind.GAUGE,
        (*OPERATION, "reason"),
        "1 with the reason while the operation's token is paused after a refusal, and absent otherwise",
        "From HTTP status, `code` and `msg` of campaign_4",
        _POLL,
        _rest,
    ),
)

EXPORTER_METRICS: tuple[Metric[ExporterState], ...] = (
    Metric(
        "wolkvox_config_last_reload_successful",
        Kind.GAUGE,
        (),
        "1 if the latest attempt to load the configuration succeeded, otherwise 0",
        "From loading the configuration",
        "Cached from the latest reload",
        lambda exporter: _one(exporter.reload_ok),
    ),
    Metric(
        "wolkvox_config_last_reload_success_timestamp_seconds",
        Kind.GAUGE,
        (),
        "When the running configuration was loaded, in Unix seconds",
        "From this machine's clock",
        "Cached from the latest good reload",
        lambda exporter: _one(exporter.reloaded_at),
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

LIVE_METRICS: tuple[Metric[float], ...] = (
    Metric(
        "wolkvox_poll_lag_seconds",
        Kind.GAUGE,
        OPERATION,
        "How late the operation's most overdue poll is, in seconds; 0 if none is",
        "From the schedule and this machine's clock",
        "Not cached: computed at each scrape, from polls every wolkvox_poll_interval_seconds",
        _one,
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
        _one,
    ),
)
