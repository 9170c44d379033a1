"""Alerts on requests that Wolkvox refuses or that the budget does not allow, for the operator of the exporter."""

from exporter.thresholds import MISSED_ANSWERS, STRETCH
from prometheus.document import duration
from prometheus.parameters import Parameters
from prometheus.promql import OPERATION as OPERATION_LABELS
from prometheus.promql import STRETCH as STRETCH_RATIO
from prometheus.promql import by_labels, by_operation, failing
from prometheus.rule import HOUR, MINUTE, Alert, Group, Severity, Text
from prometheus.wording import OPERATION, OPERATION_DASHBOARD, latest

_API = (*OPERATION_LABELS, "api")


def _token(p: Parameters) -> tuple[Alert, ...]:
    return (
        Alert(
            name="WolkvoxTokenRefused",
            expr=failing("auth"),
            wait=5 * MINUTE,
            severity=Severity.CRITICAL,
            summary=Text("Wolkvox refuses an operation's token.", "Wolkvox rechaza el token de una operación."),
            description=Text(
                f"{OPERATION.en}: Wolkvox says that the token is invalid or expired, so its campaigns have no fresh "
                "data. First check whether the token was changed in Wolkvox; put the new one in the token file, "
                "no reload is needed.",
                f"{OPERATION.es}: Wolkvox indica que el token no es válido o venció, así que sus campañas no tienen "
                "datos "
                "recientes. Revise primero si el token cambió en Wolkvox; ponga el nuevo en su archivo, no hace falta "
                "recargar.",
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
                f"{by_operation('wolkvox_quota_used_requests')}\n"
                "/\n"
                f"{by_operation('wolkvox_quota_budget_requests')}\n"
                f"> {p.quota_share:g}\n"
                "unless\n"
                f"{by_operation(STRETCH_RATIO)} > 1"
            ),
            wait=10 * MINUTE,
            severity=Severity.WARNING,
            summary=Text(
                "An operation's daily budget is nearly used up.",
                "El presupuesto diario de una operación está por agotarse.",
            ),
            description=Text(
                f"{OPERATION.en} has used {{{{ $value | humanizePercentage }}}} of today's budget. Once it is used up, "
                "polling stops until midnight. First check how many hours are left, then look for retries and restarts "
                "in today's requests.",
                f"{OPERATION.es} ha usado el {{{{ $value | humanizePercentage }}}} del presupuesto de hoy. Cuando se "
                "agote, "
                "no habrá consultas hasta la medianoche. Revise primero cuántas horas faltan y luego busque reintentos "
                "y reinicios en las solicitudes de hoy.",
            ),
            dashboard=OPERATION_DASHBOARD,
            comment=(
                f"{100 * p.quota_share:g}%. A plan that regularly uses more raises this every evening: use a larger "
                "quota_share or a longer interval, or raise the threshold above the plan's own share, which "
                "`wolkvox-exporter check` prints. Where polls are stretched the budget lasts until midnight: "
                "WolkvoxPollsStretched tells of that."
            ),
        ),
        Alert(
            name="WolkvoxBudgetExhausted",
            expr=failing("budget"),
            wait=5 * MINUTE,
            severity=Severity.WARNING,
            summary=Text("An operation has used up its daily budget.", "Una operación agotó su presupuesto diario."),
            description=Text(
                f"{OPERATION.en}: the exporter has sent as many requests today as its budget allows and resumes after "
                "midnight. Other users of the quota are not affected. First check why today needed more than the plan.",
                f"{OPERATION.es}: el exportador ya envió hoy todas las solicitudes que permite su presupuesto y "
                "continúa "
                "después de la medianoche. Los demás usuarios de la cuota no se ven afectados. Revise primero por qué "
                "hoy se necesitó más que lo planeado.",
            ),
            dashboard=OPERATION_DASHBOARD,
            comment="Nothing is sent until local midnight, so waiting for longer than a poll would show nothing new.",
        ),
        Alert(
            name="WolkvoxQuotaExhausted",
            expr=failing("quota"),
            wait=5 * MINUTE,
            severity=Severity.CRITICAL,
            summary=Text(
                "An operation's daily Wolkvox quota is used up.",
                "La cuota diaria de Wolkvox de una operación está agotada.",
            ),
            description=Text(
                f"{OPERATION.en}: Wolkvox says that the day's quota is used up. Every integration of the operation "
                "has stopped, not only this exporter. First check which of them sent more than usual.",
                f"{OPERATION.es}: Wolkvox indica que la cuota del día está agotada. Todas las integraciones de la "
                "operación "
                "se detuvieron, no solo este exportador. Revise primero cuál de ellas envió más que de costumbre.",
            ),
            dashboard=OPERATION_DASHBOARD,
            comment="Wolkvox itself says so, for all users of the quota: 5m rules out a single wrong answer.",
        ),
        Alert(
            name="WolkvoxMaintenanceLasts",
            expr=failing("forbidden"),
            wait=HOUR,
            severity=Severity.WARNING,
            summary=Text(
                "Wolkvox has refused all requests for an hour.",
                "Wolkvox lleva una hora rechazando todas las solicitudes.",
            ),
            description=Text(
                f"{OPERATION.en}: Wolkvox has refused every request for an hour, as it does during maintenance and "
                "backups. Campaigns may still be dialling, unmonitored. First check the vendor's notices, then the "
                "answer on the exporter's status page.",
                f"{OPERATION.es}: Wolkvox lleva una hora rechazando todas las solicitudes, como durante un "
                "mantenimiento o una "
                "copia de seguridad. Es posible que las campañas sigan marcando, sin monitoreo. Revise primero los "
                "avisos de Wolkvox y luego la respuesta en la página de estado del exportador.",
            ),
            dashboard=OPERATION_DASHBOARD,
            comment=(
                "Backups take minutes; an hour is no longer routine. Use a longer time if the vendor has announced "
                "maintenance."
            ),
        ),
    )


