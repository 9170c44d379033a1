"""Pieces that several tests build on."""

import asyncio
import heapq
from collections import deque
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor, Future
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from random import Random
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from pydantic import SecretStr
from sqlalchemy import Connection

from exporter.model import (
    ApiName,
    CampaignFigures,
    CampaignsAnswer,
    Discovery,
    Failure,
    LiveAnswer,
    Operation,
    OperationStats,
    Reason,
    Report,
    Row,
    Target,
    TargetKey,
    TargetState,
    TimeRange,
    VendorQuota,
    Window,
)
from exporter.polling.state_store import StateStore
from exporter.polling.supervisor import Supervisor
from exporter.polling.token_parts import Services
from exporter.polling.worker import Worker
from exporter.storage.database import Database, StorageError
from exporter.storage.ledger import Ledger
from exporter.wolkvox.client import Answer

T = TypeVar("T")

BOGOTA = ZoneInfo("America/Bogota")


class Inline(Executor):
    """Runs each call at once in the caller's thread, so that a virtual clock need not wait for threads."""

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        future: Future[T] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 (as every executor does)
            future.set_exception(error)
        return future


class VirtualClock:
    """Time that passes only when everything waits for it. `shift` steps the wall clock, `reboot` the monotonic one."""

    def __init__(self, now: float = 1_790_000_000.0) -> None:
        self.boot = "boot-0"
        self.true = 0.0
        self.look = 0.0
        """Seconds that each look at the monotonic clock takes: on a real one two looks are two moments."""
        self._wall = now
        self._offset = 1000.0
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._count = 0

    def now(self) -> float:
        return self._wall + self.true

    def monotonic(self) -> float:
        self._offset += self.look
        return self._offset + self.true

    def awake(self) -> float:
        return self.true

    def shift(self, seconds: float) -> None:
        self._wall += seconds

    def suspend(self, seconds: float) -> None:
        """The machine sleeps: both clocks go on, and nobody's wait does."""
        self._wall += seconds
        self._offset += seconds

    def reboot(self) -> None:
        self.boot = f"{self.boot}-again"
        self._offset = 10.0 - self.true

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
    name: str = "",
) -> Target:
    lengths = {"30m": 1800, "1h": 3600, "60m": 3600, "today": None, "yesterday": None}
    return Target(
        key=TargetKey(operation, campaign, window),
        name=name,
        window=Window(window, lengths[window], days_ago=int(window == "yesterday")),
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
    zone: ZoneInfo = BOGOTA,
    discovery: Discovery | None = None,
    live_interval: float | None = None,
    quota_interval: float | None = None,
) -> Operation:
    return Operation(
        name=name,
        base_url=base_url,
        token=SecretStr(token),
        proxy_url=None,
        ca_file=None,
        zone=zone,
        budget=budget,
        targets=targets or (() if discovery else (target(operation=name),)),
        discovery=discovery,
        live_interval=live_interval,
        quota_interval=quota_interval,
    )


def good(attempts: int = 1, result: str = "answer") -> Report:
    return Report((Row(result, attempts, 100.0),))


def bad(reason: Reason) -> Failure:
    return Failure(reason, f"made up: {reason.value}")


@dataclass(frozen=True)
class Sent:
    """One request as the vendor would log it, by the true time."""

    at: float
    token: str
    base_url: str
    target: Target
    bounds: TimeRange


@dataclass(frozen=True)
class Asked:
    """One request for a whole operation as the vendor would log it, by the true time."""

    at: float
    token: str
    api: ApiName


@dataclass
class Vendor:
    """The API, in memory: it answers as it is told to and logs every request."""

    clock: VirtualClock
    latency: float = 1.0
    departure: float = 0.0
    """How long it takes until the connection is up and the request leaves."""
    reachable: bool = True
    """False: no request gets as far as to leave."""
    outcome: Report | Failure | Exception = field(default_factory=good)
    outcomes: dict[str, Report | Failure | Exception] = field(default_factory=dict)
    """What it answers for one campaign instead."""
    next: deque[Report | Failure | Exception] = field(default_factory=deque)
    """What it answers before anything else, each once."""
    log: list[Sent] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    """Requests for a whole operation."""
    listed: CampaignsAnswer | Failure | Exception = field(default_factory=lambda: CampaignsAnswer(()))
    live: LiveAnswer | Failure | Exception = field(default_factory=lambda: LiveAnswer(()))
    quota: VendorQuota | Failure | Exception = field(default_factory=VendorQuota)
    under_way: list[Sent | Asked] = field(default_factory=list)
    most_at_once: int = 0

    async def campaigns(self, operation: Operation, seconds: float, granted_at: float) -> Answer[CampaignsAnswer]:
        return await self._take(operation, ApiName.CAMPAIGNS, self.listed)

    async def real_time(self, operation: Operation, seconds: float, granted_at: float) -> Answer[LiveAnswer]:
        return await self._take(operation, ApiName.REAL_TIME, self.live)

    async def token_info(self, operation: Operation, seconds: float, granted_at: float) -> Answer[VendorQuota]:
        return await self._take(operation, ApiName.TOKEN_INFO, self.quota)

    async def _take(self, operation: Operation, api: ApiName, outcome: T | Failure | Exception) -> Answer[T]:
        """Log a request for a whole operation, be at work on it, and answer."""
        sent = Asked(self.clock.true, operation.token.get_secret_value(), api)
        sent_at = self.clock.monotonic()
        self.asked.append(sent)
        self._begin(sent)
        try:
            await self.clock.sleep(self.latency)
        finally:
            self.under_way.remove(sent)
        if isinstance(outcome, Exception):
            raise outcome
        return Answer(outcome, sent_at, self.latency)

    def _begin(self, sent: Sent | Asked) -> None:
        self.under_way.append(sent)
        self.most_at_once = max(self.most_at_once, sum(one.token == sent.token for one in self.under_way))

    def times(self, api: ApiName) -> list[float]:
        """When an API was asked."""
        return [sent.at for sent in self.asked if sent.api is api]

    async def campaign_4(
        self, operation: Operation, target: Target, bounds: TimeRange, granted_at: float
    ) -> Answer[Report]:
        begun = self.clock.monotonic()
        if self.departure:
            await self.clock.sleep(self.departure)
        if not self.reachable:
            return Answer(bad(Reason.CONNECT), None, self.clock.monotonic() - begun)
        sent = Sent(self.clock.true, operation.token.get_secret_value(), operation.base_url, target, bounds)
        sent_at = self.clock.monotonic()
        self.log.append(sent)
        self._begin(sent)
        outcome = self.next.popleft() if self.next else self.outcomes.get(target.key.campaign, self.outcome)
        try:
            await self.clock.sleep(self.latency)
        finally:
            self.under_way.remove(sent)
        if isinstance(outcome, Exception):
            raise outcome
        return Answer(outcome, sent_at, self.clock.monotonic() - begun)

    def moments(self, campaign: str = "32841") -> list[float]:
        """When it was asked for a campaign."""
        return [sent.at for sent in self.log if sent.target.key.campaign == campaign]


