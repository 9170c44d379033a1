"""Whether calling is allowed at a moment, and when that changes (pure). Moments are Unix seconds.

The wall clock of the campaign's zone decides: calling is allowed at a moment if the clock shows a time inside a span
of its day. So a span in an hour that the clock skips does not happen, and one in an hour that it shows twice happens
twice. Every change falls on a whole second.
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo

from exporter.model import Hours, Target
from exporter.public_holidays import public_holidays

_DAY = 86_400
_DAYS_SEARCHED = 800
"""So far a change is looked for: further than from any public holiday to the next one of its country."""


def is_open(hours: Hours, zone: ZoneInfo, at: float) -> bool:
    """Whether calling is allowed at `at`."""
    wall = datetime.fromtimestamp(at, zone)
    minute = wall.hour * 60 + wall.minute
    day = wall.date()
    return any(span.start <= minute < span.end for span in hours.week[day.weekday()]) and not _is_holiday(hours, day)


def off_interval(target: Target, hours: Hours) -> float:
    """Seconds between two polls of a target outside its hours."""
    return max(target.interval, hours.off_interval)


def current_interval(target: Target, at: float) -> float:
    """The target's interval at a moment: that of its configuration, outside its hours `off_interval`."""
    if target.hours is None or is_open(target.hours, target.zone, at):
        return target.interval
    return off_interval(target, target.hours)


def last_change(hours: Hours, zone: ZoneInfo, at: float) -> float | None:
    """The latest moment up to `at` at which calling became allowed or forbidden; None where it never did."""
    return next((moment for moment, _ in _backwards(hours, zone, at)), None)


def next_change(hours: Hours, zone: ZoneInfo, at: float) -> float | None:
    """The first moment after `at` at which calling becomes allowed or forbidden; None where it never does."""
    return next((moment for moment, _ in _forwards(hours, zone, at)), None)


def last_closing(hours: Hours, zone: ZoneInfo, at: float) -> float | None:
    """The latest moment up to `at` at which an opening ended; None where none ever did."""
    return next((moment for moment, opens in _backwards(hours, zone, at) if not opens), None)


def openings(hours: Hours, zone: ZoneInfo, start: float, end: float) -> Iterator[tuple[float, float]]:
    """The openings between two moments, in order, each from its beginning to its end and cut at these moments."""
    changes = [moment for moment, _ in _until(hours, zone, start, end)]
    opened = is_open(hours, zone, start)
    for since, until in pairwise((start, *changes, end)):
        if opened and since < until:
            yield since, until
        opened = not opened


def _backwards(hours: Hours, zone: ZoneInfo, at: float) -> Iterator[tuple[int, bool]]:
    """The changes up to `at`, latest first."""
    if not _varies(hours):
        return
    today = int(at // _DAY)
    yield from (change for change in reversed(_changes(hours, zone, today)) if change[0] <= at)
    day = _day_of_change(hours, zone, today, -1)
    while day is not None:
        yield from reversed(_changes(hours, zone, day))
        day = _day_of_change(hours, zone, day, -1)


def _forwards(hours: Hours, zone: ZoneInfo, at: float) -> Iterator[tuple[int, bool]]:
    """The changes after `at`, first one first."""
    if not _varies(hours):
        return
    today = int(at // _DAY)
    yield from (change for change in _changes(hours, zone, today) if change[0] > at)
    day = _day_of_change(hours, zone, today, 1)
    while day is not None:
        yield from _changes(hours, zone, day)
        day = _day_of_change(hours, zone, day, 1)


def _until(hours: Hours, zone: ZoneInfo, start: float, end: float) -> Iterator[tuple[int, bool]]:
    for change in _forwards(hours, zone, start):
        if change[0] >= end:
            return
        yield change


def _varies(hours: Hours) -> bool:
    """Whether the week or the holidays make a difference at all."""
    minutes = {sum(span.end - span.start for span in spans) for spans in hours.week}  # spans do not overlap
    return minutes != {0} and (minutes != {_DAY // 60} or hours.holidays is not None)


@lru_cache(maxsize=4_096)
def _day_of_change(hours: Hours, zone: ZoneInfo, day: int, step: int) -> int | None:
    """The nearest day of UTC before (-1) or after (1) this one that has a change."""
    return next(
        (other for other in range(day + step, day + step * (_DAYS_SEARCHED + 1), step) if _changes(hours, zone, other)),
        None,
    )


@lru_cache(maxsize=4_096)
def _changes(hours: Hours, zone: ZoneInfo, day: int) -> tuple[tuple[int, bool], ...]:
    """The changes in a day of UTC, counted from 1970, each with whether calling is allowed from then on.

    Days of UTC are all equal and follow one another, which local ones do not.
    """
    start = day * _DAY
    found = []
    for moment in sorted(set(_candidates(hours, zone, start))):
        opens = is_open(hours, zone, moment)
        if opens != is_open(hours, zone, moment - 1):
            found.append((moment, opens))
    return tuple(found)


def _candidates(hours: Hours, zone: ZoneInfo, start: int) -> Iterator[int]:
    """Each moment of a day of UTC at which something may change: midnights, ends of spans, changes of the clock."""
    first = datetime.fromtimestamp(start, zone).date()
    for day in (first + timedelta(days=ahead) for ahead in range(-1, 3)):
        minutes = {0, *(minute for span in hours.week[day.weekday()] for minute in (span.start, span.end))}
        midnight = datetime.combine(day, datetime.min.time())
        for minute in minutes:
            wall = (midnight + timedelta(minutes=minute)).replace(tzinfo=zone)
            for moment in (wall.timestamp(), wall.replace(fold=1).timestamp()):
                if start <= moment < start + _DAY:
                    yield int(moment)
    yield from _change_of_clock(zone, start)


def _change_of_clock(zone: ZoneInfo, start: int) -> Iterator[int]:
    """The first second of another offset in a day of UTC, by bisection; nothing where the offset stays."""
    low, high = start - 1, start + _DAY - 1
    before = _offset(zone, low)
    if _offset(zone, high) == before:
        return
    while high - low > 1:
        middle = (low + high) // 2
        if _offset(zone, middle) == before:
            low = middle
        else:
            high = middle
    yield high


def _offset(zone: ZoneInfo, moment: int) -> timedelta | None:
    return datetime.fromtimestamp(moment, zone).utcoffset()


def _is_holiday(hours: Hours, day: date) -> bool:
    return hours.holidays is not None and day in public_holidays(hours.holidays, day.year)