def _vendor_quota(p: Parameters) -> Alert:
    used = by_operation('wolkvox_vendor_quota_used_requests{by="all_tokens"}')
    return Alert(
        name="WolkvoxVendorQuotaNearEnd",
        expr=f"{used}\n/\n({by_operation('wolkvox_vendor_quota_limit_requests')} > 0)\n> {p.quota_share:g}",
        wait=10 * MINUTE,
        severity=Severity.WARNING,
        summary=Text(
            "An operation's Wolkvox quota is nearly used up.", "La cuota de Wolkvox de una operación está por agotarse."
        ),
        description=Text(
            f"{OPERATION.en}: all tokens together have used {{{{ $value | humanizePercentage }}}} of the day's Wolkvox "
            "quota. Once it is used up, Wolkvox refuses every integration of the operation. First check in Wolkvox "
            "which token used most of it.",
            f"{OPERATION.es}: todos los tokens juntos han usado el {{{{ $value | humanizePercentage }}}} de la cuota "
            "diaria de Wolkvox. Cuando se agote, Wolkvox rechazará todas las integraciones de la operación. Revise "
            "primero en Wolkvox qué token la consumió.",
        ),
        dashboard=OPERATION_DASHBOARD,
        comment=(
            f"Wolkvox' own count, asked where `quota_interval` is set. {100 * p.quota_share:g}% leaves time to stop "
            "what uses it. The exporter's own budget is another alert."
        ),
    )


def _stretched() -> Alert:
    return Alert(
        name="WolkvoxPollsStretched",
        expr=f"{by_operation(STRETCH_RATIO)} > {STRETCH:g}",
        wait=15 * MINUTE,
        severity=Severity.WARNING,
        summary=Text(
            "An operation's campaigns are polled less often than configured.",
            "Las campañas de una operación se consultan con menos frecuencia que la configurada.",
        ),
        description=Text(
            f"{OPERATION.en}: the budget of today would not last until midnight, so the time between polls is "
            "{{ $value | humanize }} times the configured interval. Figures are that much older. First check how many "
            "campaigns are dialling, then whether retries or another process used the budget.",
            f"{OPERATION.es}: el presupuesto de hoy no alcanzaría hasta la medianoche, así que el tiempo entre "
            "consultas es {{ $value | humanize }} veces el intervalo configurado. Los datos son más antiguos en esa "
            "medida. Revise primero cuántas campañas están marcando y luego si los reintentos u otro proceso gastaron "
            "el presupuesto.",
        ),
        dashboard=OPERATION_DASHBOARD,
        comment=(
            f"Up to {STRETCH:g} times the interval is what a busy day costs. 15m: a campaign that comes or goes "
            "changes the factor."
        ),
    )


