"""The two clocks, passed in wherever time matters."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


class Clock(Protocol):
    """What the time is, and how to let some of it pass."""

    @property
    def boot(self) -> str:
        """Identity of the machine's boot: monotonic readings of one boot compare across processes."""
        ...

    def now(self) -> float:
        """Wall clock, Unix seconds. It may step; only what people read and the vendor's dates come from it."""
        ...

    def monotonic(self) -> float:
        """Seconds since some fixed moment of this boot. Never steps; every span is measured with it."""
        ...

    def awake(self) -> float:
        """Seconds in which this process could turn, as far as anyone waits in it.

        They stand still with the waits, while the machine is suspended or the process stopped: what is late by this
        clock was not merely asleep.
        """
        ...

    async def wait(self, event: asyncio.Event, seconds: float) -> None:
        """Let `seconds` pass, or fewer if `event` is set meanwhile."""
        ...


BEAT = 1.0
"""Seconds between two signs that the event loop turns."""

LONGEST_BEAT = 2 * BEAT
"""What took longer between two of them was sleep."""


def _boot_id() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:  # not Linux: readings compare within this process only
        return f"process-{time.time_ns()}"


def _monotonic() -> Callable[[], float]:
    """CLOCK_BOOTTIME where there is one: unlike CLOCK_MONOTONIC it goes on while the machine is suspended."""
    boottime = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic if boottime is None else lambda: time.clock_gettime(boottime)


class SystemClock:
    """The machine's own clocks."""

    def __init__(self) -> None:
        self.boot = _boot_id()
        self.monotonic = _monotonic()
        self.now = time.time
        self._awake = 0.0
        self._beat = time.monotonic()

    def awake(self) -> float:
        """Seconds in which `turn` ran and the loop turned."""
        return self._awake + min(time.monotonic() - self._beat, LONGEST_BEAT)

    async def turn(self) -> None:
        """Let `awake` go on for as long as the running event loop turns; until it is cancelled."""
        while True:
            await asyncio.sleep(BEAT)
            self._awake, self._beat = self.awake(), time.monotonic()

    async def wait(self, event: asyncio.Event, seconds: float) -> None:
        """Let `seconds` pass in the running event loop, or fewer if `event` is set meanwhile."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await event.wait()


@dataclass(frozen=True, slots=True)
class Stamp:
    """A moment that outlives the process: by the wall clock, and by the monotonic clock of the boot it was taken in."""

    wall: float
    boot: str
    monotonic: float


def stamp(clock: Clock) -> Stamp:
    """The present moment."""
    return Stamp(wall=clock.now(), boot=clock.boot, monotonic=clock.monotonic())


def age(clock: Clock, moment: Stamp) -> float:
    """Seconds since `moment`, never negative.

    Within one boot of the machine the monotonic clock tells, so that a step of the wall clock between two processes
    does no harm. Across boots only the wall clock is left; a moment that lies in its future is taken as now.
    """
    if moment.boot == clock.boot:
        return max(0.0, clock.monotonic() - moment.monotonic)
    return max(0.0, clock.now() - moment.wall)


def anchor(clock: Clock, moment: Stamp) -> Stamp:
    """The moment by the clocks of this boot: from now on it ages, whatever the wall clock does.

    What is stored and lies in the future is taken as now, once: else it would stay now until the wall clock got there.
    """
    if moment.boot == clock.boot:
        return moment
    past = age(clock, moment)
    return Stamp(min(moment.wall, clock.now()), clock.boot, clock.monotonic() - past)


SHARED_BOOT = "database"
"""The `boot` of moments by a database's clock: they compare across machines."""

_DRIFT = 2e-4
"""Seconds that two machines' clocks may drift apart in each second."""


class SharedClock:
    """The clock of a database that processes of several machines share, followed by this machine's monotonic one.

    Each look at the database's clock bounds how far apart the two are; between looks the distance stays as it was.
    """

    boot = SHARED_BOOT

    def __init__(self, machine: Clock) -> None:
        self._machine = machine
        self._low = self._high = self._offset = machine.now() - machine.monotonic()
        self._synced_at: float | None = None

    def now(self) -> float:
        """Unix seconds by the database."""
        return self._machine.monotonic() + self._offset

    monotonic = now

    def awake(self) -> float:
        """As the machine's."""
        return self._machine.awake()

    async def wait(self, event: asyncio.Event, seconds: float) -> None:
        """As the machine's."""
        await self._machine.wait(event, seconds)

    def follow(self, began: float, told: float) -> None:
        """The database said that it is `told` at some moment after `began` of the machine's clock, and before now."""
        ended = self._machine.monotonic()
        low, high = told - ended, told - began
        if self._synced_at is not None:
            drift = _DRIFT * (ended - self._synced_at)
            if self._low - drift <= high and low <= self._high + drift:  # else one of the clocks was set
                low, high = max(low, self._low - drift), min(high, self._high + drift)
        self._low, self._high, self._synced_at = low, high, ended
        self._offset = (low + high) / 2
