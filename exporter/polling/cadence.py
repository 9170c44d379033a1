"""How often a target is asked at a moment, by its calling hours and what was learnt since they ended (pure).

Moments are Unix seconds, spans are seconds. Nothing here is stretched; see `pacing`.
"""

from functools import lru_cache
from zoneinfo import ZoneInfo

from exporter.calling_hours import is_open, last_closing, off_interval, openings
from exporter.model import SETTLING, Data, Hours, Target
from exporter.wolkvox.window import day_end, day_start

YESTERDAY_POLLS = 2
"""Requests for `yesterday` on most days: two answers that agree end them."""

Segments = tuple[tuple[float, float], ...]
"""Stretches of time in order, none of which touch."""


def interval_at(target: Target, data: Data | None, at: float) -> float:
    """Seconds from this poll to the next: outside its hours a target is asked rarely, once its window is final.

    Args:
        target: Whichever.
        data: The last report of it that was believed.
        at: The moment.
    """
    hours = target.hours
    if hours is None or is_open(hours, target.zone, at):
        return target.interval
    closing = last_closing(hours, target.zone, at)
    if closing is None or is_final(target, data, closing, at):
        return off_interval(target, hours)
    return target.interval


def is_final(target: Target, data: Data | None, closing: float, at: float) -> bool:
    """Whether everything that was dialled until the closing is in the data, or no answer can bring it any more."""
    if target.window.days_ago:
        return True
    if target.window.length is None:
        return at >= day_end(target.zone, closing) or (data is not None and data.bounds.end >= closing + SETTLING)
    return data is not None and data.bounds.start >= closing


def polls_until(target: Target, data: Data | None, since: float, midnight: float, margin: float) -> float:
    """Polls that the target's intervals hold between two moments of a day, as a fraction.

    Args:
        target: Whichever.
        data: The last report of it that was believed.
        since: The first moment.
        midnight: The local midnight that ends the day.
        margin: Seconds by which each poll is later than its interval.
    """
    span = midnight - since
    if span <= 0:
        return 0.0
    if target.window.days_ago:
        answered = data is not None and data.bounds.end >= day_start(target.zone, since)
        left = 0 if answered and data is not None and data.final else YESTERDAY_POLLS - answered
        return min(left, span / (target.interval + margin))
    if target.hours is None:
        return span / (target.interval + margin)
    length = target.window.length
    after = SETTLING + target.interval if length is None else length + target.delay + target.interval
    start = day_start(target.zone, midnight - 1)
    segments = _busy(target.hours, target.zone, after, start if length is None else start - after, midnight)
    busy = sum(max(0.0, end - max(since, begin)) for begin, end in segments)
    return busy / (target.interval + margin) + (span - busy) / (off_interval(target, target.hours) + margin)


@lru_cache(maxsize=1_024)
def _busy(hours: Hours, zone: ZoneInfo, after: float, start: float, end: float) -> Segments:
    """The openings between two moments, each with what is asked after it until the window is final."""
    segments: list[tuple[float, float]] = []
    for opened, closed in openings(hours, zone, start, end):
        until = min(closed + after, end)
        if segments and opened <= segments[-1][1]:
            segments[-1] = segments[-1][0], max(until, segments[-1][1])
        else:
            segments.append((opened, until))
    return tuple(segments)
