"""Alerts on the data flow, for the operator of the exporter."""

from exporter.thresholds import MISSED_GRACE, MISSED_POLLS
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
            summary="Wolkvox refuses an operation's token.",
            description=(
                f"{OPERATION}: Wolkvox says that the token is invalid or expired, so its campaigns have no fresh "
                "data. First check whether the token was changed in Wolkvox; put the new one in the token file, "
                "no reload is needed."
            ),
            dashboard=OPERATION_DASHBOARD,
            comment=(
                "A refused token does not recover by itself: 5m only rules out a refusal while the token was being "
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
            summary="An operation's daily budget is nearly used up.",
            description=(
                f"{OPERATION} has used {{{{ $value | humanizePercentage }}}} of today's budget. Once it is used up, "
                "polling stops until midnight. First check how many hours are left, then look for retries and restarts "
                "in today's requests."
            ),
            dashboard=OPERATION_DASHBOARD,
            comment=(
                f"{100 * p.quota_share:g}%. A plan that regularly uses more raises this every evening: use a larger "
                "quota_share or a longer interval, or raise the threshold above the plan's own share, which "
                "`wolkvox-exporter check` prints."
            ),
        ),
        Alert(
            name="WolkvoxBudgetExhausted",
            expr=_failing("budget"),
            wait=5 * MINUTE,
            severity=Severity.WARNING,
            summary="An operation has used up its daily budget.",
            description=(
                f"{OPERATION}: the exporter has sent as many requests today as its budget allows and resumes after "
                "midnight. Other users of the quota are not affected. First check why today needed more than the plan."
            ),
            dashboard=OPERATION_DASHBOARD,
            comment="Nothing is sent until local midnight, so waiting for longer than a poll would show nothing new.",
        ),
        Alert(
            name="WolkvoxQuotaExhausted",
            expr=_failing("quota"),
            wait=5 * MINUTE,
            severity=Severity.CRITICAL,
            summary="An operation's daily Wolkvox quota is used up.",
            description=(
                f"{OPERATION}: Wolkvox says that the day's quota is used up. Every integration of the operation "
                "has stopped, not only this exporter. First check which of them sent more than usual."
            ),
            dashboard=OPERATION_DASHBOARD,
            comment="Wolkvox itself says so, for all users of the quota: 5m rules out a single wrong answer.",
        ),
        Alert(
            name="WolkvoxMaintenanceLasts",
            expr=_failing("forbidden"),
            wait=HOUR,
            severity=Severity.WARNING,
            summary="Wolkvox has refused all requests for an hour.",
            description=(
                f"{OPERATION}: Wolkvox has refused every request for an hour, as it does during maintenance and "
                "backups. Campaigns may still be dialling, unmonitored. First check the vendor's notices, then the "
                "answer on the exporter's status page."
            ),
            dashboard=OPERATION_DASHBOARD,
            comment=(
                "Backups take minutes; an hour is no longer routine. Use a longer time if the vendor has announced "
                "maintenance."
            ),
        ),
    )


