"""Alerts on the data flow, for the operator of the exporter."""

from exporter.thresholds import MISSED_GRACE, MISSED_POLLS
from prometheus.parameters import Parameters
from prometheus.promql import EXPORTER as EXPORTER_LABELS
from prometheus.promql import OPERATION as OPERATION_LABELS
from prometheus.promql import PLACE, STRETCH, by_labels, by_operation, failing
from prometheus.recordings import once
from prometheus.rule import MINUTE, Alert, Group, Severity, Text
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


def _up(p: Parameters) -> str:
    return f'up{{job="{p.job}"}}'


_INTERVAL = once("wolkvox_poll_interval_seconds")
_IN_FORCE = (
    "(\n"
    f"  {_INTERVAL} * on ({', '.join(OPERATION_LABELS)}) group_left () {by_operation(STRETCH)}\n"
    "  or\n"
    f"  {_INTERVAL}\n"
    ")"
)
"""The interval at which a campaign is asked now: stretched where the budget asks for it; absent while it is at rest."""

STALE = (
    f"time() - {once(_LAST_SUCCESS)} > {MISSED_POLLS} * {_IN_FORCE} + {MISSED_GRACE}\n"
    "or\n"
    f"(\n  {once('wolkvox_campaign_poll_failures_total')} >= {MISSED_POLLS}\n"
    f"  unless\n  {once(_LAST_SUCCESS)}\n"
    f"  and\n  {_INTERVAL}\n)"
)
"""Campaigns and windows whose data is older than missed polls explain, or that have never had any."""

