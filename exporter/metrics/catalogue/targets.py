"""The metrics of each campaign and window."""

from collections.abc import Iterable
from dataclasses import dataclass

from exporter.calling_hours import current_interval
from exporter.metrics.catalogue.metric import CONFIG, COUNT, POLL, REPORT, TARGET, Kind, Metric, one
from exporter.metrics.sample import Sample, pair
from exporter.model import Target, TargetState


@dataclass(frozen=True, slots=True)
class Polled:
    """A target with what is known of it."""

    target: Target
    state: TargetState
    at: float
    """When that is, in Unix seconds."""


def _attempts(polled: Polled) -> Iterable[Sample]:
    data = polled.state.published
    return [Sample(row.attempts, pair("result", row.result)) for row in data.rows] if data else ()


def _percent(polled: Polled) -> Iterable[Sample]:
    data = polled.state.published
    return [Sample(row.percent, pair("result", row.result)) for row in data.rows] if data else ()


def _no_data(polled: Polled) -> Iterable[Sample]:
    return one(data.no_data if (data := polled.state.published) else None)


def _window_start(polled: Polled) -> Iterable[Sample]:
    return one(data.bounds.start if (data := polled.state.published) else None)


def _window_end(polled: Polled) -> Iterable[Sample]:
    return one(data.bounds.end if (data := polled.state.published) else None)


def _up(polled: Polled) -> Iterable[Sample]:
    return one(None if polled.state.last_poll_at is None else polled.state.failure is None)


def _failure(polled: Polled) -> Iterable[Sample]:
    failure = polled.state.failure
    if failure is None or polled.state.last_poll_at is None:
        return ()
    return (Sample(1, pair("reason", failure.reason)),)


def _interval(polled: Polled) -> Iterable[Sample]:
    """Absent while a window is not polled, be it `yesterday` or a final one: otherwise it would look late."""
    if polled.target.resting:
        return ()
    state = polled.state
    if polled.target.window.days_ago:
        if state.data is None and state.failure is None:
            return ()
        if state.data is not None and state.data.final:
            return ()
    return (Sample(current_interval(polled.target, polled.at)),)


TARGET_METRICS: tuple[Metric[Polled], ...] = (
    Metric(
        "wolkvox_campaign_attempts",
        Kind.GAUGE,
        (*TARGET, "result"),
        "Dialling attempts in the window, by result",
        "From `records` of campaign_4",
        REPORT,
        _attempts,
    ),
    Metric(
        "wolkvox_campaign_attempts_percent",
        Kind.GAUGE,
        (*TARGET, "result"),
        "Share of the window's attempts by result, 0 to 100; 0 in an empty window",
        "From `percent` of campaign_4, or computed from `records` where that cannot be used",
        REPORT,
        _percent,
    ),
    Metric(
        "wolkvox_campaign_no_data",
        Kind.GAUGE,
        TARGET,
        "1 when the API answered that the window has no rows (a wrong campaign id looks the same), otherwise 0",
        "From `code` and `data` of campaign_4",
        REPORT,
        _no_data,
    ),
    Metric(
        "wolkvox_campaign_window_start_timestamp_seconds",
        Kind.GAUGE,
        TARGET,
        "Start of the window that the data covers, in Unix seconds",
        "From the parameter `date_ini` of campaign_4",
        REPORT,
        _window_start,
    ),
    Metric(
        "wolkvox_campaign_window_end_timestamp_seconds",
        Kind.GAUGE,
        TARGET,
        "End of the window that the data covers, in Unix seconds",
        "From the parameter `date_end` of campaign_4",
        REPORT,
        _window_end,
    ),
    Metric(
        "wolkvox_campaign_up",
        Kind.GAUGE,
        TARGET,
        "1 if the latest poll of this campaign and window succeeded, otherwise 0; present from the first poll on",
        "From the outcome of the request to campaign_4",
        POLL,
        _up,
    ),
    Metric(
        "wolkvox_campaign_failure",
        Kind.GAUGE,
        (*TARGET, "reason"),
        "1 with the reason why the latest poll failed; absent while it succeeded",
        "From HTTP status, `code` and `msg` of campaign_4",
        POLL,
        _failure,
    ),
    Metric(
        "wolkvox_campaign_empty_unconfirmed",
        Kind.GAUGE,
        TARGET,
        "1 while an answer without rows contradicts the report just before it and is not believed yet, otherwise 0; "
        "present from the first poll on",
        "From `code` and `data` of campaign_4",
        POLL,
        lambda polled: one(None if polled.state.last_poll_at is None else polled.state.empty_unconfirmed),
    ),
    Metric(
        "wolkvox_campaign_last_success_timestamp_seconds",
        Kind.GAUGE,
        TARGET,
        "When a poll last succeeded, in Unix seconds; absent until one did",
        "From this machine's clock",
        POLL,
        lambda polled: one(polled.state.last_success_at),
    ),
    Metric(
        "wolkvox_campaign_last_poll_timestamp_seconds",
        Kind.GAUGE,
        TARGET,
        "When the latest poll ended, in Unix seconds; absent until there was one",
        "From this machine's clock",
        POLL,
        lambda polled: one(polled.state.last_poll_at),
    ),
    Metric(
        "wolkvox_campaign_polls_total",
        Kind.COUNTER,
        TARGET,
        "Polls of this campaign and window, successful and failed",
        "Counted by the exporter",
        COUNT,
        lambda polled: one(polled.state.polls),
    ),
    Metric(
        "wolkvox_campaign_poll_failures_total",
        Kind.COUNTER,
        TARGET,
        "Polls of this campaign and window that failed; wolkvox_poll_failures_total has the reasons",
        "Counted by the exporter",
        COUNT,
        lambda polled: one(polled.state.failures),
    ),
    Metric(
        "wolkvox_poll_interval_seconds",
        Kind.GAUGE,
        TARGET,
        "Interval between polls of this campaign and window; absent while it is not polled",
        "From `interval` of the configuration, for yesterday at least an hour; `off_interval` outside calling hours",
        CONFIG,
        _interval,
    ),
)
