"""When `today` and `yesterday` are asked (pure). Moments and spans are in seconds of the wall clock.

Intervals are counted by the monotonic clock elsewhere: here a moment may only be put off, or chosen within what the
interval leaves free.
"""

from dataclasses import replace

from exporter.model import Data, Target
from exporter.wolkvox.window import day_end, day_of, day_start

OPENING = 900.0
"""From midnight on, until `yesterday` is asked: late rows of the vendor's reports are in by then."""

PROMPT = 30.0
"""Within so long after midnight `today` is to be asked, half of what is promised: others may be before it."""

LONGEST = 43_200.0
"""With a longer interval a poll at midnight would leave none for the day, so `today` takes no notice of it."""

_INSTANT = 0.05
"""Added to midnight, so that no rounding asks before it."""


def opening(target: Target, data: Data | None, moment: float) -> float:
    """The first moment from `moment` on at which the calendar lets the target be asked.

    Args:
        target: Whichever; only `yesterday` has to wait.
        data: What is known of it.
        moment: When its interval lets it be asked.
    """
    if not target.window.days_ago:
        return moment
    start = day_start(target.zone, moment)
    if data is not None and data.final and day_of(target.window, target.zone, data.bounds) == _day(target, start):
        start = day_end(target.zone, start)
    return max(moment, start + OPENING)


def due(target: Target, data: Data | None, earliest: float, planned: float) -> float:
    """When to ask next.

    The poll of `today` before midnight gives way where its interval would keep the next one from being right after
    midnight, and one that could be right after midnight is.

    Args:
        target: Whichever; only days of the calendar are moved.
        data: What is known of it.
        earliest: The first moment that the interval allows.
        planned: The one at which it would be asked for the sake of the token's other polls.
    """
    if target.window.length is not None:
        return planned
    if target.window.days_ago:
        return opening(target, data, earliest)
    midnight = day_end(target.zone, earliest - PROMPT)
    if planned >= midnight:
        return planned if planned <= midnight + PROMPT else max(earliest, midnight + _INSTANT)
    if target.interval <= LONGEST and planned + target.interval > midnight + PROMPT:
        return midnight + _INSTANT
    return planned


def settled(target: Target, before: Data | None, data: Data) -> Data:
    """The report with what the one before it makes of it: two of `yesterday` that agree are not asked for again."""
    if before is None or not target.window.days_ago or before.bounds != data.bounds:
        return data
    return replace(data, final=_counts(before) == _counts(data))


def _counts(data: Data) -> dict[str, int]:
    return {row.result: row.attempts for row in data.rows if row.attempts}


def _day(target: Target, start: int) -> tuple[int, int]:
    return start, day_end(target.zone, start)
