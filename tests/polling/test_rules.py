"""The vendor's rules over simulated hours: crashes, reloads, clock steps, stopped processes, two processes."""

import asyncio
import contextlib
import sqlite3
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import TypeVar

import pytest
from discovered import HOUR, discovery, row
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr
from support import Inline, VirtualClock, operation, target

from exporter.model import (
    LATEST_DEPARTURE,
    TODAY,
    ApiName,
    CampaignFigures,
    CampaignsAnswer,
    Failure,
    LiveAnswer,
    LiveCampaign,
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
)
from exporter.polling.state_store import StateStore
from exporter.polling.supervisor import Supervisor
from exporter.polling.token_parts import Services
from exporter.polling.worker import Worker
from exporter.storage.database import Database
from exporter.storage.lease import RENEWAL_SECONDS
from exporter.storage.ledger import Ledger
from exporter.wolkvox.client import Answer

T = TypeVar("T")

INTERVAL = 300.0
HOURS = 2 * 3600.0
TIMEOUT = 60.0
CAMPAIGNS = ("1", "2", "3")
DAY = 86_400.0


@dataclass
class Sent:
    """One request as the vendor would log it."""

    token: str
    operation: str
    campaign: str
    window: str
    at: float
    end: float
    timed_out: bool = False
    """The process that sent it was awake all the while, and saw the time limit pass."""


@dataclass
class Vendor:
    """Answers after a random while, sometimes not at all; logs every request by the true time."""

    random: Random
    log: list[Sent] = field(default_factory=list)
    calls: int = 0
    """Requests that processes have put on record and begun, also those that have not left yet."""
    stalled: bool = False
    """It takes requests and answers none."""
    sources: list[tuple[str, str]] = field(default_factory=list)
    """Token and operation of whatever was answered. A report's attempts are the place in here, counted from 1."""
    events: list[tuple[float, str]] = field(default_factory=list)
    """What was done to the processes, by the true time."""

    def some_listed(self) -> CampaignsAnswer:
        """Some campaigns, some of them started."""
        chosen = [one for one in CAMPAIGNS if self.random.random() < 0.8]
        return CampaignsAnswer(tuple(row(one, started=self.random.random() < 0.6) for one in chosen))

    def some_live(self) -> LiveAnswer:
        """The same of the live answer."""
        chosen = [one for one in CAMPAIGNS if self.random.random() < 0.5]
        return LiveAnswer(tuple(LiveCampaign(one, started=self.random.random() < 0.6) for one in chosen))

    def place(self, token: str, operation: str) -> int:
        """How many attempts an answer to this token and operation has."""
        if (token, operation) not in self.sources:
            self.sources.append((token, operation))
        return self.sources.index((token, operation)) + 1


class Silent:
    """A page that nobody reads."""

    def set_target(self, target: Target, state: TargetState) -> None: ...
    def drop_target(self, key: TargetKey) -> None: ...
    def set_figures(self, operation: str, campaign: str, figures: CampaignFigures) -> None: ...
    def drop_figures(self, operation: str, campaign: str) -> None: ...
    def set_operation(self, figures: OperationStats) -> None: ...
    def drop_operation(self, name: str) -> None: ...


