from dataclasses import replace

import pytest
from support import Published, VirtualClock, bad, operation, target

from exporter.clock import Stamp, stamp
from exporter.model import (
    LATENCY_BOUNDS,
    Data,
    DayCount,
    Operation,
    Poll,
    Reason,
    Row,
    TargetKey,
    TargetState,
    TimeRange,
)
from exporter.polling.state_store import StateStore

KEY = TargetKey("acme", "32841", "1h")


@pytest.fixture
def published() -> Published:
    return Published()


@pytest.fixture
def store(clock: VirtualClock, published: Published) -> StateStore:
    return StateStore(clock, published)


def fresh(clock: VirtualClock, *, polls: int = 0) -> TargetState:
    """Data that came this moment."""
    now = stamp(clock)
    bounds = TimeRange(now.wall - 3600, now.wall, "20260101000000", "20260101010000")
    data = Data(bounds, (Row("answer", 1, 100.0),), no_data=False)
    return TargetState(data=data, asked=now, succeeded=now, polled=now, polls=polls)


def edited(stale_after: float) -> Operation:
    return operation(target(stale_after=stale_after))


async def test_data_leaves_exactly_at_stale_after(clock: VirtualClock, store: StateStore, published: Published) -> None:
    store.apply_config([edited(960.0)])
    store.update(KEY, fresh(clock))
    await clock.run(959.9)
    store.expire()
    assert not published.targets[KEY].stale
    await clock.run(0.1)
    store.expire()
    assert published.targets[KEY].stale
    assert published.targets[KEY].last_success_at == 1_790_000_000.0


async def test_a_new_success_puts_it_off(clock: VirtualClock, store: StateStore, published: Published) -> None:
    store.apply_config([edited(960.0)])
    store.update(KEY, fresh(clock))
    await clock.run(900.0)
    store.update(KEY, fresh(clock))
    await clock.run(900.0)
    store.expire()
    assert not published.targets[KEY].stale
    await clock.run(61.0)
    store.expire()
    assert published.targets[KEY].stale
    store.update(KEY, fresh(clock))
    assert not published.targets[KEY].stale


async def test_a_failure_does_not_put_it_off(clock: VirtualClock, store: StateStore, published: Published) -> None:
    store.apply_config([edited(960.0)])
    store.update(KEY, fresh(clock))
    await clock.run(500.0)
    known = store.known(KEY)
    store.update(KEY, replace(known, failure=bad(Reason.AUTH), polled=stamp(clock)))
    await clock.run(460.0)
    store.expire()
    assert published.targets[KEY].stale


@pytest.mark.parametrize("shift", [3600.0, -3600.0])
async def test_steps_of_the_wall_clock_make_nothing_stale_and_nothing_young(
    clock: VirtualClock, store: StateStore, published: Published, shift: float
) -> None:
    store.apply_config([edited(960.0)])
    store.update(KEY, fresh(clock))
    clock.shift(shift)
    await clock.run(959.0)
    store.expire()
    assert not published.targets[KEY].stale
    await clock.run(1.0)
    store.expire()
    assert published.targets[KEY].stale


async def test_an_edited_stale_after_holds_at_once_both_ways(
    clock: VirtualClock, store: StateStore, published: Published
) -> None:
    store.apply_config([edited(960.0)])
    store.update(KEY, fresh(clock))
    await clock.run(500.0)
    store.apply_config([edited(400.0)])
    assert published.targets[KEY].stale
    store.apply_config([edited(700.0)])
    assert not published.targets[KEY].stale
    await clock.run(200.0)
    store.expire()
    assert published.targets[KEY].stale


async def test_restored_data_keeps_its_age(clock: VirtualClock, store: StateStore, published: Published) -> None:
    known = fresh(clock)
    await clock.run(900.0)
    store.apply_config([edited(960.0)])
    store.restore(KEY, known)
    assert not published.targets[KEY].stale
    await clock.run(60.0)
    store.expire()
    assert published.targets[KEY].stale


def test_data_whose_age_is_not_known_is_not_shown(clock: VirtualClock, store: StateStore, published: Published) -> None:
    store.apply_config([operation()])
    store.restore(KEY, replace(fresh(clock), succeeded=None))
    assert published.targets[KEY].stale


def test_what_storage_knows_does_not_touch_the_counters(
    clock: VirtualClock, store: StateStore, published: Published
) -> None:
    store.apply_config([operation()])
    store.update(KEY, fresh(clock, polls=7))
    store.restore(KEY, fresh(clock, polls=0))
    assert published.targets[KEY].polls == 7


