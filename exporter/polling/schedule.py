"""Which poll of a token is due next. Knows no clock: every moment is passed in, in monotonic seconds."""

import math
from bisect import bisect_left, insort
from collections.abc import Iterator, Sequence
from itertools import count, takewhile

from exporter.model import TargetKey

CLOSENESS = (0.99, 0.5)
"""Distances to keep between two polls of a token, in shares of the mean one: the wider first, the other where it
finds no gap. Slightly under 1 so that a poll which came a little late does not push all that follow."""


def place(earliest: float, room: float, spacing: float, taken: Sequence[float]) -> float:
    """When to poll again: from `earliest` to `room` later, away from the moments `taken` by others.

    Args:
        earliest: the first moment that the vendor's rules allow.
        room: how far the poll may be moved to keep a distance.
        spacing: mean distance between the token's polls if they were spread evenly.
        taken: when the token's other polls are due, ascending.
    """
    for share in CLOSENESS:
        moment = _first_gap(earliest, spacing * share, taken)
        if moment < earliest + room:
            return moment
    return earliest


def _first_gap(earliest: float, distance: float, taken: Sequence[float]) -> float:
    moment = earliest
    for index in range(bisect_left(taken, earliest - distance), len(taken)):
        if taken[index] - moment >= distance:
            break
        moment = max(moment, taken[index] + distance)
    return moment


class Schedule:
    """The targets of one token and when each is due, soonest first.

    Targets are served in the order in which they became due, so a slow token delays all alike and starves none. A poll
    that came as soon as possible (the first, or a late one) is followed by one that may move by up to an interval to
    where there is room; from then on the target keeps its place.
    """

    def __init__(self) -> None:
        self._intervals: dict[TargetKey, float] = {}
        self._due: dict[TargetKey, float] = {}
        self._order: list[tuple[float, int, TargetKey]] = []
        self._moments: list[float] = []
        self._rank: dict[TargetKey, int] = {}  # who came first, where two are due at the same moment
        self._ranks = count()
        self._place: dict[TargetKey, float] = {}
        self._rate = 0.0

    def __contains__(self, key: TargetKey) -> bool:
        return key in self._intervals

    def interval(self, key: TargetKey) -> float | None:
        """The target's interval; None for an unknown one."""
        return self._intervals.get(key)

    def add(self, key: TargetKey, interval: float, due: float) -> None:
        """Take in a target, or change its interval, and say when it is due."""
        self.drop(key)
        self._intervals[key] = interval
        self._rank[key] = next(self._ranks)
        self._rate += 1 / interval
        self.set(key, due)

    def drop(self, key: TargetKey) -> None:
        """Forget a target; nothing happens if there is none."""
        if key in self._intervals:
            self._unset(key)
            self._place.pop(key, None)
            self._rank.pop(key)
            self._rate -= 1 / self._intervals.pop(key)

    def set(self, key: TargetKey, due: float) -> None:
        """Say when a target is due, wherever the others are."""
        self._place.pop(key, None)
        self._put(key, due)

    def after(self, key: TargetKey, asked: float, room: float = 1.0) -> None:
        """Make the target due at least one interval after `asked`, and at most the share `room` of it later."""
        self._unset(key)
        interval = self._intervals[key]
        spacing = 1 / self._rate if len(self._intervals) > 1 else 0.0
        in_place = asked - self._place.get(key, -math.inf) <= spacing
        self._place[key] = place(asked + interval, 0.0 if in_place else interval * room, spacing, self._moments)
        self._put(key, self._place[key])

    def pace(self, key: TargetKey, interval: float) -> None:
        """Change the interval of a target that stays where it is; nothing happens for an unknown one."""
        before = self._intervals.get(key)
        if before is not None and before != interval:
            self._intervals[key] = interval
            self._rate += 1 / interval - 1 / before

    def scale(self, ratio: float, now: float) -> None:
        """Make every interval, and what is left of each until its poll is due, so many times as long."""
        self._intervals = {key: interval * ratio for key, interval in self._intervals.items()}
        self._rate /= ratio
        self._place = {key: _scaled(moment, ratio, now) for key, moment in self._place.items()}
        self._due = {key: _scaled(due, ratio, now) for key, due in self._due.items()}
        self._order = sorted((due, self._rank[key], key) for key, due in self._due.items())
        self._moments = sorted(self._due.values())

    def head(self) -> tuple[float, TargetKey] | None:
        """The poll that is due next, and when; None where there is no target."""
        return (self._order[0][0], self._order[0][2]) if self._order else None

    def overdue(self, now: float) -> Iterator[tuple[float, TargetKey]]:
        """The polls that are due by now and when they became so, soonest first."""
        return ((due, key) for due, _, key in takewhile(lambda one: one[0] <= now, self._order))

    def due(self, key: TargetKey) -> float | None:
        """When the target is due; None while it is being polled, and for an unknown one."""
        return self._due.get(key)

    def take(self, key: TargetKey) -> None:
        """Take the target out while it is polled; `after` or `set` brings it back."""
        self._unset(key)

    def lag(self, now: float) -> float:
        """Seconds by which the most overdue poll is late; 0 where none is."""
        return max(0.0, now - self._order[0][0]) if self._order else 0.0

    def _put(self, key: TargetKey, due: float) -> None:
        self._unset(key)
        self._due[key] = due
        insort(self._order, (due, self._rank[key], key))
        insort(self._moments, due)

    def _unset(self, key: TargetKey) -> None:
        due = self._due.pop(key, None)
        if due is not None:
            del self._order[bisect_left(self._order, (due, self._rank[key], key))]
            del self._moments[bisect_left(self._moments, due)]


def _scaled(moment: float, ratio: float, now: float) -> float:
    return moment if moment <= now else now + (moment - now) * ratio
