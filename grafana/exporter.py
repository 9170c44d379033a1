"""Exporter: is the data fresh, what do polls cost, and why do they fail."""

from grafana_foundation_sdk.models import dashboard as model

from grafana import colour, reason
from grafana.column import Column, columns, mapped
from grafana.frame import (
    CAMPAIGN,
    EXPORTER_UID,
    OVERVIEW,
    Frame,
    Section,
    assemble,
    exporter_variables,
    operation_variable,
    window_variable,
)
from grafana.language import english
from grafana.panel import (
    HALF,
    THIRD,
    Caption,
    Panel,
    Size,
    fixed,
    grid,
    latest,
    lines,
    mapping,
    over_time,
    prop,
    rows,
    shades,
    steps,
    tile,
)
from grafana.promql import EVERY_CAMPAIGN as EVERY
from grafana.promql import EXPORTER, KEY, OPERATION, named

_TILE = Size(3, 4)
_WIDE = Size(6, 4)
_OLDEST = 10
_POLLS = "15m"
"""Polls come every 5 minutes: a rate over less shows bursts, not a rate."""
_PER_OPERATION = "{{operation}} · {{instance}}"

_DASHED = [prop("custom.lineStyle", {"fill": "dash", "dash": [10, 6]}), prop("custom.lineWidth", 1)]
_GOOD = colour.ANSWER


def _own(name: str, *matchers: str) -> str:
    """A metric that the exporter publishes about itself."""
    return f"{name}{{{', '.join((EXPORTER, *matchers))}}}"


def _operation(name: str) -> str:
    """A metric that the exporter publishes for each operation."""
    return f"{name}{{{OPERATION}}}"


def _rate(selector: str) -> str:
    return f"rate({selector}[$__rate_interval])"


def _used() -> str:
    """Quota used over budget, 0 to 1; absent where no budget is enforced."""
    used, budget = _operation("wolkvox_quota_used_requests"), _operation("wolkvox_quota_budget_requests")
    return f"{used} / {budget}"


def _tiles() -> tuple[Panel, ...]:
    down = mapping({"0": ("down", colour.WRONG), "1": ("up", colour.PLAIN)})
    refused = mapping({"0": ("refused", colour.WRONG), "1": ("loaded", colour.PLAIN)})
    stood = mapping({"0": ("standby", colour.PLAIN), "1": ("polling", colour.PLAIN)})
    return (
        tile(
            Caption("Exporter", "Whether Prometheus could scrape it last time."),
            latest("up", _own("up"), "{{instance}}"),
            _TILE,
        )
        .unit("none")
        .mappings([down]),
        tile(
            Caption(
                "Configuration",
                "Whether the last reload succeeded; if not, the one before is still in use.",
            ),
            latest("reload", _own("wolkvox_config_last_reload_successful"), "{{instance}}"),
            _TILE,
        )
        .unit("none")
        .mappings([refused]),
        tile(
            Caption("Token", "Whether this exporter polls, or is on standby while another holds the token's lease."),
            latest("lease", _operation("wolkvox_token_lease_held"), _PER_OPERATION),
            _WIDE,
        )
        .unit("none")
        .mappings([stood]),
        tile(
            Caption("Failing campaigns", "Campaigns and windows whose latest poll failed."),
            latest("failing", f"count({EVERY.latest('wolkvox_campaign_up')} == 0) or vector(0)"),
            _TILE,
        )
        .unit("none")
        .thresholds(steps((None, colour.PLAIN), (1, colour.WRONG))),
        tile(
            Caption("Oldest data", "Time since the last successful poll of the campaign whose data is oldest."),
            latest("age", f"max({EVERY.age()})"),
            _TILE,
        ).unit("dtdurations"),
        tile(
            Caption(
                "Quota used",
                "Requests sent this local day, over the budget. At 100% polling stops until midnight.",
            ),
            latest("quota", f"max by (job, operation) ({_used()})", "{{operation}}"),
            _WIDE,
        )
        .unit("percentunit")
        .decimals(0)
        .thresholds(steps((None, colour.PLAIN), (0.8, colour.DOUBTFUL), (0.95, colour.WRONG))),
    )


def _failing() -> tuple[Panel, ...]:
    unanswered = f"({EVERY.latest('wolkvox_campaign_up')} == 0)"
    panel = grid(
        Caption("Failing campaigns now", "Why the latest poll failed, oldest data first."),
        Size(12, 9),
        rows("failure", named(f"({EVERY.reason()}) and on ({KEY}) {unanswered}")),
        rows("waiting", f"{EVERY.age()} and {unanswered}"),
    ).no_value("All latest polls succeeded")
    reasons = mapping({code: (text, colour.WRONG) for code, text in reason.texts(english).items()})
    shown = (
        Column("title", "Campaign"),
        Column("operation", "Operation"),
        Column("reason", "Reason", more=(mapped(reasons),)),
        Column("Value #waiting", "Age of data", "dtdurations"),
        Column("campaign", "Id", width=90),
    )
    by_reason = lines(
        Caption("Failed polls per hour by reason", "All windows of the selected operations; those at 0 are not drawn."),
        HALF,
        over_time(
            "failures",
            f"3600 * sum by (instance, reason) ({_rate(_operation('wolkvox_poll_failures_total'))}) > 0",
            "{{reason}} · {{instance}}",
        ),
    )
    by_reason = by_reason.unit("short").interval(_POLLS).color_scheme(shades(colour.WRONG))
    return columns(panel, shown, worst="Value #waiting", hidden=("Value #failure",)), by_reason


