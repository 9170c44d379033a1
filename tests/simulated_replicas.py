"""Replicas on one shared storage, each on a machine of its own with wrong clocks, over virtual time.

They can be killed, stopped for a while and cut off from the storage. The storage is a real one; only its clock is the
virtual one.
"""

import asyncio
import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count, pairwise
from random import Random
from typing import Any, TypeVar

from sqlalchemy import Connection, select
from support import Published, VirtualClock, good, operation, target

from exporter.clock import Clock, SharedClock
from exporter.model import LATEST_DEPARTURE, Failure, Operation, OperationStats, Reason, Report, Target, TimeRange
from exporter.polling.state_store import StateStore
from exporter.polling.supervisor import Supervisor
from exporter.polling.token_parts import Services
from exporter.polling.worker import Worker
from exporter.storage.database import Arrival, StorageError, StorageLostError
from exporter.storage.engine import Storage
from exporter.storage.ledger import Ledger
from exporter.storage.schema import tokens
from exporter.wolkvox.client import Answer

T = TypeVar("T")

INTERVAL, TIMEOUT = 30.0, 10.0

SILENCE = 6.0
"""Seconds after which a call that the network swallows is given up."""


@dataclass
class Sent:
    """One request as the vendor would log it, by the true time."""

    token: str
    campaign: str
    at: float
    end: float
    """Until when the vendor may be at work on it."""


class Machine:
    """The clocks of one machine; nothing wakes a process that is stopped."""

    def __init__(self, true: VirtualClock, skew: float, name: str) -> None:
        self._true, self.skew, self.boot = true, skew, name
        self._offset = 10 * skew
        self.going = asyncio.Event()
        self.going.set()

    def now(self) -> float:
        return self._true.now() + self.skew

    def monotonic(self) -> float:
        return self._true.monotonic() + self._offset

    def awake(self) -> float:
        return self._true.awake()

    async def sleep(self, seconds: float) -> None:
        await self._true.sleep(seconds)
        await self.going.wait()

    async def wait(self, event: asyncio.Event, seconds: float) -> None:
        await self._true.wait(event, seconds)
        await self.going.wait()


class Link:
    """One replica's way to the storage. Watches what passes: only who holds a lease may write about its token."""

    is_shared = True

    def __init__(self, storage: Storage, true: VirtualClock, machine: Machine, owner: str) -> None:
        self._storage, self._true, self._machine, self._owner = storage, true, machine, owner
        self.shared = SharedClock(machine)
        self.is_cut = False
        """Nothing comes through."""
        self.is_deaf = False
        """What is sent comes through, and no reply does."""
        self.delay = 0.0
        """How long each call takes."""
        self.wrong: list[str] = []

    @property
    def arrival(self) -> Arrival:
        return self._storage.arrival

    def clock(self, machine: Clock) -> Clock:
        return self.shared

    def lost(self) -> StorageLostError:
        return self._storage.lost()

    async def open(self, work: Callable[[Connection], None]) -> None:
        await self._storage.open(lambda connection: self._pass(connection, work))

    async def reopen(self, work: Callable[[Connection], None]) -> None:
        await self._storage.reopen(lambda connection: self._pass(connection, work))

    async def run(self, work: Callable[[Connection], T]) -> T:
        if self.is_cut:
            await self._machine.sleep(SILENCE)
            raise StorageError("storage: no answer")
        if self.delay:
            await self._machine.sleep(self.delay)
        result = await self._storage.run(lambda connection: self._watched(connection, work))
        if self.is_deaf:
            await self._machine.sleep(SILENCE)
            raise StorageError("storage: no answer")
        return result

    run_first = run

    async def close(self) -> None:
        await self._storage.close()

    def _pass(self, connection: Connection, work: Callable[[Connection], T]) -> T:
        self.shared.follow(self._machine.monotonic(), self._true.now())
        return work(connection)

    def _watched(self, connection: Connection, work: Callable[[Connection], T]) -> T:
        before = {row.token: row for row in connection.execute(select(tokens)).all()}
        result = self._pass(connection, work)
        for row in connection.execute(select(tokens)).all():
            self.wrong += self._judged(before.get(row.token), row)
        return result

    def _judged(self, before: Any, after: Any) -> Iterator[str]:
        if before is None:
            return
        taken = after.holder not in (before.holder, None)
        if after.epoch != before.epoch + taken or (taken and after.holder != self._owner):
            yield f"{self._owner}: epoch {before.epoch} to {after.epoch}, holder {before.holder} to {after.holder}"
        recorded = after.version != before.version or after.rest != before.rest
        if (recorded or after.flight not in (before.flight, None)) and before.holder not in (self._owner, None):
            yield f"{self._owner} recorded something of a token that {before.holder} holds"