class Process:
    """One exporter process on the shared storage. It can be killed, and stopped for a while."""

    def __init__(self, clock: VirtualClock, vendor: Vendor, path: Path, number: int) -> None:
        self.true = clock
        self.vendor = vendor
        self.number = number
        self.boot = clock.boot
        self.going = asyncio.Event()
        self.going.set()
        self.database = Database(f"sqlite:///{path}", thread=Inline())
        self.ledger = Ledger(self.database, self, owner=f"process-{number}")
        self.store = StateStore(self, Silent())
        self.supervisor = Supervisor(self.ledger, self, self.worker_factory)
        self.flights: list[Sent] = []
        self.operations: tuple[Operation, ...] = ()

    # The clock as this process sees it: while it is stopped, nothing wakes it.
    def now(self) -> float:
        return self.true.now()

    def monotonic(self) -> float:
        return self.true.monotonic()

    def awake(self) -> float:
        return self.true.awake()

    async def sleep(self, seconds: float) -> None:
        await self.true.sleep(seconds)
        await self.going.wait()

    async def wait(self, event: asyncio.Event, seconds: float) -> None:
        await self.true.wait(event, seconds)
        await self.going.wait()

    def worker_factory(self, operation: Operation) -> Worker:
        services = Services(ledger=self.ledger, api=self, store=self.store, clock=self, random=Random(self.number))
        return Worker(operation, services)

    async def campaign_4(
        self, operation: Operation, target: Target, bounds: TimeRange, granted_at: float
    ) -> Answer[Report]:
        token, name = operation.token.get_secret_value(), target.key.operation
        sent = Sent(token, name, target.key.campaign, target.key.window, 0.0, 0.0)
        return await self.request(
            sent, target.timeout, granted_at, lambda: Report((Row("answer", self.vendor.place(token, name), 100.0),))
        )

    async def campaigns(self, operation: Operation, seconds: float, granted_at: float) -> Answer[CampaignsAnswer]:
        return await self.companion(operation, ApiName.CAMPAIGNS, seconds, granted_at, self.vendor.some_listed)

    async def real_time(self, operation: Operation, seconds: float, granted_at: float) -> Answer[LiveAnswer]:
        return await self.companion(operation, ApiName.REAL_TIME, seconds, granted_at, self.vendor.some_live)

    async def token_info(self, operation: Operation, seconds: float, granted_at: float) -> Answer[VendorQuota]:
        return await self.companion(operation, ApiName.TOKEN_INFO, seconds, granted_at, VendorQuota)

    async def companion(
        self, operation: Operation, api: ApiName, seconds: float, granted_at: float, make: Callable[[], T]
    ) -> Answer[T]:
        sent = Sent(operation.token.get_secret_value(), operation.name, "", api, 0.0, 0.0)
        return await self.request(sent, seconds, granted_at, make)

    async def request(self, sent: Sent, timeout: float, granted_at: float, make: Callable[[], T]) -> Answer[T]:
        """One request to whichever API, with what it answers where it answers at all."""
        self.vendor.calls += 1
        await asyncio.sleep(0)
        await self.going.wait()
        random = self.vendor.random
        await self.sleep(random.choice([0.0, 0.0, 0.0, 6.0, 14.0]))  # the handshake
        now = self.monotonic()
        if now >= granted_at + min(timeout, LATEST_DEPARTURE):
            return Answer(Failure(Reason.TIMEOUT, "late"), None, now - granted_at)
        latency = 1e6 if self.vendor.stalled else random.choice([0.2, 1.0, 3.0, 20.0, 200.0])
        end = min(latency, granted_at + timeout - now)
        # Until the process hears otherwise, the vendor is at work for as long as the request may take.
        sent.at, sent.end = self.true.true, self.true.true + timeout
        self.vendor.log.append(sent)
        await self.true.sleep(end)
        if latency <= end:  # else the vendor is at work for all of its time, which began with the departure
            sent.end = self.true.true
        sent.timed_out = latency > end and self.going.is_set()
        await self.going.wait()
        if latency > end:
            return Answer(Failure(Reason.TIMEOUT, "no answer"), now, end)
        reason = random.choice([None, None, None, Reason.CONNECT, Reason.CONCURRENCY, Reason.AUTH, Reason.SERVER_ERROR])
        if reason is None:
            return Answer(make(), now, end)
        return Answer(Failure(reason, "refused"), now, end)

    async def start(self, operations: tuple[Operation, ...]) -> None:
        await self.ledger.open()
        connection = self.database._connection
        assert connection is not None
        # No power is cut here, so nothing need reach the disk; and a lock fails at once, as it does in the end.
        for pragma in ("synchronous=OFF", "busy_timeout=0"):
            connection.connection.dbapi_connection.execute(f"PRAGMA {pragma}")  # type: ignore[union-attr]
        await self.apply_config(operations)

    async def apply_config(self, operations: tuple[Operation, ...]) -> None:
        self.operations = operations
        self.store.apply_config(operations)
        await self.supervisor.apply_config(operations)
        self.supervisor.start()

    async def kill(self) -> None:
        """As SIGKILL does: nothing is stored."""
        tasks = [*self.supervisor._tasks.values(), self.supervisor._keeper]
        for task in tasks:
            if task is not None:
                task.cancel()
        await asyncio.gather(*(task for task in tasks if task), return_exceptions=True)
        with contextlib.suppress(Exception):
            self.database._close()


def acme(*campaigns: str, name: str = "acme", budget: int | None = None) -> Operation:
    return operation(
        *(target(campaign, operation=name, interval=INTERVAL, timeout=TIMEOUT) for campaign in campaigns),
        name=name,
        budget=budget,
    )


COMPANION_INTERVALS = {ApiName.CAMPAIGNS: 600.0, ApiName.REAL_TIME: 300.0, ApiName.TOKEN_INFO: 450.0}