def _freshness() -> tuple[Panel, ...]:
    lag = lines(
        Caption("Lag", "How late the most overdue poll of each operation is. It grows if a cycle takes too long."),
        HALF,
        over_time("lag", _operation("wolkvox_poll_lag_seconds"), _PER_OPERATION),
    )
    age = lines(
        Caption("Age of the data by campaign", f"Time since the last success, the {_OLDEST} oldest at each moment."),
        HALF,
        over_time("age", f"topk({_OLDEST}, {named(EVERY.age())})", "{{title}} · {{operation}}"),
    )
    return tuple(panel.unit("dtdurations").color_scheme(shades(colour.NEUTRAL)) for panel in (lag, age))


def _requests() -> tuple[Panel, ...]:
    buckets = _rate(_operation("wolkvox_api_request_duration_seconds_bucket"))
    total = _rate(_operation("wolkvox_api_request_duration_seconds_sum"))
    count = _rate(_operation("wolkvox_api_request_duration_seconds_count"))
    sent = lines(
        Caption("Requests per hour", "Requests sent to the API, with retries; each counts against the daily quota."),
        THIRD,
        over_time("requests", f"3600 * {_rate(_operation('wolkvox_api_requests_total'))}", _PER_OPERATION),
    )
    slow = lines(
        Caption(
            "Request duration, 90th percentile",
            "9 of 10 requests took no longer than this. The vendor's limit is 60 s.",
        ),
        THIRD,
        over_time("p90", f"histogram_quantile(0.9, sum by (instance, operation, le) ({buckets})) >= 0", _PER_OPERATION),
    )
    mean = lines(
        Caption("Mean request duration", "From the request's first byte to the end of the answer."),
        THIRD,
        over_time("mean", f"{total} / ({count} > 0)", _PER_OPERATION),
    )
    return (
        sent.unit("short").interval(_POLLS).color_scheme(shades(colour.NEUTRAL)),
        slow.unit("s").interval(_POLLS).color_scheme(shades(colour.NEUTRAL)),
        mean.unit("s").interval(_POLLS).color_scheme(shades(colour.NEUTRAL)),
    )


def _quota() -> tuple[Panel, ...]:
    amounts = lines(
        Caption(
            "Quota used against budget",
            "Requests sent since local midnight by any exporter on the same storage; dashed: the day's budget, "
            "drawn only if licenses are configured.",
        ),
        HALF,
        over_time("used", _operation("wolkvox_quota_used_requests"), _PER_OPERATION),
        over_time("budget", _operation("wolkvox_quota_budget_requests"), f"{_PER_OPERATION} · budget"),
    )
    share = lines(
        Caption("Share of the budget used", "It should stay below 100% until the end of the day."),
        HALF,
        over_time("share", _used(), _PER_OPERATION),
    )
    return (
        amounts.unit("short").color_scheme(shades(colour.NEUTRAL)).override_by_regexp("/ budget$/", _DASHED),
        share.unit("percentunit").color_scheme(shades(colour.NEUTRAL)),
    )


def _process() -> tuple[Panel, ...]:
    cpu = lines(
        Caption("CPU", "Processor seconds per second: 1 is one core."),
        THIRD,
        over_time("cpu", _rate(_own("process_cpu_seconds_total")), "{{instance}}"),
    )
    memory = lines(
        Caption("Memory", "Resident memory of the process."),
        THIRD,
        over_time("memory", _own("process_resident_memory_bytes"), "{{instance}}"),
    )
    files = lines(
        Caption("Open files", "Descriptors in use; dashed: the limit of the process."),
        THIRD,
        over_time("open", _own("process_open_fds"), "{{instance}}"),
        over_time("limit", _own("process_max_fds"), "{{instance}} · limit"),
    )
    versions = grid(
        Caption("Versions", "Which version runs where, and when its configuration was loaded."),
        Size(24, 5),
        rows("build", _own("wolkvox_exporter_build_info")),
        rows("reloaded", f"1000 * {_own('wolkvox_config_last_reload_success_timestamp_seconds')}"),
    )
    shown = (
        Column("instance", "Instance"),
        Column("version", "Version"),
        Column("revision", "Revision"),
        Column("python", "Python"),
        Column("Value #reloaded", "Configuration loaded", "dateTimeAsLocal"),
    )
    return (
        cpu.unit("short").color_scheme(fixed(colour.NEUTRAL)),
        memory.unit("bytes").color_scheme(fixed(colour.NEUTRAL)),
        files.unit("short").color_scheme(fixed(colour.NEUTRAL)).override_by_regexp("/ limit$/", _DASHED),
        columns(versions, shown, worst="Value #reloaded", hidden=("Value #build",)),
    )


def exporter() -> model.Dashboard:
    """The exporter itself."""
    frame = Frame(
        uid=EXPORTER_UID,
        title="Wolkvox · Exporter",
        description="Whether the data is fresh, what the polls cost, and why they fail.",
        since="now-12h",
        variables=(*exporter_variables(), operation_variable(english), window_variable(english, OPERATION)),
        links=(("Campaigns overview", OVERVIEW), ("Campaign", CAMPAIGN), ("Resumen (español)", f"{OVERVIEW}-es")),
        alerts='ALERTS{alertname=~"Wolkvox.+", alertstate="firing", job=~"$job|", operation=~"$operation|"}',
    )
    sections = (
        Section("Now", _tiles()),
        Section("Failures", _failing()),
        Section("Freshness", _freshness()),
        Section("Requests", _requests()),
        Section("Quota", _quota()),
        Section("Process", _process()),
    )
    return assemble(frame, english, sections)
