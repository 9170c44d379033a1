from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.model import LONGEST_WINDOW, TODAY, YESTERDAY, TimeRange, Window
from exporter.wolkvox.window import bounds, day_end, day_of, day_start

ZONES = (
    "America/Bogota",
    "America/Mexico_City",
    "America/New_York",
    "America/Asuncion",
    "America/Santiago",
    "America/Havana",
    "America/Sao_Paulo",
    "America/Scoresbysund",
    "America/Nuuk",
    "America/Caracas",
    "Africa/Cairo",
    "Africa/Casablanca",
    "Asia/Beirut",
    "Asia/Tehran",
    "Asia/Kathmandu",
    "Atlantic/Azores",
    "Australia/Lord_Howe",
    "Europe/Madrid",
    "Pacific/Apia",
    "UTC",
)


def rolling(seconds: int) -> Window:
    return Window(f"{seconds}s", seconds)


def moment(text: str, zone: str, fold: int = 0) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold).timestamp()


def wall(at: float, zone: str) -> str:
    return datetime.fromtimestamp(at, ZoneInfo(zone)).strftime("%Y%m%d%H%M%S")


def asked(window: Window, zone: str, now: float, delay: float = 0.0) -> TimeRange:
    return bounds(window, delay, ZoneInfo(zone), now)


def test_rolling_window_ends_now_in_whole_seconds_of_the_zones_wall_clock() -> None:
    now = moment("2026-03-10T10:00:00", "America/Bogota") + 0.9
    found = asked(rolling(3600), "America/Bogota", now)
    assert found == TimeRange(now - 0.9 - 3600, now - 0.9, "20260310090000", "20260310100000")


def test_delay_shifts_a_rolling_window_into_the_past() -> None:
    now = moment("2026-03-10T10:00:00", "America/Bogota")
    found = asked(rolling(1800), "America/Bogota", now, delay=900.0)
    assert (found.date_ini, found.date_end) == ("20260310091500", "20260310094500")
    assert (found.start, found.end) == (now - 2700, now - 900)


def test_today_goes_from_local_midnight_to_now_whatever_the_delay() -> None:
    now = moment("2026-03-10T10:00:05", "America/Bogota")
    found = asked(TODAY, "America/Bogota", now, delay=900.0)
    assert (found.date_ini, found.date_end) == ("20260310000000", "20260310100005")
    assert (found.start, found.end) == (moment("2026-03-10", "America/Bogota"), now)


@pytest.mark.parametrize("after", [0.0, 0.4, 1.0])
def test_today_reaches_one_second_right_after_midnight(after: float) -> None:
    midnight = moment("2026-03-10", "America/Bogota")
    found = asked(TODAY, "America/Bogota", midnight + after)
    assert found == TimeRange(midnight, midnight + 1, "20260310000000", "20260310000001")


def test_a_second_before_midnight_today_is_still_the_old_day() -> None:
    found = asked(TODAY, "America/Bogota", moment("2026-03-10", "America/Bogota") - 0.5)
    assert (found.date_ini, found.date_end) == ("20260309000000", "20260309235959")


@pytest.mark.parametrize(
    ("zone", "date"),
    [("America/Asuncion", "2023-10-01"), ("Africa/Cairo", "2024-04-26"), ("Asia/Beirut", "2024-03-31")],
)
def test_today_begins_after_the_gap_where_midnight_does_not_exist(zone: str, date: str) -> None:
    now = moment(f"{date}T08:00:00", zone)
    found = asked(TODAY, zone, now)
    assert (found.date_ini, found.date_end) == (f"{date.replace('-', '')}010000", f"{date.replace('-', '')}080000")
    assert found.end - found.start == 7 * 3600


def test_today_has_23_and_25_hours_on_change_over_days() -> None:
    short = asked(TODAY, "Europe/Madrid", moment("2026-03-29T23:59:59", "Europe/Madrid"))
    long = asked(TODAY, "Europe/Madrid", moment("2026-10-25T23:59:59", "Europe/Madrid"))
    assert (short.end - short.start, long.end - long.start) == (23 * 3600 - 1, 25 * 3600 - 1)
    assert (long.date_ini, long.date_end) == ("20261025000000", "20261025235959")


def test_today_takes_both_midnights_where_the_clock_repeats_it() -> None:
    # Havana sets its clock back from 01:00 to 00:00.
    now = moment("2025-11-02T00:10:00", "America/Havana", fold=1)
    found = asked(TODAY, "America/Havana", now)
    assert (found.date_ini, found.date_end) == ("20251102000000", "20251102010000")
    assert found.start == moment("2025-11-02", "America/Havana", fold=0)


def test_window_over_the_gap_is_a_span_of_real_time() -> None:
    now = moment("2026-03-08T03:30:00", "America/New_York")
    found = asked(rolling(3600), "America/New_York", now)
    assert (found.date_ini, found.date_end) == ("20260308013000", "20260308033000")
    assert (found.start, found.end) == (now - 3600, now)