def finder(*targets: Target, name: str = "acme", token: str = "token-1") -> Operation:
    """An operation that finds its campaigns and asks every API."""
    found = discovery(windows=(HOUR, TODAY), refresh_interval=COMPANION_INTERVALS[ApiName.CAMPAIGNS])
    return replace(
        operation(name=name, token=token, discovery=found),
        targets=targets,
        live_interval=COMPANION_INTERVALS[ApiName.REAL_TIME],
        quota_interval=COMPANION_INTERVALS[ApiName.TOKEN_INFO],
    )


ARRANGEMENTS = (
    (acme(*CAMPAIGNS),),
    (acme("1"),),
    (acme(*CAMPAIGNS, name="renamed"),),
    (acme("2", "3"), operation(target("9", operation="other"), name="other", token="token-2")),
    (operation(target("1", operation="acme"), name="acme", token="token-2"),),
    (replace(acme(*CAMPAIGNS), token=SecretStr("token-2")),),
    (acme("1"), operation(target("1", operation="other"), name="other", token="token-2")),
    (replace(acme("1"), token=SecretStr("token-2")), operation(target("1", operation="other"), name="other")),
    (operation(target("1", "today", timeout=TIMEOUT), target("2", "yesterday", timeout=TIMEOUT), name="acme"),),
    (finder(),),
    (finder(name="renamed"),),
    (finder(token="token-2"),),
    (finder(target("2", timeout=TIMEOUT)),),
)