_FRESHNESS = (
    Alert(
        name="WolkvoxCampaignStale",
        expr=STALE,
        wait=5 * MINUTE,
        severity=Severity.WARNING,
        summary=Text("A campaign's data is outdated.", "Los datos de una campaña están desactualizados."),
        description=Text(
            f"{CAMPAIGN.en}, window {{{{ $labels.window }}}}: "
            + latest(
                f"time() - max({_LAST_SUCCESS}{{@}})",
                "the last success was {{ . | first | value | humanizeDuration }} ago",
                "no poll has succeeded since it was added",
            )
            + latest("wolkvox_campaign_failure{@}", ", the latest failed with reason {{ . | first | label `reason` }}")
            + ". Until it succeeds its other alerts cannot fire. "
            "First check the reason, then whether all campaigns of the operation fail.",
            f"{CAMPAIGN.es}, ventana {{{{ $labels.window }}}}: "
            + latest(
                f"time() - max({_LAST_SUCCESS}{{@}})",
                "la última consulta exitosa fue hace {{ . | first | value | humanizeDuration }}",
                "ninguna consulta ha sido exitosa desde que se agregó",
            )
            + latest("wolkvox_campaign_failure{@}", ", la última falló por {{ . | first | label `reason` }}")
            + ". Mientras tanto sus demás alertas no funcionan. "
            "Revise primero el motivo y luego si todas las campañas de la operación fallan.",
        ),
        dashboard=WINDOW_DASHBOARD,
        comment=(
            "Two missed polls, at the interval in force, and the timeout of the second: a single failed poll is "
            "normal. "
            "Two failures if none ever succeeded. A campaign at rest has no interval and is not late. Another 5m gives "
            "a restarted exporter time to poll again."
        ),
    ),
    Alert(
        name="WolkvoxPollsLate",
        expr=(
            f"{by_operation('wolkvox_poll_lag_seconds unless wolkvox_token_lease_held == 0')}\n"
            ">\n"
            f"{by_operation(_IN_FORCE, 'min')}"
        ),
        wait=10 * MINUTE,
        linger=5 * MINUTE,
        severity=Severity.WARNING,
        summary=Text(
            "An operation's polls are late by more than an interval.",
            "Las consultas de una operación se retrasan más de un intervalo.",
        ),
        description=Text(
            f"{OPERATION.en}: the most overdue poll is {{{{ $value | humanizeDuration }}}} late. Requests take longer "
            "than the plan allows. First check the request durations, then the number of campaigns and windows.",
            f"{OPERATION.es}: la consulta más atrasada lleva {{{{ $value | humanizeDuration }}}} de retraso. Las "
            "solicitudes tardan más que lo que permite el plan. Revise primero la duración de las solicitudes y "
            "luego la cantidad de campañas y ventanas.",
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
            expr=failing("storage"),
            wait=5 * MINUTE,
            severity=Severity.CRITICAL,
            summary=Text("The exporter cannot record its requests.", "El exportador no puede guardar sus solicitudes."),
            description=Text(
                f"{OPERATION.en}: requests cannot be recorded in storage, so none is sent and the data becomes "
                "outdated. "
                "Reported by " + exporters('max by (instance) (wolkvox_campaign_failure{@,reason="storage"})') + ". "
                "First check the free disk space and the owner of the storage file, then the exporter's log.",
                f"{OPERATION.es}: no se pueden guardar las solicitudes en el almacenamiento, así que no se envía "
                "ninguna y "
                "los datos se desactualizan. Lo reporta "
                + exporters('max by (instance) (wolkvox_campaign_failure{@,reason="storage"})')
                + ". "
                "Revise primero el espacio libre en disco y el propietario del archivo, luego el log del exportador.",
            ),
            dashboard=OPERATION_DASHBOARD,
            comment="A lock is released within seconds; 5m means a full disk or lost permissions.",
        ),
        Alert(
            name="WolkvoxInternalFault",
            expr=f"{by_operation(_FAULTS)} > 0",
            wait=5 * MINUTE,
            severity=Severity.WARNING,
            summary=Text("The exporter has an internal error.", "El exportador tiene un error interno."),
            description=Text(
                f"{OPERATION.en}: about {{{{ $value | humanize }}}} polls of the last half hour failed with an "
                "internal "
                "error, on "
                + exporters('max by (instance) (increase(wolkvox_poll_failures_total{@,reason="internal"}[30m])) > 0')
                + ". First look for the traceback in its log, and report it.",
                f"{OPERATION.es}: unas {{{{ $value | humanize }}}} consultas de la última media hora fallaron por un "
                "error "
                "interno, en "
                + exporters('max by (instance) (increase(wolkvox_poll_failures_total{@,reason="internal"}[30m])) > 0')
                + ". Busque primero el traceback en su log y repórtelo.",
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
            summary=Text(
                "The exporter runs with an older configuration than its file.",
                "El exportador usa una configuración anterior a la de su archivo.",
            ),
            description=Text(
                "Exporter {{ $labels.instance }} of job {{ $labels.job }}: its last reload failed, and the "
                "previous configuration is still in use; a restart would fail. First check what `wolkvox-exporter "
                "check` reports.",
                "Exportador {{ $labels.instance }} del job {{ $labels.job }}: la última recarga falló y sigue en uso "
                "la "
                "configuración anterior; un reinicio fallaría. Revise primero lo que indica `wolkvox-exporter check`.",
            ),
            dashboard=EXPORTER_DASHBOARD,
            comment="5m is time to correct a slip. One alert per exporter, as each has its own file.",
        ),
        Alert(
            name="WolkvoxExporterDown",
            expr=f"{by_labels(_up(p), PLACE)} == 0",
            wait=5 * MINUTE,
            severity=Severity.CRITICAL,
            summary=Text("Prometheus cannot reach the exporter.", "Prometheus no puede conectarse con el exportador."),
            description=Text(
                "No exporter of job {{ $labels.job }} answers scrapes ("
                + exporters("up{@} == 0", PLACE)
                + "): there are no Wolkvox metrics or alerts. "
                "First check whether the process is running, then the error on the targets page of Prometheus.",
                "Ningún exportador del job {{ $labels.job }} responde a Prometheus ("
                + exporters("up{@} == 0", PLACE)
                + "): no hay métricas ni alertas de Wolkvox. "
                "Revise primero si el proceso está activo y luego el error en la página de targets de Prometheus.",
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
            summary=Text(
                "Prometheus has no target for the exporter.", "Prometheus no tiene configurado el exportador."
            ),
            description=Text(
                "Prometheus has no target of job {{ $labels.job }}: there are no Wolkvox metrics or alerts. "
                "First check its scrape configuration and service discovery.",
                "Prometheus no tiene ningún target del job {{ $labels.job }}: no hay métricas ni alertas de Wolkvox. "
                "Revise primero su configuración de scrape y el descubrimiento de servicios.",
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
        Group(name="wolkvox.freshness", comment="How old the data is.", rules=_FRESHNESS),
        Group(name="wolkvox.exporter", comment="The exporter itself.", rules=_exporter(p)),
    )
