"""Budgets that last until midnight."""

import heapq
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import BOGOTA, Exporter, Vendor, VirtualClock, operation, target

from exporter.model import Reason, TargetKey
from exporter.polling.pacing import Outlook, outlook, set_aside, stretch
from exporter.polling.schedule import Schedule
from exporter.storage import quota

DAY = 21_600.0
"""A short one: each day is lived through poll by poll."""

POLLS = 72
"""Of a target in that, each 5 minutes."""
MARGIN = 0.1


def test_what_fits_is_not_stretched() -> None:
    assert stretch([Outlook(100.0, 100)], left=100, current=1.0) == 1.0
    assert stretch([Outlook(100.9, 100)], left=100, current=1.0) == 1.0, "a poll is whole"
    assert stretch([], left=0, current=1.0) == 1.0


def test_what_does_not_fit_is_stretched_by_what_is_missing() -> None:
    assert stretch([Outlook(200.0, 200), Outlook(96.0, 96)], left=150 + 1, current=1.0) == pytest.approx(296 / 144.98)
    assert stretch([Outlook(200.0, 200)], left=400, current=3.0) == 1.0, "never shortened"


@pytest.mark.parametrize(("polls", "expected"), [(192.0, 2.0), (199.5, 2.1), (182.0, 2.0), (171.0, 1.8)])
def test_a_factor_stands_while_it_is_about_right(polls: float, expected: float) -> None:
    assert stretch([Outlook(polls, 200)], left=100, current=2.0) == pytest.approx(expected)


def test_once_nothing_is_left_no_factor_helps() -> None:
    assert stretch([Outlook(200.0, 200)], left=0, current=1.5) == 1.5
    assert stretch([Outlook(200.0, 200)], left=-3, current=1.0) == 1.0


def test_what_is_due_tomorrow_costs_nothing_today() -> None:
    assert outlook(0.4, 0.0, due_today=False) == Outlook(0.4, 0)
    assert outlook(3.4, 2.9, due_today=True) == Outlook(3.4, 3)


def test_the_other_apis_are_set_aside() -> None:
    assert set_aside([300.0, 3600.0, 7200.0], DAY - 3600.0, DAY) == 12 + 1 + 1
    assert set_aside([], 0.0, DAY) == 0


@dataclass
class Day:
    """A day of an operation that follows the factor: a schedule, a budget and whoever else spends it."""

    budget: int
    dice: Random
    retries: float = 0.0
    companions: tuple[float, ...] = ()
    now: float = 0.0
    used: int = 0
    factor: float = 1.0
    refusals: list[float] = field(default_factory=list)
    schedule: Schedule = field(default_factory=Schedule)
    intervals: dict[TargetKey, float] = field(default_factory=dict)
    polls: list[float] = field(default_factory=list)
    factors: list[float] = field(default_factory=list)

    def add(self, number: int, interval: float) -> None:
        key = TargetKey("acme", str(number), "1h")
        self.intervals[key] = interval
        self.schedule.add(key, interval * self.factor, self.now)

    def drop(self, number: int) -> None:
        key = TargetKey("acme", str(number), "1h")
        self.intervals.pop(key, None)
        self.schedule.drop(key)

    def spend(self) -> bool:
        if self.used >= self.budget:
            self.refusals.append(self.now)
            return False
        self.used += 1
        return True

    def pace(self) -> None:
        outlooks = []
        for key, interval in self.intervals.items():
            due = max(self.now, self.schedule.due(key) or self.now)
            polls, later = (max(0.0, DAY - moment) / (interval + MARGIN) for moment in (self.now, due))
            outlooks.append(outlook(polls, later, due_today=due < DAY))
        left = self.budget - self.used - set_aside(self.companions, self.now, DAY)
        factor = stretch(outlooks, left, self.factor)
        if factor != self.factor:
            self.schedule.scale(factor / self.factor, self.now)
            self.factor = factor
        self.factors.append(factor)

    def live(self, events: list[tuple[float, str, int]]) -> None:
        """Until midnight; the events are changes from outside."""
        agenda = [(at, order, what, value) for order, (at, what, value) in enumerate(events)]
        agenda += [
            (interval * step, -1, "api", 0) for interval in self.companions for step in range(int(DAY / interval))
        ]
        agenda += [(60.0 * minute, -2, "pace", 0) for minute in range(360)]
        heapq.heapify(agenda)
        while True:
            head = self.schedule.head()
            if agenda and (head is None or agenda[0][0] <= max(head[0], self.now)):
                at, _, what, value = heapq.heappop(agenda)
                self.now = max(self.now, at)
                self.happen(what, value)
                continue
            if head is None or head[0] >= DAY or self.now >= DAY:
                return
            self.now = max(self.now, head[0])
            self.poll(head[1])

    def happen(self, what: str, value: int) -> None:
        if what == "api":
            self.spend()
        elif what == "come":
            self.add(value, 300.0)
        elif what == "go":
            self.drop(value)
        elif what == "theft":
            self.used += (self.budget - self.used) * value // 100
        self.pace()

    def poll(self, key: TargetKey) -> None:
        asked = self.now
        self.schedule.take(key)
        if self.spend():
            self.polls.append(asked)
            if self.dice.random() < self.retries:
                self.spend()
        self.now += 0.5
        self.schedule.pace(key, self.intervals[key] * self.factor)
        self.schedule.after(key, asked + MARGIN)


