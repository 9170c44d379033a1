"""What is known of every target and operation at this moment, and the listener that hears of changes."""

import heapq
import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Protocol

from exporter.calling_hours import next_change
from exporter.clock import Clock, age
from exporter.model import (
    NOTHING_KNOWN,
    Operation,
    Reason,
    Target,
    TargetKey,
    TargetState,
    merge_seen,
)
from exporter.polling.calendar import opening
from exporter.polling.discovery_store import DiscoveryStore, FiguresListener
from exporter.polling.stats_store import StatsListener, StatsStore
from exporter.staleness import NO_STRETCH, Stretch, allowed_age
from exporter.wolkvox.window import day_of


class StateListener(FiguresListener, StatsListener, Protocol):
    """Hears of each change; the page does."""

    def set_target(self, target: Target, state: TargetState) -> None:
        """A target is new or something about it changed."""
        ...

    def drop_target(self, key: TargetKey) -> None:
        """A target is gone."""
        ...


@dataclass(frozen=True, slots=True)
class TrackedTarget:
    """A target with what is known of it, and how the store looks after that."""

    target: Target
    state: TargetState
    expiry: float | None = None
    """When its data becomes stale, in monotonic seconds; None where there is no data or it already is."""
    change: float | None = None
    """When the calendar ends its data, or its calling hours begin or end, in Unix seconds; None where neither does."""
    ready: bool = False
    """It was polled by this process as it is configured now, or restored while that was current."""


