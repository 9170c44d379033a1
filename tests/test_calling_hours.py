from datetime import datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.calling_hours import is_open, last_change, last_closing, next_change, openings
from exporter.model import Hours, Span

BOGOTA = ZoneInfo("America/Bogota")
NEW_YORK = ZoneInfo("America/New_York")
OFFICE = (Span(7 * 60, 19 * 60),)
SATURDAY = (Span(8 * 60, 15 * 60),)
NIGHT = (Span(0, 1_440),)


def hours(*week: tuple[Span, ...], holidays: str | None = None) -> Hours:
    return Hours((*week, *((),) * (7 - len(week))), holidays, 3_600)


LAW = hours(*(OFFICE,) * 5, SATURDAY, holidays="CO")


def at(text: str, zone: ZoneInfo = BOGOTA) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=zone).timestamp()


def told(moment: float | None, zone: ZoneInfo = BOGOTA) -> str | None:
    return None if moment is None else datetime.fromtimestamp(moment, zone).strftime("%a %m-%d %H:%M")


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2026-11-27 06:59:59", False),  # a Friday
        ("2026-11-27 07:00", True),
        ("2026-11-27 18:59:59.9", True),
        ("2026-11-27 19:00", False),
        ("2026-11-28 07:30", False),
        ("2026-11-28 08:00", True),
        ("2026-11-29 12:00", False),
        ("2026-12-08 12:00", False),  # a Tuesday, the Immaculate Conception
        ("2026-11-16 12:00", False),  # a Monday, on which Cartagena's independence is observed
        ("2027-05-01 12:00", False),  # a Saturday, Labour Day
        ("2027-05-08 12:00", True),
    ],
)
def test_the_hours_of_the_law(moment: str, expected: bool) -> None:
    assert is_open(LAW, BOGOTA, at(moment)) is expected


@pytest.mark.parametrize(
    ("moment", "last", "following", "closing"),
    [
        ("2026-11-27 12:00", "Fri 11-27 07:00", "Fri 11-27 19:00", "Thu 11-26 19:00"),
        ("2026-11-27 07:00", "Fri 11-27 07:00", "Fri 11-27 19:00", "Thu 11-26 19:00"),
        ("2026-11-27 19:00", "Fri 11-27 19:00", "Sat 11-28 08:00", "Fri 11-27 19:00"),
        ("2026-11-29 12:00", "Sat 11-28 15:00", "Mon 11-30 07:00", "Sat 11-28 15:00"),
        ("2026-12-08 12:00", "Mon 12-07 19:00", "Wed 12-09 07:00", "Mon 12-07 19:00"),
        ("2027-05-01 12:00", "Fri 04-30 19:00", "Mon 05-03 07:00", "Fri 04-30 19:00"),
        ("2026-12-31 23:59", "Thu 12-31 19:00", "Sat 01-02 08:00", "Thu 12-31 19:00"),
    ],
)
def test_what_was_and_what_will_be(moment: str, last: str, following: str, closing: str) -> None:
    assert told(last_change(LAW, BOGOTA, at(moment))) == last
    assert told(next_change(LAW, BOGOTA, at(moment))) == following
    assert told(last_closing(LAW, BOGOTA, at(moment))) == closing


def test_spans_that_touch_at_midnight_are_one_opening() -> None:
    night = hours((Span(0, 240),), (), (), (), (), (), (Span(1_200, 1_440),))
    moment = at("2026-11-29 23:59:59")  # a Sunday
    assert told(last_change(night, BOGOTA, moment)) == "Sun 11-29 20:00"
    assert told(next_change(night, BOGOTA, moment)) == "Mon 11-30 04:00"
    assert told(next_change(night, BOGOTA, at("2026-11-30 00:00"))) == "Mon 11-30 04:00"
    assert [(told(since), told(until)) for since, until in openings(night, BOGOTA, moment, moment + 86_400)] == [
        ("Sun 11-29 23:59", "Mon 11-30 04:00")
    ]


@pytest.mark.parametrize(
    "never",
    [hours(), hours(*((),) * 7, holidays="CO"), hours(*(NIGHT,) * 7), hours(*((Span(0, 600), Span(600, 1_440)),) * 7)],
)
def test_hours_that_never_change(never: Hours) -> None:
    moment = at("2026-11-27 12:00")
    opened = is_open(never, BOGOTA, moment)
    assert opened is bool(never.week[0])
    assert last_change(never, BOGOTA, moment) is None
    assert next_change(never, BOGOTA, moment) is None
    assert last_closing(never, BOGOTA, moment) is None
    assert list(openings(never, BOGOTA, moment, moment + 60)) == ([(moment, moment + 60)] if opened else [])


def test_only_holidays_close() -> None:
    always = hours(*(NIGHT,) * 7, holidays="CO")
    moment = at("2026-11-27 12:00")
    assert told(last_change(always, BOGOTA, moment)) == "Tue 11-17 00:00"
    assert told(next_change(always, BOGOTA, moment)) == "Tue 12-08 00:00"
    assert told(last_closing(always, BOGOTA, moment)) == "Mon 11-16 00:00"