_FRESHNESS = (
    Alert(
        name="WolkvoxCampaignStale",
        expr=(
            f"time() - {once(_LAST_SUCCESS)} > {MISSED_POLLS} * {once('wolkvox_poll_interval_seconds')}"
            f" + {MISSED_GRACE}\n"
            "or\n"
            f"(\n  {once('wolkvox_campaign_poll_failures_total')} >= {MISSED_POLLS}\n"
            f"  unless\n  {once(_LAST_SUCCESS)}\n)"
        ),
        wait=5 * MINUTE,
        severity=Severity.WARNING,
        summary="A campaign's data is outdated.",
        description=(
            f"{CAMPAIGN}, window {{{{ $labels.window }}}}: "
            + latest(
                f"time() - max({_LAST_SUCCESS}{{@}})",
                "the last success was {{ . | first | value | humanizeDuration }} ago",
                "no poll has succeeded since it was added",
            )
            + latest("wolkvox_campaign_failure{@}", ", the latest failed with reason {{ . | first | label `reason` }}")
            + ". Until then its other alerts cannot fire. "
            "First check the reason, then whether all campaigns of the operation fail."
        ),
        dashboard=WINDOW_DASHBOARD,
        comment=(
            "Two missed polls and the timeout of the second: a single failed poll is normal. Two failures if none ever "
            "succeeded. Another 5m gives a restarted exporter time to poll again."
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
        summary="An operation's polls are late by more than an interval.",
        description=(
            f"{OPERATION}: the most overdue poll is {{{{ $value | humanizeDuration }}}} late. Requests take longer "
            "than the plan allows. First check the request durations, then the number of campaigns and windows."
        ),
        dashboard=OPERATION_DASHBOARD,
        comment=(
            "Later than the operation's shortest interval means that a whole round is missing. An exporter on standby "
            "does not poll, so it is never late."
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
                f"{OPERATION}: requests cannot be recorded in storage, so none is sent and the data becomes outdated. "
                "Reported by " + exporters('max by (instance) (wolkvox_campaign_failure{@,reason="storage"})') + ". "
                "First check the free disk space and the owner of the storage file, then the exporter's log."
            ),
            dashboard=OPERATION_DASHBOARD,
            comment="A lock is released within seconds; 5m means a full disk or lost permissions.",
        ),
        Alert(
            name="WolkvoxInternalFault",
            expr=f"{_operation(_FAULTS)} > 0",
            wait=5 * MINUTE,
            severity=Severity.WARNING,
            summary="The exporter has an internal error.",
            description=(
                f"{OPERATION}: about {{{{ $value | humanize }}}} polls of the last half hour failed with an internal "
                "error, on "
                + exporters('max by (instance) (increase(wolkvox_poll_failures_total{@,reason="internal"}[30m])) > 0')
                + ". First look for the traceback in its log, and report it."
            ),
            dashboard=OPERATION_DASHBOARD,
            comment=(
                "Any at all: it should never happen. 30m keeps an error that goes away by itself in view long enough "
                "to be noticed."
            ),
        ),
        Alert(
            name="WolkvoxReloadFailed",
            expr=by_labels("wolkvox_config_last_reload_successful == 0", EXPORTER_LABELS),
            wait=5 * MINUTE,
            severity=Severity.WARNING,
            summary="The exporter runs with an older configuration than its file.",
            description=(
                "Exporter {{ $labels.instance }} of job {{ $labels.job }}: its last reload failed, and the "
                "previous configuration is still in use; a restart would fail. First check what `wolkvox-exporter "
                "check` reports."
            ),
            dashboard=EXPORTER_DASHBOARD,
            comment="5m is time to correct a slip. One alert per exporter, as each has its own file.",
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
                + "): there are no Wolkvox metrics or alerts. "
                "First check whether the process is running, then the error on the targets page of Prometheus."
            ),
            dashboard=JOB_DASHBOARD,
            comment=(
                "Only if all are down: one of two may be down without loss. 5m allows for a restart. Change the job if "
                f"yours is not `{p.job}`."
            ),
        ),
        Alert(
            name="WolkvoxExporterAbsent",
            expr=f"absent({_up(p)})",
            wait=5 * MINUTE,
            severity=Severity.CRITICAL,
            summary="Prometheus has no target for the exporter.",
            description=(
                "Prometheus has no target of job {{ $labels.job }}: there are no Wolkvox metrics or alerts. "
                "First check its scrape configuration and service discovery."
            ),
            dashboard=JOB_DASHBOARD,
            comment=(
                "absent() takes the label from the selector's equality matcher. Change the job if yours is not "
                f"`{p.job}`."
            ),
        ),
    )


def polling(p: Parameters) -> tuple[Group, ...]:
    """The groups of alerts on the data flow."""
    return (
        Group(
            name="wolkvox.token",
            comment="Requests that Wolkvox refuses or that the budget does not allow, by operation.",
            rules=_token(p),
        ),
        Group(name="wolkvox.freshness", comment="How old the data is.", rules=_FRESHNESS),
        Group(name="wolkvox.exporter", comment="The exporter itself.", rules=_exporter(p)),
    )