EVENTS = st.lists(
    st.tuples(
        st.floats(0.05, 400.0),
        st.sampled_from(
            [
                "start",
                "start",
                "kill",
                "kill",
                "stop",
                "go",
                "reload",
                "forward",
                "back",
                "end",
                "replace",
                "stall",
                "stall",
                "flow",
                "lock",
                "unlock",
                "midnight",
            ]
        ),
        st.integers(0, 1),
        st.sampled_from(ARRANGEMENTS),
    ),
    min_size=5,
    max_size=40,
)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who waits for a lock waits by the real clock."""
    monkeypatch.setattr("exporter.storage.database.BUSY_TIMEOUT", 0.01)


class Locker:
    """Another program that locks the storage file, as a backup does."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None

    def lock(self) -> None:
        if self._connection is None:
            self._connection = sqlite3.connect(self._path, isolation_level=None, timeout=0.0)
            with contextlib.suppress(sqlite3.OperationalError):  # a new file, or someone is faster
                self._connection.execute("BEGIN IMMEDIATE")

    def unlock(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def turn_world(event: str, clock: VirtualClock, vendor: Vendor, locker: Locker) -> None:
    """What happens to no process: the wall clock steps, the vendor stalls, the file is locked."""
    if event in {"forward", "back"}:
        clock.shift(3600.0 if event == "forward" else -3600.0)
    elif event == "midnight":  # in Bogota, five seconds from now
        clock.shift(DAY - (clock.now() - 5 * 3600.0) % DAY - 5.0)
    elif event in {"stall", "flow"}:
        vendor.stalled = event == "stall"
    elif event == "lock":
        locker.lock()
    elif event == "unlock":
        locker.unlock()


def may_lose(processes: dict[int, Process], slot: int) -> bool:
    """Whether somebody lives who knows what was asked, and goes on, and there is room for another process."""
    return slot not in processes and bool(processes) and all(one.going.is_set() for one in processes.values())


async def take_file_from(
    newcomer: Process, path: Path, arrangement: tuple[Operation, ...], clock: VirtualClock
) -> None:
    """Remove the file that others have open, and start a process at once."""
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    await newcomer.start(arrangement)
    await clock.run(RENEWAL_SECONDS + 1.0)  # the others notice, and store what they know


async def live(events: list[tuple[float, str, int, tuple[Operation, ...]]], seed: int, path: Path) -> Vendor:
    clock = VirtualClock()
    vendor = Vendor(Random(seed))
    locker, plans = Locker(path), Plans()
    processes: dict[int, Process] = {}
    started = 0
    for pause, event, slot, arrangement in [(1.0, "start", 0, ARRANGEMENTS[0]), *events]:
        process = processes.get(slot)
        if event in {"start", "replace"}:
            locker.unlock()  # a start waits for the file, and who removes it does not have it locked
        if event == "start" and process is None:
            started += 1
            processes[slot] = Process(clock, vendor, path, started)
            await processes[slot].start(arrangement)
        elif event == "replace" and may_lose(processes, slot):
            started += 1
            processes[slot] = Process(clock, vendor, path, started)
            await take_file_from(processes[slot], path, arrangement, clock)
        elif event == "kill" and process is not None:
            await processes.pop(slot).kill()
        elif event == "stop" and process is not None:
            process.going.clear()
        elif event == "go" and process is not None:
            process.going.set()
        elif event == "reload" and process is not None and process.going.is_set():
            await process.apply_config(arrangement)
        elif event == "end" and process is not None and process.going.is_set():
            ending = asyncio.ensure_future(processes.pop(slot).supervisor.stop(0.0))
            await clock.run(1.0)
            await ending
        else:
            turn_world(event, clock, vendor, locker)
        vendor.events.append((clock.true, event))
        plans.note(processes.values())
        await clock.run(pause)
        check_owners(processes.values(), vendor, plans)
    locker.unlock()
    await asyncio.gather(*(process.kill() for process in processes.values()))
    return vendor


Pair = tuple[str, str]
"""An operation's token and name."""


def pairs(operations: Iterable[Operation]) -> set[Pair]:
    return {(one.token.get_secret_value(), one.name) for one in operations}


class Plans:
    """What each operation was before it was given another name or another token."""

    def __init__(self) -> None:
        self._edits: list[set[Pair]] = []
        self._latest: dict[int, set[Pair]] = {}
        self._last: set[Pair] = set()
        self.agree = True
        """Whether processes that lived at once always had the same operations."""

    def note(self, processes: Iterable[Process]) -> None:
        """See what the processes are configured with now."""
        living = {process.number: pairs(process.operations) for process in processes}
        for number, now in living.items():
            for before in self._latest.get(number, self._last):
                self._edits += [{before, one} for one in now if one != before and set(one) & set(before)]
            self._last = now
        self._latest |= living
        self.agree &= all(one == self._last for one in living.values())

    def were(self, pair: Pair) -> set[Pair]:
        """All that an operation may have been."""
        found, before = {pair}, set[Pair]()
        while found != before:
            before = set(found)
            found = found.union(*(edit for edit in self._edits if edit & found))
        return found


def check_owners(processes: Iterable[Process], vendor: Vendor, plans: Plans) -> None:
    """Figures are the operation's own, also from before an edit, and no other operation's.

    Whose they are nobody can tell where one process takes for an edit what another one takes for two operations.
    """
    if not plans.agree:
        return
    for process in processes:
        for current in process.operations:
            own = current.token.get_secret_value(), current.name
            others = [one for one in process.operations if one is not current]
            for one in current.targets:
                entry = process.store.entry(one.key)
                data = None if entry is None or entry.state.stale else entry.state.data
                if data is not None:
                    source = vendor.sources[max(row.attempts for row in data.rows) - 1]
                    never = not set(source) & set(own) and source not in plans.were(own)
                    assert not never, "figures that never were the operation's"
                    foreign = {one.token.get_secret_value() for one in others}, {one.name for one in others}
                    assert source[0] == own[0] or source[0] not in foreign[0], "figures of another's token"
                    assert source[1] == own[1] or source[1] not in foreign[1], "figures of another's name"


def is_disturbed(vendor: Vendor, begun: float, seen: float, end: float) -> bool:
    """Whether two time-outs may be unknown to whoever sends next: seen by another process, or of another plan."""
    lives = {"start", "replace", "kill", "stop", "go", "end"}
    return any(
        (begun <= at <= seen and event in lives) or (begun <= at <= end and event == "reload")
        for at, event in vendor.events
    )


def check_intervals(log: list[Sent]) -> None:
    """An interval is the operation's, whatever the token: of any three requests the outer two are one apart."""
    by_name: dict[tuple[str, str, str], list[float]] = {}
    for sent in sorted(log, key=lambda one: one.at):
        by_name.setdefault((sent.operation, sent.campaign, sent.window), []).append(sent.at)
    for moments in by_name.values():
        gaps = [third - first for first, third in zip(moments, moments[2:], strict=False)]
        assert all(gap >= INTERVAL - 1e-6 for gap in gaps), "early, with another token"


def check_companions(log: list[Sent]) -> None:
    """An API is asked once an interval, by its operation's name and by its token, and never a second time."""
    moments: dict[tuple[str, str], list[float]] = {}
    for sent in sorted(log, key=lambda one: one.at):
        for owner in (f"name {sent.operation}", f"token {sent.token}"):
            moments.setdefault((owner, sent.window), []).append(sent.at)
    for (owner, api), found in moments.items():
        interval = COMPANION_INTERVALS[ApiName(api)]
        assert all(after - before >= interval - 1e-6 for before, after in pairwise(found)), f"{api} early, by {owner}"


def check_life(events: list[tuple[float, str, int, tuple[Operation, ...]]], seed: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        vendor = asyncio.run(live(events, seed, Path(folder) / "kept.db"))
    check_companions([sent for sent in vendor.log if not sent.campaign])
    check_intervals([sent for sent in vendor.log if sent.campaign])
    by_token: dict[str, list[Sent]] = {}
    for sent in sorted(vendor.log, key=lambda one: one.at):
        by_token.setdefault(sent.token, []).append(sent)
    for requests in by_token.values():
        assert all(before.end <= after.at + 1e-6 for before, after in pairwise(requests)), "two at once on a token"
        polls = [one for one in requests if one.campaign]
        for first, second, third in zip(polls, polls[1:], polls[2:], strict=False):
            # A request that timed out may still lie in the vendor's queue: no third one joins two of them.
            stalled = first.timed_out and second.timed_out and first.campaign != second.campaign
            if stalled and not is_disturbed(vendor, first.at, second.end, third.at):
                assert third.at - second.at >= INTERVAL - 1e-6, "no rest while the vendor stalls"
        for subject in {(one.campaign, one.window) for one in polls}:
            moments = [one.at for one in polls if (one.campaign, one.window) == subject]
            # A poll may send twice, so of any three requests the outer two are an interval apart.
            gaps = [third - first for first, third in zip(moments, moments[2:], strict=False)]
            assert all(gap >= INTERVAL - 1e-6 for gap in gaps), "early"
            retries = [b - a for a, b in pairwise(moments) if b - a < INTERVAL - 1e-6]
            # A process that is stopped before its retry sends it whenever it goes on.
            latest = (
                INTERVAL if any(event == "stop" for _, event, _, _ in events) else TIMEOUT + 13.0 + LATEST_DEPARTURE
            )
            assert all(2.0 <= gap <= latest for gap in retries), "early, and no retry"


SWAPPED = [
    (30.0, "reload", 0, ARRANGEMENTS[6]),
    (320.0, "go", 0, ARRANGEMENTS[6]),
    (0.5, "reload", 0, ARRANGEMENTS[7]),
    (30.0, "reload", 0, ARRANGEMENTS[6]),
]
"""Two operations swap their tokens, and swap them back."""

ROTATED = [
    (40.0, "start", 1, ARRANGEMENTS[5]),
    (400.0, "go", 0, ARRANGEMENTS[0]),
    (30.0, "go", 0, ARRANGEMENTS[0]),
]
"""A token is rotated in a second process, beside the first that has the old one."""

KILLED = [
    (15.0, "go", 0, ARRANGEMENTS[0]),
    (0.1, "kill", 0, ARRANGEMENTS[0]),
    (200.0, "start", 0, ARRANGEMENTS[0]),
]
"""A process is killed right after a request with a slow handshake has left, and another starts at once."""

REMOVED = [
    (10.0, "replace", 1, ARRANGEMENTS[0]),
    (400.0, "go", 0, ARRANGEMENTS[0]),
]
"""The file is removed under a process that polls, and a second process starts at once."""

STALLED = [
    (400.0, "stall", 0, ARRANGEMENTS[0]),
    (400.0, "go", 0, ARRANGEMENTS[0]),
]
"""The vendor takes requests and answers none."""

LOCKED = [
    (20.0, "lock", 0, ARRANGEMENTS[0]),
    (30.0, "reload", 0, ARRANGEMENTS[2]),
    (30.0, "reload", 0, ARRANGEMENTS[6]),
    (400.0, "unlock", 0, ARRANGEMENTS[0]),
    (400.0, "reload", 0, ARRANGEMENTS[0]),
]
"""The configuration is edited while the storage file is locked."""

FOUND = [
    (400.0, "reload", 0, ARRANGEMENTS[9]),
    (900.0, "kill", 0, ARRANGEMENTS[9]),
    (100.0, "start", 0, ARRANGEMENTS[10]),
    (900.0, "start", 1, ARRANGEMENTS[9]),
    (400.0, "reload", 0, ARRANGEMENTS[11]),
    (900.0, "kill", 0, ARRANGEMENTS[9]),
    (900.0, "reload", 1, ARRANGEMENTS[12]),
    (900.0, "midnight", 1, ARRANGEMENTS[12]),
    (900.0, "go", 1, ARRANGEMENTS[12]),
]
"""An operation that finds its campaigns over a reload, a crash, another name, another token, and a second process."""

MIDNIGHTS = [
    (30.0, "reload", 0, ARRANGEMENTS[8]),
    (1_000.0, "midnight", 0, ARRANGEMENTS[8]),
    (100.0, "midnight", 0, ARRANGEMENTS[8]),
    (4_000.0, "kill", 0, ARRANGEMENTS[8]),
    (400.0, "start", 0, ARRANGEMENTS[8]),
]
"""Windows of the calendar over two midnights and a crash."""


@pytest.mark.parametrize(
    "events",
    [
        pytest.param(SWAPPED, id="swapped"),
        pytest.param(ROTATED, id="rotated"),
        pytest.param(KILLED, id="killed"),
        pytest.param(REMOVED, id="removed"),
        pytest.param(STALLED, id="stalled"),
        pytest.param(LOCKED, id="locked"),
        pytest.param(FOUND, id="found"),
        pytest.param(MIDNIGHTS, id="midnights"),
    ],
)
@pytest.mark.parametrize("seed", range(4))
def test_lives_that_once_broke_a_rule(events: list[tuple[float, str, int, tuple[Operation, ...]]], seed: int) -> None:
    check_life(events, seed)


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(events=EVENTS, seed=st.integers(0, 2**32))
def test_no_rule_is_broken_whatever_happens(
    events: list[tuple[float, str, int, tuple[Operation, ...]]], seed: int
) -> None:
    check_life(events, seed)


@pytest.mark.soak
@settings(max_examples=500, deadline=None, suppress_health_check=list(HealthCheck))
@given(events=EVENTS, seed=st.integers(0, 2**32))
def test_no_rule_is_broken_in_many_lives(
    events: list[tuple[float, str, int, tuple[Operation, ...]]], seed: int
) -> None:
    check_life(events, seed)


@settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 2**32), slow=st.integers(1, 25))
def test_left_alone_every_campaign_is_polled_and_the_count_is_exact(seed: int, slow: int) -> None:
    campaigns = tuple(str(number) for number in range(slow))

    async def scenario(path: Path) -> tuple[Vendor, int, list[int]]:
        clock = VirtualClock()
        vendor = Vendor(Random(seed))
        process = Process(clock, vendor, path, 1)
        await process.start((acme(*campaigns),))
        await clock.run(HOURS)
        used = process.store.stats.figures("acme").requests
        polls = [entry.state.polls for entry in process.store.entries()]
        await process.kill()
        return vendor, used, polls

    with tempfile.TemporaryDirectory() as folder:
        vendor, used, polls = asyncio.run(scenario(Path(folder) / "kept.db"))
    assert vendor.calls == used
    assert 0 <= used - len(vendor.log) <= 1, "the last one may still be in its handshake"
    # At worst each request leaves as late as it may, takes the whole time limit, and each poll is tried twice.
    worst = max(2 * INTERVAL, slow * (TIMEOUT + 13.0 + LATEST_DEPARTURE))
    assert min(polls) >= int(HOURS / (INTERVAL + worst))