def test_window_over_the_repeated_hour_is_widened_to_all_of_it() -> None:
    # 01:45 before the change-over to 01:15 after it: backwards on the wall clock.
    now = moment("2026-11-01T01:15:00", "America/New_York", fold=1)
    found = asked(rolling(1800), "America/New_York", now)
    assert (found.date_ini, found.date_end) == ("20261101010000", "20261101020000")
    assert found.start == moment("2026-11-01T01:00:00", "America/New_York", fold=0)
    assert found.end == moment("2026-11-01T02:00:00", "America/New_York")


@pytest.mark.parametrize("fold", [0, 1])
def test_window_within_one_pass_of_the_repeated_hour_publishes_both(fold: int) -> None:
    now = moment("2026-11-01T01:45:00", "America/New_York", fold=fold)
    found = asked(rolling(1800), "America/New_York", now)
    assert (found.date_ini, found.date_end) == ("20261101011500", "20261101014500")
    assert found.start == moment("2026-11-01T01:15:00", "America/New_York", fold=0)
    assert found.end == moment("2026-11-01T01:45:00", "America/New_York", fold=1)


def test_long_window_over_the_change_over_is_asked_as_it_is() -> None:
    now = moment("2026-11-01T12:00:00", "America/New_York")
    found = asked(rolling(86_400), "America/New_York", now)
    assert (found.start, found.end) == (now - 86_400, now)
    assert (found.date_ini, found.date_end) == ("20261031130000", "20261101120000")


def test_a_clock_set_back_by_half_an_hour_is_covered_too() -> None:
    now = moment("2026-04-05T01:40:00", "Australia/Lord_Howe", fold=1)
    found = asked(rolling(1800), "Australia/Lord_Howe", now)
    assert (found.date_ini, found.date_end) == ("20260405013000", "20260405020000")


def span(found: TimeRange) -> timedelta:
    """What the vendor, who reads dates as wall clock, takes for the window's length."""
    first, last = (datetime.strptime(date, "%Y%m%d%H%M%S") for date in (found.date_ini, found.date_end))  # noqa: DTZ007
    return last - first


@pytest.mark.parametrize(
    ("zone", "text", "hours"),
    [
        ("Europe/Madrid", "2026-04-10T12:00:00", -1.0),  # the clock went forward within the window
        ("Europe/Madrid", "2026-03-29T03:00:00", -1.0),  # right after the change
        ("Europe/Madrid", "2026-11-10T12:00:00", 0.0),  # it went back: the wall clock shows an hour less
        ("America/Santiago", "2026-09-20T12:00:00", -1.0),
        ("America/Santiago", "2026-04-20T12:00:00", 0.0),
        ("Africa/Cairo", "2026-05-01T12:00:00", -1.0),
        ("Australia/Lord_Howe", "2026-10-20T12:00:00", -0.5),  # by half an hour
        ("Africa/Casablanca", "2026-03-25T12:00:00", -1.0),  # back and forth within 31 days, it ends after both
        ("America/Bogota", "2026-04-10T12:00:00", 0.0),
    ],
)
def test_31_days_are_those_of_the_wall_clock(zone: str, text: str, hours: float) -> None:
    now = moment(text, zone)
    found = asked(rolling(LONGEST_WINDOW), zone, now)
    assert span(found) <= timedelta(days=31)
    assert found.end - found.start <= LONGEST_WINDOW
    assert wall(found.start, zone) == found.date_ini, "the published start is what was asked for"
    if zone != "Africa/Casablanca":
        assert found.end - found.start == LONGEST_WINDOW + 3600 * hours


def test_a_window_a_little_shorter_than_31_days_is_capped_too() -> None:
    found = asked(rolling(LONGEST_WINDOW - 900), "Europe/Madrid", moment("2026-04-10T12:00:00", "Europe/Madrid"))
    assert (found.date_ini, found.date_end) == ("20260310120000", "20260410120000")
    assert found.start == moment("2026-03-10T12:00:00", "Europe/Madrid")


def test_a_capped_window_that_would_begin_inside_the_gap_begins_after_it() -> None:
    found = asked(rolling(LONGEST_WINDOW), "Europe/Madrid", moment("2026-04-29T02:30:00", "Europe/Madrid"))
    assert found.date_ini == "20260329023000"
    assert found.start == moment("2026-03-29T03:00:00", "Europe/Madrid")


def test_yesterday_goes_from_midnight_to_midnight_whatever_the_delay() -> None:
    for time in ("00:00:00", "00:15:00", "23:59:59"):
        found = asked(YESTERDAY, "America/Bogota", moment(f"2026-03-10T{time}", "America/Bogota"), delay=900.0)
        assert (found.date_ini, found.date_end) == ("20260309000000", "20260310000000")
        assert (found.start, found.end) == (
            moment("2026-03-09", "America/Bogota"),
            moment("2026-03-10", "America/Bogota"),
        )


