"""How long a target is asked at its interval on the busiest day of the week (pure)."""

import math
from functools import lru_cache

from exporter.model import SETTLING, Hours, Window

_DAY = 86_400
_WEEK = 7 * _DAY


def busiest_day(hours: Hours, window: Window, delay: float, interval: float) -> int:
    """Seconds, holidays left out. After a closing it goes on until the window is final."""
    if window.length is not None:
        after = window.length + delay + interval
    elif window.days_ago:
        after = 0.0
    else:
        after = SETTLING + interval
    return _busiest(hours, math.ceil(after), ends_at_midnight=window.length is None)


@lru_cache(maxsize=1_024)
def _busiest(hours: Hours, after: int, *, ends_at_midnight: bool) -> int:
    busy = [0] * 7
    reached = -_WEEK
    for week in (-1, 0):  # what is closed in the last days of a week may go on in the first ones of the next
        for day, spans in enumerate(hours.week):
            midnight = (7 * week + day) * _DAY
            for span in spans:
                end = midnight + span.end * 60 + min(after, _WEEK)
                if ends_at_midnight:
                    end = min(end, midnight + _DAY)
                start = max(reached, midnight + span.start * 60)
                _add(busy, start, end)
                reached = max(reached, end)
    return max(busy)


def _add(busy: list[int], start: int, end: int) -> None:
    """Count the seconds between two moments of the week that begins at 0, each on its day."""
    for day in range(7):
        busy[day] += max(0, min(end, (day + 1) * _DAY) - max(start, day * _DAY))
