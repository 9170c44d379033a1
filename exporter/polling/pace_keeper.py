"""Keeps an operation's polls at the pace that its calling hours and its budget ask for."""

import math

from exporter.calling_hours import next_change
from exporter.clock import Clock
from exporter.model import Operation
from exporter.polling.cadence import polls_until
from exporter.polling.discovered import api_intervals
from exporter.polling.pacing import Outlook, outlook, set_aside, stretch
from exporter.polling.state_store import StateStore
from exporter.polling.timetable import ARRIVAL_MARGIN, Timetable
from exporter.wolkvox.window import day_end

LONGEST_PAUSE = 60.0
"""Seconds after which the budget is looked at again."""

SHORTEST_PAUSE = 10.0
"""The same where requests were sent meanwhile."""


class PaceKeeper:
    """Follows the clock and the budget of one operation, and moves its polls accordingly."""

    def __init__(self, timetable: Timetable, store: StateStore, clock: Clock) -> None:
        self._timetable = timetable
        self._store = store
        self._clock = clock
        self._hours_of: Operation | None = None
        self._hours_change = math.inf
        self._budget_of: Operation | None = None
        self._used = 0
        self._seen_at = -math.inf
        self._midnight = 0.0

    def follow(self, used: int) -> None:
        """Move what is due where that is another moment now; `used` is the day's count of requests."""
        self._follow_hours()
        self._follow_budget(used)

    def _follow_hours(self) -> None:
        operation, now = self._timetable.operation, self._clock.now()
        if operation is self._hours_of and now < self._hours_change:
            return
        self._hours_of = operation
        kinds = {(target.hours, target.zone) for target in operation.targets if target.hours is not None}
        changes = (next_change(hours, zone, now) for hours, zone in kinds)
        self._hours_change = min((change for change in changes if change is not None), default=math.inf)
        if kinds:
            self._timetable.follow_hours()

    def _follow_budget(self, used: int) -> None:
        operation, now = self._timetable.operation, self._clock.now()
        if operation.budget is None and operation is self._budget_of:
            return  # nothing to spread
        waited = self._clock.monotonic() - self._seen_at
        is_news = operation is not self._budget_of or now >= self._midnight
        if not is_news and waited < (LONGEST_PAUSE if used == self._used else SHORTEST_PAUSE):
            return
        self._budget_of, self._used, self._seen_at = operation, used, self._clock.monotonic()
        self._midnight = day_end(operation.zone, now)
        factor = 1.0 if operation.budget is None else self._factor(operation, operation.budget - used, now)
        if factor != self._timetable.stretch:
            self._tell(factor)
            self._timetable.scale(factor)
        self._store.set_stretch(operation.name, None if operation.budget is None else factor)

    def _tell(self, factor: float) -> None:
        """Log that stretching begins or ends."""
        if self._timetable.stretch == 1:
            self._timetable.log.warning("budget would not last, intervals are stretched", factor=round(factor, 2))
        elif factor == 1:
            self._timetable.log.info("budget lasts again, intervals are as configured")

    def _factor(self, operation: Operation, left: int, now: float) -> float:
        left -= set_aside(api_intervals(operation).values(), now, self._midnight)
        return stretch(self._outlooks(now), left, self._timetable.stretch)

    def _outlooks(self, now: float) -> list[Outlook]:
        found, monotonic = [], self._clock.monotonic()
        for key, target in self._timetable.targets.items():
            if target.resting:
                continue
            due = self._timetable.schedule.due(key)
            at = now if due is None else now + max(0.0, due - monotonic)
            data = self._store.known(key).data
            polls, later = (polls_until(target, data, one, self._midnight, ARRIVAL_MARGIN) for one in (now, at))
            found.append(outlook(polls, later, due_today=at < self._midnight))
        return found
