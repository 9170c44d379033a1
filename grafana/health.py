"""What makes a campaign one in trouble, as PromQL and in words.

The limits are those of the alert rules, which add a time for which they must hold and leave out the shares since
midnight, and of the exporter's status page. Change them together (the tests compare them), and run `python -m grafana`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from grafana import colour
from grafana.language import Translate
from grafana.promql import KEY, Scope, by_result, either, key_max, marked

VOLUME = 50
"""Attempts below which a share says nothing: 3 of 8 is not a spike."""
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
"""A campaign that had no attempts for this long is over, not silent. It spans a weekend."""
MISSED_POLLS = 2
"""Polls that may fail, and a minute, before a campaign counts as unanswered: one failed poll is normal."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One way in which a campaign may be in trouble."""

    severity: int
    """Its rank, which is the value of the state: what hides more stands higher."""
    english: str
    spanish: str
    colour: str


@dataclass(frozen=True, slots=True)
class Trouble(Problem):
    """One that has an expression of its own."""

    condition: Callable[[Scope], str]
    """Series where it holds, by `KEY`, whatever their value."""


@dataclass(frozen=True, slots=True)
class Spike(Problem):
    """Too many attempts that end in one result."""

    result: str
    share: float
    """Above it, 0 to 1, it is a spike, whatever is usual."""
    adapts: bool
    """Whether a multiple of its usual is a spike as well."""


def _unless_unknown(scope: Scope, limit: str, otherwise: float) -> str:
    """A limit made from what is usual, or a fixed one for campaigns without history."""
    return f"({limit} or {scope.latest('wolkvox_campaign_up')} * 0 + {otherwise})"


def _collapsed(scope: Scope) -> str:
    usual = f"({scope.usual_share('answer')} and {scope.usual_attempts()} >= {CONTACT_VOLUME})"
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


TROUBLES: tuple[Trouble | Spike, ...] = (
    Trouble(8, "Data too old, withdrawn", "Datos desactualizados, retirados", colour.WRONG, _withdrawn),
    Trouble(7, "Polls are failing", "Consultas con fallas", colour.WRONG, _unanswered),
    Spike(6, "Many failed calls", "Muchas llamadas fallidas", colour.FAILED, "failed", SHARE, adapts=True),
    Trouble(5, "Not dialling at its usual hours", "Sin marcación en su horario", colour.WRONG, _silent),
    Trouble(4, "Contact rate collapsed", "Contactabilidad desplomada", colour.WRONG, _collapsed),
    Spike(3, "Congestion", "Congestión", colour.CONGESTION, "congestion", CONGESTED, adapts=False),
    Spike(2, "Many busy lines", "Muchas líneas ocupadas", colour.BUSY, "busy", SHARE, adapts=True),
)
"""Worst first."""

IDLE = 1
WELL = 0


def texts(translate: Translate) -> dict[str, tuple[str, str]]:
    """Text and colour by state, the number written out."""
    troubles = {str(each.severity): (translate(each.english, each.spanish), each.colour) for each in TROUBLES}
    calm = {
        str(IDLE): (translate("No data", "Sin datos"), colour.NO_ANSWER),
        str(WELL): (translate("OK", "Bien"), colour.PLAIN),
    }
    return troubles | calm


def _spikes(scope: Scope, spikes: Sequence[Spike]) -> str:
    """The severity of each spike, by `KEY` and result.

    One expression for all of them: what costs Prometheus is adding up the attempts of every window.
    """
    some = key_max(scope.some_results(*(each.result for each in spikes)), "result")
    fixed = f"{some} * 0 + on (result) group_left () (\n{by_result({each.result: each.share for each in spikes})}\n)"
    shares = (marked(scope.usual_share(each.result), "result", each.result) for each in spikes if each.adapts)
    usual = f"(({either(*shares)}) and on ({KEY}) {scope.usual_attempts()} >= {VOLUME})"
    limit = f"(clamp({FACTOR} * {usual}, {FLOOR}, {SHARE}) or {fixed})"
    share = scope.shares(*(each.result for each in spikes), least=VOLUME)
    severity = by_result({each.result: each.severity for each in spikes})
    return f"({share} > {limit}) * 0 + on (result) group_left () (\n{severity}\n)"


def state(scope: Scope) -> str:
    """One number for each campaign: the severity of its worst trouble, `IDLE` or `WELL`."""
    troubles = (f"{each.condition(scope)} * 0 + {each.severity}" for each in TROUBLES if isinstance(each, Trouble))
    idle = f"({scope.latest('wolkvox_campaign_no_data')} == 1)"
    well = f"{scope.latest('wolkvox_campaign_up')} * 0"
    spikes = _spikes(scope, [each for each in TROUBLES if isinstance(each, Spike)])
    return f"max by ({KEY}) (\n{either(*troubles, idle, well, spikes)}\n)"
