"""Alerts on the way of the data: what an operator of the exporter wants to be called for."""

from prometheus.parameters import Parameters
from prometheus.promql import EXPORTER as EXPORTER_LABELS
from prometheus.promql import OPERATION as OPERATION_LABELS
from prometheus.promql import PLACE, by_labels
from prometheus.recordings import once
from prometheus.rule import HOUR, MINUTE, Alert, Group, Severity
from prometheus.wording import (
    CAMPAIGN,
    EXPORTER_DASHBOARD,
    JOB_DASHBOARD,
    OPERATION,
    OPERATION_DASHBOARD,
    WINDOW_DASHBOARD,
    exporters,
    latest,
)

_LAST_SUCCESS = "wolkvox_campaign_last_success_timestamp_seconds"
_FAULTS = 'increase(wolkvox_poll_failures_total{reason="internal"}[30m])'


def _operation(expr: str, operation: str = "max") -> str:
    """One series for each operation, whichever exporters publish it, wherever they run."""
    return by_labels(expr, OPERATION_LABELS, operation)


def _up(p: Parameters) -> str:
    return f'up{{job="{p.job}"}}'


def _failing(reason: str) -> str:
    """One series per operation while the latest poll of any of its campaigns failed for this reason."""
    failure = f'wolkvox_campaign_failure{{reason="{reason}"}}'
    return f"{_operation(failure)} == 1"


def _token(p: Parameters) -> tuple[Alert, ...]:
    return (
        Alert(
            name="WolkvoxTokenRefused",
            expr=_failing("auth"),
            wait=5 * MINUTE,
            severity=Severity.CRITICAL,
            summary="Wolkvox refuses the token of an operation.",
            description=(
                f"{OPERATION}: Wolkvox answers that the token is invalid or expired, so none of its campaigns has "
                "fresh data. Look first whether the token was changed in Wolkvox; put the new one into the token file "
                "and reload."
            ),
            dashboard=OPERATION_DASHBOARD,
            comment=(
                "A refused token does not heal by itself: 5m only rule out an answer given while the token was being "
                "changed."
            ),
        ),
        Alert(
            name="WolkvoxQuotaNearEnd",
            expr=(
                f"{_operation('wolkvox_quota_used_requests')}\n"
                "/\n"
                f"{_operation('wolkvox_quota_budget_requests')}\n"
                f"> {p.quota_share:g}"
            ),
            wait=10 * MINUTE,
            severity=Severity.WARNING,
            summary="An operation's budget of requests is nearly used up.",
            description=(
                f"{OPERATION} has used {{{{ $value | humanizePercentage }}}} of today's budget. At its end polling "
                "stops until midnight. Look first how many hours are left, then at retries and restarts in the "
                "requests of today."
            ),
            dashboard=OPERATION_DASHBOARD,
            comment=(
                f"{100 * p.quota_share:g} %. A plan that by itself uses more raises this every evening: give it a "
                "larger quota_share, a longer interval, or raise the threshold over the plan's own share, which "
                "`wolkvox-exporter check` prints."
            ),
        ),
        Alert(
            name="WolkvoxBudgetExhausted",
            expr=_failing("budget"),
            wait=5 * MINUTE,
            severity=Severity.WARNING,
            summary="An operation has used up its budget of requests.",
            description=(
                f"{OPERATION}: the exporter has sent as many requests today as its budget allows and asks again after "
                "midnight. Other users of the quota are not affected. Look first why today needed more than the plan."
            ),
            dashboard=OPERATION_DASHBOARD,
            comment="Nothing is sent until local midnight, so that waiting longer than a poll tells nothing new.",
        ),
        Alert(
            name="WolkvoxQuotaExhausted",
            expr=_failing("quota"),
            wait=5 * MINUTE,
            severity=Severity.CRITICAL,
            summary="An operation's daily quota at Wolkvox is gone.",
            description=(
                f"{OPERATION}: Wolkvox answers that the day's quota is used up. Every integration of the operation "
                "stands still, not only this exporter. Look first which of them sent more than usual."
            ),
            dashboard=OPERATION_DASHBOARD,
            comment="The vendor's own word, given for all users of the quota: 5m rule out a single wrong answer.",
        ),
        Alert(
            name="WolkvoxMaintenanceLasts",
            expr=_failing("forbidden"),
            wait=HOUR,
            severity=Severity.WARNING,
            summary="Wolkvox has kept its API closed for an hour.",
            description=(
                f"{OPERATION}: Wolkvox has refused every request for an hour, as it does during maintenance and "
                "backups. Campaigns may well be dialling unseen. Look first at the vendor's notices, then at the "
                "answer on the exporter's status page."
            ),
            dashboard=OPERATION_DASHBOARD,
            comment=(
                "Backups take minutes; an hour is no longer routine. Longer where the vendor has announced maintenance."
            ),
        ),
    )


