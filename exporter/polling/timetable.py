"""When each target of one operation is asked: its schedule, with what storage and the calendar say of it."""

import structlog

from exporter.clock import Clock, age
from exporter.model import Operation, Target, TargetKey
from exporter.polling import cadence, calendar
from exporter.polling.cooldown import in_turn
from exporter.polling.schedule import Schedule
from exporter.polling.state_store import StateStore
from exporter.wolkvox.window import date_of

ARRIVAL_MARGIN = 0.1
"""Added to each interval: two requests that left an interval apart may arrive a little closer."""

UNFINISHED_MARGIN = 0.5
"""The same after a restart, where it is not known how long after its record the latest request left."""

JOINING_PATIENCE = 60.0
"""Seconds for which the first polls of campaigns that join let those of others pass."""

FOUND_ROOM = 0.4
"""The share of its interval by which the second poll of a campaign that was found may be moved: what it did meanwhile
is to be seen within one and a half intervals."""

CLOCK_STEP = 0.5
"""A wall clock that moved so much against the monotonic one was stepped; slower drift each poll notices by itself."""


class Timetable:
    """The targets of an operation as it is configured now, and when each is due."""

    def __init__(self, operation: Operation, store: StateStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._offset = 0.0
        self.configured = operation
        """As the configuration has it, without discovered campaigns."""
        self.operation = operation
        self.log = structlog.get_logger().bind(operation=operation.name)
        """Its lines name the operation."""
        self.targets: dict[TargetKey, Target] = {}
        self.schedule = Schedule()
        self._joining: set[TargetKey] = set()  # found, and not asked since
        self.stretch = 1.0
        """What every interval is multiplied with, so that the budget lasts."""

    def apply_config(self, operation: Operation) -> set[TargetKey]:
        """Take over an edited operation; the targets that are new or edited. Unchanged ones keep their place."""
        self.configured = operation
        return self._take(self._store.discoveries.effective(operation) or operation)

    def follow_discovery(self, *, awaited: bool = False) -> set[TargetKey]:
        """Take over the targets that discovery demands now; those that are new, or asked again.

        `awaited` as `StateStore.set_targets` takes it.
        """
        operation = self._store.discoveries.effective(self.configured)
        if operation is None or operation is self.operation:
            return set()
        self._store.set_targets(operation, awaited=awaited)
        edited = self._take(operation)
        self._joining = (self._joining | edited) & self.targets.keys()
        return edited

    def head(self) -> tuple[float, TargetKey] | None:
        """The poll that is due next, and when.

        Campaigns that join let those go first that have a place in the schedule, for up to `JOINING_PATIENCE`: a crowd
        of them would push the others out of theirs.
        """
        head, now = self.schedule.head(), self._clock.monotonic()
        if head is None or head[1] not in self._joining or now - head[0] > JOINING_PATIENCE:
            return head
        return next((one for one in self.schedule.overdue(now) if one[1] not in self._joining), head)

    def has_polls(self) -> bool:
        """Whether there is a target that is asked for."""
        return any(not target.resting for target in self.targets.values())

    def _take(self, operation: Operation) -> set[TargetKey]:
        before, self.operation = self.operation, operation
        self.log = structlog.get_logger().bind(operation=operation.name)
        targets = {target.key: target for target in operation.targets}
        for key in self.targets.keys() - targets.keys():
            self.schedule.drop(key)
        same_server = before.base_url == operation.base_url
        edited = set()
        for key, target in targets.items():
            old = self.targets.get(key)
            if old is None or not same_server or _place(old) != _place(target):
                edited.add(key)
        self.targets = targets
        return edited

    def today(self) -> str:
        """The operation's local date, ISO."""
        return date_of(self.operation.zone, self._clock.now())

    def interval(self, target: Target) -> float:
        """Seconds from this poll of the target to the next."""
        return cadence.interval_at(target, self._store.known(target.key).data, self._clock.now()) * self.stretch

    def earliest(self, target: Target) -> float:
        """The first moment at which the target may be asked for."""
        return self._clock.monotonic() + self.wait(target)

    def wait(self, target: Target) -> float:
        """Seconds until the target may be asked for; exactly 0 where it may be now."""
        known = self._store.known(target.key)
        wait = 0.0
        if known.asked is not None:
            waited = age(self._clock, known.asked)
            is_ended = known.polled is not None and age(self._clock, known.polled) <= waited
            wait = max(0.0, self.interval(target) + (ARRIVAL_MARGIN if is_ended else UNFINISHED_MARGIN) - waited)
        if target.window.length is not None:
            return wait
        moment = self._clock.now() + wait
        return wait + calendar.opening(target, known.data, moment) - moment

    def in_turn(self) -> list[Target]:
        """The targets in the order in which they may check whether a resting token works again."""
        asked = [target for target in self.targets.values() if not target.resting]
        return in_turn(asked, lambda key: self._store.known(key).asked)

    def add(self, key: TargetKey) -> None:
        """Place a target that is new or edited."""
        target = self.targets[key]
        if target.resting:
            self.schedule.drop(key)
        else:
            self.schedule.add(key, self.interval(target), self.earliest(target))

    def reset(self, key: TargetKey) -> None:
        """Make a target due as soon as its own interval allows; nothing happens if it is not asked any more."""
        if key in self.schedule:
            self.schedule.set(key, self.earliest(self.targets[key]))

    def set(self, key: TargetKey, due: float) -> None:
        """Say when a target is due; nothing happens if a reload removed it."""
        if key in self.schedule:
            self.schedule.set(key, due)

    def after(self, key: TargetKey, asked: float) -> None:
        """Place the next poll of a target that was last `asked` then; nothing happens if a reload removed it."""
        self._joining.discard(key)
        if key in self.schedule:
            self.schedule.pace(key, self.interval(self.targets[key]))
            configured = self._store.discoveries.of(self.operation.name).rules.configured
            found = self.targets[key].key.campaign not in configured
            self.schedule.after(key, asked + ARRIVAL_MARGIN, FOUND_ROOM if found else 1.0)
            self._keep_calendar(key, asked + ARRIVAL_MARGIN)

    def put_off(self, target: Target) -> bool:
        """Let the calendar put off a poll that is due; the first one of a target only where it must."""
        if target.window.length is not None:
            return False
        now = self._clock.now()
        known = self._store.known(target.key)
        data = known.data
        first = known.asked is None
        due = calendar.opening(target, data, now) if first else calendar.due(target, data, now, now)
        if due > now:
            self.schedule.set(target.key, self._clock.monotonic() + due - now)
        return due > now

    def follow_clock(self) -> None:
        """Place the days of the calendar anew where the wall clock was stepped: their midnights have moved."""
        offset = self._clock.now() - self._clock.monotonic()
        if abs(offset - self._offset) > CLOCK_STEP:
            self._offset = offset
            for key, target in self.targets.items():
                if target.window.length is None and self.schedule.due(key) is not None:
                    self.reset(key)

    def follow_hours(self) -> None:
        """Ask at once what calling hours begin for, as soon as its own interval allows."""
        for key, target in self.targets.items():
            before, interval, due = self.schedule.interval(key), self.interval(target), self.schedule.due(key)
            if target.hours is None or before is None or before == interval:
                continue
            self.schedule.pace(key, interval)
            if due is not None and interval < before:
                self.schedule.set(key, min(due, self.earliest(target)))

    def scale(self, stretch: float) -> None:
        """Stretch every interval so much, and what is left of those under way; first polls stay where they are."""
        now = self._clock.monotonic()
        before = {key: self.schedule.due(key) for key in self.targets}
        self.schedule.scale(stretch / self.stretch, now)
        self.stretch = stretch
        for key, target in self.targets.items():
            self.schedule.pace(key, self.interval(target))
            asked, due, planned = self._store.known(key).asked, self.schedule.due(key), before[key]
            if asked is None or due is None or planned is None:
                continue
            latest = max(planned, self.earliest(target))  # polls that were not sent are nothing to keep a distance from
            if due > latest:
                self.schedule.set(key, latest)
            self._keep_calendar(key, now - age(self._clock, asked) + ARRIVAL_MARGIN)

    def _keep_calendar(self, key: TargetKey, asked: float) -> None:
        """Move the target's next poll to where the calendar wants it, if it was last `asked` then."""
        target, planned, interval = self.targets.get(key), self.schedule.due(key), self.schedule.interval(key)
        if target is None or target.window.length is not None or planned is None or interval is None:
            return
        offset = self._clock.now() - self._clock.monotonic()
        data = self._store.known(key).data
        if not target.window.days_ago:
            interval = target.interval  # no stretch keeps `today` from being asked right after midnight
        moment = calendar.due(target, data, asked + interval + offset, planned + offset)
        if moment != planned + offset:
            self.schedule.set(key, moment - offset)


def _place(target: Target) -> tuple[float, str, bool]:
    """What a target's place in the schedule, and what is known of it, depend on."""
    return target.interval, target.query_key, target.resting
