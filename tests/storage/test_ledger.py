"""What the ledger lets leave, and what it remembers of it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text
from support import Disk, Inline, VirtualClock, bad, operation, target

from exporter.clock import stamp
from exporter.model import LATEST_DEPARTURE, NOTHING_KNOWN, LeaseWait, Reason, TargetKey, TargetState, WaitCause
from exporter.storage.database import StorageError, StorageLostError
from exporter.storage.engine import Storage
from exporter.storage.lease import FLIGHT_MARGIN, LEASE_SECONDS, RENEWAL_SECONDS
from exporter.storage.ledger import Ledger
from exporter.storage.request import (
    BudgetExhaustedError,
    Changes,
    Grant,
    NotOwnerError,
    PollResult,
    Request,
    StoredCooldown,
    TooEarlyError,
)

KEY = TargetKey("acme", "32841", "1h")
DAY = "2026-09-21"

Open = Callable[..., Awaitable[Ledger]]

ON_FILE = pytest.mark.parametrize("engine", ["sqlite"])
"""About a file, which can be lost, replaced and locked."""


@pytest.fixture
async def opened(clock: VirtualClock, storage: Callable[[], Storage]) -> AsyncIterator[Open]:
    """Open the database under a name; the token of the usual operation is adopted."""
    ledgers = []

    async def ledger(owner: str) -> Ledger:
        ledger = Ledger(storage(), clock, owner)
        ledgers.append(ledger)
        await ledger.open()
        await ledger.records.adopt(operation())
        return ledger

    yield ledger
    for one in ledgers:
        await one.close()


def token(ledger: Ledger, name: str = "token-1") -> str:
    return ledger.hash(operation(token=name).token)


def request(ledger: Ledger, *, interval: float = 300.0, budget: int | None = None, timeout: float = 60.0) -> Request:
    return Request(token(ledger), target(timeout=timeout), DAY, budget, interval)


async def holding(opened: Open, owner: str = "one") -> Ledger:
    ledger = await opened(owner)
    assert await ledger.leases.acquire(token(ledger), 60.0)
    return ledger


async def land(ledger: Ledger, grant: Grant, rest: StoredCooldown | None = None) -> None:
    known = TargetState(asked=grant.at, polled=grant.at)
    await ledger.finish(token(ledger), PollResult(target(), "http://vendor", known), rest)


@ON_FILE
async def test_a_token_is_kept_as_a_hash_under_a_key_of_the_file(opened: Open, tmp_path: Path, file: Path) -> None:
    ledger = await holding(opened)
    await ledger.begin(request(ledger))
    again = await opened("two")
    other = Ledger(Disk("sqlite://", thread=Inline()), VirtualClock(), "three")
    await other.open()
    assert token(ledger) == token(again) != token(other)
    assert token(ledger) != token(ledger, "token-2")
    await other.close()
    kept = b"".join(path.read_bytes() for path in sorted(tmp_path.iterdir()))
    assert token(ledger).encode() in kept
    assert b"token-1" not in kept


async def test_a_request_is_durable_when_it_is_granted(opened: Open, clock: VirtualClock) -> None:
    ledger = await holding(opened)
    grant = await ledger.begin(request(ledger))
    assert grant == Grant(stamp(clock), used=1)
    other = await opened("two")
    assert (await other.records.adopt(operation()))[KEY].asked == grant.at
    assert await other.records.used("acme", DAY) == 1


async def test_without_the_lease_nothing_leaves(opened: Open) -> None:
    ledger = await opened("one")
    with pytest.raises(NotOwnerError):
        await ledger.begin(request(ledger))
    await holding(opened, "two")
    with pytest.raises(NotOwnerError):
        await ledger.begin(request(ledger))
    assert await ledger.records.used("acme", DAY) == 0


async def test_before_its_interval_is_over_nothing_leaves(opened: Open, clock: VirtualClock) -> None:
    ledger = await holding(opened)
    await land(ledger, await ledger.begin(request(ledger)))
    await clock.run(100.0)
    with pytest.raises(TooEarlyError, match=r"may be asked in 200\.0 s") as refused:
        await ledger.begin(request(ledger))
    assert refused.value.wait == pytest.approx(200.0)
    assert await ledger.records.used("acme", DAY) == 1
    await clock.run(200.0)
    assert (await ledger.begin(request(ledger))).used == 2


async def test_a_retry_needs_no_interval(opened: Open) -> None:
    ledger = await holding(opened)
    await ledger.begin(request(ledger))
    assert (await ledger.begin(request(ledger, interval=0.0))).used == 2


async def test_over_the_budget_nothing_leaves_and_nothing_is_counted(opened: Open) -> None:
    ledger = await holding(opened)
    await ledger.begin(request(ledger, budget=1))
    for _ in range(3):
        with pytest.raises(BudgetExhaustedError):
            await ledger.begin(request(ledger, interval=0.0, budget=1))
    assert await ledger.records.used("acme", DAY) == 1
    next_day = replace(request(ledger, interval=0.0, budget=1), day="2026-09-22")
    assert (await ledger.begin(next_day)).used == 1


@ON_FILE
async def test_what_cannot_be_recorded_does_not_leave(opened: Open, file: Path) -> None:
    ledger = await holding(opened)
    ledger._database.trouble = StorageError("storage kept.db: disk full")  # type: ignore[attr-defined]
    with pytest.raises(StorageError, match="disk full"):
        await ledger.begin(request(ledger))
    ledger._database.trouble = None  # type: ignore[attr-defined]
    assert (await ledger.begin(request(ledger))).used == 1


async def test_a_lease_is_for_one_at_a_time(opened: Open) -> None:
    first, second = await holding(opened), await opened("two")
    assert not await second.leases.acquire(token(second), 60.0)
    assert await first.leases.acquire(token(first), 60.0), "again is no harm"
    assert await first.leases.renew() == {token(first)}
    assert await second.leases.renew() == frozenset()


async def test_only_idle_leases_are_given_up(opened: Open) -> None:
    first, second = await holding(opened), await opened("two")
    grant = await first.begin(request(first))
    await first.leases.release([token(first)])
    assert not await second.leases.acquire(token(second), 60.0)
    await first.leases.acquire(token(first), 60.0)
    await land(first, grant)
    await first.leases.release([token(first)])
    assert await second.leases.acquire(token(second), 60.0)
    assert await first.leases.renew() == frozenset()


async def test_a_silent_holder_is_dead_after_30_s_and_not_earlier(opened: Open, clock: VirtualClock) -> None:
    first, second = await holding(opened), await opened("two")
    await clock.run(20.0)
    await first.leases.renew()
    await clock.run(LEASE_SECONDS - 0.1)
    assert not await second.leases.acquire(token(second), 60.0)
    await clock.run(0.1)
    assert await second.leases.acquire(token(second), 60.0)
    with pytest.raises(NotOwnerError):
        await first.begin(request(first))


async def test_a_request_without_an_end_is_in_flight_until_its_time_limit(opened: Open, clock: VirtualClock) -> None:
    first, second = await holding(opened), await opened("two")
    await first.begin(request(first, timeout=90.0))
    await clock.run(90.0 + LATEST_DEPARTURE + FLIGHT_MARGIN - 0.1)
    assert not await second.leases.acquire(token(second), 60.0)
    await clock.run(0.1)
    assert await second.leases.acquire(token(second), 60.0)


async def test_a_short_time_limit_may_be_spent_on_connecting_whole(opened: Open, clock: VirtualClock) -> None:
    first, second = await holding(opened), await opened("two")
    await first.begin(request(first, timeout=14.0))
    await clock.run(LEASE_SECONDS - 2.0 + FLIGHT_MARGIN - 0.1)
    await first._database.run(lambda connection: connection.execute(text("update tokens set holder = null")))
    assert not await second.leases.acquire(token(second), 14.0)
    await clock.run(0.1)
    assert await second.leases.acquire(token(second), 14.0)


async def test_what_is_waited_for_is_told_and_until_when(opened: Open, clock: VirtualClock) -> None:
    first, second = await holding(opened), await opened("two")
    assert second.leases.waiting(token(second)) is None
    await first.begin(request(first, timeout=60.0))
    began = clock.now()

    async def wait() -> LeaseWait | None:
        await second.leases.acquire(token(second), 60.0)
        return second.leases.waiting(token(second))

    assert await wait() == LeaseWait(WaitCause.PROCESS, None)
    await clock.run(RENEWAL_SECONDS + 3.0)
    assert await wait() == LeaseWait(WaitCause.SILENCE, began + 77.0), "dead after 30 s, and in flight for longer"
    await clock.run(LEASE_SECONDS)
    assert await wait() == LeaseWait(WaitCause.REQUEST, began + 77.0)
    await clock.run(60.0)
    assert await wait() is None


@pytest.mark.parametrize("step", [3600.0, -3600.0])
async def test_a_step_of_the_wall_clock_kills_no_holder(opened: Open, clock: VirtualClock, step: float) -> None:
    first, second = await holding(opened), await opened("two")
    clock.shift(step)
    assert not await second.leases.acquire(token(second), 60.0)
    await clock.run(LEASE_SECONDS)
    assert await second.leases.acquire(token(second), 60.0)
    assert await first.leases.renew() == frozenset()


async def test_silence_of_an_earlier_boot_is_watched_where_the_wall_clock_was_set_back(
    opened: Open, clock: VirtualClock
) -> None:
    first = await holding(opened)
    await first.begin(request(first, timeout=50.0))
    clock.reboot()
    clock.shift(-3600.0)
    second = await opened("two")
    assert not await second.leases.acquire(token(second), 60.0)
    await clock.run(50.0 + LATEST_DEPARTURE)
    assert not await second.leases.acquire(token(second), 60.0)
    await clock.run(FLIGHT_MARGIN)
    assert await second.leases.acquire(token(second), 60.0)


async def test_an_outcome_of_a_lease_that_was_lost_is_not_stored(opened: Open, clock: VirtualClock) -> None:
    first, second = await holding(opened), await opened("two")
    grant = await first.begin(request(first))
    await clock.run(77.0)
    assert await second.leases.acquire(token(second), 60.0)
    await land(first, grant, StoredCooldown(bad(Reason.AUTH), grant.at))
    assert await second.leases.rest(token(second)) is None
    assert (await second.records.adopt(operation()))[KEY].polled is None


async def test_nor_where_the_one_that_took_over_has_given_the_lease_up_again(opened: Open, clock: VirtualClock) -> None:
    first, second = await holding(opened), await opened("two")
    grant = await first.begin(request(first))
    await clock.run(77.0)
    assert await second.leases.acquire(token(second), 60.0)
    await land(second, later := await second.begin(request(second, interval=0.0)))
    assert await second.leases.release([token(second)])
    await land(first, grant, StoredCooldown(bad(Reason.AUTH), grant.at))
    assert (await second.records.adopt(operation()))[KEY].asked == later.at
    assert await first.leases.acquire(token(first), 60.0)
    assert await first.leases.rest(token(first)) is None
    with pytest.raises(TooEarlyError):
        await first.begin(request(first))


async def test_a_rest_is_kept_until_it_is_over(opened: Open) -> None:
    ledger = await holding(opened)
    assert await ledger.leases.rest("unheard of") is None
    rest = StoredCooldown(bad(Reason.QUOTA), (grant := await ledger.begin(request(ledger))).at)
    await land(ledger, grant, rest)
    assert await ledger.leases.rest(token(ledger)) == rest
    await land(ledger, grant)
    assert await ledger.leases.rest(token(ledger)) is None


async def test_an_outcome_does_not_take_back_that_a_request_left(opened: Open, clock: VirtualClock) -> None:
    ledger = await holding(opened)
    await ledger.begin(request(ledger))
    await clock.run(10.0)
    await ledger.finish(token(ledger), PollResult(target(), "http://vendor", NOTHING_KNOWN), None)
    with pytest.raises(TooEarlyError):
        await ledger.begin(request(ledger))
    other = await opened("two")
    found = (await other.records.adopt(operation()))[KEY].asked
    assert found is not None
    assert found.wall == clock.now() - 10.0


async def test_a_standby_reads_what_is_new(opened: Open) -> None:
    first, second = await holding(opened), await opened("two")
    found = await second.records.read(operation(), -1)
    version = found.version
    assert found.known[KEY] == NOTHING_KNOWN
    assert await second.records.read(operation(), version) == Changes(version, {})
    await land(first, await first.begin(request(first)))
    changes = await second.records.read(operation(), version)
    assert changes.version == version + 1
    assert list(changes.known) == [KEY]
    rotated = await second.records.read(operation(token="token-2"), -1)
    assert rotated == Changes(0, changes.known), "also before anything was stored with the new token"


async def test_a_result_seen_in_one_window_is_no_news_of_another_ones_report(opened: Open) -> None:
    both = operation(target(), target(window="30m"))
    first, second = await opened("one"), await opened("two")
    for one in (first, second):
        one.apply_config([both])
        await one.records.adopt(both)
    assert await first.leases.acquire(token(first), 60.0)
    version = (await second.records.read(both, -1)).version
    grant = await first.begin(request(first))
    known = TargetState(asked=grant.at, polled=grant.at, seen=("mailbox",))
    await first.finish(token(first), PollResult(target(), "http://vendor", known), None)
    assert (await second.records.read(both, version)).known == {KEY: known}


async def test_what_another_operation_asked_with_its_token_is_no_news_of_a_report(opened: Open) -> None:
    """As in a process whose reload has swapped two tokens already."""
    first, second = await holding(opened), await opened("two")
    second.apply_config([operation(), operation(target(operation="globex"), name="globex", token="token-2")])
    await land(first, await first.begin(request(first)))
    before = await second.records.read(operation(), -1)
    assert before.known[KEY].polled is not None
    swapped = operation(target(operation="globex"), name="globex")
    first.apply_config([swapped])
    await first.records.adopt(swapped)
    grant = await first.begin(Request(token(first), swapped.targets[0], DAY, None, 0.0))
    known = TargetState(asked=grant.at, polled=grant.at)
    await first.finish(token(first), PollResult(swapped.targets[0], "http://vendor", known), None)
    assert await second.records.read(operation(), before.version) == Changes(before.version + 1, {})


async def test_another_token_of_the_operation_inherits_when_it_was_asked(opened: Open, clock: VirtualClock) -> None:
    ledger = await holding(opened)
    grant = await ledger.begin(request(ledger))
    await land(ledger, grant)
    rotated = operation(token="token-2")
    assert (await ledger.records.adopt(rotated))[KEY].asked == grant.at
    assert await ledger.leases.acquire(token(ledger, "token-2"), 60.0)
    with pytest.raises(TooEarlyError):
        await ledger.begin(replace(request(ledger), token=token(ledger, "token-2")))


def remove(file: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        file.with_name(file.name + suffix).unlink(missing_ok=True)


@ON_FILE
async def test_a_lost_file_is_made_anew_with_key_counts_moments_and_results_and_nothing_is_held(
    opened: Open, file: Path, clock: VirtualClock
) -> None:
    first, second = await holding(opened), await opened("two")
    grant = await first.begin(request(first))
    await land(first, grant)
    before = token(first)
    remove(file)
    await clock.run(20.0)
    with pytest.raises(StorageLostError):
        await first.begin(request(first))
    with pytest.raises(StorageLostError):
        await second.leases.acquire(token(second), 60.0)
    made = clock.now()
    for ledger in (first, second):
        assert await ledger.leases.renew() == frozenset()
        assert not await ledger.leases.acquire(before, 60.0)
        assert ledger.leases.waiting(before) == LeaseWait(WaitCause.STORAGE, made + 77.0)
    third = await opened("three")
    assert token(third) == before
    assert await third.records.used("acme", DAY) == 1
    assert (await third.records.adopt(operation()))[KEY].polled == grant.at
    await clock.run(60.0 + LATEST_DEPARTURE + FLIGHT_MARGIN)
    assert await first.leases.acquire(before, 60.0)
    with pytest.raises(TooEarlyError):
        await first.begin(request(first))


@ON_FILE
async def test_who_finds_a_file_that_another_process_made_takes_its_key_and_holds_nothing(
    opened: Open, file: Path, clock: VirtualClock
) -> None:
    first = await holding(opened)
    await land(first, await first.begin(request(first)))
    before = token(first)
    remove(file)
    second = await opened("two")
    assert token(second) != before
    assert not await second.leases.acquire(token(second), 60.0)
    wait = second.leases.waiting(token(second))
    assert wait is not None
    assert wait.cause is WaitCause.STORAGE
    with pytest.raises(StorageLostError):
        await first.leases.renew()
    assert token(first) == token(second)
    assert await first.leases.renew() == frozenset()
    assert await second.records.used("acme", DAY) == 1, "what the first knew is in the new file"
    await clock.run(78.0)
    assert await second.leases.acquire(token(second), 60.0)
    assert not await first.leases.acquire(token(first), 60.0)
    with pytest.raises(TooEarlyError):
        await second.begin(request(second))


@ON_FILE
async def test_a_short_time_limit_still_leaves_time_to_notice(opened: Open, file: Path, clock: VirtualClock) -> None:
    await holding(opened)
    remove(file)
    second = await opened("two")
    assert not await second.leases.acquire(token(second), 1.0)
    await clock.run(RENEWAL_SECONDS)
    assert not await second.leases.acquire(token(second), 1.0)
    await clock.run(3.0)
    assert await second.leases.acquire(token(second), 1.0)


@ON_FILE
@pytest.mark.parametrize("left", ["-wal", "-shm"])
async def test_what_a_process_left_beside_a_file_that_is_gone_tells_of_it(opened: Open, file: Path, left: str) -> None:
    file.with_name(file.name + left).touch()
    ledger = await opened("one")
    assert not await ledger.leases.acquire(token(ledger), 60.0)


@ON_FILE
async def test_a_first_file_is_not_waited_for(opened: Open, file: Path) -> None:
    other = Ledger(Disk(f"sqlite:///{file}.other", thread=Inline()), VirtualClock(), "of another file")
    await other.open()
    ledger = await opened("one")
    assert await ledger.leases.acquire(token(ledger), 60.0)
    await other.close()


@ON_FILE
@pytest.mark.parametrize("who", ["the same process", "another one, which made the file"])
async def test_a_rest_outlives_the_file(opened: Open, file: Path, clock: VirtualClock, who: str) -> None:
    ledger = await holding(opened)
    ledger.apply_config([operation()])
    grant = await ledger.begin(request(ledger))
    await land(ledger, grant, rest := StoredCooldown(bad(Reason.QUOTA), grant.at))
    remove(file)
    other = await opened("two") if who != "the same process" else ledger
    if other is not ledger:
        assert not await other.leases.acquire(token(other), 60.0)
    with pytest.raises(StorageLostError):
        await ledger.leases.renew()
    await clock.run(130.0)
    assert await other.leases.acquire(token(other), 60.0)
    assert await other.leases.rest(token(other)) == rest


@ON_FILE
@pytest.mark.parametrize("noticed", [True, False])
async def test_a_rest_that_a_request_brings_after_the_file_was_lost_is_stored_in_the_new_one(
    opened: Open, file: Path, clock: VirtualClock, *, noticed: bool
) -> None:
    ledger = await holding(opened)
    ledger.apply_config([operation()])
    grant = await ledger.begin(request(ledger))
    remove(file)
    if noticed:
        other = await opened("two")
        assert not await other.leases.acquire(token(other), 60.0)
    with pytest.raises(StorageLostError):
        await ledger.leases.renew()
    await land(ledger, grant, rest := StoredCooldown(bad(Reason.QUOTA), grant.at))
    await clock.run(130.0)
    assert await ledger.leases.acquire(token(ledger), 60.0)
    assert await ledger.leases.rest(token(ledger)) == rest


@ON_FILE
async def test_a_rest_that_is_over_does_not_come_back_with_the_file(
    opened: Open, file: Path, clock: VirtualClock
) -> None:
    ledger = await holding(opened)
    ledger.apply_config([operation()])
    grant = await ledger.begin(request(ledger))
    await land(ledger, grant, StoredCooldown(bad(Reason.QUOTA), grant.at))
    await ledger.put_rest(token(ledger), None)
    remove(file)
    with pytest.raises(StorageLostError):
        await ledger.leases.renew()
    await clock.run(130.0)
    assert await ledger.leases.acquire(token(ledger), 60.0)
    assert await ledger.leases.rest(token(ledger)) is None


@ON_FILE
async def test_an_emptied_file_is_a_lost_one(opened: Open, file: Path) -> None:
    ledger = await holding(opened)
    file.write_bytes(b"")
    with pytest.raises(StorageLostError):
        await ledger._database.run(lambda connection: None)


@ON_FILE
async def test_an_answer_that_comes_after_the_loss_is_stored(opened: Open, file: Path) -> None:
    ledger = await holding(opened)
    grant = await ledger.begin(request(ledger))
    remove(file)
    with pytest.raises(StorageLostError):
        await ledger.leases.renew()
    await land(ledger, grant)
    assert (await ledger.records.adopt(operation()))[KEY].polled == grant.at


async def test_the_interval_holds_for_every_token_of_the_operation(opened: Open, clock: VirtualClock) -> None:
    """The documented upgrade with a rotated token: the second process begins beside the first."""
    first, second = await holding(opened), await opened("two")
    other = token(second, "token-2")
    await second.records.adopt(operation(token="token-2"))
    assert await second.leases.acquire(other, 60.0)
    await clock.run(10.0)
    grant = await first.begin(request(first))
    await land(first, grant)
    rotated = replace(request(second), token=other)
    with pytest.raises(TooEarlyError, match=r"300\.0 s"):
        await second.begin(rotated)
    known = await second.records.known(operation(token="token-2"), target())
    assert (known.asked, known.polled) == (grant.at, grant.at)
    assert await second.records.known(operation(token="token-2"), target("unheard of")) == NOTHING_KNOWN
    await clock.run(300.0)
    await second.begin(rotated)
    with pytest.raises(TooEarlyError):
        await first.begin(request(first))


async def test_a_request_without_an_end_may_have_left_late(opened: Open, clock: VirtualClock) -> None:
    first = await holding(opened)
    await first.begin(request(first))
    second = await opened("two")
    await second.records.adopt(operation(token="token-2"))
    assert await second.leases.acquire(token(second, "token-2"), 60.0)
    await clock.run(300.0)
    with pytest.raises(TooEarlyError, match=r"16\.0 s"):
        await second.begin(replace(request(second), token=token(second, "token-2")))
    await clock.run(LATEST_DEPARTURE)
    await second.begin(replace(request(second), token=token(second, "token-2")))


async def test_a_row_that_is_gone_is_stored_again(opened: Open) -> None:
    ledger = await holding(opened)
    await ledger._database.run(lambda connection: connection.execute(text("delete from targets")))
    grant = await ledger.begin(request(ledger))
    assert (await ledger.records.adopt(operation()))[KEY].asked == grant.at
    await ledger._database.run(lambda connection: connection.execute(text("delete from targets")))
    await land(ledger, grant)
    assert (await ledger.records.adopt(operation()))[KEY].polled == grant.at