def test_ready_is_who_was_polled_or_restored_while_current(clock: VirtualClock, store: StateStore) -> None:
    store.apply_config([operation(target("1"), target("2"), target("3"), target("4"))])
    store.update(TargetKey("acme", "1", "1h"), replace(fresh(clock, polls=1), polled=None))
    store.restore(TargetKey("acme", "2", "1h"), fresh(clock))
    long_ago = Stamp(clock.now() - 960.0, clock.boot, clock.monotonic() - 960.0)
    store.restore(TargetKey("acme", "3", "1h"), replace(fresh(clock), asked=long_ago, polled=long_ago))
    assert [one.key.campaign for one in store.unready()] == ["3", "4"]


def test_what_is_removed_leaves_at_once_and_what_stays_keeps_all(
    clock: VirtualClock, store: StateStore, published: Published
) -> None:
    other = operation(target(operation="globex"), name="globex", token="token-2")
    store.apply_config([operation(target("1"), target("2")), other])
    store.update(TargetKey("acme", "1", "1h"), fresh(clock, polls=3))
    store.stats.sent("acme", DayCount("2026-09-21", 5))
    store.apply_config([operation(target("1"), budget=10)])
    assert list(published.targets) == [TargetKey("acme", "1", "1h")]
    assert published.targets[TargetKey("acme", "1", "1h")].polls == 3
    assert list(published.operations) == ["acme"]
    assert (published.operations["acme"].requests, published.operations["acme"].budget) == (1, 10)


def test_what_comes_for_a_removed_campaign_is_nobodys(
    clock: VirtualClock, store: StateStore, published: Published
) -> None:
    store.apply_config([operation()])
    store.apply_config([])
    store.update(KEY, fresh(clock))
    store.restore(KEY, fresh(clock))
    store.stats.sent("acme", DayCount("2026-09-21", 1))
    store.stats.failed("acme", Reason.AUTH)
    assert (published.targets, published.operations) == ({}, {})
    assert store.entry(KEY) is None
    assert store.known(KEY).asked is None


async def test_the_expiry_of_a_removed_campaign_is_passed_over(
    clock: VirtualClock, store: StateStore, published: Published
) -> None:
    store.apply_config([operation()])
    store.update(KEY, fresh(clock))
    store.apply_config([])
    await clock.run(1000.0)
    store.expire()
    assert published.targets == {}


def test_entries_are_in_the_order_of_the_configuration(store: StateStore) -> None:
    store.apply_config([operation(target("b"), target("a"))])
    store.apply_config([operation(target("c"), target("a"), target("b"))])
    assert [entry.target.key.campaign for entry in store.entries()] == ["c", "a", "b"]
    entry = store.entry(TargetKey("acme", "c", "1h"))
    assert entry is not None
    assert entry.state == TargetState()


def test_figures_count_what_happens(store: StateStore, published: Published) -> None:
    store.apply_config([operation(budget=9)])
    store.stats.sent("acme", DayCount("2026-09-21", 12))
    store.stats.answered("acme", 0.7)
    store.stats.answered("acme", 61.0)
    store.stats.failed("acme", Reason.CONNECT)
    store.stats.set_lease("acme", count=DayCount("2026-09-21", 13), lease_held=True, rest=bad(Reason.QUOTA))
    figures = published.operations["acme"]
    assert (figures.requests, figures.used, figures.budget, figures.lease_held) == (1, 13, 9, True)
    assert figures.rest == bad(Reason.QUOTA)
    assert dict(figures.failures) == {reason: int(reason is Reason.CONNECT) for reason in Reason}
    assert dict(zip(LATENCY_BOUNDS, figures.latency.buckets, strict=True)) == {
        bound: int(bound >= 1.0) for bound in LATENCY_BOUNDS
    }
    assert (figures.latency.count, figures.latency.total) == (2, 61.7)


def test_nothing_is_published_where_nothing_changed(store: StateStore, published: Published) -> None:
    store.apply_config([operation()])
    store.stats.set_lease("acme", count=DayCount("2026-09-21", 1), lease_held=True, rest=None)
    before = published.operations["acme"]
    store.stats.set_lease("acme", count=DayCount("2026-09-21", 1), lease_held=True, rest=None)
    assert published.operations["acme"] is before


def test_a_poll_of_the_history_is_a_value(clock: VirtualClock, store: StateStore, published: Published) -> None:
    store.apply_config([operation()])
    known = fresh(clock)
    history = (Poll(clock.now(), 1.0, 1),)
    store.restore(KEY, replace(known, history=history))
    assert published.targets[KEY].history == history
