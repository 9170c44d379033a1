"""What makes a campaign one in trouble, as PromQL and in words.

The thresholds are those of the alert rules, which add a time for which they must hold and leave out the shares since
midnight, and of the exporter's status page.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from exporter.thresholds import (
    COLLAPSED_FRACTION,
    COLLAPSED_SHARE,
    CONGESTION_SHARE,
    CONTACT_FACTOR,
    FINISHED_DAYS,
    MIN_ATTEMPTS,
    MISSED_GRACE,
    MISSED_POLLS,
    SPIKE_SHARE,
    UNUSUAL_FACTOR,
    UNUSUAL_FLOOR,
)
from grafana import colour
from grafana.language import Translate
from grafana.promql import KEY, Scope, by_result, either, key_max, marked

CONTACT_ATTEMPTS = CONTACT_FACTOR * MIN_ATTEMPTS
"""Attempts below which a contact rate says nothing."""


@dataclass(frozen=True, slots=True)
class HealthState:
    """One way in which a campaign may be in trouble."""

    severity: int
    """Its rank, which is the value of the state: what hides more stands higher."""
    english: str
    spanish: str
    colour: str


@dataclass(frozen=True, slots=True)
class Trouble(HealthState):
    """One that has an expression of its own."""

    condition: Callable[[Scope], str]
    """Series where it holds, by `KEY`, whatever their value."""


@dataclass(frozen=True, slots=True)
class Spike(HealthState):
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
    usual = f"({scope.usual_share('answer')} and {scope.usual_attempts()} >= {CONTACT_ATTEMPTS})"
    fraction = f"clamp_min({usual} / {1 / COLLAPSED_FRACTION:g}, {COLLAPSED_SHARE})"
    limit = _unless_unknown(scope, fraction, COLLAPSED_SHARE)
    return f"({scope.share('answer', least=CONTACT_ATTEMPTS)} < {limit})"


def _silent(scope: Scope) -> str:
    usual = f"{scope.usual_attempts()} >= {MIN_ATTEMPTS}"
    finished = scope.idle_for(f"{FINISHED_DAYS}d")
    return f"({scope.attempts()} == 0 and {usual} and {finished} == 0)"


def _withdrawn(scope: Scope) -> str:
    return f"({scope.latest('wolkvox_campaign_up')} unless {scope.latest('wolkvox_campaign_no_data')})"


def _unanswered(scope: Scope) -> str:
    up = scope.latest("wolkvox_campaign_up")
    last = scope.latest("wolkvox_campaign_last_success_timestamp_seconds")
    interval = scope.latest("wolkvox_poll_interval_seconds")
    return f"({up} == 0 and (time() - {last} > {MISSED_POLLS} * {interval} + {MISSED_GRACE} or {up} unless {last}))"


TROUBLES: tuple[Trouble | Spike, ...] = (
    Trouble(8, "Data too old, withdrawn", "Datos desactualizados, retirados", colour.WRONG, _withdrawn),
    Trouble(7, "Polls are failing", "Consultas con fallas", colour.WRONG, _unanswered),
    Spike(6, "Many failed calls", "Muchas llamadas fallidas", colour.FAILED, "failed", SPIKE_SHARE, adapts=True),
    Trouble(5, "Not dialling at its usual hours", "Sin marcación en su horario", colour.WRONG, _silent),
    Trouble(4, "Contact rate collapsed", "Contactabilidad desplomada", colour.WRONG, _collapsed),
    Spike(3, "Congestion", "Congestión", colour.CONGESTION, "congestion", CONGESTION_SHARE, adapts=False),
    Spike(2, "Many busy lines", "Muchas líneas ocupadas", colour.BUSY, "busy", SPIKE_SHARE, adapts=True),
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
    usual = f"(({either(*shares)}) and on ({KEY}) {scope.usual_attempts()} >= {MIN_ATTEMPTS})"
    limit = f"(clamp({UNUSUAL_FACTOR} * {usual}, {UNUSUAL_FLOOR}, {SPIKE_SHARE}) or {fixed})"
    share = scope.shares(*(each.result for each in spikes), least=MIN_ATTEMPTS)
    severity = by_result({each.result: each.severity for each in spikes})
    return f"({share} > {limit}) * 0 + on (result) group_left () (\n{severity}\n)"


def state(scope: Scope) -> str:
    """One number for each campaign: the severity of its worst trouble, `IDLE` or `WELL`."""
    troubles = (f"{each.condition(scope)} * 0 + {each.severity}" for each in TROUBLES if isinstance(each, Trouble))
    idle = f"({scope.latest('wolkvox_campaign_no_data')} == 1)"
    well = f"{scope.latest('wolkvox_campaign_up')} * 0"
    spikes = _spikes(scope, [each for each in TROUBLES if isinstance(each, Spike)])
    return f"max by ({KEY}) (\n{either(*troubles, idle, well, spikes)}\n)"
