"""The metrics of each operation."""

from collections.abc import Iterable
from functools import cache

from exporter.metrics.catalogue.apis import API_METRICS
from exporter.metrics.catalogue.metric import API, CONFIG, COUNT, OPERATION, POLL, STORAGE, Kind, Metric, one
from exporter.metrics.sample import Sample, number, pair, pairs
from exporter.model import LATENCY_BOUNDS, ApiName, Latency, OperationStats


def _failures_by_reason(figures: OperationStats) -> Iterable[Sample]:
    return (Sample(count, pair("reason", reason)) for reason, count in figures.failures)


def _requests(figures: OperationStats) -> Iterable[Sample]:
    yield Sample(figures.requests, pair("api", ApiName.CAMPAIGN_4))
    for api in figures.apis:
        yield Sample(api.requests, pair("api", api.api))


def _durations(figures: OperationStats) -> Iterable[Sample]:
    yield from _histogram(ApiName.CAMPAIGN_4, figures.latency)
    for api in figures.apis:
        yield from _histogram(api.api, api.latency)


@cache
def _buckets(api: ApiName) -> list[str]:
    """The labels of an API's buckets."""
    return [pairs(("api", "le"), (api, bound)) for bound in (*map(number, LATENCY_BOUNDS), "+Inf")]


def _histogram(api: ApiName, latency: Latency) -> Iterable[Sample]:
    for labels, count in zip(_buckets(api), (*latency.buckets, latency.count), strict=True):
        yield Sample(count, labels, "_bucket")
    yield Sample(latency.count, pair("api", api), "_count")
    yield Sample(latency.total, pair("api", api), "_sum")


def _rest(figures: OperationStats) -> Iterable[Sample]:
    return () if figures.rest is None else (Sample(1, pair("reason", figures.rest.reason)),)


OPERATION_METRICS: tuple[Metric[OperationStats], ...] = (
    Metric(
        "wolkvox_poll_failures_total",
        Kind.COUNTER,
        (*OPERATION, "reason"),
        "Failed polls of the operation by reason; every reason is present from the start",
        "From HTTP status, `code` and `msg` of campaign_4",
        COUNT,
        _failures_by_reason,
    ),
    Metric(
        "wolkvox_api_requests_total",
        Kind.COUNTER,
        API,
        "Requests sent to the API, retries included",
        "Counted by the exporter",
        COUNT,
        _requests,
    ),
    Metric(
        "wolkvox_api_request_duration_seconds",
        Kind.HISTOGRAM,
        API,
        "Time from sending a request to the end of its answer or failure",
        "From this machine's clock",
        COUNT,
        _durations,
    ),
    Metric(
        "wolkvox_quota_budget_requests",
        Kind.GAUGE,
        OPERATION,
        "Requests that this exporter may send in a local day; only if `licenses` is set",
        "From `licenses` and `quota_share` of the configuration",
        CONFIG,
        lambda figures: one(figures.budget),
    ),
    Metric(
        "wolkvox_quota_used_requests",
        Kind.GAUGE,
        OPERATION,
        "Requests sent in this local day by any process on this storage",
        "From the count of requests in storage",
        STORAGE,
        lambda figures: one(figures.used),
    ),
    Metric(
        "wolkvox_poll_interval_stretch_ratio",
        Kind.GAUGE,
        OPERATION,
        "What the intervals of campaign_4 are multiplied with so that the budget lasts until midnight; 1 while it does",
        "From the budget, the requests sent and the schedule",
        "Cached between polls, every wolkvox_poll_interval_seconds, and computed again at least each minute",
        lambda figures: one(figures.stretch),
    ),
    Metric(
        "wolkvox_token_lease_held",
        Kind.GAUGE,
        OPERATION,
        "1 if this process may send requests with the operation's token, 0 if another process on the same storage does",
        "From the lease in storage",
        STORAGE,
        lambda figures: one(figures.lease_held),
    ),
    Metric(
        "wolkvox_token_rest",
        Kind.GAUGE,
        (*OPERATION, "reason"),
        "1 with the reason while the operation's token is paused after a refusal, and absent otherwise",
        "From HTTP status, `code` and `msg` of campaign_4",
        POLL,
        _rest,
    ),
    *API_METRICS,
)

LIVE_METRICS: tuple[Metric[float], ...] = (
    Metric(
        "wolkvox_poll_lag_seconds",
        Kind.GAUGE,
        OPERATION,
        "How late the operation's most overdue poll is, in seconds; 0 if none is",
        "From the schedule and this machine's clock",
        "Not cached: computed at each scrape, from polls every wolkvox_poll_interval_seconds",
        one,
    ),
)
