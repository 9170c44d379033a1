"""What rules and dashboards share: which labels count, and what the same hour of a past week is."""

from collections.abc import Callable, Sequence
from typing import Literal

from exporter.thresholds import CONFIDENCE_Z

PLACE = ("cluster", "namespace", "job")
"""Where a series comes from. `cluster` and `namespace` stay where there are any; what else the machine, the pod or the
service discovery adds does not count: it changes with each roll-out, and two exporters differ in it."""
EXPORTER = (*PLACE, "instance")
OPERATION = (*PLACE, "operation")
CAMPAIGN = (*OPERATION, "campaign")
WINDOW = (*CAMPAIGN, "window")
OPERATION_WINDOW = (*OPERATION, "window")

HOUR = 60 * 60
WEEK = 7 * 24 * HOUR

WEEKS = (1, 2)
"""The weeks before that are looked at: the profile of a week, within Prometheus' default retention of 15 days."""

_GRAIN = HOUR // 2
_LONGEST = HOUR
"""Changes of the clock that are followed: half an hour (Lord Howe) and an hour (all others but Troll, Antarctica)."""

OFFSET = "wolkvox_campaign_utc_offset_seconds"
STRETCH = "wolkvox_poll_interval_stretch_ratio"


def by_labels(expr: str, labels: Sequence[str], operation: str = "max") -> str:
    """One series for each value of `labels`, whatever other labels there are.

    `max` and not `sum`: two exporters that publish the same campaign see the same figures.
    """
    return f"{operation} by ({', '.join(labels)}) ({expr})"


def by_operation(expr: str, operation: str = "max") -> str:
    """One series for each operation, whichever exporters publish it, wherever they run."""
    return by_labels(expr, OPERATION, operation)


def failing(reason: str) -> str:
    """One series per operation while the latest poll of any of its campaigns failed for this reason."""
    failure = f'wolkvox_campaign_failure{{reason="{reason}"}}'
    return f"{by_operation(failure)} == 1"


def wilson(share: str, attempts: str, end: Literal["low", "high"]) -> str:
    """One end of the interval in which a share lies with 95 % certainty, given the attempts that it is a share of.

    Wilson's score interval (https://doi.org/10.1080/01621459.1927.10502953): it stays between 0 and 1 and holds for
    few attempts and for shares near 0, where the share plus or minus its standard error does not.
    """
    z, square = CONFIDENCE_Z, CONFIDENCE_Z**2
    sign = {"low": "-", "high": "+"}[end]
    return (
        "clamp(\n"
        f"  ({share} * {attempts} + {square / 2:g}\n"
        f"  {sign} {z:g} * sqrt({share} * (1 - {share}) * {attempts} + {square / 4:g}))\n"
        f"  / ({attempts} + {square:g}),\n"
        "  0, 1\n"
        ")"
    )


def clock_change(weeks: int, matchers: str = "", labels: Sequence[str] = CAMPAIGN) -> str:
    """Seconds by which a campaign's clock was put forward (back: negative) since `weeks` ago; absent where it was not.

    One series for each value of `labels`.

    It is also absent where the offset of then or of now is not known: history from before the metric, or an exporter
    that is older than it. Then the clock counts as unchanged.
    """
    selector = f"{OFFSET}{{{matchers}}}" if matchers else OFFSET
    now, then = by_labels(selector, labels), by_labels(f"{selector} offset {weeks}w", labels)
    return f"round({now} - {then}, {_GRAIN}) != 0 >= -{_LONGEST} <= {_LONGEST}"


def same_hour(at: Callable[[str], str], weeks: int, change: str, labels: Sequence[str] = CAMPAIGN) -> str:
    """An expression as it was at the same local hour of the same weekday, `weeks` ago.

    `at` makes the expression for an offset, such as `168h`; `change` is that of `clock_change`. An offset in
    PromQL is a constant, so each that may be right is asked for and the change picks one: 168 h, or 167 or 169 h where
    the clock was put forward or back in between, or half an hour where half an hour is what it was put by.
    """
    match = f"on ({', '.join(labels)})"
    usual = f"{at(_hours(weeks * WEEK))} unless {match} ({change})"
    changed = (
        f"{at(_hours(weeks * WEEK - seconds))} and {match} ({change} == {seconds})"
        for seconds in range(-_LONGEST, _LONGEST + 1, _GRAIN)
        if seconds
    )
    return "\nor\n".join((usual, *changed))


def _hours(seconds: int) -> str:
    """`168h`, `167h30m`."""
    hours, rest = divmod(seconds, HOUR)
    return f"{hours}h{rest // 60}m" if rest else f"{hours}h"
