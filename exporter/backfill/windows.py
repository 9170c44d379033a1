"""Which windows of the past are asked for (pure)."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from math import ceil
from zoneinfo import ZoneInfo

from exporter.calling_hours import openings
from exporter.model import Target, TimeRange
from exporter.polling.calendar import OPENING
from exporter.targets import YESTERDAY_INTERVAL
from exporter.wolkvox.window import bounds, day_start, today_until


@dataclass(frozen=True, slots=True)
class Days:
    """Local dates that have passed."""

    first: date
    last: date
    """The latest of them."""

    def span(self, zone: ZoneInfo) -> tuple[int, int]:
        """From the midnight that begins the first to the one that ends the last, in Unix seconds."""
        return _midnight(zone, self.first), _midnight(zone, self.last + timedelta(days=1))


@dataclass(frozen=True, slots=True)
class PastWindow:
    """One window of the past of one target."""

    target: Target
    end: int
    """When it ends, in Unix seconds: together with the target it is the window's name."""
    asked: TimeRange
    at: int
    """When an exporter with that interval would have asked for it."""


def at_step(target: Target, step: int) -> Target:
    """The target with the step of the backfill for its interval."""
    interval = max(float(step), YESTERDAY_INTERVAL) if target.window.days_ago else float(step)
    hours = target.hours
    if hours is not None and hours.off_interval < interval:
        hours = replace(hours, off_interval=interval)
    return replace(target, interval=interval, hours=hours)


def past_windows(target: Target, days: Days, step: int) -> Iterator[PastWindow]:
    """The windows of the target, oldest first: one for each step, of `yesterday` one for each day.

    A window that does not touch the calling hours is left out: nothing was dialled in it.

    Args:
        target: Whose.
        days: On which days they end, or are asked for.
        step: Seconds from one end to the next, counted from the midnight that begins the first day.
    """
    for found in _by_day(target, days) if target.window.days_ago else _by_step(target, days, step):
        hours, asked = target.hours, found.asked
        if hours is None or next(openings(hours, target.zone, asked.start, asked.end), None) is not None:
            yield found


def _by_step(target: Target, days: Days, step: int) -> Iterator[PastWindow]:
    start, end = days.span(target.zone)
    for moment in range(start + step, end + 1, step):
        if target.window.length is None:
            yield PastWindow(target, moment, today_until(target.zone, moment), moment)
        else:
            asked = bounds(target.window, 0.0, target.zone, moment)
            yield PastWindow(target, moment, asked, moment + ceil(target.delay))


def _by_day(target: Target, days: Days) -> Iterator[PastWindow]:
    for ahead in range((days.last - days.first).days + 1):
        midnight = _midnight(target.zone, days.first + timedelta(days=ahead))
        yield PastWindow(target, midnight, bounds(target.window, 0.0, target.zone, midnight), midnight + int(OPENING))


def _midnight(zone: ZoneInfo, day: date) -> int:
    return day_start(zone, datetime.combine(day, time(12), zone).timestamp())
