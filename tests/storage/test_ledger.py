"""What the ledger lets leave, and what it remembers of it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text
from support import Disk, Inline, VirtualClock, bad, operation, target

from exporter.clock import stamp
from exporter.model import Key, Reason, Snapshot
from exporter.storage.database import StorageError, StorageLostError
from exporter.storage.ledger import (
    FLIGHT_MARGIN,
    LEASE_SECONDS,
    BudgetGone,
    Grant,
    Ledger,
    NotHolder,
    Outcome,
    Request,
    Rest,
    TooEarly,
)
from exporter.storage.rows import NOTHING_KNOWN, Known

KEY = Key("acme", "32841", "1h")
DAY = "2026-09-21"

Open = Callable[..., Awaitable[Ledger]]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "kept.db"


@pytest.fixture
async def opened(clock: VirtualClock, file: Path) -> AsyncIterator[Open]:
    """Open the file under a name; the token of the usual operation is adopted."""
    ledgers = []

    async def ledger(holder: str) -> Ledger:
        ledger = Ledger(Disk(f"sqlite:///{file}", thread=Inline()), clock, holder)
        ledgers.append(ledger)
        await ledger.open()
        await ledger.adopt(operation())
        return ledger

    yield ledger
    for one in ledgers:
        await one.close()


def token(ledger: Ledger, name: str = "token-1") -> str:
    return ledger.hash(operation(token=name).token)


def request(ledger: Ledger, *, interval: float = 300.0, budget: int | None = None, timeout: float = 60.0) -> Request:
    return Request(token(ledger), target(timeout=timeout), DAY, budget, interval)


async def holding(opened: Open, holder: str = "one") -> Ledger:
    ledger = await opened(holder)
    assert await ledger.acquire(token(ledger))
    return ledger


async def land(ledger: Ledger, grant: Grant, rest: Rest | None = None) -> None:
    known = Known(Snapshot(), asked=grant.at, succeeded=None, polled=grant.at)
    await ledger.finish(token(ledger), Outcome(target(), "http://vendor", known), rest)


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
    assert (await other.adopt(operation()))[KEY].asked == grant.at
    assert await other.used("acme", DAY) == 1


async def test_without_the_lease_nothing_leaves(opened: Open) -> None:
    ledger = await opened("one")
    with pytest.raises(NotHolder):
        await ledger.begin(request(ledger))
    await holding(opened, "two")
    with pytest.raises(NotHolder):
        await ledger.begin(request(ledger))
    assert await ledger.used("acme", DAY) == 0


async def test_before_its_interval_is_over_nothing_leaves(opened: Open, clock: VirtualClock) -> None:
    ledger = await holding(opened)
    await land(ledger, await ledger.begin(request(ledger)))
    await clock.run(100.0)
    with pytest.raises(TooEarly, match=r"may be asked in 200\.0 s") as refused:
        await ledger.begin(request(ledger))
    assert refused.value.wait == pytest.approx(200.0)
    assert await ledger.used("acme", DAY) == 1
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
        with pytest.raises(BudgetGone):
            await ledger.begin(request(ledger, interval=0.0, budget=1))
    assert await ledger.used("acme", DAY) == 1
    next_day = replace(request(ledger, interval=0.0, budget=1), day="2026-09-22")
    assert (await ledger.begin(next_day)).used == 1


async def test_what_cannot_be_recorded_does_not_leave(opened: Open, file: Path) -> None:
    ledger = await holding(opened)
    ledger._database.trouble = StorageError("storage kept.db: disk full")  # type: ignore[attr-defined]
    with pytest.raises(StorageError, match="disk full"):
        await ledger.begin(request(ledger))
    ledger._database.trouble = None  # type: ignore[attr-defined]
    assert (await ledger.begin(request(ledger))).used == 1


async def test_a_lease_is_for_one_at_a_time(opened: Open) -> None:
    first, second = await holding(opened), await opened("two")
    assert not await second.acquire(token(second))
    assert await first.acquire(token(first)), "again is no harm"
    assert await first.renew() == {token(first)}
    assert await second.renew() == frozenset()


async def test_only_idle_leases_are_given_up(opened: Open) -> None:
    first, second = await holding(opened), await opened("two")
    grant = await first.begin(request(first))
    await first.release([token(first)])
    assert not await second.acquire(token(second))
    await first.acquire(token(first))
    await land(first, grant)
    await first.release([token(first)])
    assert await second.acquire(token(second))
    assert await first.renew() == frozenset()


async def test_a_silent_holder_is_dead_after_30_s_and_not_earlier(opened: Open, clock: VirtualClock) -> None:
    first, second = await holding(opened), await opened("two")
    await clock.run(20.0)
    await first.renew()
    await clock.run(LEASE_SECONDS - 0.1)
    assert not await second.acquire(token(second))
    await clock.run(0.1)
    assert await second.acquire(token(second))
    with pytest.raises(NotHolder):
        await first.begin(request(first))


async def test_a_request_without_an_end_is_in_flight_until_its_time_limit(opened: Open, clock: VirtualClock) -> None:
    first, second = await holding(opened), await opened("two")
    await first.begin(request(first, timeout=90.0))
    await clock.run(90.0 + FLIGHT_MARGIN - 0.1)
    assert not await second.acquire(token(second))
    await clock.run(0.1)
    assert await second.acquire(token(second))


@pytest.mark.parametrize("step", [3600.0, -3600.0])
async def test_a_step_of_the_wall_clock_kills_no_holder(opened: Open, clock: VirtualClock, step: float) -> None:
    first, second = await holding(opened), await opened("two")
    clock.shift(step)
    assert not await second.acquire(token(second))
    await clock.run(LEASE_SECONDS)
    assert await second.acquire(token(second))
    assert await first.renew() == frozenset()


async def test_silence_of_an_earlier_boot_is_watched_where_the_wall_clock_was_set_back(
    opened: Open, clock: VirtualClock
) -> None:
    first = await holding(opened)
    await first.begin(request(first, timeout=50.0))
    clock.reboot()
    clock.shift(-3600.0)
    second = await opened("two")
    assert not await second.acquire(token(second))
    await clock.run(50.0)
    assert not await second.acquire(token(second))
    await clock.run(FLIGHT_MARGIN)
    assert await second.acquire(token(second))


async def test_an_outcome_of_a_lease_that_was_lost_is_not_put_down(opened: Open, clock: VirtualClock) -> None:
    first, second = await holding(opened), await opened("two")
    grant = await first.begin(request(first))
    await clock.run(61.0)
    assert await second.acquire(token(second))
    await land(first, grant, Rest(bad(Reason.AUTH), grant.at))
    assert await second.rest(token(second)) is None
    assert (await second.adopt(operation()))[KEY].polled is None


async def test_a_rest_is_kept_until_it_is_over(opened: Open) -> None:
    ledger = await holding(opened)
    assert await ledger.rest("unheard of") is None
    rest = Rest(bad(Reason.QUOTA), (grant := await ledger.begin(request(ledger))).at)
    await land(ledger, grant, rest)
    assert await ledger.rest(token(ledger)) == rest
    await land(ledger, grant)
    assert await ledger.rest(token(ledger)) is None


async def test_an_outcome_does_not_take_back_that_a_request_left(opened: Open, clock: VirtualClock) -> None:
    ledger = await holding(opened)
    await ledger.begin(request(ledger))
    await clock.run(10.0)
    await ledger.finish(token(ledger), Outcome(target(), "http://vendor", NOTHING_KNOWN), None)
    with pytest.raises(TooEarly):
        await ledger.begin(request(ledger))
    other = await opened("two")
    found = (await other.adopt(operation()))[KEY].asked
    assert found is not None
    assert found.wall == clock.now() - 10.0


async def test_a_standby_reads_what_is_new(opened: Open) -> None:
    first, second = await holding(opened), await opened("two")
    version, known = await second.read(operation(), -1)
    assert known[KEY] == NOTHING_KNOWN
    assert await second.read(operation(), version) == (version, {})
    await land(first, await first.begin(request(first)))
    later, known = await second.read(operation(), version)
    assert later == version + 1
    assert list(known) == [KEY]
    assert await second.read(operation(token="token-2"), -1) == (0, {})


async def test_another_token_of_the_operation_inherits_when_it_was_asked(opened: Open, clock: VirtualClock) -> None:
    ledger = await holding(opened)
    grant = await ledger.begin(request(ledger))
    await land(ledger, grant)
    rotated = operation(token="token-2")
    assert (await ledger.adopt(rotated))[KEY].asked == grant.at
    assert await ledger.acquire(token(ledger, "token-2"))
    with pytest.raises(TooEarly):
        await ledger.begin(replace(request(ledger), token=token(ledger, "token-2")))


async def test_a_lost_file_is_made_anew_with_key_counts_moments_and_leases(
    opened: Open, file: Path, clock: VirtualClock
) -> None:
    first, second = await holding(opened), await opened("two")
    assert not await second.acquire(token(second))
    grant = await first.begin(request(first))
    await land(first, grant)
    before = token(first)
    for suffix in ("", "-wal", "-shm"):
        file.with_name(file.name + suffix).unlink()
    await clock.run(20.0)
    with pytest.raises(StorageLostError):
        await second.acquire(token(second))
    assert not await second.acquire(token(second)), "its view of the other's lease is in the new file"
    with pytest.raises(StorageLostError):
        await first.begin(request(first))
    with pytest.raises(TooEarly):
        await first.begin(request(first))
    assert await first.used("acme", DAY) == 1
    assert before == token(await opened("three"))


async def test_the_keeper_too_makes_a_lost_file_anew(opened: Open, file: Path) -> None:
    ledger = await holding(opened)
    for suffix in ("", "-wal", "-shm"):
        file.with_name(file.name + suffix).unlink()
    with pytest.raises(StorageLostError):
        await ledger.renew()
    assert await ledger.renew() == {token(ledger)}
    assert not await (await opened("two")).acquire(token(ledger))


async def test_a_row_that_is_gone_is_put_down_again(opened: Open) -> None:
    ledger = await holding(opened)
    await ledger._database.run(lambda connection: connection.execute(text("delete from targets")))
    grant = await ledger.begin(request(ledger))
    assert (await ledger.adopt(operation()))[KEY].asked == grant.at
    await ledger._database.run(lambda connection: connection.execute(text("delete from targets")))
    await land(ledger, grant)
    assert (await ledger.adopt(operation()))[KEY].polled == grant.at
