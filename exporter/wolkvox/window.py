"""From a window and the clock to the vendor's `date_ini` and `date_end`.

The vendor reads dates as wall clock and knows no folds: where a zone sets its clock back, one reading stands for two
moments. So the dates are chosen to cover the whole span on the wall clock, and the published moments are their widest
reading.
"""

from datetime import datetime, timedelta
from math import floor
from zoneinfo import ZoneInfo

from exporter.model import LONGEST_WINDOW, TimeRange, Window

_DAY = 86_400
"""No clock is ever set back by more: further away from an end, a change-over cannot disorder it."""

_LONGEST = timedelta(seconds=LONGEST_WINDOW)


def bounds(window: Window, delay: float, zone: ZoneInfo, now: float) -> TimeRange:
    """What to ask for at `now`, in whole seconds.

    Args:
        window: A rolling length, `today` or `yesterday`.
        delay: Seconds by which a rolling window lies in the past; a day of the calendar ignores it.
        zone: The zone whose wall clock the vendor reads.
        now: Unix seconds.

    Returns:
        Moments that hold at least the span asked for, equal to it away from change-overs, and their dates. The first
        date is always before the second: in the first second of a day `today` reaches to the end of that second.
        The dates are never more than 31 days apart: where the clock goes forward inside a window of that length, it
        begins later, and so do the moments.
    """
    if window.length is not None:
        end = floor(now - delay)
        return _widest(zone, end - window.length, end)
    midnight = day_start(zone, now)
    if window.days_ago:
        return _whole_day(zone, day_start(zone, midnight - 1), midnight)
    return _widest(zone, midnight, max(floor(now), midnight + 1))


def today_until(zone: ZoneInfo, end: int) -> TimeRange:
    """What `today` was up to `end`, in whole seconds: at midnight the whole day that ends then."""
    return _widest(zone, day_start(zone, end - 1), end)


def date_of(zone: ZoneInfo, moment: float) -> str:
    """The local date at `moment`, ISO."""
    return datetime.fromtimestamp(moment, zone).date().isoformat()


def day_start(zone: ZoneInfo, moment: float) -> int:
    """The first second of the local date of `moment`: where the clock skips midnight, the first one after the gap."""
    return _first(zone, _wall(zone, floor(moment)).replace(hour=0, minute=0, second=0))


def day_end(zone: ZoneInfo, moment: float) -> int:
    """The first second of the local date after that of `moment`."""
    tomorrow = _wall(zone, floor(moment)).replace(hour=0, minute=0, second=0) + timedelta(days=1)
    return _first(zone, tomorrow)


def day_of(window: Window, zone: ZoneInfo, asked: TimeRange) -> tuple[int, int] | None:
    """From when to when a report with these bounds may be shown; None where the calendar does not end it.

    `today` is shown on the day that it describes, `yesterday` on the day after.
    """
    if window.length is not None:
        return None
    moment = asked.end if window.days_ago else asked.end - 1
    return day_start(zone, moment), day_end(zone, moment)


def _whole_day(zone: ZoneInfo, start: int, end: int) -> TimeRange:
    """A day between its midnights. It needs no widening: what the vendor reads as a date is that of one day only."""
    last = _wall(zone, end - 1) + timedelta(seconds=1)  # midnight, also where the next day's clock skips it
    return TimeRange(start, end, _date(_wall(zone, start)), _date(last))


def _widest(zone: ZoneInfo, start: int, end: int) -> TimeRange:
    ini, last = _wall(zone, start), _wall(zone, end)
    # Where the clock is set back inside the span, its second pass may begin below the first reading,
    # and its first pass may reach above the last one.
    if back := _set_back(zone, start, min(end, start + _DAY)):
        ini = min(ini, _wall(zone, back))
    if back := _set_back(zone, max(start, end - _DAY), end):
        last = max(last, _wall(zone, back - 1) + timedelta(seconds=1))
    ini = max(ini, last - _LONGEST)
    return TimeRange(_first(zone, ini), max(_readings(zone, last)), _date(ini), _date(last))


def _first(zone: ZoneInfo, wall: datetime) -> int:
    """The first moment at which the wall clock shows this, or the first one after it where the clock skips it."""
    earliest, latest = (int(reading) for reading in sorted(_readings(zone, wall)))
    if _wall(zone, earliest) == wall:
        return earliest
    return _change(zone, earliest, latest)


def _date(wall: datetime) -> str:
    return f"{wall:%Y%m%d%H%M%S}"


def _set_back(zone: ZoneInfo, start: int, end: int) -> int | None:
    """The first second under the later offset, if the clock is set back between the two moments."""
    return _change(zone, start, end) if _offset(zone, end) < _offset(zone, start) else None


def _change(zone: ZoneInfo, before: int, after: int) -> int:
    """The first second whose offset is not that of `before`, by bisection."""
    offset = _offset(zone, before)
    while after - before > 1:
        middle = (before + after) // 2
        if _offset(zone, middle) == offset:
            before = middle
        else:
            after = middle
    return after


def _wall(zone: ZoneInfo, moment: int) -> datetime:
    return datetime.fromtimestamp(moment, zone).replace(tzinfo=None, fold=0)


def _offset(zone: ZoneInfo, moment: int) -> timedelta:
    return datetime.fromtimestamp(moment, zone).utcoffset() or timedelta(0)


def _readings(zone: ZoneInfo, wall: datetime) -> tuple[float, float]:
    """The moments that a wall clock's reading can stand for (PEP 495)."""
    first = wall.replace(tzinfo=zone)
    return first.timestamp(), first.replace(fold=1).timestamp()
