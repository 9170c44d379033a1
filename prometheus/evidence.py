"""When a share is worth an alert: how large it is, how sure that is, and how it compares with what is usual.

Each condition is an expression that has a series for every campaign and window where it holds. Its value is the share.
The alerts and what is recorded for the dashboards are made of the same conditions.
"""

from exporter.thresholds import CARRIER_ATTEMPTS
from prometheus.parameters import Parameters
from prometheus.promql import OPERATION_WINDOW, WINDOW, by_labels
from prometheus.recordings import ATTEMPTS, USUAL_SUM, once

ROLLING = 'window!~"today|yesterday"'
"""Not of a day: after midnight its share is chance, in the evening it hardly moves."""

SUSPECT = "campaign:wolkvox_carrier:suspect"
"""Campaigns whose calls end as they do when a carrier is in trouble."""


def _limits(name: str, p: Parameters) -> tuple[float, float]:
    """The share above which it is a spike, and what the low end has to exceed."""
    return (p.congestion_share, p.congestion_low) if name == "congestion" else (p.spike_share, p.spike_low)


def _ratio(name: str, end: str = "") -> str:
    return once(f"campaign:wolkvox_{name}:ratio{end}{{{ROLLING}}}")


def _enough(p: Parameters) -> str:
    return f"{once(ATTEMPTS)} >= {p.min_attempts}"


def _known(p: Parameters) -> str:
    return f"{USUAL_SUM} >= {p.usual_attempts}"


def spiked(name: str, p: Parameters) -> str:
    """The share is too large, whatever is usual."""
    share, low = _limits(name, p)
    return "\nand\n".join((f"{_ratio(name)} > {share:g}", f"{_ratio(name, '_low')} > {low:g}", _enough(p)))


def unusual(name: str, p: Parameters) -> str:
    """The share is a multiple of what is usual, and not by chance."""
    return "\nand\n".join(
        (
            f"{_ratio(name)} > {p.unusual_factor:g} * campaign:wolkvox_{name}:usual",
            f"{_ratio(name)} > {p.unusual_floor:g}",
            f"{_ratio(name, '_low')} > {p.unusual_margin:g} * campaign:wolkvox_{name}:usual_high",
            _enough(p),
            _known(p),
        )
    )


def collapsed(p: Parameters) -> str:
    """Even the high end of the contact rate is far below the low end of the usual one.

    The lowest of two exporters, as the others take the highest: neither hides what the other one sees.
    """
    share, high = (
        by_labels(f"campaign:wolkvox_contact:{name}{{{ROLLING}}}", WINDOW, "min") for name in ("ratio", "ratio_high")
    )
    return "\nand\n".join(
        (
            share,
            f"{high} < {p.collapsed_fraction:g} * campaign:wolkvox_contact:usual_low",
            _enough(p),
            _known(p),
        )
    )


def excessive(p: Parameters, *names: str) -> str:
    """One of these shares is a spike or unusual."""
    conditions = (condition(name, p) for name in names for condition in (spiked, unusual))
    union = "\n  or\n".join(f"  ({condition})".replace("\n", "\n  ") for condition in conditions)
    return f"(\n{union}\n)"


def suspect(p: Parameters) -> str:
    """Campaigns in which busy, failed or congestion is a spike or unusual: 1, however many of them are."""
    return f"{excessive(p, 'busy', 'failed', 'congestion')} * 0 + 1"


def carrier(p: Parameters) -> str:
    """In one window many campaigns of an operation are suspect at once; the value is how many."""
    large = f"{once(f'{ATTEMPTS}{{{ROLLING}}}')} >= {CARRIER_ATTEMPTS}"
    every = by_labels(large, OPERATION_WINDOW, "count")
    among = by_labels(f"{SUSPECT} and {large}", OPERATION_WINDOW, "count")
    return (
        f"{by_labels(SUSPECT, OPERATION_WINDOW, 'count')} >= {p.carrier_campaigns}\n"
        "unless\n"
        f"({among} or 0 * {every}) < {p.carrier_fraction:g} * {every}"
    )
