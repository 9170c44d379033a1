"""Pieces that several tests build on."""

import asyncio
import heapq
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from pydantic import SecretStr

from exporter.model import Key, Operation, Target, Window

T = TypeVar("T")

BOGOTA = ZoneInfo("America/Bogota")


class Inline(Executor):
    """Runs each call at once in the caller's thread, so that a virtual clock need not wait for threads."""

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        future: Future[T] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


class VirtualClock:
    """Time that passes only when everything waits for it. `shift` steps the wall clock, `reboot` the monotonic one."""

    def __init__(self, now: float = 1_790_000_000.0) -> None:
        self.boot = "boot-0"
        self.true = 0.0
        self._wall = now
        self._offset = 1000.0
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._count = 0

    def now(self) -> float:
        return self._wall + self.true

    def monotonic(self) -> float:
        return self._offset + self.true

    def shift(self, seconds: float) -> None:
        self._wall += seconds

    async def sleep(self, seconds: float) -> None:
        await self._until(self.true + max(0.0, seconds))

    async def wait(self, event: asyncio.Event, seconds: float) -> None:
        sleeper = asyncio.ensure_future(self.sleep(seconds))
        waiter = asyncio.ensure_future(event.wait())
        try:
            await asyncio.wait({sleeper, waiter}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (sleeper, waiter):
                task.cancel()

    async def run(self, seconds: float) -> None:
        """Let `seconds` pass, waking whoever waits, in order."""
        end = self.true + seconds
        while True:
            await self._settle()
            while self._sleepers and self._sleepers[0][2].done():
                heapq.heappop(self._sleepers)
            if not self._sleepers or self._sleepers[0][0] > end:
                break
            moment, _, future = heapq.heappop(self._sleepers)
            self.true = max(self.true, moment)
            future.set_result(None)
        self.true = end
        await self._settle()

    async def _until(self, moment: float) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._count += 1
        heapq.heappush(self._sleepers, (moment, self._count, future))
        await future

    async def _settle(self) -> None:
        """Let everything run that can run now."""
        ready = asyncio.get_running_loop()._ready  # type: ignore[attr-defined]
        await asyncio.sleep(0)
        while ready:
            await asyncio.sleep(0)


def target(
    campaign: str = "32841",
    window: str = "1h",
    *,
    operation: str = "acme",
    interval: float = 300.0,
    timeout: float = 60.0,
    stale_after: float | None = None,
    delay: float = 0.0,
    zone: ZoneInfo = BOGOTA,
) -> Target:
    lengths = {"30m": 1800, "1h": 3600, "60m": 3600, "today": None}
    return Target(
        key=Key(operation, campaign, window),
        name="",
        window=Window(window, lengths[window]),
        zone=zone,
        interval=interval,
        delay=delay,
        timeout=timeout,
        stale_after=3 * interval + 60 if stale_after is None else stale_after,
    )


def operation(
    *targets: Target,
    name: str = "acme",
    token: str = "token-1",
    budget: int | None = None,
    base_url: str = "http://vendor",
) -> Operation:
    return Operation(
        name=name,
        base_url=base_url,
        token=SecretStr(token),
        proxy_url=None,
        ca_file=None,
        zone=BOGOTA,
        budget=budget,
        targets=targets or (target(operation=name),),
    )