class Replica:
    """One process, and the vendor's API as it reaches it."""

    def __init__(self, world: "World", storage: Storage, skew: float) -> None:
        owner = f"process-{next(world.numbers)}"
        self._world = world
        self.machine = Machine(world.clock, skew, owner)
        self.link = Link(storage, world.clock, self.machine, owner)
        self._ledger = Ledger(self.link, self.link.shared, owner)
        self.published = Published()
        self._store = StateStore(self.link.shared, self.published)
        self.supervisor = Supervisor(self._ledger, self.link.shared, self._make_worker)

    async def start(self) -> None:
        await self._ledger.open()
        self._store.apply_config(self._world.operations)
        await self.supervisor.apply_config(self._world.operations)
        self.supervisor.start()

    def held(self) -> set[str]:
        """The operations that it polls."""
        return {worker.operation.name for worker in self.supervisor.workers() if worker.session.held}

    def figures(self, name: str) -> OperationStats:
        """What its page shows of an operation at this moment."""
        self._store.expire()
        return self.published.operations[name]

    async def end(self) -> None:
        """End cleanly."""
        ending = asyncio.ensure_future(self.supervisor.stop(4.0))
        while not ending.done():
            await self._world.clock.run(0.1)
        closing = asyncio.ensure_future(self._ledger.close())
        while not closing.done():
            await self._world.clock.run(0.1)

    async def kill(self) -> None:
        """As SIGKILL does: nothing is stored."""
        supervisor = self.supervisor
        tasks = [one for one in (*supervisor._tasks.values(), supervisor._keeper, supervisor._watcher) if one]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        with contextlib.suppress(StorageError):
            await self.link.close()

    def _make_worker(self, operation: Operation) -> Worker:
        clock = self.link.shared
        services = Services(ledger=self._ledger, api=self, store=self._store, clock=clock, random=Random(1))  # type: ignore[arg-type]
        return Worker(operation, services)

    async def campaign_4(
        self, operation: Operation, target: Target, bounds: TimeRange, granted_at: float
    ) -> Answer[Report]:
        world, clock = self._world, self.link.shared
        await self.machine.sleep(world.random.choice(world.handshakes))
        now = clock.monotonic()
        if now >= granted_at + min(target.timeout, LATEST_DEPARTURE):
            return Answer(Failure(Reason.TIMEOUT, "late"), None, now - granted_at)
        sent = Sent(operation.name, target.key.campaign, world.clock.true, world.clock.true + target.timeout)
        world.log.append(sent)
        latency = world.random.choice(world.latencies)
        patience = granted_at + target.timeout - now
        await world.clock.sleep(min(latency, patience))
        if latency <= patience:  # else the vendor is at work for all of its time
            sent.end = world.clock.true
        await self.machine.going.wait()
        if latency > patience:
            return Answer(Failure(Reason.TIMEOUT, "no answer"), now, patience)
        return Answer(good(), now, latency)


@dataclass
class World:
    """Up to three replicas, and all that the vendor was asked."""

    clock: VirtualClock
    make_storage: Callable[[], Storage]
    random: Random
    names: Sequence[str] = ("acme", "globex", "initech", "umbrella", "wonka")
    campaigns: Sequence[str] = ("1", "2")
    timeout: float = TIMEOUT
    handshakes: Sequence[float] = (0.0, 0.0, 0.0, 2.0, 8.0)
    latencies: Sequence[float] = (0.2, 1.0, 3.0, 9.0, 200.0)
    places: list[Replica | None] = field(default_factory=lambda: [None, None, None])
    log: list[Sent] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    @property
    def operations(self) -> tuple[Operation, ...]:
        return tuple(
            operation(
                *(target(one, operation=name, interval=INTERVAL, timeout=self.timeout) for one in self.campaigns),
                name=name,
                token=f"token-of-{name}",
            )
            for name in self.names
        )

    @property
    def living(self) -> list[Replica]:
        return [one for one in self.places if one is not None]

    async def start(self, place: int) -> None:
        """Start a replica at a place; each place's machine has other clocks."""
        replica = Replica(self, self.make_storage(), (0.0, -300.0, 600.0)[place])
        self.places[place] = replica
        self.links.append(replica.link)
        await replica.start()

    async def turn(self, event: str, place: int) -> None:
        """Something happens to whoever is at a place."""
        replica = self.places[place]
        if replica is None:
            await self.start(place)
        elif event == "kill":
            self.places[place] = None
            await replica.kill()
        elif event == "end" and replica.machine.going.is_set():
            self.places[place] = None
            await replica.end()
        elif event == "stop":
            replica.machine.going.clear()
        elif event == "go":
            replica.machine.going.set()
        elif event == "cut":
            replica.link.is_cut = True
        elif event == "deafen":
            replica.link.is_deaf = True
        elif event == "join":
            replica.link.is_cut = replica.link.is_deaf = False
        elif event == "step":
            replica.machine.skew = -replica.machine.skew + 60.0

    async def heal(self) -> None:
        """Let everyone run and reach the storage, and at least one be there."""
        for replica in self.living:
            replica.machine.going.set()
            replica.link.is_cut = replica.link.is_deaf = False
        if not self.living:
            await self.start(0)

    async def end(self) -> None:
        for replica in self.living:
            await replica.kill()

    def broken_rules(self) -> list[str]:
        """What the vendor forbids and was done all the same, and what storage should have refused."""
        found = [text for link in self.links for text in link.wrong]
        for name in self.names:
            asked = sorted((one for one in self.log if one.token == name), key=lambda one: one.at)
            over = 0.0
            for one in asked:
                if one.at < over:
                    found.append(f"{name}: a request at {one.at:.3f} while one was in flight until {over:.3f}")
                over = max(over, one.end)
            for campaign in self.campaigns:
                moments = [one.at for one in asked if one.campaign == campaign]
                found += [
                    f"{name}: campaign {campaign} again after {after - before:.3f} s"
                    for before, after in pairwise(moments)
                    if after - before < INTERVAL
                ]
        return found
