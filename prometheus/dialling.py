"""Alerts on how the campaigns' calls end: for the supervisor of a contact centre."""

from prometheus import evidence
from prometheus.parameters import Parameters
from prometheus.promql import OPERATION_WINDOW
from prometheus.rule import MINUTE, Alert, Group, Recording, Severity, Text
from prometheus.wording import OPERATION, OPERATION_DASHBOARD, SHARE, WINDOW, WINDOW_DASHBOARD, latest, usual


def _percent(share: float) -> str:
    return f"{100 * share:g}%"


def _sure(p: Parameters) -> str:
    return (
        f"The low end of the interval has to be high too, so that chance does not raise the alert in small campaigns: "
        f"5 of 15 attempts may be chance, 8 of 15 are not. Nothing is said below {p.min_attempts} attempts."
    )


def _busy(p: Parameters) -> tuple[Alert, ...]:
    return (
        Alert(
            name="WolkvoxBusySpike",
            expr=evidence.spiked("busy", p),
            wait=10 * MINUTE,
            linger=10 * MINUTE,
            severity=Severity.WARNING,
            summary=Text(
                "A campaign reaches too many busy lines.", "Una campaña encuentra demasiadas líneas ocupadas."
            ),
            description=Text(
                f"{SHARE.en} reached a busy line{usual('busy').en}. Calls that do not get through waste agents' time "
                "and harm the reputation of the caller numbers. First check whether other campaigns of the operation "
                "are busy too: if so, it is the carrier.",
                f"{SHARE.es} encontró la línea ocupada{usual('busy').es}. Las llamadas que no entran hacen perder "
                "tiempo a los agentes y dañan la reputación de los números de salida. Revise primero si otras campañas "
                "de la operación también tienen muchas líneas ocupadas: en ese caso es el operador telefónico.",
            ),
            dashboard=WINDOW_DASHBOARD,
            comment=(
                f"Healthy campaigns have around 8% busy, a real spike over 35%: {_percent(p.spike_share)} lies in "
                f"between. Raise it for a list that is known to be busier. {_sure(p)} 10m is two polls at the default "
                "interval."
            ),
        ),
        Alert(
            name="WolkvoxBusyUnusual",
            expr=evidence.unusual("busy", p),
            wait=10 * MINUTE,
            linger=10 * MINUTE,
            severity=Severity.WARNING,
            summary=Text(
                "A campaign reaches twice as many busy lines as usual.",
                "Una campaña encuentra el doble de líneas ocupadas que de costumbre.",
            ),
            description=Text(
                f"{SHARE.en} reached a busy line{usual('busy').en}. Something has changed since last week: carrier, "
                "caller numbers or list. First check what was changed today, then whether other campaigns changed too.",
                f"{SHARE.es} encontró la línea ocupada{usual('busy').es}. Algo cambió desde la semana pasada: operador "
                "telefónico, números de salida o base. Revise primero qué se cambió hoy y luego si otras campañas "
                "también cambiaron.",
            ),
            dashboard=WINDOW_DASHBOARD,
            comment=(
                "Twice the usual: healthy hours stay near their usual share, real spikes reach six times that. The "
                f"floor of {_percent(p.unusual_floor)} avoids alerts for campaigns with hardly any busy lines. The "
                f"low end has to be {p.unusual_margin:g} times the high end of the usual: both samples may be small. "
                "A spike in one of the two weeks raises the usual share: the absolute alert still applies."
            ),
        ),
    )


def _failed(p: Parameters) -> tuple[Alert, ...]:
    return (
        Alert(
            name="WolkvoxFailedSpike",
            expr=evidence.spiked("failed", p),
            wait=10 * MINUTE,
            linger=10 * MINUTE,
            severity=Severity.WARNING,
            summary=Text("Too many of a campaign's attempts fail.", "Fallan demasiados intentos de una campaña."),
            description=Text(
                f"{SHARE.en} failed{usual('failed').en}. Failed calls reach nobody: the numbers do not exist, or the "
                "carrier rejects them. First check whether a new list was loaded, then whether other campaigns fail "
                "too.",
                f"{SHARE.es} terminó en llamada fallida{usual('failed').es}. Una llamada fallida no llega a nadie: el "
                "número no existe o el operador telefónico la rechaza. Revise primero si se cargó una base nueva y "
                "luego si otras campañas también fallan.",
            ),
            dashboard=WINDOW_DASHBOARD,
            comment=(
                f"Healthy campaigns have around 8% failed, a real spike over 35%: {_percent(p.spike_share)} lies in "
                f"between. Raise it for old lists with many dead numbers. {_sure(p)} 10m is two polls at the default "
                "interval."
            ),
        ),
        Alert(
            name="WolkvoxFailedUnusual",
            expr=evidence.unusual("failed", p),
            wait=10 * MINUTE,
            linger=10 * MINUTE,
            severity=Severity.WARNING,
            summary=Text(
                "A campaign's attempts fail twice as often as usual.",
                "Los intentos de una campaña fallan el doble que de costumbre.",
            ),
            description=Text(
                f"{SHARE.en} failed{usual('failed').en}. Something has changed since last week: list, carrier or "
                "caller numbers. First check whether a new list was loaded, then whether other campaigns changed too.",
                f"{SHARE.es} terminó en llamada fallida{usual('failed').es}. Algo cambió desde la semana pasada: base, "
                "operador telefónico o números de salida. Revise primero si se cargó una base nueva y luego si otras "
                "campañas también cambiaron.",
            ),
            dashboard=WINDOW_DASHBOARD,
            comment=(
                f"Twice the usual, above a floor of {_percent(p.unusual_floor)}, and not by chance: as for busy. Lower "
                "the floor for campaigns whose numbers are verified beforehand."
            ),
        ),
    )


