"""What makes a campaign one in trouble, as PromQL and in words.

The limits are those of the alert rules, which add a time for which they must hold. Change both, and run
`python -m grafana`.
"""

from collections.abc import Callable
from dataclasses import dataclass

from grafana import colour
from grafana.language import Tongue
from grafana.promql import Scope, either

VOLUME = 50
"""Attempts below which a share says nothing: 3 of 8 is no spike."""
SHARE = 0.25
"""Failed or busy calls above this share are a spike, whatever is usual. Healthy traffic stays near 0.08."""
FLOOR = 0.10
"""Below this share, twice the usual is still little."""
FACTOR = 2
"""Times the usual that make a spike, where the usual hour had its volume too; below 1 / FACTOR of the usual contact
rate is a collapse."""
CONGESTED = 0.10
"""Congestion is the carrier's own refusal: it is rare, so less of it is too much."""
CONTACT = 0.02
"""A contact rate below this is a collapse, whatever is usual."""
CONTACT_VOLUME = 100
"""Answers are rare: their share takes more attempts to say something."""
ALIVE = "3d"
"""A campaign that had no attempts for so long is over, not silent. It spans a weekend."""
MISSED_POLLS = 2
"""Polls that may fail, and a minute, before a campaign counts as unanswered: one failed poll is weather."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """One way in which a campaign may be in trouble."""

    severity: int
    """Its rank, which is the value of the state: what hides more stands higher."""
    english: str
    spanish: str
    colour: str
    condition: Callable[[Scope], str]
    """Series where it holds, by `KEY`, whatever their value."""


def _unless_unknown(scope: Scope, limit: str, otherwise: float) -> str:
    """A limit made from what is usual, or a fixed one for campaigns without history."""
    return f"({limit} or {scope.latest('wolkvox_campaign_up')} * 0 + {otherwise})"


def _spike(result: str) -> Callable[[Scope], str]:
    def condition(scope: Scope) -> str:
        usual = scope.usual_share(result, least=VOLUME)
        limit = _unless_unknown(scope, f"clamp({FACTOR} * {usual}, {FLOOR}, {SHARE})", SHARE)
        return f"({scope.share(result, least=VOLUME)} > {limit})"

    return condition


def _congested(scope: Scope) -> str:
    return f"({scope.share('congestion', least=VOLUME)} > {CONGESTED})"


def _collapsed(scope: Scope) -> str:
    usual = scope.usual_share("answer", least=CONTACT_VOLUME)
    limit = _unless_unknown(scope, f"clamp_min({usual} / {FACTOR}, {CONTACT})", CONTACT)
    return f"({scope.share('answer', least=CONTACT_VOLUME)} < {limit})"


def _silent(scope: Scope) -> str:
    usual = f"{scope.usual_attempts()} >= {VOLUME}"
    return f"({scope.attempts()} == 0 and {usual} and {scope.idle_for(ALIVE)} == 0)"


def _withdrawn(scope: Scope) -> str:
    return f"({scope.latest('wolkvox_campaign_up')} unless {scope.latest('wolkvox_campaign_no_data')})"


def _unanswered(scope: Scope) -> str:
    up = scope.latest("wolkvox_campaign_up")
    last = scope.latest("wolkvox_campaign_last_success_timestamp_seconds")
    interval = scope.latest("wolkvox_poll_interval_seconds")
    return f"({up} == 0 and (time() - {last} > {MISSED_POLLS} * {interval} + 60 or {up} unless {last}))"


TROUBLES = (
    Trouble(8, "Data too old, withdrawn", "Datos vencidos, retirados", colour.WRONG, _withdrawn),
    Trouble(7, "Polls fail", "Las consultas fallan", colour.WRONG, _unanswered),
    Trouble(6, "Many failed calls", "Muchas llamadas fallidas", colour.FAILED, _spike("failed")),
    Trouble(5, "Silent at its usual hours", "Sin marcar en su horario", colour.WRONG, _silent),
    Trouble(4, "Contact rate collapsed", "Contacto desplomado", colour.WRONG, _collapsed),
    Trouble(3, "Congestion", "Congestión", colour.CONGESTION, _congested),
    Trouble(2, "Many busy lines", "Muchas líneas ocupadas", colour.BUSY, _spike("busy")),
)
"""Worst first."""

IDLE = 1
WELL = 0


def texts(tongue: Tongue) -> dict[str, tuple[str, str]]:
    """Text and colour by state, the number written out."""
    troubles = {str(each.severity): (tongue(each.english, each.spanish), each.colour) for each in TROUBLES}
    calm = {
        str(IDLE): (tongue("No rows in the window", "Sin registros en la ventana"), colour.NO_ANSWER),
        str(WELL): (tongue("Well", "Bien"), colour.PLAIN),
    }
    return troubles | calm


def state(scope: Scope) -> str:
    """One number for each campaign: the severity of its worst trouble, `IDLE` or `WELL`."""
    troubles = (f"{each.condition(scope)} * 0 + {each.severity}" for each in TROUBLES)
    idle = f"({scope.latest('wolkvox_campaign_no_data')} == 1)"
    return either(*troubles, idle, f"{scope.latest('wolkvox_campaign_up')} * 0")