@pytest.mark.parametrize(
    ("zone", "yesterday", "hours", "date_ini"),
    [
        ("Europe/Madrid", "2026-03-29", 23, "20260329000000"),
        ("Europe/Madrid", "2026-10-25", 25, "20261025000000"),
        ("America/Santiago", "2026-09-06", 23, "20260906010000"),  # its midnight does not exist
        ("America/Santiago", "2026-09-05", 24, "20260905000000"),  # the next one does not
        ("America/Santiago", "2026-04-04", 25, "20260404000000"),  # 24:00 is set back to 23:00
        ("Asia/Beirut", "2026-03-29", 23, "20260329010000"),
        ("America/Havana", "2026-11-01", 25, "20261101000000"),  # midnight comes twice
        ("America/Havana", "2026-10-31", 24, "20261031000000"),
        ("America/Scoresbysund", "2026-10-24", 25, "20261024000000"),
        ("Australia/Lord_Howe", "2026-04-05", 24.5, "20260405000000"),
        ("Pacific/Apia", "2011-12-29", 24, "20111229000000"),  # the 30th was left out
    ],
)
def test_yesterday_is_as_long_as_its_zone_makes_it(zone: str, yesterday: str, hours: float, date_ini: str) -> None:
    first = day_start(ZoneInfo(zone), moment(f"{yesterday}T12:00:00", zone))
    end = day_end(ZoneInfo(zone), first)
    found = asked(YESTERDAY, zone, end + 900.0)
    assert (found.start, found.end) == (first, end)
    assert found.end - found.start == hours * 3600
    assert found.date_ini == date_ini
    following = datetime.fromisoformat(yesterday) + timedelta(days=1)
    assert found.date_end == f"{following:%Y%m%d}000000", "also where that midnight does not exist"


@pytest.mark.parametrize("zone", ZONES)
def test_reports_of_a_day_belong_to_it_to_its_last_second(zone: str) -> None:
    name = ZoneInfo(zone)
    at = moment("2025-01-01", zone)
    for _ in range(366):
        following = day_end(name, at)
        assert day_end(name, following - 1) == following
        assert day_start(name, following) == following
        assert day_start(name, following - 1) == at
        for now in (at, following - 3700, following - 0.5):
            assert day_of(TODAY, name, asked(TODAY, zone, now)) == (at, following)
            assert day_of(YESTERDAY, name, asked(YESTERDAY, zone, now)) == (at, following)
        at = following
    assert day_of(rolling(60), name, asked(rolling(60), zone, at)) is None


def changeovers() -> list[tuple[str, float]]:
    """Every day within some years on which a zone changes its offset, found without the code under test."""
    found = []
    for zone in ZONES:
        days = [datetime(2021, 1, 1, tzinfo=UTC) + timedelta(days=number) for number in range(6 * 365)]
        offsets = [day.astimezone(ZoneInfo(zone)).utcoffset() for day in days]
        found += [
            (zone, day.timestamp()) for day, one, two in zip(days, offsets, offsets[1:], strict=False) if one != two
        ]
    return found


@st.composite
def situations(draw: st.DrawFn) -> tuple[str, float]:
    """A zone and a moment, every other one close to a change-over."""
    if draw(st.booleans()):
        zone, near = draw(st.sampled_from(CHANGEOVERS))
        return zone, near + draw(st.integers(-3600, 26 * 3600)) + draw(st.sampled_from([0.0, 0.5]))
    begin, end = datetime(1990, 1, 1, tzinfo=UTC).timestamp(), datetime(2045, 1, 1, tzinfo=UTC).timestamp()
    return draw(st.sampled_from(ZONES)), draw(st.floats(begin, end))


CHANGEOVERS = changeovers()
LENGTHS = st.one_of(st.integers(1, 7200), st.sampled_from([3600, 86_400, 31 * 86_400]), st.none())


@given(
    situation=situations(), length=LENGTHS, delay=st.sampled_from([0.0, 0.7, 900.0, 86_400.0]), inside=st.floats(0, 1)
)
def test_the_dates_cover_the_span_and_the_published_moments_cover_the_dates(
    situation: tuple[str, float], length: int | None, delay: float, inside: float
) -> None:
    zone, now = situation
    found = asked(Window("any", length), zone, now, delay)
    assert found.start < found.end
    assert found.date_ini < found.date_end
    assert span(found) <= timedelta(days=31)
    end = now // 1 if length is None else (now - delay) // 1
    capped = span(found) == timedelta(days=31)
    start = found.start if length is None or capped else end - length
    assert found.start <= start
    assert found.end >= end
    within = start + (end - start) * inside // 1
    assert found.date_ini <= wall(within, zone) <= found.date_end
    assert found.date_ini[:8] <= wall(end, zone)[:8]
    calm = {
        datetime.fromtimestamp(at, ZoneInfo(zone)).utcoffset()
        for edge in (start, end)
        for at in (edge - 86_400, edge - 7200, edge, edge + 7200, edge + 86_400)
    }
    if length is not None and len(calm) == 1 and not capped:
        assert (found.start, found.end) == (start, end)
    if length is None and len(calm) == 1:
        assert (wall(found.start, zone)[8:], found.date_ini[8:]) == ("000000", "000000")
        assert found.end == max(end, found.start + 1)
