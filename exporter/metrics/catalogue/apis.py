"""The metrics of the APIs that are asked for a whole operation, and of what they say of it."""

from collections.abc import Callable, Iterable

from exporter.metrics.catalogue.metric import API, OPERATION, Kind, Metric, one
from exporter.metrics.sample import Sample, pair
from exporter.model import OperationStats, VendorQuota

_REQUEST = (
    "Cached from the latest request and updated by the next, every refresh_interval, live_interval or quota_interval "
    "of the configuration"
)
_LIST = (
    "Cached from the last good list, also over a restart, and requested again every refresh_interval of the "
    "configuration"
)
_QUOTA = (
    "Cached from the last good answer for three quota_interval and a minute, and requested again every quota_interval "
    "of the configuration"
)


def _up(figures: OperationStats) -> Iterable[Sample]:
    return (Sample(api.up, pair("api", api.api)) for api in figures.apis if api.up is not None)


def _last_success(figures: OperationStats) -> Iterable[Sample]:
    for api in figures.apis:
        if api.last_success_at is not None:
            yield Sample(api.last_success_at, pair("api", api.api))


def _failures(figures: OperationStats) -> Iterable[Sample]:
    return (Sample(api.failures, pair("api", api.api)) for api in figures.apis)


def _quota(read: Callable[[VendorQuota], float | None]) -> Callable[[OperationStats], Iterable[Sample]]:
    """The samples of one figure of the vendor's count."""
    return lambda figures: one(None if figures.vendor_quota is None else read(figures.vendor_quota))


def _used(figures: OperationStats) -> Iterable[Sample]:
    quota = figures.vendor_quota
    if quota is None:
        return
    for by, used in (("token", quota.used_by_token), ("all_tokens", quota.used_by_all)):
        if used is not None:
            yield Sample(used, pair("by", by))


API_METRICS: tuple[Metric[OperationStats], ...] = (
    Metric(
        "wolkvox_api_up",
        Kind.GAUGE,
        API,
        "1 if the latest request to the API succeeded, otherwise 0; present from the first request on",
        "From the outcome of the request to campaigns, real_time_campaigns or token_info",
        _REQUEST,
        _up,
    ),
    Metric(
        "wolkvox_api_last_success_timestamp_seconds",
        Kind.GAUGE,
        API,
        "When a request to the API last succeeded, in Unix seconds; absent until one did",
        "From this machine's clock",
        _REQUEST,
        _last_success,
    ),
    Metric(
        "wolkvox_api_failures_total",
        Kind.COUNTER,
        API,
        "Requests to the API that failed or could not be sent",
        "Counted by the exporter",
        f"{_REQUEST}; counts this process and starts at 0",
        _failures,
    ),
    Metric(
        "wolkvox_discovered_campaigns",
        Kind.GAUGE,
        OPERATION,
        "Campaigns of the operation that pass the filters of `discovery`, before the cut at `max_campaigns`",
        "From information.php?api=campaigns",
        _LIST,
        lambda figures: one(figures.discovered),
    ),
    Metric(
        "wolkvox_vendor_quota_limit_requests",
        Kind.GAUGE,
        OPERATION,
        "Requests that the vendor allows the operation, by its own count",
        "From `token_limit` of token_info",
        _QUOTA,
        _quota(lambda quota: quota.limit),
    ),
    Metric(
        "wolkvox_vendor_quota_available_requests",
        Kind.GAUGE,
        OPERATION,
        "Requests that are left of the vendor's quota, by its own count",
        "From `available_consumption_options` of token_info",
        _QUOTA,
        _quota(lambda quota: quota.available),
    ),
    Metric(
        "wolkvox_vendor_quota_used_requests",
        Kind.GAUGE,
        (*OPERATION, "by"),
        "Requests that count against the vendor's quota today, by this token and by all tokens of the operation",
        "From `token_use_today` and `all_token_today` of token_info",
        _QUOTA,
        _used,
    ),
)