class Published:
    """Where the page stands: what was last said of each target and operation."""

    def __init__(self) -> None:
        self.targets: dict[TargetKey, TargetState] = {}
        self.operations: dict[str, OperationStats] = {}
        self.figures: dict[tuple[str, str], CampaignFigures] = {}

    def set_target(self, target: Target, state: TargetState) -> None:
        self.targets[target.key] = state

    def drop_target(self, key: TargetKey) -> None:
        del self.targets[key]

    def set_figures(self, operation: str, campaign: str, figures: CampaignFigures) -> None:
        self.figures[operation, campaign] = figures

    def drop_figures(self, operation: str, campaign: str) -> None:
        del self.figures[operation, campaign]

    def set_operation(self, figures: OperationStats) -> None:
        self.operations[figures.operation] = figures

    def drop_operation(self, name: str) -> None:
        del self.operations[name]


class Disk(Database):
    """Storage that can be told to fail, and that does not wait for a real disk."""

    trouble: StorageError | None = None

    async def run(self, work: Callable[[Connection], T]) -> T:
        if self.trouble is not None:
            raise self.trouble
        return await super().run(work)

    def _open(self, work: Callable[[Connection], None]) -> None:
        super()._open(work)
        assert self._connection is not None
        self._connection.connection.cursor().execute("PRAGMA synchronous=OFF")


_numbers = count(1)


class Exporter:
    """One process of the program without its sockets, on a virtual clock. It can be killed."""

    def __init__(self, clock: VirtualClock, vendor: Vendor, url: str = "sqlite://") -> None:
        self.clock = clock
        self.disk = Disk(url, thread=Inline())
        self.ledger = Ledger(self.disk, clock, owner=f"process-{next(_numbers)}")
        self.published = Published()
        self.store = StateStore(clock, self.published)
        self.supervisor = Supervisor(self.ledger, clock, self._make_worker)
        self._vendor = vendor

    async def start(self, *operations: Operation) -> "Exporter":
        await self.ledger.open()
        await self.apply_config(*operations)
        return self

    async def apply_config(self, *operations: Operation) -> None:
        self.store.apply_config(operations)
        await self.supervisor.apply_config(operations)
        self.supervisor.start()

    async def stop(self, patience: float = 4.0) -> None:
        ending = asyncio.ensure_future(self.supervisor.stop(patience))
        while not ending.done():
            await self.clock.run(0.1)
        await ending
        await self.ledger.close()

    async def kill(self) -> None:
        """As SIGKILL does: nothing is stored."""
        tasks = [*self.supervisor._tasks.values(), *([self.supervisor._keeper] if self.supervisor._keeper else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        with suppress(StorageError):
            await self.ledger.close()

    def worker(self, operation: str = "acme") -> Worker:
        return self.supervisor._workers[operation]

    def shown(self, campaign: str = "32841", window: str = "1h", operation: str = "acme") -> TargetState:
        """What is published of a target at this moment."""
        self.store.expire()
        return self.published.targets[TargetKey(operation, campaign, window)]

    def reason(self, campaign: str = "32841", window: str = "1h", operation: str = "acme") -> Reason | None:
        """Why the target's latest poll failed."""
        failure = self.shown(campaign, window, operation).failure
        return None if failure is None else failure.reason

    def figures(self, operation: str = "acme") -> OperationStats:
        """What is published of an operation at this moment."""
        self.store.expire()
        return self.published.operations[operation]

    def failed(self, reason: Reason, operation: str = "acme") -> int:
        """Polls of the operation that failed so."""
        return dict(self.figures(operation).failures)[reason]

    def _make_worker(self, operation: Operation) -> Worker:
        services = Services(ledger=self.ledger, api=self._vendor, store=self.store, clock=self.clock, random=Random(7))
        return Worker(operation, services)


Start = Callable[..., Awaitable[Exporter]]
"""Starts a process for the operations that it is called with."""