class StateStore:
    """The present state, replaced piece by piece with whole immutable values."""

    def __init__(self, clock: Clock, listener: StateListener) -> None:
        self._clock = clock
        self._listener = listener
        self._entries: dict[TargetKey, TrackedTarget] = {}
        self._operations: dict[str, Operation] = {}
        self.stats = StatsStore(listener)
        """What is counted of each operation."""
        self.discoveries = DiscoveryStore(clock, listener)
        """What is known of each operation beside its targets."""
        self._seen: dict[tuple[str, str], tuple[str, ...]] = {}
        self._expiries: list[tuple[float, TargetKey]] = []
        self._changes: list[tuple[float, TargetKey]] = []
        self._stretches: dict[str, Stretch] = {}

    def entries(self) -> Iterable[TrackedTarget]:
        """Every target, in the order of the configuration."""
        return self._entries.values()

    def entry(self, key: TargetKey) -> TrackedTarget | None:
        """A target by its labels."""
        return self._entries.get(key)

    def known(self, key: TargetKey) -> TargetState:
        """What is known of a target, also of one that is not on the board."""
        entry = self._entries.get(key)
        return NOTHING_KNOWN if entry is None else entry.state

    def apply_config(self, operations: Iterable[Operation]) -> None:
        """Show these operations and targets and no others.

        What is known of those that stay, stays, but for what the edit makes void: it leaves at once, storage or not.
        """
        before, seen = self._entries, self._seen
        self._entries, self._seen = {}, {}
        present = {operation.name: operation for operation in operations}
        before_tokens, tokens = _tokens(self._operations.values()), _tokens(present.values())
        for operation in present.values():
            old = self._operations.get(operation.name)
            kept = old is not None and _is_same(old, operation, before_tokens, tokens)
            self.discoveries.set_operation(operation, kept=kept)
            for target in (self.discoveries.effective(operation) or operation).targets:
                campaign = target.key.operation, target.key.campaign
                if kept and campaign in seen:
                    self._seen[campaign] = seen[campaign]
                entry = before.get(target.key, TrackedTarget(target, NOTHING_KNOWN))
                known = _valid(entry, target) if kept else _void(entry.state)
                self._show(target, known, ready=kept and entry.ready)
        for name in self._operations.keys() - present.keys():
            self.discoveries.drop_operation(name)
        self._operations = present
        self.stats.apply_config(present.values())
        for name in present:
            self.show_apis(name)
        for key in before.keys() - self._entries.keys():
            self._listener.drop_target(key)

    def seen(self, key: TargetKey) -> tuple[str, ...]:
        """The undocumented results seen for a target's campaign in any of its windows, first seen first."""
        return self._seen.get((key.operation, key.campaign), ())

    def restore(self, key: TargetKey, known: TargetState) -> None:
        """Show what storage knows of a target; what this process counted stays."""
        entry = self._entries.get(key)
        if entry is not None:
            polled, target = known.polled, entry.target
            current = polled is not None and (old := age(self._clock, polled)) < self._limit(target, old)
            merged = replace(known, polls=entry.state.polls, failures=entry.state.failures)
            self._show(target, merged, ready=entry.ready or current)

    def update(self, key: TargetKey, known: TargetState) -> None:
        """Show what a poll brought; nothing happens if a reload removed its target meanwhile."""
        entry = self._entries.get(key)
        if entry is not None:
            failure = known.failure
            asked = failure is None or failure.reason is not Reason.STORAGE
            self._show(entry.target, known, ready=entry.ready or asked)

    def set_targets(self, operation: Operation, *, awaited: bool) -> None:
        """Show these targets of an operation and no others, after discovery found campaigns or lost them.

        Until the first poll of a new one the exporter is not ready where that is `awaited`.
        """
        for target in operation.targets:
            entry = self._entries.get(target.key)
            if entry is None:
                self._show(target, NOTHING_KNOWN, ready=not awaited)
            elif entry.target != target:
                self._show(target, _valid(entry, target), ready=entry.ready)
        present = {target.key for target in operation.targets}
        gone = [key for key in self._entries if key.operation == operation.name and key not in present]
        for key in gone:
            del self._entries[key]
            self._listener.drop_target(key)

    def show_apis(self, operation: str) -> None:
        """Show how the APIs that are asked for the whole operation do, and what they said."""
        place = self.discoveries.of(operation)
        for one in self.stats.figures(operation).apis:
            known = place.api(one.api)
            up = None if known.polled is None else known.failure is None
            succeeded = None if known.succeeded is None else known.succeeded.wall
            self.stats.set_api(operation, one.api, up=up, last_success_at=succeeded)
        self.stats.set_found(operation, place.found(), place.quota)

    def set_stretch(self, operation: str, factor: float | None) -> None:
        """Show what the operation's intervals are multiplied with, and let its data grow as old as that asks for."""
        before, now = self._stretches.get(operation, NO_STRETCH), self._clock.monotonic()
        self.stats.set_stretch(operation, factor)
        after = before.changed(1.0 if factor is None else factor, now)
        if after is before:
            return
        self._stretches[operation] = after
        for key, entry in self._entries.items():
            if key.operation == operation and entry.expiry is not None:
                expiry = self._expiry(entry.target, entry.state)
                self._entries[key] = replace(entry, expiry=expiry)
                self._await((expiry, key))

    def expire(self) -> None:
        """Withdraw what has become stale by now. Called before anything is read, so that nothing old is ever shown."""
        if self.discoveries.expire():
            for name in self._operations:
                self.show_apis(name)
        self.stats.begin_days(self._clock.now())
        now = self._clock.monotonic()
        while self._expiries and self._expiries[0][0] <= now:
            expiry, key = heapq.heappop(self._expiries)
            entry = self._entries.get(key)
            if entry is not None and entry.expiry == expiry:
                self._show(entry.target, entry.state, ready=entry.ready)
        while self._changes and self._changes[0][0] <= self._clock.now():
            change, key = heapq.heappop(self._changes)
            entry = self._entries.get(key)
            if entry is not None and entry.change == change:
                self._show(entry.target, entry.state, ready=entry.ready)

    def unready(self) -> list[Target]:
        """The targets of which nothing is known that may be asked already."""
        return [entry.target for entry in self._entries.values() if not entry.ready and self._is_open(entry)]

    def _is_open(self, entry: TrackedTarget) -> bool:
        """Whether it may be asked already, where storage knows of it: what cannot be asked is not waited for.

        Nobody is to wait for `yesterday` in the first minutes of a day either.
        """
        target, known = entry.target, entry.state
        if target.resting or (known.polled and known.asked and age(self._clock, known.asked) < target.interval):
            return False
        now = self._clock.now()
        return opening(target, known.data, now) <= now

    def _show(self, target: Target, known: TargetState, *, ready: bool) -> None:
        expiry, stale = None, False
        leaves = self._leaves(target, known)
        if leaves is not None and leaves <= self._clock.now():
            known, leaves = known.without_data(), None
        ends_by_day = target.window.days_ago or target.resting  # what no poll can change any more does not grow old
        if known.data is not None and not ends_by_day:
            expiry = self._expiry(target, known)
            stale = expiry <= self._clock.monotonic()
            if stale:
                expiry = None
            else:
                self._await((expiry, target.key))
        if known.stale != stale:
            known = replace(known, stale=stale)
        if known.seen:
            self._seen[target.key.operation, target.key.campaign] = merge_seen(self.seen(target.key), known.seen)
        before, change = self._entries.get(target.key), self._change(target, leaves)
        if change is not None and (before is None or before.change != change):
            heapq.heappush(self._changes, (change, target.key))
        self._entries[target.key] = TrackedTarget(target, known, expiry, change, ready)
        self._listener.set_target(target, known)

    @staticmethod
    def _leaves(target: Target, known: TargetState) -> float | None:
        data = known.data
        day = None if data is None else day_of(target.window, target.zone, data.bounds)
        return None if day is None else day[1]

    def _change(self, target: Target, leaves: float | None) -> float | None:
        """When the target is to be shown anew, whatever polls bring."""
        change = None if target.hours is None else next_change(target.hours, target.zone, self._clock.now())
        return min((moment for moment in (leaves, change) if moment is not None), default=None)

    def _expiry(self, target: Target, known: TargetState) -> float:
        """When the data becomes stale, in monotonic seconds; it is where nobody knows how old it is."""
        if known.succeeded is None:
            return -math.inf
        old = age(self._clock, known.succeeded)
        return self._clock.monotonic() + self._limit(target, old) - old

    def _limit(self, target: Target, old: float) -> float:
        """How old a target's data may grow, if it is so `old` now."""
        stretch = self._stretches.get(target.key.operation, NO_STRETCH)
        return allowed_age(target, old, self._clock.now(), stretch, self._clock.monotonic())

    def _await(self, expiry: tuple[float, TargetKey]) -> None:
        """Note when data becomes stale, and now and then forget the moments that fresher data has put off."""
        if len(self._expiries) > 2 * len(self._entries) + 100:
            self._expiries = [(entry.expiry, key) for key, entry in self._entries.items() if entry.expiry is not None]
            heapq.heapify(self._expiries)
        heapq.heappush(self._expiries, expiry)


def _tokens(operations: Iterable[Operation]) -> frozenset[str]:
    return frozenset(operation.token.get_secret_value() for operation in operations)


def _is_same(old: Operation, new: Operation, before: frozenset[str], now: frozenset[str]) -> bool:
    """Whether what is known under a name is still the operation's.

    Its token may be a new one; it may not be one that another operation had `before`, nor may another have the old one
    `now`.
    """
    gone, token = old.token.get_secret_value(), new.token.get_secret_value()
    return old.base_url == new.base_url and (token == gone or (token not in before and gone not in now))


def _valid(entry: TrackedTarget, target: Target) -> TargetState:
    """What stays known of a target after an edit: the report only where it describes the same window."""
    if entry.target.query_key == target.query_key:
        return entry.state
    return entry.state.without_data()


def _void(known: TargetState) -> TargetState:
    """What stays true of another operation under the same name: when it was asked, and what this process counted."""
    return TargetState(asked=known.asked, polls=known.polls, failures=known.failures)
