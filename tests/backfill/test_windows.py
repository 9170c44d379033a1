from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
from support import BOGOTA, target

from exporter.backfill.windows import Days, PastWindow, at_step, past_windows
from exporter.model import Hours, Span, Target
from exporter.wolkvox.window import bounds

MADRID = ZoneInfo("Europe/Madrid")
TWO = Days(date(2026, 11, 25), date(2026, 11, 26))  # Wednesday, Thursday


def told(window: PastWindow) -> tuple[str, str]:
    return window.asked.date_ini, window.asked.date_end


def local(moment: float, zone: ZoneInfo = BOGOTA) -> str:
    return datetime.fromtimestamp(moment, zone).strftime("%d %H:%M")


def with_hours(window: str, *week: tuple[Span, ...]) -> Target:
    hours = Hours((*week, *((),) * (7 - len(week))), None, 3_600.0)
    return Target(**{name: getattr(target(window=window), name) for name in Target.__slots__} | {"hours": hours})


def test_two_days_by_the_hour_are_48_windows() -> None:
    found = list(past_windows(target(), TWO, 3_600))
    assert len(found) == 48
    assert told(found[0]) == ("20261125000000", "20261125010000")
    assert told(found[-1]) == ("20261126230000", "20261127000000")
    assert [window.at for window in found] == [window.end for window in found]


def test_a_window_may_begin_before_the_first_day_and_a_delayed_one_is_asked_later() -> None:
    found = list(past_windows(target(window="1h", delay=900.0), TWO, 1_800))
    assert len(found) == 96
    assert told(found[0]) == ("20261124233000", "20261125003000")
    assert local(found[0].at) == "25 00:45"


def test_today_reaches_from_its_midnight_to_each_end() -> None:
    found = list(past_windows(target(window="today"), TWO, 3_600))
    assert len(found) == 48
    assert told(found[0]) == ("20261125000000", "20261125010000")
    assert told(found[23]) == ("20261125000000", "20261126000000")
    assert told(found[24]) == ("20261126000000", "20261126010000")
    assert told(found[47]) == ("20261126000000", "20261127000000")


def test_yesterday_is_asked_once_a_day() -> None:
    found = list(past_windows(target(window="yesterday"), TWO, 3_600))
    assert [told(window) for window in found] == [
        ("20261124000000", "20261125000000"),
        ("20261125000000", "20261126000000"),
    ]
    assert [local(window.at) for window in found] == ["25 00:15", "26 00:15"]


def test_windows_that_touch_the_hours_are_asked() -> None:
    office = (Span(9 * 60, 17 * 60),)
    rolling = list(past_windows(with_hours("1h", (), (), office), TWO, 3_600))
    assert [local(window.end) for window in (rolling[0], rolling[-1])] == ["25 10:00", "25 17:00"]
    assert len(rolling) == 8
    day = list(past_windows(with_hours("today", (), (), office), TWO, 3_600))
    assert [local(window.end) for window in (day[0], day[-1])] == ["25 10:00", "26 00:00"]
    before = list(past_windows(with_hours("yesterday", (), (), office), TWO, 3_600))
    assert [local(window.end) for window in before] == ["26 00:00"]
    assert list(past_windows(with_hours("1h"), TWO, 3_600)) == []


@pytest.mark.parametrize(("day", "count"), [(date(2026, 10, 25), 25), (date(2026, 3, 29), 23)])
def test_days_of_other_lengths(day: date, count: int) -> None:
    found = list(past_windows(target(zone=MADRID), Days(day, day), 3_600))
    assert len(found) == count
    assert [local(window.end, MADRID) for window in (found[0], found[-1])] == [
        f"{day:%d} 01:00",
        f"{day.day + 1} 00:00",
    ]


def test_a_step_that_does_not_divide_the_days() -> None:
    found = list(past_windows(target(), TWO, 7 * 3_600))
    assert [local(window.end) for window in found] == [
        "25 07:00", "25 14:00", "25 21:00", "26 04:00", "26 11:00", "26 18:00",
    ]  # fmt: skip


def test_each_is_what_the_exporter_would_have_asked_then() -> None:
    for window in ("30m", "1h", "yesterday", "today"):
        for one in past_windows(target(window=window, delay=60.0), TWO, 5_400):
            if window == "today" and local(one.end).endswith("00:00"):
                continue  # at midnight the exporter asks for the new day
            assert one.asked == bounds(one.target.window, one.target.delay, BOGOTA, one.at)


def test_the_step_takes_the_place_of_the_interval() -> None:
    assert at_step(target(), 1_800).interval == 1_800
    assert at_step(target(window="yesterday"), 1_800).interval == 3_600
    slow = at_step(with_hours("1h"), 7_200)
    assert slow.hours is not None
    assert slow.hours.off_interval == 7_200
    quick = at_step(with_hours("1h"), 300)
    assert quick.hours is not None
    assert quick.hours.off_interval == 3_600