@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 2**32), healthy=st.floats(1.0, 900.0), stalled=st.floats(600.0, 3000.0))
def test_a_vendor_that_stalls_is_asked_once_an_interval_and_by_all_campaigns_in_turn(
    seed: int, healthy: float, stalled: float
) -> None:
    campaigns = tuple("123456")

    async def scenario(path: Path) -> tuple[list[Sent], list[Sent]]:
        clock = VirtualClock()
        vendor = Vendor(Random(seed))
        process = Process(clock, vendor, path, 1)
        await process.start((acme(*campaigns),))
        await clock.run(healthy)
        vendor.stalled, before = True, len(vendor.log)
        await clock.run(stalled)
        vendor.stalled, during = False, len(vendor.log)
        await clock.run(3 * INTERVAL)
        await process.kill()
        return vendor.log[before:during], vendor.log[during:]

    with tempfile.TemporaryDirectory() as folder:
        during, after = asyncio.run(scenario(Path(folder) / "kept.db"))
    # Two find out; the first of them may have been on its way when the vendor stalled, and not count.
    assert len(during) <= 3 + stalled / INTERVAL
    turns = [sent.campaign for sent in during[2:]]
    assert all(len(set(some)) == len(some) for some in zip(*(turns[start:] for start in range(4)), strict=False))
    assert {sent.campaign for sent in after} <= set(campaigns)
