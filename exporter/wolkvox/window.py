"""From a window and the clock to the vendor's `date_ini` and `date_end`.

The vendor reads dates as wall clock and knows no folds: where a zone sets its clock back, one reading stands for two
moments. So the dates are chosen to cover the whole span on the wall clock, and the published moments are their widest
reading.
"""

from datetime import datetime, timedelta
from math import floor
from zoneinfo import ZoneInfo

from exporter.model import Bounds, Window

_DAY = 86_400
"""No clock is ever set back by more: further away from an end, a change-over cannot disorder it."""


def bounds(window: Window, delay: float, zone: ZoneInfo, now: float) -> Bounds:
    """What to ask for at `now`, in whole seconds.

    Args:
        window: Its length in seconds, or None for `today`.
        delay: Seconds by which a rolling window lies in the past; `today` ends now whatever it is.
        zone: The zone whose wall clock the vendor reads.
        now: Unix seconds.

    Returns:
        Moments that hold at least the span asked for, equal to it away from change-overs, and their dates. The first
        date is always before the second: in the first second of a day `today` reaches to the end of that second.
    """
    if window.length is None:
        end = floor(now)
        start = _day_start(zone, end)
        return _widest(zone, start, max(end, start + 1))
    end = floor(now - delay)
    return _widest(zone, end - window.length, end)


def _widest(zone: ZoneInfo, start: int, end: int) -> Bounds:
    ini, last = _wall(zone, start), _wall(zone, end)
    # Where the clock is set back inside the span, its second pass may begin below the first reading,
    # and its first pass may reach above the last one.
    if back := _set_back(zone, start, min(end, start + _DAY)):
        ini = min(ini, _wall(zone, back))
    if back := _set_back(zone, max(start, end - _DAY), end):
        last = max(last, _wall(zone, back - 1) + timedelta(seconds=1))
    return Bounds(
        start=min(_readings(zone, ini)),
        end=max(_readings(zone, last)),
        date_ini=f"{ini:%Y%m%d%H%M%S}",
        date_end=f"{last:%Y%m%d%H%M%S}",
    )


def _day_start(zone: ZoneInfo, moment: int) -> int:
    """The first second of the local date of `moment`: where the clock skips midnight, the first one after the gap."""
    midnight = _wall(zone, moment).replace(hour=0, minute=0, second=0)
    earliest, latest = (int(reading) for reading in sorted(_readings(zone, midnight)))
    if _wall(zone, earliest) == midnight:
        return earliest
    return _change(zone, earliest, latest)


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