_FRESHNESS = (
    Alert(
        name="WolkvoxCampaignStale",
        expr=(
            f"time() - {once(_LAST_SUCCESS)} > 2 * {once('wolkvox_poll_interval_seconds')} + 60\n"
            "or\n"
            f"(\n  {once('wolkvox_campaign_poll_failures_total')} >= 2\n  unless\n  {once(_LAST_SUCCESS)}\n)"
        ),
        wait=5 * MINUTE,
        severity=Severity.WARNING,
        summary="A campaign's figures are no longer fresh.",
        description=(
            f"{CAMPAIGN}, window {{{{ $labels.window }}}}: "
            + latest(
                f"time() - max({_LAST_SUCCESS}{{@}})",
                "the last success was {{ . | first | value | humanizeDuration }} ago",
                "no poll has succeeded since it was added",
            )
            + latest("wolkvox_campaign_failure{@}", ", the latest failed with reason {{ . | first | label `reason` }}")
            + ". Its other alerts are blind meanwhile. "
            "Look first at the reason, then whether all campaigns of the operation fail."
        ),
        dashboard=WINDOW_DASHBOARD,
        comment=(
            "Two full missed polls and the time-out of the second: one that fails is everyday life. For one that never "
            "succeeded, two failures. 5m more let a restarted exporter ask again."
        ),
    ),
    Alert(
        name="WolkvoxPollsLate",
        expr=(
            f"{_operation('wolkvox_poll_lag_seconds unless wolkvox_token_lease_held == 0')}\n"
            ">\n"
            f"{_operation('wolkvox_poll_interval_seconds', 'min')}"
        ),
        wait=10 * MINUTE,
        linger=5 * MINUTE,
        severity=Severity.WARNING,
        summary="An operation's polls are late by more than their interval.",
        description=(
            f"{OPERATION}: the most overdue poll is {{{{ $value | humanizeDuration }}}} late. Its token answers more "
            "slowly than the plan needs. Look first at the request durations, then at the number of campaigns and "
            "windows."
        ),
        dashboard=OPERATION_DASHBOARD,
        comment=(
            "Later than the operation's shortest interval: then a whole round is missing. An exporter that waits for "
            "another one's lease has nothing to be late with."
        ),
    ),
)


def _exporter(p: Parameters) -> tuple[Alert, ...]:
    return (
        Alert(
            name="WolkvoxStorageFault",
            expr=_failing("storage"),
            wait=5 * MINUTE,
            severity=Severity.CRITICAL,
            summary="The exporter cannot record its requests.",
            description=(
                f"{OPERATION}: storage refuses to record requests, so none is sent and the figures grow old. Told by "
                + exporters('max by (instance) (wolkvox_campaign_failure{@,reason="storage"})')
                + ". "
                "Look first at free disk space and at the owner of the storage file, then at the exporter's log."
            ),
            dashboard=OPERATION_DASHBOARD,
            comment="A lock passes in seconds; 5m are a full disk or lost rights.",
        ),
        Alert(
            name="WolkvoxInternalFault",
            expr=f"{_operation(_FAULTS)} > 0",
            wait=5 * MINUTE,
            severity=Severity.WARNING,
            summary="The exporter met a fault of its own.",
            description=(
                f"{OPERATION}: about {{{{ $value | humanize }}}} polls of the last half hour failed by a fault of the "
                "exporter itself, on "
                + exporters('max by (instance) (increase(wolkvox_poll_failures_total{@,reason="internal"}[30m])) > 0')
                + ". Look first at the traceback in its log, and report it."
            ),
            dashboard=OPERATION_DASHBOARD,
            comment=(
                "Any at all: it should never happen. 30m keep a fault that heals by itself in view long enough to be "
                "read."
            ),
        ),
        Alert(
            name="WolkvoxReloadFailed",
            expr=by_labels("wolkvox_config_last_reload_successful == 0", EXPORTER_LABELS),
            wait=5 * MINUTE,
            severity=Severity.WARNING,
            summary="The exporter runs on an older configuration than its file.",
            description=(
                "Exporter {{ $labels.instance }} of job {{ $labels.job }}: its last reload was refused, and the "
                "configuration from before still runs; a restart would fail. Look first at what `wolkvox-exporter "
                "check` says of the file."
            ),
            dashboard=EXPORTER_DASHBOARD,
            comment="5m are time to correct a slip. Each exporter is told of by itself: it has its own file.",
        ),
        Alert(
            name="WolkvoxExporterDown",
            expr=f"{by_labels(_up(p), PLACE)} == 0",
            wait=5 * MINUTE,
            severity=Severity.CRITICAL,
            summary="Prometheus cannot reach the exporter.",
            description=(
                "No exporter of job {{ $labels.job }} answers scrapes ("
                + exporters("up{@} == 0", PLACE)
                + "): all Wolkvox figures and alerts are blind. "
                "Look first whether the process runs, then at the error on Prometheus' targets page."
            ),
            dashboard=JOB_DASHBOARD,
            comment=(
                "All of them: one of two may be down without loss. 5m forgive a restart. Change the job if yours is "
                f"not `{p.job}`."
            ),
        ),
        Alert(
            name="WolkvoxExporterAbsent",
            expr=f"absent({_up(p)})",
            wait=5 * MINUTE,
            severity=Severity.CRITICAL,
            summary="Prometheus does not know the exporter at all.",
            description=(
                "Prometheus has no target of job {{ $labels.job }}: all Wolkvox figures and alerts are blind. "
                "Look first at its scrape configuration and service discovery."
            ),
            dashboard=JOB_DASHBOARD,
            comment=f"absent() takes the label from the selector's equality. Change the job if yours is not `{p.job}`.",
        ),
    )


def polling(p: Parameters) -> tuple[Group, ...]:
    """The groups of alerts on the way of the data."""
    return (
        Group(name="wolkvox.token", comment="What Wolkvox or the budget refuse, by operation.", rules=_token(p)),
        Group(name="wolkvox.freshness", comment="How old the figures are.", rules=_FRESHNESS),
        Group(name="wolkvox.exporter", comment="The exporter itself.", rules=_exporter(p)),
    )
