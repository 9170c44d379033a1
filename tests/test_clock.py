import asyncio
import time
from pathlib import Path

import pytest
from support import VirtualClock

from exporter.clock import SHARED_BOOT, SharedClock, Stamp, SystemClock, age, anchor, stamp


def test_every_clock_of_a_boot_tells_the_same() -> None:
    one, other = SystemClock(), SystemClock()
    assert one.boot == other.boot == Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    assert one.monotonic() <= other.monotonic() <= one.monotonic()
    assert abs(one.now() - time.time()) < 60.0


def test_where_boots_are_not_known_each_process_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> str:
        raise FileNotFoundError

    monkeypatch.setattr("exporter.clock.Path.read_text", refuse)
    one, other = SystemClock(), SystemClock()
    assert one.boot.startswith("process-")
    assert one.boot != other.boot


def test_where_there_is_no_clock_that_runs_in_suspension_the_monotonic_one_serves(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delattr(time, "CLOCK_BOOTTIME")
    assert SystemClock().monotonic is time.monotonic


async def test_a_wait_ends_with_its_time_or_its_event() -> None:
    clock, event = SystemClock(), asyncio.Event()
    await clock.wait(event, 0.0)
    assert not event.is_set()
    event.set()
    async with asyncio.timeout(60.0):
        await clock.wait(event, 3600.0)
    assert event.is_set()


async def test_within_a_boot_the_monotonic_clock_tells_the_age(clock: VirtualClock) -> None:
    moment = stamp(clock)
    await clock.run(100.0)
    clock.shift(-3600.0)
    assert age(clock, moment) == 100.0


async def test_across_boots_the_wall_clock_tells_it(clock: VirtualClock) -> None:
    moment = stamp(clock)
    clock.reboot()
    await clock.run(100.0)
    assert age(clock, moment) == 100.0
    clock.shift(50.0)
    assert age(clock, moment) == 150.0


def test_no_age_is_negative(clock: VirtualClock) -> None:
    later = Stamp(clock.now() + 10.0, clock.boot, clock.monotonic() + 10.0)
    assert age(clock, later) == 0.0
    clock.reboot()
    assert age(clock, later) == 0.0


async def test_an_anchored_moment_ages_whatever_the_wall_clock_does(clock: VirtualClock) -> None:
    moment = stamp(clock)
    assert anchor(clock, moment) is moment
    clock.reboot()
    await clock.run(100.0)
    anchored = anchor(clock, moment)
    clock.shift(-3600.0)
    await clock.run(10.0)
    assert age(clock, anchored) == pytest.approx(110.0)


async def test_a_moment_of_the_future_is_anchored_as_now(clock: VirtualClock) -> None:
    later = Stamp(clock.now() + 1e9, "another", 0.0)
    anchored = anchor(clock, later)
    assert anchored == stamp(clock)
    await clock.run(60.0)
    assert age(clock, anchored) == 60.0


async def test_time_asleep_is_not_time_awake(monkeypatch: pytest.MonkeyPatch) -> None:
    """A suspend, a stopped process or a paused machine; and the loop that turns again counts again."""
    seconds = 1000.0
    monkeypatch.setattr("exporter.clock.time.monotonic", lambda: seconds)
    monkeypatch.setattr("exporter.clock.BEAT", 0.0)
    clock = SystemClock()
    turning = asyncio.create_task(clock.turn())

    async def beat() -> float:
        for _ in range(3):
            await asyncio.sleep(0)
        return clock.awake()

    assert await beat() == 0.0
    seconds += 1.0
    assert await beat() == 1.0
    seconds += 600.0
    assert clock.awake() == await beat() == 3.0
    seconds += 1.5
    assert await beat() == 4.5
    turning.cancel()
    with pytest.raises(asyncio.CancelledError):
        await turning


def test_a_shared_clock_tells_the_databases_time_whatever_the_machines_says(clock: VirtualClock) -> None:
    shared = SharedClock(clock)
    assert shared.now() == pytest.approx(clock.now()), "until the database has told"
    shared.follow(clock.monotonic(), 5_000_000.0)
    assert stamp(shared) == Stamp(5_000_000.0, SHARED_BOOT, 5_000_000.0)
    clock.shift(3600.0)
    clock.true += 100.0
    assert shared.now() == shared.monotonic() == pytest.approx(5_000_100.0)
    assert shared.awake() == clock.awake()


def test_a_slow_answer_does_not_move_a_shared_clock_and_a_clock_that_was_set_does(clock: VirtualClock) -> None:
    shared = SharedClock(clock)
    shared.follow(clock.monotonic(), 5_000_000.0)
    began = clock.monotonic()
    clock.true += 4.0
    shared.follow(began, 5_000_000.1)
    assert shared.now() == pytest.approx(5_000_004.0, abs=0.01), "the earlier look told better"
    shared.follow(clock.monotonic(), 5_000_100.0)
    assert shared.now() == pytest.approx(5_000_100.0)


async def test_a_shared_clock_waits_as_the_machine_does() -> None:
    event = asyncio.Event()
    await SharedClock(SystemClock()).wait(event, 0.0)
    assert not event.is_set()
