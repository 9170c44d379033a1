"""What calling hours save, and what discovery costs."""

from dataclasses import replace
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from discovered import discovery
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr
from support import BOGOTA

from exporter.calling_hours import openings
from exporter.model import SETTLING, TODAY, YESTERDAY, ApiName, Hours, Operation, Span, Target, TargetKey, Window
from exporter.polling.busy_hours import busiest_day
from exporter.polling.description import describe
from exporter.polling.plan import DiscoveryPlan, plan

HOUR = Window("1h", 3_600)
OFFICE = (Span(7 * 60, 19 * 60),)
LAW = Hours((*(OFFICE,) * 5, (Span(480, 900),), ()), "CO", 3_600.0)
NIGHT = Hours(((Span(0, 240),), (), (), (), (), (), (Span(1_200, 1_440),)), None, 3_600.0)
MADRID = ZoneInfo("Europe/Madrid")
NOON = 1_790_000_000.0


def target(campaign: str = "1", window: Window = HOUR, interval: float = 300.0, hours: Hours | None = None) -> Target:
    return Target(TargetKey("acme", campaign, window.label), "", window, BOGOTA, interval, 0.0, 60.0, None, hours)


def operation(*targets: Target, budget: int | None = None) -> Operation:
    return Operation("acme", "https://wv0013.wolkvox.com", SecretStr("made-up"), None, None, BOGOTA, budget, targets)


@pytest.mark.parametrize(
    ("hours", "window", "seconds"),
    [
        (LAW, HOUR, 13 * 3_600 + 300),
        (LAW, TODAY, 12 * 3_600 + SETTLING + 300),
        (LAW, YESTERDAY, 12 * 3_600),
        (LAW, Window("12h", 43_200), 86_400),
        (LAW, Window("31d", 31 * 86_400), 86_400),
        (NIGHT, HOUR, 5 * 3_600 + 300),
        (NIGHT, TODAY, 4 * 3_600 + SETTLING + 300),
        (NIGHT, Window("1d", 86_400), 86_400),
        (Hours(((),) * 7, None, 3_600.0), HOUR, 0),
        (Hours((*((),) * 6, (Span(1_380, 1_440),)), None, 3_600.0), Window("2h", 7_200), 7_500),
        (Hours((*((),) * 6, (Span(1_380, 1_440),)), None, 3_600.0), TODAY, 3_600),
    ],
)
def test_the_busiest_day(hours: Hours, window: Window, seconds: float) -> None:
    assert busiest_day(hours, window, 0.0, 300.0) == seconds


SPANS = st.lists(st.integers(0, 1_440), max_size=4, unique=True).map(
    lambda ends: tuple(Span(*pair) for pair in zip(sorted(ends)[::2], sorted(ends)[1::2], strict=False))
)


@settings(max_examples=40, deadline=None)
@given(st.lists(SPANS, min_size=7, max_size=7), st.integers(60, 200_000))
def test_the_busiest_day_is_that_of_the_calendar(week: list[tuple[Span, ...]], length: int) -> None:
    hours = Hours(tuple(week), None, 3_600.0)
    monday = 1_790_000_000 - (1_790_000_000 - 5 * 3_600) % 86_400 + 0.0  # a midnight in Bogota
    ends = [(since, until + length + 60) for since, until in openings(hours, BOGOTA, monday - 28 * 86_400, monday)]
    busy = [0.0] * 7
    for day in range(7):
        start = monday - (day + 1) * 86_400
        reached = start
        for since, until in ends:
            since, until = max(since, reached, start), min(until, start + 86_400)  # noqa: PLW2901
            if until > since:
                busy[day] += until - since
                reached = until
    assert busiest_day(hours, Window("w", length), 0.0, 60.0) == max(busy)


def test_hours_make_a_day_cheaper() -> None:
    assert plan(operation(target())).requests_per_day == 288
    assert plan(operation(target(hours=LAW))).requests_per_day == 157 + 11  # 13 h 5 min and 10 h 55 min
    cost = plan(operation(target(hours=LAW), budget=168))
    assert (cost.fits, cost.smallest_interval) == (True, 300)
    assert not plan(operation(target(hours=LAW), budget=167)).fits


