from itertools import pairwise
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.model import TargetKey
from exporter.polling.schedule import Schedule, place

DAY = 86400.0


def key(number: int) -> TargetKey:
    return TargetKey("acme", str(number), "1h")


def poll_all(
    intervals: list[float], latency: tuple[float, float], seconds: float, random: Random
) -> dict[int, list[float]]:
    """When each target is polled, one after another, each poll taking a random while."""
    schedule = Schedule()
    for number, interval in enumerate(intervals):
        schedule.add(key(number), interval, 0.0)
    now = 0.0
    asked: dict[int, list[float]] = {number: [] for number in range(len(intervals))}
    while True:
        head = schedule.head()
        assert head is not None
        now = max(now, head[0])
        if now >= seconds:
            return asked
        asked[int(head[1].campaign)].append(now)
        schedule.take(head[1])
        schedule.after(head[1], now)
        now += random.uniform(*latency)


@settings(max_examples=20, deadline=None)
@given(
    intervals=st.lists(st.sampled_from([120.0, 300.0, 600.0, 3600.0]), min_size=1, max_size=12),
    slowest=st.floats(0.0, 65.0),
    seed=st.integers(0, 2**32),
)
def test_over_days_no_poll_is_early_and_none_is_starved(intervals: list[float], slowest: float, seed: int) -> None:
    asked = poll_all(intervals, (0.0, slowest), DAY, Random(seed))
    longest_queue = len(intervals) * slowest
    for number, interval in enumerate(intervals):
        gaps = [after - before for before, after in pairwise(asked[number])]
        assert all(gap >= interval - 1e-6 for gap in gaps)  # what subtraction of floats may lose
        # Once a late poll may move by an interval, and it waits for at most one poll of each other target.
        assert all(gap <= 2 * interval + 2 * longest_queue for gap in gaps)
        assert asked[number][0] <= longest_queue


@given(count=st.integers(2, 60), seed=st.integers(0, 2**32))
@settings(max_examples=40, deadline=None)
def test_the_first_polls_come_at_once_and_later_ones_spread_evenly(count: int, seed: int) -> None:
    latency = 0.3 * 300 / count  # a burst of first polls is over well before the second ones begin
    asked = poll_all([300.0] * count, (0.0, latency), 3600.0, Random(seed))
    firsts = sorted(moments[0] for moments in asked.values())
    assert firsts[-1] <= count * latency
    later = sorted(moment for moments in asked.values() for moment in moments if moment >= 900.0)
    spacing = 300 / count
    gaps = [after - before for before, after in pairwise(later)]
    assert min(gaps) >= 0.99 * spacing - latency
    assert max(gaps) <= spacing + 0.01 * 300.0 + latency


def test_a_target_that_was_spread_keeps_exactly_its_interval() -> None:
    asked = poll_all([300.0] * 10, (0.5, 0.5), 7200.0, Random(1))
    for moments in asked.values():
        assert [after - before for before, after in pairwise(moments)][2:] == pytest.approx(
            [300.0] * (len(moments) - 3)
        )


def test_a_single_target_is_asked_every_interval() -> None:
    assert poll_all([300.0], (1.0, 1.0), 1000.0, Random(1)) == {0: [0.0, 300.0, 600.0, 900.0]}


def test_a_short_interval_among_many_long_ones_keeps_its_pace() -> None:
    asked = poll_all([60.0] + [300.0] * 99, (0.3, 0.6), 7200.0, Random(1))
    assert len(asked[0]) >= 7200 / 60 - 5


def test_after_an_outage_polls_spread_again() -> None:
    schedule = Schedule()
    for number in range(10):
        schedule.add(key(number), 300.0, 0.0)
    now = 10_000.0  # nothing was polled for hours
    for _ in range(10):
        head = schedule.head()
        assert head is not None
        schedule.take(head[1])
        schedule.after(head[1], now)
        now += 0.5
    moments = sorted(schedule.due(key(number)) or 0.0 for number in range(10))
    assert all(after - before >= 0.99 * 30 for before, after in pairwise(moments))


def test_served_in_the_order_in_which_they_became_due() -> None:
    schedule = Schedule()
    schedule.add(key(1), 300.0, 5.0)
    schedule.add(key(2), 300.0, 3.0)
    schedule.add(key(3), 300.0, 3.0)
    assert schedule.head() == (3.0, key(2))
    schedule.take(key(2))
    assert schedule.head() == (3.0, key(3))
    assert schedule.due(key(2)) is None


def test_lag_is_how_late_the_most_overdue_poll_is() -> None:
    schedule = Schedule()
    assert schedule.lag(10.0) == 0.0
    assert schedule.head() is None
    schedule.add(key(1), 300.0, 5.0)
    assert schedule.lag(4.0) == 0.0
    assert schedule.lag(12.0) == 7.0


def test_a_dropped_target_is_gone_also_while_it_is_polled() -> None:
    schedule = Schedule()
    schedule.add(key(1), 300.0, 5.0)
    schedule.take(key(1))
    schedule.drop(key(1))
    schedule.drop(key(1))
    assert key(1) not in schedule
    assert schedule.head() is None


def test_a_changed_interval_replaces_the_old_one() -> None:
    schedule = Schedule()
    schedule.add(key(1), 300.0, 5.0)
    schedule.add(key(1), 60.0, 7.0)
    assert schedule.head() == (7.0, key(1))
    schedule.take(key(1))
    schedule.after(key(1), 10.0)
    assert schedule.due(key(1)) == 70.0


@given(
    earliest=st.floats(0, 1e6),
    room=st.floats(0, 1e4),
    spacing=st.floats(0, 1e3),
    taken=st.lists(st.floats(0, 1e6)).map(sorted),
)
def test_a_place_is_never_early_and_never_beyond_its_room(
    earliest: float, room: float, spacing: float, taken: list[float]
) -> None:
    assert earliest <= place(earliest, room, spacing, taken) <= earliest + room


def test_without_a_gap_the_earliest_moment_is_taken() -> None:
    crowded = [float(moment) for moment in range(100, 200)]
    assert place(100.0, 50.0, 10.0, crowded) == 100.0