def _discovery(p: Parameters) -> Alert:
    intervals = {
        "campaigns": p.discovery_interval,
        "real_time_campaigns": p.live_interval,
        "token_info": p.quota_interval,
    }
    return Alert(
        name="WolkvoxDiscoveryFailing",
        expr="\nor\n".join(_down(api, MISSED_ANSWERS * interval) for api, interval in intervals.items()),
        wait=5 * MINUTE,
        severity=Severity.WARNING,
        summary=Text(
            "Wolkvox does not answer the requests for campaigns, live figures or quota.",
            "Wolkvox no responde las solicitudes de campañas, cifras en vivo o cuota.",
        ),
        description=Text(
            f"{OPERATION.en}: the api {{{{ $labels.api }}}} has not answered for three of its intervals"
            + _LAST_ANSWER.en
            + ". {{ if eq $labels.api `campaigns` }}New campaigns are not found; those of the last list are still "
            "polled.{{ else if eq $labels.api `real_time_campaigns` }}There are no live figures, and starts and stops "
            "are noticed with the list only.{{ else }}The vendor's quota is not known.{{ end }} First check the reason "
            "in the exporter's log, then whether this token may ask for it in Wolkvox.",
            f"{OPERATION.es}: la api {{{{ $labels.api }}}} lleva tres de sus intervalos sin responder"
            + _LAST_ANSWER.es
            + ". {{ if eq $labels.api `campaigns` }}No se encuentran campañas nuevas; las de la última lista se siguen "
            "consultando.{{ else if eq $labels.api `real_time_campaigns` }}No hay cifras en vivo, y los inicios y las "
            "paradas solo se notan con la lista.{{ else }}No se conoce la cuota de Wolkvox.{{ end }} Revise primero "
            "el motivo en el log del exportador y luego si este token tiene permiso en Wolkvox para esa consulta.",
        ),
        dashboard=OPERATION_DASHBOARD,
        comment=(
            f"Down for {MISSED_ANSWERS} intervals, as long as its last answer counts. No metric tells these intervals: "
            "generate the rules with --discovery-interval, --live-interval and --quota-interval where they are not the "
            "defaults."
        ),
    )


_LAST_ANSWER = Text(
    latest(
        "time() - max(wolkvox_api_last_success_timestamp_seconds{@})",
        "; its last answer is {{ . | first | value | humanizeDuration }} old",
        labels=_API,
    ),
    latest(
        "time() - max(wolkvox_api_last_success_timestamp_seconds{@})",
        "; su última respuesta es de hace {{ . | first | value | humanizeDuration }}",
        labels=_API,
    ),
)


def _down(api: str, seconds: int) -> str:
    """One series per operation while the api has had no success for so long; one that is new is given that time."""
    up = f'wolkvox_api_up{{api="{api}"}}'
    span = duration(seconds)
    return "\nand\n".join(
        (
            f"{by_labels(up, _API)} == 0",
            f"{by_labels(f'max_over_time({up}[{span}])', _API)} == 0",
            by_labels(f"{up} offset {span}", _API),
        )
    )


def refusals(p: Parameters) -> Group:
    """The alerts on what Wolkvox or the budget refuses."""
    return Group(
        name="wolkvox.token",
        comment="Requests that Wolkvox refuses or that the budget does not allow, by operation.",
        rules=(*_token(p), _vendor_quota(p), _stretched(), _discovery(p)),
    )