def test_a_long_day_counts_its_hour_inside() -> None:
    inside = replace(operation(target(hours=LAW)), zone=MADRID)
    assert plan(inside).requests_per_day == 157 + 12 + 11
    closed = replace(operation(target(hours=Hours(((),) * 7, None, 3_600.0))), zone=MADRID)
    assert plan(closed).requests_per_day == 25


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 2_000), st.integers(1, 5), st.sampled_from([300.0, 900.0]))
def test_the_smallest_interval_fits_with_hours(budget: int, count: int, interval: float) -> None:
    def needs(seconds: float) -> int:
        hours = replace(LAW, off_interval=max(LAW.off_interval, seconds))
        return plan(
            operation(*(target(str(one), interval=seconds, hours=hours) for one in range(count)))
        ).requests_per_day

    smallest = plan(
        operation(*(target(str(one), interval=interval, hours=LAW) for one in range(count)), budget=budget)
    ).smallest_interval
    assert smallest is not None
    assert needs(smallest) <= budget
    assert smallest == 1 or needs(smallest - 1) > budget


def test_what_discovery_costs_and_leaves() -> None:
    acme = replace(
        operation(target(), budget=6_000),
        discovery=discovery(windows=(HOUR, TODAY)),
        live_interval=300.0,
        quota_interval=3_600.0,
    )
    cost = plan(acme)
    assert list(cost.companions) == [
        (ApiName.CAMPAIGNS, 3_600, 24),
        (ApiName.REAL_TIME, 300, 288),
        (ApiName.TOKEN_INFO, 3_600, 24),
    ]
    assert (cost.fixed, cost.requests_per_day) == (336, 624)
    assert cost.fits
    assert cost.discovered == DiscoveryPlan(300, 576, (6_000 - 624) // 576)
    assert cost.smallest_interval == -(-86_400 // (6_000 - 336))


def test_without_a_budget_the_time_of_the_token_is_the_bound() -> None:
    cost = plan(replace(operation(), discovery=discovery(windows=(HOUR,)), live_interval=300.0))
    free = 1 - Fraction(1, 3_600) - Fraction(1, 300)
    assert cost.discovered == DiscoveryPlan(300, 288, int(free * 300))


def test_nothing_is_left() -> None:
    cost = plan(replace(operation(budget=100), discovery=discovery(), live_interval=300.0))
    assert cost.discovered is not None
    assert not cost.fits
    assert cost.smallest_interval is None
    assert cost.discovered.capacity == 0


def test_check_shows_hours_and_discovery() -> None:
    acme = replace(
        operation(target(hours=LAW), target(window=TODAY, hours=replace(LAW, off_interval=7_200.0)), budget=6_000),
        discovery=discovery(windows=(HOUR,)),
        live_interval=300.0,
        quota_interval=3_600.0,
    )
    text = describe(acme, NOON)
    assert "  campaigns                 1 listed, and those that discovery finds\n" in text
    assert "  of these, list            24, every 1h\n" in text
    assert "  of these, live figures    288, every 5m\n" in text
    assert "  of these, vendor's quota  24, every 1h\n" in text
    assert "  a discovered campaign     at most 288 a day, every 5m while it is started\n" in text
    assert "can be started all day at this interval; with more of them the intervals become longer\n" in text
    assert text.count("calling hours") == 1
    assert "open now until Mon 2026-09-21 19:00 (America/Bogota), closed on the public holidays of CO\n" in text


def test_check_counts_many_kinds_of_hours() -> None:
    always = Hours(((Span(0, 1_440),),) * 7, None, 3_600.0)
    kinds = [always, *(Hours(((Span(0, end),), *((),) * 6), None, 3_600.0) for end in range(60, 66))]
    text = describe(operation(*(target(str(place), hours=one) for place, one in enumerate(kinds))), NOON)
    assert "calling hours       open now\n" in text
    assert text.count("calling hours") == 4
    assert "more hours          3 kinds are not shown" in text
    assert "resulting interval       -\n" in describe(replace(operation(), discovery=discovery()), NOON)
