"""`today` and `yesterday` around midnight: what is shown, what is asked, and when."""

from datetime import datetime
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from support import BOGOTA, Exporter, Vendor, VirtualClock, bad, good, operation, target

from exporter.model import Operation, Reason

MADRID = ZoneInfo("Europe/Madrid")
SANTIAGO = ZoneInfo("America/Santiago")
BEIRUT = ZoneInfo("Asia/Beirut")

NIGHTS = [
    pytest.param("2026-03-10T00:00:00", BOGOTA, id="bogota"),
    pytest.param("2026-03-30T00:00:00", MADRID, id="after 23 hours"),
    pytest.param("2026-10-26T00:00:00", MADRID, id="after 25 hours"),
    pytest.param("2026-09-06T01:00:00", SANTIAGO, id="without a midnight"),
    pytest.param("2026-04-05T00:00:00", SANTIAGO, id="set back at midnight"),
    pytest.param("2026-03-29T01:00:00", BEIRUT, id="beirut"),
]


class Night:
    """A process that was started some time before a midnight."""

    def __init__(self, midnight: float, before: float, file: Path) -> None:
        self.clock = VirtualClock(midnight - before)
        self.vendor = Vendor(self.clock)
        self.midnight = midnight
        self._before = before
        self._file = file

    async def start(self, *targets: object, **settings: object) -> Exporter:
        self.process = Exporter(self.clock, self.vendor, f"sqlite:///{self._file}")
        return await self.process.start(operation(*targets, **settings))  # type: ignore[arg-type]

    async def until(self, after: float) -> None:
        """Let time pass until so many seconds after midnight."""
        await self.clock.run(self._before + after - self.clock.true)

    def asked(self, window: str = "today") -> list[float]:
        """When it was asked, in seconds after midnight."""
        return [sent.at - self._before for sent in self.vendor.log if sent.target.key.window == window]


def moment(text: str, zone: ZoneInfo = BOGOTA) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=zone).timestamp()


def night(file: Path, text: str = "2026-03-10T00:00:00", zone: ZoneInfo = BOGOTA, *, before: float = 1000.0) -> Night:
    return Night(moment(text, zone), before, file)


@pytest.mark.parametrize(("text", "zone"), NIGHTS)
@pytest.mark.parametrize("interval", [30.0, 60.0, 120.0, 300.0, 420.0, 3600.0])
async def test_today_leaves_at_midnight_and_is_asked_within_a_minute(
    text: str, zone: ZoneInfo, interval: float, file: Path
) -> None:
    dark = night(file, text, zone, before=2 * interval + 177.0)
    process = await dark.start(target(window="today", interval=interval, zone=zone))
    await dark.until(-0.1)
    shown = process.shown(window="today")
    assert shown.data is not None
    last_success = shown.last_success_at
    dark.vendor.latency = 40.0
    await dark.until(0.0)
    after = process.shown(window="today")
    assert (after.data, after.stale, after.last_success_at, after.failure) == (None, False, last_success, None)
    dark.vendor.latency = 1.0
    await dark.until(100.0)
    first = next(at for at in dark.asked() if at >= 0)
    assert first <= 60.0
    assert all(gap >= interval for gap in (b - a for a, b in pairwise(dark.asked())))
    shown = process.shown(window="today")
    assert shown.data is not None
    assert shown.data.bounds.start == dark.midnight
    await process.kill()


async def test_every_campaign_of_a_token_is_asked_within_the_minute(file: Path) -> None:
    dark = night(file, before=2000.0)
    process = await dark.start(*(target(str(number), window="today") for number in range(30)), target("rolling"))
    await dark.until(60.0)
    after = [sent for sent in dark.vendor.log if sent.at >= 2000.0 and sent.target.key.window == "today"]
    assert len({sent.target.key.campaign for sent in after}) == 30
    assert dark.vendor.most_at_once == 1
    for number in range(30):
        moments = dark.vendor.moments(str(number))
        assert all(b - a >= 300.0 for a, b in pairwise(moments))
    await process.kill()


@pytest.mark.parametrize("before", [20.0, 130.0])
async def test_the_interval_holds_where_the_first_poll_was_right_before_midnight(before: float, file: Path) -> None:
    dark = night(file, before=before)
    process = await dark.start(target(window="today"))
    await dark.until(400.0)
    assert dark.asked() == [-before, pytest.approx(300.1 - before)]
    await process.kill()


@pytest.mark.parametrize("stale_after", [200.0, 400.0, 90_000.0])
async def test_stale_after_counts_before_midnight_and_midnight_before_it(stale_after: float, file: Path) -> None:
    dark = night(file, before=600.0)
    process = await dark.start(target(window="today", stale_after=stale_after))
    await dark.until(-590.0)
    dark.vendor.outcome = bad(Reason.SERVER_ERROR)
    await dark.until(-600.0 + min(stale_after, 595.0))
    shown = process.shown(window="today")
    assert shown.data is not None
    assert not shown.stale
    await dark.until(0.0)
    shown = process.shown(window="today")
    assert shown.data is None
    await process.kill()


async def test_what_was_asked_before_midnight_and_comes_after_it_is_not_shown(file: Path) -> None:
    dark = night(file, before=10.0)
    dark.vendor.latency = 30.0
    process = await dark.start(target(window="today"))
    await dark.until(25.0)
    shown = process.shown(window="today")
    assert (shown.data, shown.polls, shown.failure) == (None, 1, None)
    await process.kill()


