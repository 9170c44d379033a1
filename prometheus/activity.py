"""Alerts on campaigns that do not dial, dial when they must not, or have nothing left to dial."""

from exporter.thresholds import DRY_SECONDS, FINISHED_DAYS
from prometheus.evidence import ROLLING
from prometheus.parameters import Parameters
from prometheus.promql import CAMPAIGN as CAMPAIGN_LABELS
from prometheus.promql import EXPORTER as EXPORTER_LABELS
from prometheus.promql import WINDOW as WINDOW_LABELS
from prometheus.promql import by_labels
from prometheus.recordings import ATTEMPTS, MEMORY_DAYS, once
from prometheus.rule import DAY, MINUTE, Alert, Group, Severity, Text
from prometheus.wording import CAMPAIGN, CAMPAIGN_DASHBOARD, WINDOW, WINDOW_DASHBOARD, if_started, latest

_ATTEMPTS = once(f'{ATTEMPTS}{{window!="yesterday"}}')
"""Without yesterday's, which would repeat a day later what the other windows have already shown."""

_ON_CAMPAIGN = f"on ({', '.join(CAMPAIGN_LABELS)})"
_PENDING = "wolkvox_campaign_list_pending_records"
_SPEED = "wolkvox_campaign_calls_per_minute"


def _of_campaign(expr: str, operation: str = "max") -> str:
    return by_labels(expr, CAMPAIGN_LABELS, operation)


_CLOSED = f"{_of_campaign('wolkvox_calling_hours_open')} == 0"
_CLOSED_SINCE = f"({_of_campaign('wolkvox_calling_hours_change_timestamp_seconds')} and ({_CLOSED}) or {_CLOSED})"
"""When the hours closed, while they are closed; 0 where they never open."""


def silent(p: Parameters) -> str:
    """Campaigns and windows without attempts at an hour that usually has them, within the calling hours."""
    return (
        f"{_ATTEMPTS} == 0\n"
        "and\n"
        f"campaign:wolkvox_attempts:usual >= {p.usual_attempts}\n"
        f"and {_ON_CAMPAIGN}\n"
        f"(time() - campaign:wolkvox_active:timestamp_seconds < {FINISHED_DAYS * DAY})\n"
        f"unless {_ON_CAMPAIGN}\n"
        f"({_CLOSED})"
    )


def _stopped(p: Parameters) -> Alert:
    return Alert(
        name="WolkvoxDiallingStopped",
        expr=silent(p),
        wait=20 * MINUTE,
        severity=Severity.WARNING,
        summary=Text(
            "A campaign is not dialling at its usual hours.", "Una campaña no está marcando en su horario habitual."
        ),
        description=Text(
            f"{CAMPAIGN.en} had no attempt {WINDOW.en}; at this hour of the week it usually has "
            + latest("campaign:wolkvox_attempts:usual{@}", "{{ . | first | value | humanize }}")
            + "."
            + if_started(" Wolkvox says that it is started.", " Wolkvox says that it was stopped.")
            + " First check in Wolkvox whether it is started and has records left to dial.",
            f"{CAMPAIGN.es} no tuvo intentos {WINDOW.es}; a esta hora de la semana suele tener "
            + latest("campaign:wolkvox_attempts:usual{@}", "{{ . | first | value | humanize }}")
            + "."
            + if_started(" Wolkvox indica que está iniciada.", " Wolkvox indica que fue detenida.")
            + " Revise primero en Wolkvox si está iniciada y si le quedan registros por marcar.",
        ),
        dashboard=WINDOW_DASHBOARD,
        comment=(
            "The usual attempts at this hour show its working hours; outside the configured `hours`, and on their "
            f"holidays, it stays quiet. After {FINISHED_DAYS} days without any attempt (a weekend and a bit) a "
            "campaign counts as finished, so that it is reported once and not for two weeks. "
            f"{p.usual_attempts} usual attempts and 20m allow for a late start or an early end. Without `hours` it "
            "fires on holidays: configure them, or silence it for the day. It covers all windows, as 0 since midnight "
            "means the same."
        ),
    )


_HOW_MANY = Text(
    "{{ if eq $value 1.0 }}one attempt{{ else }}{{ $value | humanize }} attempts{{ end }}",
    "{{ if eq $value 1.0 }}un intento{{ else }}{{ $value | humanize }} intentos{{ end }}",
)


