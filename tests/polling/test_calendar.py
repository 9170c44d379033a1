"""When `today` and `yesterday` are asked, by the wall clock of many zones."""

from dataclasses import replace
from datetime import datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import BOGOTA, target

from exporter.model import Data, Row, Target, TimeRange
from exporter.polling import calendar
from exporter.polling.calendar import LONGEST, OPENING, PROMPT
from exporter.wolkvox.window import bounds, day_end, day_start

ZONES = [ZoneInfo(name) for name in ("America/Bogota", "America/Santiago", "Asia/Beirut", "America/Havana", "UTC")]


def at(text: str, zone: ZoneInfo = BOGOTA) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=zone).timestamp()


def data(one: Target, moment: float, *, attempts: int = 1, final: bool = False) -> Data:
    asked = bounds(one.window, one.delay, one.zone, moment)
    return Data(asked, (Row("answer", attempts, 100.0), Row("busy", 0, 0.0)), no_data=False, final=final)


YESTERDAY = target(window="yesterday", interval=3600.0)
TODAY = target(window="today")


def test_rolling_windows_are_left_where_they_are() -> None:
    moment = at("2026-03-10T23:59:00")
    assert calendar.opening(target(), None, moment) == moment
    assert calendar.due(target(), None, moment, moment + 200.0) == moment + 200.0


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("day", ["2026-03-10", "2026-09-06", "2026-03-29", "2026-11-01"])
def test_yesterday_opens_a_quarter_of_an_hour_after_the_day_begins(zone: ZoneInfo, day: str) -> None:
    one = replace(YESTERDAY, zone=zone)
    start = day_start(zone, at(f"{day}T12:00:00", zone))
    for moment in (start, start + 899.0, start + 900.0):
        assert calendar.opening(one, None, moment) == start + OPENING
    assert calendar.opening(one, None, start + 5000.0) == start + 5000.0
    assert calendar.due(one, None, start + 5000.0, start + 7000.0) == start + 5000.0, "each hour, wherever others are"


def test_yesterday_that_is_final_rests_until_the_next_day_and_no_longer() -> None:
    moment = at("2026-03-10T01:15:00")
    known = data(YESTERDAY, moment, final=True)
    assert calendar.opening(YESTERDAY, known, moment) == at("2026-03-11T00:15:00")
    assert calendar.opening(YESTERDAY, known, at("2026-03-11T00:00:00")) == at("2026-03-11T00:15:00")
    assert calendar.opening(YESTERDAY, replace(known, final=False), moment) == moment


def test_two_answers_of_one_day_that_agree_are_final() -> None:
    first, again = at("2026-03-10T00:15:00"), at("2026-03-10T01:15:00")
    known = data(YESTERDAY, first)
    assert calendar.settled(YESTERDAY, None, known) == known
    assert calendar.settled(YESTERDAY, known, data(YESTERDAY, again)).final
    assert not calendar.settled(YESTERDAY, known, data(YESTERDAY, again, attempts=2)).final
    assert not calendar.settled(YESTERDAY, known, data(YESTERDAY, again + 86400.0)).final, "of another day"
    empty = replace(known, rows=(), no_data=True)
    zeros = replace(data(YESTERDAY, again), rows=(Row("answer", 0, 0.0),), no_data=True)
    assert calendar.settled(YESTERDAY, empty, zeros).final
    today = data(TODAY, first)
    assert not calendar.settled(TODAY, today, today).final


@pytest.mark.parametrize(
    ("earliest", "planned", "expected"),
    [
        ("23:50:00", "23:50:00", "23:50:00"),  # the next one can be right after midnight
        ("23:55:29", "23:55:29", "23:55:29"),
        ("23:55:31", "23:55:31", "00:00:00"),  # it could not
        ("23:59:59", "23:59:59", "00:00:00"),
        ("23:58:00", "00:02:00", "00:00:00"),  # it was to be later for the sake of others
        ("00:00:10", "00:00:20", "00:00:20"),
        ("00:00:10", "00:03:00", "00:00:10"),
        ("00:00:31", "00:03:00", "00:03:00"),  # the interval does not allow it
    ],
)
def test_today_is_asked_right_after_midnight(earliest: str, planned: str, expected: str) -> None:
    moments = [at(f"2026-03-1{1 if text < '12' else 0}T{text}") for text in (earliest, planned, expected)]
    assert calendar.due(TODAY, None, moments[0], moments[1]) == pytest.approx(moments[2], abs=0.1)


@given(
    zone=st.sampled_from(ZONES),
    interval=st.floats(1.0, LONGEST - 1.0),
    day=st.floats(at("2026-03-01T00:00:00"), at("2026-12-01T00:00:00")),
    polls=st.floats(0.01, 6.0),
    room=st.floats(0.0, 1.0),
)
def test_today_is_asked_within_a_minute_of_midnight_and_never_before_its_interval(
    zone: ZoneInfo, interval: float, day: float, polls: float, room: float
) -> None:
    one = replace(TODAY, zone=zone, interval=interval)
    midnight = day_end(zone, day)
    moments: list[float] = []
    moment = max(day_start(zone, day), midnight - polls * interval)
    while moment < midnight:
        moment = calendar.due(one, None, moment, moment + room * interval)
        moments.append(moment)
        moment += interval
    assert all(after - before >= interval - 1e-6 for before, after in pairwise(moments))
    # The loop ends with a moment after midnight: of a poll, or the first one that an interval before it allows.
    assert (moments[-1] if moments[-1] >= midnight else moment) <= midnight + PROMPT


def test_an_interval_of_over_half_a_day_leaves_today_its_one_poll() -> None:
    daily = replace(TODAY, interval=86_400.0)
    moment = at("2026-03-10T18:00:00")
    assert calendar.due(daily, None, moment, moment) == moment


def test_bounds_of_a_report_are_what_makes_days_comparable() -> None:
    known = data(YESTERDAY, at("2026-03-10T00:15:00"))
    assert known.bounds == TimeRange(
        at("2026-03-09T00:00:00"), at("2026-03-10T00:00:00"), "20260309000000", "20260310000000"
    )