@pytest.mark.parametrize("way", ["stop", "kill"])
async def test_a_restart_over_midnight_shows_nothing_of_the_day_before(way: str, file: Path) -> None:
    dark = night(file, before=600.0)
    process = await dark.start(target(window="today", interval=3600.0), target(window="1h"))
    await dark.until(-500.0)
    await (process.stop() if way == "stop" else process.kill())
    await dark.until(5.0)
    process = await dark.start(target(window="today", interval=3600.0), target(window="1h"))
    assert process.shown(window="today").data is None
    assert process.shown().data is not None
    await process.kill()


@pytest.mark.parametrize("step", [3600.0, -3600.0, 80_000.0])
async def test_a_wall_clock_that_is_stepped_takes_midnight_with_it(step: float, file: Path) -> None:
    dark = night(file, before=1800.0)
    process = await dark.start(target(window="today"), target(window="yesterday", interval=3600.0))
    await dark.until(-900.0)
    dark.clock.shift(step)
    await dark.until(max(400.0, 400.0 - step))
    data = process.shown(window="today").data
    assert data is not None
    assert data.bounds.start == dark.midnight
    assert all(b - a >= 300.0 for a, b in pairwise(dark.asked()))
    await process.kill()


@pytest.mark.parametrize(("text", "zone"), NIGHTS)
async def test_yesterday_is_asked_from_a_quarter_past_and_each_hour_until_two_answers_agree(
    text: str, zone: ZoneInfo, file: Path
) -> None:
    dark = night(file, text, zone, before=100.0)
    dark.vendor.outcome = good(5)
    process = await dark.start(target(window="yesterday", interval=3600.0, zone=zone))
    await dark.until(890.0)
    dark.vendor.next.extend([good(7), good(9)])
    assert dark.asked("yesterday") == [-100.0], "of the day before, and not in the first quarter of an hour"
    assert process.shown(window="yesterday").data is None
    dark.vendor.outcome = good(9)
    await dark.until(12_000.0)
    asked = dark.asked("yesterday")[1:]
    if asked[0] < 3500.0:
        assert asked[0] >= 900.0
    assert [b - a for a, b in pairwise(asked)] == [pytest.approx(3600.1, abs=1.0)] * 2
    assert len(asked) == 3
    data = process.shown(window="yesterday").data
    assert data is not None
    assert (data.final, data.bounds.end, data.bounds.date_end[8:]) == (True, dark.midnight, "000000")
    assert sum(row.attempts for row in data.rows) == 9
    await process.kill()


async def test_yesterday_stays_until_midnight_whatever_stale_after_and_over_a_restart(file: Path) -> None:
    dark = night(file, before=7000.0)
    acme = target(window="yesterday", interval=3600.0, stale_after=600.0)
    process = await dark.start(acme)
    await dark.until(-10.0)
    assert len(dark.asked("yesterday")) == 2
    shown = process.shown(window="yesterday")
    assert shown.data is not None
    assert (shown.stale, shown.data.final) == (False, True)
    await process.kill()
    process = await dark.start(acme)
    assert process.shown(window="yesterday").data == shown.data
    assert process.store.unready() == []
    await dark.until(0.0)
    assert process.shown(window="yesterday").data is None
    assert process.store.unready() == []
    await dark.until(910.0)
    assert len(dark.asked("yesterday")) == 3
    assert dark.asked("yesterday")[-1] >= 900.0
    data = process.shown(window="yesterday").data
    assert data is not None
    assert data.bounds.end == dark.midnight
    await process.kill()


async def test_nobody_waits_for_yesterday_in_the_first_quarter_of_an_hour(file: Path) -> None:
    dark = night(file, before=-60.0)
    process = await dark.start(target(), target(window="yesterday", interval=3600.0))
    await dark.until(70.0)
    assert process.store.unready() == []
    await dark.until(900.0)
    assert [one.key.window for one in process.store.unready()] == ["yesterday"]
    await dark.until(910.0)
    assert process.store.unready() == []
    await process.kill()


async def test_yesterday_that_fails_is_asked_again_an_hour_later(file: Path) -> None:
    dark = night(file, before=-800.0)
    dark.vendor.next.append(bad(Reason.SERVER_ERROR))
    process = await dark.start(target(window="yesterday", interval=3600.0))
    await dark.until(910.0)
    assert process.reason(window="yesterday") is Reason.SERVER_ERROR
    await dark.until(8_600.0)
    assert len(dark.asked("yesterday")) == 3
    await process.kill()


async def test_a_reload_at_night_keeps_the_days_apart(file: Path) -> None:
    def acme(interval: float) -> Operation:
        return operation(target(window="today", interval=interval), target(window="yesterday", interval=3600.0))

    dark = night(file, before=900.0)
    process = await dark.start(*acme(300.0).targets)
    await dark.until(-700.0)
    await process.apply_config(acme(60.0))
    await dark.until(-1.0)
    assert len(dark.asked()) >= 10
    await process.apply_config(acme(600.0))
    await dark.until(5.0)
    assert process.shown(window="today").data is None
    await dark.until(700.0)
    data = process.shown(window="today").data
    assert data is not None
    assert data.bounds.start == dark.midnight
    await process.kill()