def _outside_hours() -> Alert:
    exporter = (*EXPORTER_LABELS, *WINDOW_LABELS[3:])
    start = by_labels("wolkvox_campaign_window_start_timestamp_seconds", exporter)
    begun = f"{start} >= {_ON_CAMPAIGN} group_left ()\n{_CLOSED_SINCE}"
    return Alert(
        name="WolkvoxDialledOutsideHours",
        expr=by_labels(f"\n{ATTEMPTS}{{{ROLLING}}} > 0\nand on ({', '.join(exporter)})\n({begun})\n", WINDOW_LABELS),
        wait=5 * MINUTE,
        severity=Severity.CRITICAL,
        summary=Text(
            "A campaign has dialled outside its calling hours.",
            "Una campaña marcó fuera de su horario de llamadas.",
        ),
        description=Text(
            f"{CAMPAIGN.en}: {_HOW_MANY.en} {WINDOW.en}, and all of that time is after its "
            "calling hours closed. Calls outside the hours may be against the law."
            + if_started(" Wolkvox says that it is still started.", " Wolkvox says that it was stopped.")
            + " First check in Wolkvox that it is stopped, then whether `hours` and `timezone` in the configuration "
            "are right.",
            f"{CAMPAIGN.es}: {_HOW_MANY.es} {WINDOW.es}, y todo ese tiempo es posterior al "
            "cierre de su horario de llamadas. Llamar fuera del horario puede ser ilegal."
            + if_started(" Wolkvox indica que sigue iniciada.", " Wolkvox indica que fue detenida.")
            + " Revise primero en Wolkvox que esté detenida y luego si `hours` y `timezone` son correctos en la "
            "configuración.",
        ),
        dashboard=WINDOW_DASHBOARD,
        comment=(
            "One attempt is enough, but only in a window that begins after the hours closed: one that reaches back "
            "into them says nothing. Window and attempts are those of one exporter, as a second one may be a poll "
            "behind. After closing a window is polled until it lies outside as a whole, then each `off_interval`."
        ),
    )


def _dry() -> Alert:
    pending, speed = _of_campaign(_PENDING), _of_campaign(_SPEED)
    counts = (
        latest(f"max({_PENDING}{{@}})", "{{ . | first | value | printf `%.0f` }} ", labels=CAMPAIGN_LABELS),
        latest(f"max({_SPEED}{{@}})", "{{ . | first | value | humanize }} ", labels=CAMPAIGN_LABELS),
    )
    return Alert(
        name="WolkvoxListRunsDry",
        expr=(f"60 * {pending} / ({speed} > 0) < {DRY_SECONDS}\nand\n{_of_campaign('wolkvox_campaign_started')} == 1"),
        wait=5 * MINUTE,
        linger=10 * MINUTE,
        severity=Severity.INFO,
        summary=Text("A campaign's list is about to run dry.", "La base de una campaña está por agotarse."),
        description=Text(
            f"{CAMPAIGN.en}: its {counts[0]}pending records last {{{{ $value | humanizeDuration }}}} at "
            f"{counts[1]}calls a minute. Then its agents wait. First check whether another list is ready to load, or "
            "whether records may be recycled.",
            f"{CAMPAIGN.es}: sus {counts[0]}registros pendientes alcanzan para {{{{ $value | humanizeDuration }}}} a "
            f"{counts[1]}llamadas por minuto. Después sus agentes quedan en espera. Revise primero si hay otra base "
            "lista para cargar o si se pueden reciclar registros.",
        ),
        dashboard=CAMPAIGN_DASHBOARD,
        comment=(
            f"{DRY_SECONDS // MINUTE} minutes are time to load a list. Only where the live answer is asked "
            "(`live_interval`) and the campaign is started. A campaign that makes no calls never runs dry."
        ),
    )


def _without_data() -> Alert:
    return Alert(
        name="WolkvoxCampaignWithoutData",
        expr=(
            f"{_of_campaign(once('wolkvox_campaign_no_data'), 'min')} == 1\n"
            "unless\n"
            "campaign:wolkvox_active:timestamp_seconds"
        ),
        wait=DAY,
        severity=Severity.INFO,
        summary=Text(
            "A campaign has had no data since it was added.", "Una campaña no ha tenido datos desde que se agregó."
        ),
        description=Text(
            f"{CAMPAIGN.en} has had no attempts in any window since it was added, or for {MEMORY_DAYS} days. "
            "The API gives the same answer for a wrong id. First check whether the id in the configuration is that "
            "of the campaign.",
            f"{CAMPAIGN.es} no ha tenido intentos en ninguna ventana desde que se agregó, o en {MEMORY_DAYS} días. "
            "La API responde lo mismo a un id equivocado. Revise primero si el id de la configuración es el de la "
            "campaña.",
        ),
        dashboard=CAMPAIGN_DASHBOARD,
        comment=(
            "A day, as short windows are empty at night. A campaign added before a weekend may raise it: use a "
            "longer time if campaigns are prepared days ahead."
        ),
    )


def activity(p: Parameters) -> Group:
    """The alerts on whether campaigns dial."""
    return Group(
        name="wolkvox.silence",
        comment="Campaigns that are not dialling at all, or when they must not, or soon have nothing to dial.",
        rules=(_stopped(p), _outside_hours(), _dry(), _without_data()),
    )