def test_a_plan_that_takes_the_whole_budget_is_never_stretched() -> None:
    for targets in (1, 7, 30):
        day = Day(budget=targets * POLLS, dice=Random(1))
        for number in range(targets):
            day.add(number, 300.0)
        day.live([])
        assert set(day.factors) == {1.0}
        assert (day.refusals, len(day.polls)) == ([], day.used)


def test_a_budget_of_a_third_lasts_until_midnight() -> None:
    day = Day(budget=10 * POLLS // 3, dice=Random(1))
    for number in range(10):
        day.add(number, 300.0)
    day.live([])
    assert day.refusals == []
    assert max(day.polls) > DAY - 1000.0
    before = day.factors[1 : 5 * 60]
    assert 2.8 < min(before) <= max(before) < 3.4
    assert len(set(before)) < 10, "it does not move with each poll"


EVENTS = st.lists(
    st.one_of(
        st.tuples(st.floats(0.0, DAY - 3600.0), st.just("come"), st.integers(100, 120)),
        st.tuples(st.floats(0.0, DAY - 3600.0), st.just("go"), st.integers(0, 120)),
        st.tuples(st.floats(0.0, DAY - 3600.0), st.just("theft"), st.integers(1, 30)),
    ),
    max_size=6,
)


COMPANIONS = st.sampled_from([(), (300.0, 3600.0)])


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 20), st.floats(0.15, 2.0), st.floats(0.0, 0.2), COMPANIONS, EVENTS)
def test_on_random_days_the_budget_is_never_exceeded_and_polls_go_on_until_midnight(
    targets: int, share: float, retries: float, companions: tuple[float, ...], events: list[tuple[float, str, int]]
) -> None:
    budget = int(targets * POLLS * share) + sum(int(DAY / interval) for interval in companions) + 70
    day = Day(budget, Random(7), retries, companions)
    for number in range(targets):
        day.add(number, 300.0)
    day.live(events)
    assert day.used <= day.budget
    assert min(day.factors) >= 1.0
    assert len(day.refusals) <= 3, "retries of the last minutes"
    assert all(at > DAY - 600.0 for at in day.refusals)
    if day.intervals:
        assert max(day.polls) > DAY - 2.5 * 300.0 * day.factor


async def test_a_worker_spreads_its_budget_over_the_day(file: Path) -> None:
    clock = VirtualClock(1_773_187_200.0)  # 19:00 in Bogota
    vendor = Vendor(clock)
    acme = operation(*(target(str(number)) for number in range(4)), budget=80)
    process = await Exporter(clock, vendor, f"sqlite:///{file}").start(acme)
    await clock.run(30.0)
    assert len(vendor.log) == 4, "a first poll is not delayed"
    await clock.run(3 * 3600.0)
    assert 2.5 < (process.figures().stretch or 0.0) < 4.0
    await clock.run(2 * 3600.0 - 40.0)
    assert 70 <= len(vendor.log) <= 80
    assert vendor.log[-1].at > 5 * 3600.0 - 900.0
    assert process.failed(Reason.BUDGET) == 0
    assert all(after - before >= 300.0 for before, after in pairwise(vendor.moments("2")))
    await clock.run(1800.0)
    assert 12.0 < (process.figures().stretch or 0.0) < 20.0, "a whole day lies before it"
    await process.apply_config(replace(acme, budget=None))
    await clock.run(10.0)
    assert process.figures().stretch is None
    sent = len(vendor.log)
    await clock.run(600.0)
    assert len(vendor.log) >= sent + 8, "as configured again"
    await process.kill()


async def test_today_is_asked_right_after_midnight_however_much_is_stretched(file: Path) -> None:
    clock = VirtualClock(1_773_187_200.0)
    vendor = Vendor(clock)
    acme = operation(target("1", window="today"), budget=40)
    process = await Exporter(clock, vendor, f"sqlite:///{file}").start(acme)
    await clock.run(5 * 3600.0 + 60.0)
    after = [sent.at for sent in vendor.log if sent.at >= 5 * 3600.0]
    assert len(after) == 1
    await process.kill()


async def test_what_another_process_spends_stretches_too(file: Path) -> None:
    clock = VirtualClock(1_773_187_200.0)
    vendor = Vendor(clock)
    acme = operation(target("1"), budget=100)
    process = await Exporter(clock, vendor, f"sqlite:///{file}").start(acme)
    await clock.run(20.0)
    assert process.figures().stretch == 1.0
    day = datetime.fromtimestamp(clock.now(), BOGOTA).date().isoformat()
    await process.disk.run(lambda connection: quota.restore(connection, "acme", day, 80))
    await clock.run(370.0)
    assert (process.figures().stretch or 0.0) > 3.0
    await process.kill()