def _congestion(p: Parameters) -> Alert:
    return Alert(
        name="WolkvoxCongestionHigh",
        expr=evidence.spiked("congestion", p),
        wait=10 * MINUTE,
        linger=10 * MINUTE,
        severity=Severity.WARNING,
        summary=Text(
            "A campaign's calls find no free line.", "Las llamadas de una campaña no encuentran líneas disponibles."
        ),
        description=Text(
            f"{SHARE.en} ended in congestion: the network had no line for them. The numbers are not at fault. "
            "First compare the dialling speed with the contracted channels, then ask the carrier.",
            f"{SHARE.es} terminó en congestión: la red no tenía líneas para ellos. La falla no es de los números. "
            "Compare primero la velocidad de marcación con los canales contratados y luego consulte al operador "
            "telefónico.",
        ),
        dashboard=WINDOW_DASHBOARD,
        comment=(
            "The network itself rejects these calls, so congestion stays near zero while there are enough lines: "
            f"{_percent(p.congestion_share)} is a shortage. Lower it if channels are reserved. {_sure(p)}"
        ),
    )


def _contact(p: Parameters) -> Alert:
    return Alert(
        name="WolkvoxContactCollapsed",
        expr=evidence.collapsed(p),
        wait=15 * MINUTE,
        linger=10 * MINUTE,
        severity=Severity.CRITICAL,
        summary=Text(
            "Hardly anybody answers a campaign's calls any more.",
            "Casi nadie contesta ya las llamadas de una campaña.",
        ),
        description=Text(
            f"{SHARE.en} were answered{usual('contact').en}. Agents wait while the list is used up. "
            "First check which result grew instead: failed, busy, congestion, or only no-answer.",
            f"{SHARE.es} fue contestado{usual('contact').es}. Los agentes esperan mientras se gasta la base. "
            "Revise primero qué resultado creció en su lugar: fallida, ocupado, congestión o solo sin respuesta.",
        ),
        dashboard=WINDOW_DASHBOARD,
        comment=(
            f"Even the high end of the interval is below {p.collapsed_fraction:g} times the low end of the usual one: "
            "both samples may be small, and answers are rare. Without history nobody knows what is little for this "
            "campaign, so nothing is said. 15m is three polls, as it wakes people up."
        ),
    )


def _of_operation(result: str, then: str) -> str:
    return latest(f"operation:wolkvox_{result}:ratio{{@}}", then, labels=OPERATION_WINDOW)


def _carrier(p: Parameters) -> Alert:
    value = "{{ . | first | value | humanizePercentage }}"
    return Alert(
        name="WolkvoxCarrierTrouble",
        expr=evidence.carrier(p),
        wait=5 * MINUTE,
        linger=10 * MINUTE,
        severity=Severity.CRITICAL,
        summary=Text(
            "Calls of many campaigns of an operation do not get through.",
            "Las llamadas de muchas campañas de una operación no entran.",
        ),
        description=Text(
            f"{OPERATION.en}: {{{{ $value | humanize }}}} campaigns at once have too many busy, failed or congested "
            "calls "
            f"{WINDOW.en}. Of all the operation's attempts"
            + _of_operation("busy", f" {value} were busy")
            + _of_operation("failed", f", {value} failed")
            + _of_operation("congestion", f", {value} ended in congestion")
            + ". So many campaigns have no list in common: it is the carrier or the route. First check it with five "
            "manual calls over the same route, then report it to the carrier with times and examples.",
            f"{OPERATION.es}: {{{{ $value | humanize }}}} campañas a la vez tienen demasiadas llamadas ocupadas, "
            "fallidas o con "
            f"congestión {WINDOW.es}. De todos los intentos de la operación,"
            + _of_operation("busy", f" el {value} dio ocupado")
            + _of_operation("failed", f", el {value} falló")
            + _of_operation("congestion", f", el {value} terminó en congestión")
            + ". Tantas campañas no comparten una base: es el operador telefónico o la ruta. Revise primero con cinco "
            "llamadas manuales por la misma ruta y luego repórtelo al operador telefónico con horas y ejemplos.",
        ),
        dashboard=OPERATION_DASHBOARD,
        comment=(
            f"At least {p.carrier_campaigns} campaigns and {_percent(p.carrier_fraction)} of those with volume: one "
            "list or one campaign's settings cannot do that. Campaigns are polled one after another, and each of them "
            "waits for 10m: after 5m this one message comes first. Alertmanager's example configuration lets it "
            "inhibit theirs."
        ),
    )


def suspects(p: Parameters) -> Group:
    """The recording on which the alert on the carrier stands."""
    return Group(
        name="wolkvox.carrier",
        comment="What campaigns of an operation have in common is its carrier.",
        rules=(
            Recording(
                record=evidence.SUSPECT,
                expr=evidence.suspect(p),
                comment=(
                    "1 for a campaign whose busy, failed or congested calls are a spike or unusual, by the conditions "
                    "of the alerts of the group wolkvox.dialling."
                ),
            ),
        ),
    )


def dialling(p: Parameters) -> Group:
    """The alerts on how calls end."""
    return Group(
        name="wolkvox.dialling",
        comment=(
            "Campaigns that reach too few people. Per window: a campaign with windows of 30m and 1h may raise an "
            "alert for each, which Alertmanager sends as one message. Not for `today` and `yesterday`: their share "
            "is the mean of a day, which a spike in the evening hardly changes. A campaign needs a rolling window "
            "to have these alerts."
        ),
        rules=(*_busy(p), *_failed(p), _congestion(p), _contact(p), _carrier(p)),
    )