def test_years_without_known_holidays_never_change() -> None:
    always = hours(*(NIGHT,) * 7, holidays="CO")
    moment = at("2405-05-05 12:00")
    assert is_open(always, BOGOTA, moment)
    assert next_change(always, BOGOTA, moment) is None
    assert last_change(always, BOGOTA, moment) is None


def test_the_zone_and_not_the_server_decides() -> None:
    moment = at("2026-11-27 23:30")
    assert not is_open(LAW, BOGOTA, moment)
    assert is_open(hours((), (), (), (), (), OFFICE), ZoneInfo("Asia/Tokyo"), moment)  # Saturday, 13:30


@pytest.mark.parametrize(
    ("span", "zone", "day", "expected"),
    [
        # skipped: 02:00 becomes 03:00
        (Span(2 * 60 + 15, 2 * 60 + 45), NEW_YORK, "2026-03-08", []),
        (Span(60, 2 * 60 + 30), NEW_YORK, "2026-03-08", [("01:00", "03:00")]),
        (Span(2 * 60 + 30, 4 * 60), NEW_YORK, "2026-03-08", [("03:00", "04:00")]),
        # shown twice: 02:00 becomes 01:00
        (Span(75, 105), NEW_YORK, "2026-11-01", [("01:15", "01:45"), ("01:15", "01:45")]),
        (Span(90, 180), NEW_YORK, "2026-11-01", [("01:30", "01:00"), ("01:30", "03:00")]),
        (Span(0, 90), NEW_YORK, "2026-11-01", [("00:00", "01:30"), ("01:00", "01:30")]),
        # midnight itself is skipped, and a span to 24:00 ends where the next day begins
        (Span(0, 180), ZoneInfo("Africa/Cairo"), "2026-04-24", [("01:00", "03:00")]),
        (Span(1_380, 1_440), ZoneInfo("Africa/Cairo"), "2026-04-23", [("23:00", "01:00")]),
        # the clock goes back to the day before
        (Span(1_400, 1_440), ZoneInfo("Africa/Cairo"), "2026-10-29", [("23:20", "23:00"), ("23:20", "00:00")]),
    ],
)
def test_changes_of_the_clock(span: Span, zone: ZoneInfo, day: str, expected: list[tuple[str, str]]) -> None:
    date = datetime.fromisoformat(day)
    week = [(span,) if date.weekday() == weekday else () for weekday in range(7)]
    start = date.replace(tzinfo=zone).timestamp() - 7_200
    found = list(openings(hours(*week), zone, start, start + 110_000))
    assert [
        tuple(datetime.fromtimestamp(moment, zone).strftime("%H:%M") for moment in pair) for pair in found
    ] == expected


SPANS = (
    st.lists(st.integers(0, 1_440), max_size=6, unique=True)
    .map(sorted)
    .map(lambda ends: tuple(Span(*pair) for pair in list(pairwise(ends))[::2]))
)
ZONES = st.sampled_from(
    ["America/Bogota", "America/New_York", "Australia/Lord_Howe", "Africa/Cairo", "Asia/Kathmandu", "America/Santiago"]
).map(ZoneInfo)
NEAR = st.sampled_from(
    ["2026-03-08", "2026-04-05", "2026-04-24", "2026-09-06", "2026-10-04", "2026-10-30", "2026-11-01"]
)


@settings(max_examples=60, deadline=None)
@given(st.lists(SPANS, min_size=7, max_size=7), ZONES, NEAR, st.integers(-100_000, 100_000), st.booleans())
def test_they_say_what_the_wall_clock_shows_each_minute(
    week: list[tuple[Span, ...]], zone: ZoneInfo, day: str, shift: int, closed: bool
) -> None:
    rule = hours(*week, holidays="CO" if closed else None)
    start = int(at(day, zone)) + shift
    minutes = range(start - start % 60 - 60, start + 200_000, 60)  # every offset here is of whole minutes
    states = [is_open(rule, zone, moment) for moment in minutes]
    changes = [
        moment for moment, (before, after) in zip(minutes[1:], pairwise(states), strict=True) if before is not after
    ]
    seen, moment = [], float(minutes[0])
    while (following := next_change(rule, zone, moment)) is not None and following <= minutes[-1]:
        assert last_change(rule, zone, following) == following
        assert last_change(rule, zone, following + 0.5) == following
        seen.append(following)
        moment = following
    assert seen == changes
    for since, until in openings(rule, zone, minutes[0], minutes[-1]):
        assert since < until
        assert is_open(rule, zone, since)
        assert is_open(rule, zone, until - 1)
    closing = last_closing(rule, zone, minutes[-1])
    closings = [moment for moment in changes if not is_open(rule, zone, moment)]
    assert closing == closings[-1] if closings else closing is None or closing <= minutes[0]


def test_a_day_without_its_own_date() -> None:
    """Samoa skipped Friday, 30 December 2011."""
    apia = ZoneInfo("Pacific/Apia")
    fridays = hours((), (), (), (), NIGHT)
    moment = datetime(2011, 12, 29, 12, tzinfo=apia).timestamp()
    assert told(next_change(fridays, apia, moment), apia) == "Fri 01-06 00:00"
    assert timedelta(seconds=(next_change(fridays, apia, moment) or 0) - moment) < timedelta(days=8)
