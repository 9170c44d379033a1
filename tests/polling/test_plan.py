import math
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from exporter.model import Operation, Target, TargetKey, Window
from exporter.polling.plan import Pace, longest_day, plan

BOGOTA = ZoneInfo("America/Bogota")
MADRID = ZoneInfo("Europe/Madrid")


def _operation(*intervals: float, zone: ZoneInfo = BOGOTA, budget: int | None = None) -> Operation:
    return Operation(
        name="acme",
        base_url="https://wv0013.wolkvox.com",
        token=SecretStr("made-up-token"),
        proxy_url=SecretStr("http://user:made-up-password@proxy.example"),
        ca_file=None,
        zone=zone,
        budget=budget,
        targets=tuple(
            Target(
                key=TargetKey("acme", str(number // 2), window.label),
                name="",
                window=window,
                zone=zone,
                interval=interval,
                delay=0,
                timeout=60,
                stale_after=960,
            )
            for number, interval in enumerate(intervals)
            for window in [(Window("1h", 3_600), Window("today", None))[number % 2]]
        ),
    )


def test_what_an_operation_costs() -> None:
    cost = plan(_operation(300, 300, 300, budget=6_000))
    assert (cost.operation, cost.campaigns, cost.windows) == ("acme", 2, ("1h", "today"))
    assert (cost.requests_per_cycle, cost.cycle_seconds) == (3, 3)
    assert (cost.day, cost.requests_per_day, cost.budget) == (86_400, 864, 6_000)
    assert cost.paces == (Pace(300, 3, 300),)
    assert cost.smallest_interval == 44
    assert cost.fits
    assert not cost.overruns


def test_requests_of_a_day_are_rounded_up_once() -> None:
    assert plan(_operation(420)).requests_per_day == 206
    assert plan(_operation(*[420] * 10)).requests_per_day == 2_058


def test_different_intervals_add_up() -> None:
    cost = plan(_operation(60, 3_600, 60))
    assert cost.requests_per_day == 1_440 * 2 + 24
    assert cost.paces == (Pace(60, 2, 60), Pace(3_600, 1, 3_600))


def test_odd_intervals_are_exact() -> None:
    assert plan(_operation(1.2)).requests_per_day == 72_000
    assert plan(_operation(0.3)).requests_per_day == 288_000


def test_the_longest_day_must_fit() -> None:
    cost = plan(_operation(300, zone=MADRID, budget=299))
    assert (cost.day, cost.requests_per_day) == (90_000, 300)
    assert not cost.fits
    assert cost.smallest_interval == 302


@pytest.mark.parametrize(("budget", "fits"), [(287, False), (288, True), (289, True), (None, True), (0, False)])
def test_the_budget_may_be_used_up(budget: int | None, fits: bool) -> None:
    assert plan(_operation(300, budget=budget)).fits is fits


def test_no_interval_fits_an_empty_budget() -> None:
    assert plan(_operation(300, budget=0)).smallest_interval is None
    assert plan(_operation(300)).smallest_interval is None


def test_a_cycle_that_takes_longer_than_its_interval() -> None:
    assert not plan(_operation(*[300] * 300)).overruns
    cost = plan(_operation(*[300] * 450))
    assert cost.overruns
    assert cost.paces == (Pace(300, 450, 450),)


def test_many_slow_targets_leave_room_for_a_quick_one() -> None:
    assert not plan(_operation(300, *[3_600] * 400)).overruns


def test_an_overload_stretches_every_interval_alike() -> None:
    cost = plan(_operation(1, 1, 4, 4))
    assert cost.paces == (Pace(1, 2, 2.5), Pace(4, 2, 10))


def test_an_operation_without_targets_costs_nothing() -> None:
    cost = plan(_operation(budget=10))
    assert (cost.requests_per_day, cost.paces, cost.fits, cost.overruns) == (0, (), True, False)


@settings(deadline=None, max_examples=60)
@given(
    targets=st.integers(1, 20_000),
    budget=st.integers(1, 1_000_000),
    zone=st.sampled_from([BOGOTA, MADRID, ZoneInfo("Australia/Lord_Howe")]),
)
def test_the_smallest_interval_is_the_smallest_that_fits(targets: int, budget: int, zone: ZoneInfo) -> None:
    smallest = math.ceil(targets * longest_day(zone) / budget)
    assert math.ceil(targets * longest_day(zone) / smallest) <= budget
    assert smallest == 1 or math.ceil(targets * longest_day(zone) / (smallest - 1)) > budget
    if targets <= 50:
        assert plan(_operation(*[86_400] * targets, zone=zone, budget=budget)).smallest_interval == smallest


@settings(deadline=None, max_examples=60)
@given(st.lists(st.sampled_from([60, 90, 300, 420, 900, 3_600]), min_size=1, max_size=20), st.integers(1, 20_000))
def test_no_interval_below_the_smallest_makes_every_plan_fit(intervals: list[float], budget: int) -> None:
    smallest = plan(_operation(*intervals, budget=budget)).smallest_interval
    assert smallest is not None
    raised = [max(interval, smallest) for interval in intervals]
    assert plan(_operation(*raised, budget=budget)).fits
    assert plan(_operation(*[smallest] * len(intervals), budget=budget)).fits


@pytest.mark.parametrize(
    ("zone", "hours"),
    [
        ("America/Bogota", 24),
        ("UTC", 24),
        ("Europe/Madrid", 25),
        ("America/New_York", 25),
        ("America/Havana", 25),
        ("America/Santiago", 25),
        ("Australia/Lord_Howe", 24.5),
        ("Africa/Casablanca", 25),
    ],
)
def test_the_longest_day_of_a_zone(zone: str, hours: float) -> None:
    assert longest_day(ZoneInfo(zone)) == hours * 3_600
