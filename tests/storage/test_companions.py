"""What the ledger lets leave to the APIs of a whole operation, and what it remembers of them."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import func, select, text
from support import VirtualClock, bad, operation, target

from exporter.model import LATEST_DEPARTURE, ApiName, Operation, Reason
from exporter.storage.database import StorageLostError
from exporter.storage.engine import Storage
from exporter.storage.lease import FLIGHT_MARGIN
from exporter.storage.lease_keeper import PRUNE_SECONDS
from exporter.storage.ledger import Ledger
from exporter.storage.request import (
    NOTHING_STORED,
    ApiRequest,
    ApiResult,
    BudgetExhaustedError,
    Grant,
    NotOwnerError,
    Request,
    StoredApi,
    StoredApis,
    StoredCooldown,
    TooEarlyError,
)
from exporter.storage.rows import KEPT_DAYS
from exporter.storage.schema import companions, discoveries, targets

DAY = "2026-09-21"

LIVE = 300.0

Open = Callable[..., Awaitable[Ledger]]

ON_FILE = pytest.mark.parametrize("engine", ["sqlite"])
"""About a file, which can be lost, replaced and locked."""


def acme(name: str = "acme", token: str = "token-1", base_url: str = "http://vendor") -> Operation:
    made = operation(target(operation=name), name=name, token=token, base_url=base_url)
    return replace(made, live_interval=LIVE, quota_interval=3600.0)


@pytest.fixture
async def opened(clock: VirtualClock, storage: Callable[[], Storage]) -> AsyncIterator[Open]:
    """Open the database under a name, with operations; the first one's lease is taken."""
    ledgers = []

    async def ledger(owner: str, *operations: Operation) -> Ledger:
        made = Ledger(storage(), clock, owner)
        ledgers.append(made)
        await made.open()
        made.apply_config(operations)
        for one in operations:
            await made.records.adopt(one)
            await made.leases.acquire(made.hash(one.token), 60.0)
        return made

    yield ledger
    for one in ledgers:
        await one.close()


def live(
    ledger: Ledger, of: Operation, interval: float = LIVE, budget: int | None = None, api: ApiName = ApiName.REAL_TIME
) -> Request:
    return Request(ledger.hash(of.token), ApiRequest(of.name, of.base_url, api, 60.0), DAY, budget, interval)


async def answer(  # noqa: PLR0917 (what an answer has)
    ledger: Ledger,
    of: Operation,
    grant: Grant,
    text: str | None = "[]",
    discovery: str | None = None,
    api: ApiName = ApiName.REAL_TIME,
    rest: StoredCooldown | None = None,
) -> StoredApi:
    known = StoredApi(grant.at, grant.at, None if text is None else grant.at, None, text)
    await ledger.finish_api(ledger.hash(of.token), ApiResult(of.name, of.base_url, api, known, discovery), rest)
    return known


async def test_an_api_is_asked_under_the_lease_in_the_count_and_the_budget(opened: Open) -> None:
    ledger, other = await opened("one", acme()), await opened("two", acme())
    with pytest.raises(NotOwnerError):
        await other.begin(live(other, acme()))
    assert (await ledger.begin(live(ledger, acme(), budget=1))).used == 1
    with pytest.raises(BudgetExhaustedError):
        await ledger.begin(live(ledger, acme(), budget=1, api=ApiName.TOKEN_INFO))
    assert await other.records.used("acme", DAY) == 1


async def test_each_api_has_an_interval_of_its_own(opened: Open, clock: VirtualClock) -> None:
    ledger = await opened("one", acme())
    await answer(ledger, acme(), await ledger.begin(live(ledger, acme())))
    await ledger.begin(live(ledger, acme(), api=ApiName.TOKEN_INFO))
    await clock.run(100.0)
    with pytest.raises(TooEarlyError, match=r"200\.0 s"):
        await ledger.begin(live(ledger, acme()))
    assert await ledger.records.used("acme", DAY) == 2
    await clock.run(200.0)
    assert (await ledger.begin(live(ledger, acme()))).used == 3


async def test_a_request_without_an_end_is_in_flight_and_takes_the_time_of_connecting_from_the_interval(
    opened: Open, clock: VirtualClock
) -> None:
    first, second = await opened("one", acme()), await opened("two", acme())
    await first.begin(live(first, acme()))
    await clock.run(60.0 + LATEST_DEPARTURE + FLIGHT_MARGIN - 0.1)
    assert not await second.leases.acquire(second.hash(acme().token), 60.0)
    await clock.run(0.1)
    assert await second.leases.acquire(second.hash(acme().token), 60.0)
    await clock.run(LIVE - 60.0 - LATEST_DEPARTURE - FLIGHT_MARGIN)
    with pytest.raises(TooEarlyError, match=r"16\.0 s"):
        await second.begin(live(second, acme()))
    await clock.run(LATEST_DEPARTURE)
    await second.begin(live(second, acme()))


async def test_what_was_stored_is_there_after_a_restart(opened: Open) -> None:
    ledger = await opened("one", acme())
    assert await ledger.records.apis(operation(name="unheard of", token="token-9")) == NOTHING_STORED
    known = await answer(ledger, acme(), await ledger.begin(live(ledger, acme())), '["live"]', '{"state": 1}')
    again = await opened("two", acme())
    found = await again.records.apis(acme())
    assert found.apis[ApiName.REAL_TIME] == known
    assert found.apis[ApiName.TOKEN_INFO].asked is None
    assert found.discovery == '{"state": 1}'


async def test_a_failure_keeps_what_is_known_of_the_campaigns(opened: Open, clock: VirtualClock) -> None:
    ledger = await opened("one", acme())
    grant = await ledger.begin(live(ledger, acme()))
    await answer(ledger, acme(), grant, '["live"]', "state")
    await clock.run(LIVE)
    grant = await ledger.begin(live(ledger, acme()))
    failed = StoredApi(grant.at, grant.at, None, bad(Reason.AUTH), '["live"]')
    await ledger.finish_api(
        ledger.hash(acme().token), ApiResult("acme", "http://vendor", ApiName.REAL_TIME, failed), None
    )
    found = await (await opened("two", acme())).records.apis(acme())
    assert found.apis[ApiName.REAL_TIME] == failed
    assert found.discovery == "state"


async def test_a_result_does_not_take_back_that_a_request_left_and_keeps_the_rest(
    opened: Open, clock: VirtualClock
) -> None:
    ledger = await opened("one", acme())
    rest = StoredCooldown(bad(Reason.QUOTA), (grant := await ledger.begin(live(ledger, acme()))).at)
    nothing = StoredApi(None, grant.at, None, bad(Reason.INTERNAL), None)
    await ledger.finish_api(
        ledger.hash(acme().token), ApiResult("acme", "http://vendor", ApiName.REAL_TIME, nothing), rest
    )
    assert (await ledger.records.apis(acme())).apis[ApiName.REAL_TIME].asked == grant.at
    assert await ledger.leases.rest(ledger.hash(acme().token)) == rest
    with pytest.raises(TooEarlyError):
        await ledger.begin(live(ledger, acme()))


@pytest.mark.parametrize("edited", [acme(name="renamed"), acme(token="token-2")], ids=["another name", "another token"])
async def test_another_name_or_token_of_the_operation_inherits_all(opened: Open, edited: Operation) -> None:
    ledger = await opened("one", acme())
    known = await answer(ledger, acme(), await ledger.begin(live(ledger, acme())), "answer", "state")
    again = await opened("two", edited)
    await ledger.leases.release([ledger.hash(acme().token)])
    assert await again.leases.acquire(again.hash(edited.token), 60.0)
    found = await again.records.apis(edited)
    assert (found.apis[ApiName.REAL_TIME], found.discovery) == (known, "state")
    with pytest.raises(TooEarlyError):
        await again.begin(live(again, edited))


@pytest.mark.parametrize("first", [acme(name="renamed"), acme(token="token-2")], ids=["name first", "token first"])
async def test_another_name_and_another_token_before_the_next_answer_lose_nothing(
    opened: Open, first: Operation
) -> None:
    ledger, edited = await opened("one", acme()), acme(name="renamed", token="token-2")
    known = await answer(ledger, acme(), await ledger.begin(live(ledger, acme())), "answer", "state")
    await opened("two", first)
    again = await opened("three", edited)
    await ledger.leases.release([ledger.hash(acme().token)])
    found = await again.records.apis(edited)
    assert (found.apis[ApiName.REAL_TIME], found.discovery) == (known, "state")


async def test_of_another_server_only_the_request_is_true(opened: Open) -> None:
    ledger = await opened("one", acme())
    known = await answer(ledger, acme(), await ledger.begin(live(ledger, acme())), "answer", "state")
    moved = acme(base_url="http://elsewhere")
    found = await (await opened("two", moved)).records.apis(moved)
    assert found.discovery is None
    assert found.apis[ApiName.REAL_TIME] == StoredApi(known.asked, None, None, None, None)


async def test_operations_that_swap_their_tokens_begin_anew(opened: Open) -> None:
    both = acme(), acme(name="globex", token="token-2")
    ledger = await opened("one", *both)
    for one in both:
        await answer(ledger, one, await ledger.begin(live(ledger, one)), one.name, one.name)
    swapped = acme(token="token-2"), acme(name="globex", token="token-1")
    again = await opened("two", *swapped)
    for one in swapped:
        found = await again.records.apis(one)
        assert (found.discovery, found.apis[ApiName.REAL_TIME].answer) == (None, None)
        assert found.apis[ApiName.REAL_TIME].asked is not None
    assert (await again.records.apis(both[0])).discovery == "acme"


async def test_a_standby_reads_what_is_new(opened: Open) -> None:
    first, second = await opened("one", acme()), await opened("two", acme())
    before = await second.records.read(acme(), -1)
    known = await answer(first, acme(), await first.begin(live(first, acme())), "answer", "state")
    changes = await second.records.read(acme(), before.version)
    assert changes.version == before.version + 1
    assert changes.apis is not None
    assert (changes.apis.apis[ApiName.REAL_TIME], changes.apis.discovery) == (known, "state")
    assert (await second.records.read(acme(), changes.version)).apis is None


async def test_a_result_of_a_lease_that_was_lost_is_not_stored(opened: Open, clock: VirtualClock) -> None:
    first, second = await opened("one", acme()), await opened("two", acme())
    grant = await first.begin(live(first, acme()))
    await clock.run(77.0)
    assert await second.leases.acquire(second.hash(acme().token), 60.0)
    await answer(first, acme(), grant, "late", "late")
    found = await second.records.apis(acme())
    assert (found.apis[ApiName.REAL_TIME].answer, found.discovery) == (None, None)


def remove(file: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        file.with_name(file.name + suffix).unlink(missing_ok=True)


@ON_FILE
async def test_a_lost_file_is_made_anew_with_what_was_known(opened: Open, file: Path, clock: VirtualClock) -> None:
    ledger = await opened("one", acme())
    known = await answer(
        ledger,
        acme(),
        await ledger.begin(live(ledger, acme(), api=ApiName.CAMPAIGNS)),
        "answer",
        "state",
        ApiName.CAMPAIGNS,
    )
    remove(file)
    with pytest.raises(StorageLostError):
        await ledger.begin(live(ledger, acme()))
    other = await opened("two", acme())
    assert await other.records.apis(acme()) == StoredApis(
        {**(await other.records.apis(acme())).apis, ApiName.CAMPAIGNS: known}, "state"
    )
    await clock.run(80.0)
    assert await ledger.leases.acquire(ledger.hash(acme().token), 60.0)
    with pytest.raises(TooEarlyError):
        await ledger.begin(live(ledger, acme(), api=ApiName.CAMPAIGNS))


@ON_FILE
async def test_what_another_process_put_into_the_new_file_since_stays(opened: Open, file: Path) -> None:
    first = await opened("one", acme())
    await answer(first, acme(), await first.begin(live(first, acme())), "old", "old")
    remove(file)
    second = await opened("two", acme())
    await second._database.run(lambda connection: connection.execute(text("update tokens set flight = null")))
    assert await second.leases.acquire(second.hash(acme().token), 60.0)
    first._clock.true += 1.0  # type: ignore[attr-defined]
    known = await answer(second, acme(), await second.begin(live(second, acme())), "new", "new")
    with pytest.raises(StorageLostError):
        await first.leases.renew()
    assert (await first.records.apis(acme())).apis[ApiName.REAL_TIME] == known


async def test_an_answer_of_another_version_of_the_program_is_as_good_as_none(opened: Open) -> None:
    ledger = await opened("one", acme())
    known = await answer(ledger, acme(), await ledger.begin(live(ledger, acme())))
    await ledger._database.run(lambda connection: connection.execute(companions.update().values(failure="?")))
    found = (await ledger.records.apis(acme())).apis[ApiName.REAL_TIME]
    assert (found.asked, found.answer) == (known.asked, None)


async def count(ledger: Ledger) -> list[int]:
    tables = (targets, companions, discoveries)
    return await ledger._database.run(
        lambda connection: [
            connection.execute(select(func.count()).select_from(table)).scalar_one() for table in tables
        ]
    )


async def test_campaigns_that_come_and_go_are_forgotten_while_the_process_runs(
    opened: Open, clock: VirtualClock
) -> None:
    """Eighteen new ones a day, half of which are never asked."""
    ledger = await opened("one", acme())
    await answer(ledger, acme(), await ledger.begin(live(ledger, acme())), "answer", "state")
    for day in range(60):
        found = replace(acme(), targets=tuple(target(f"{day}-{number}") for number in range(18)))
        await ledger.records.adopt(found)
        for one in found.targets[:9]:
            await ledger.begin(Request(ledger.hash(found.token), one, str(day), None, 300.0))
        await clock.run(PRUNE_SECONDS + 1.0)
        await ledger.leases.renew()
    stored, apis, states = await count(ledger)
    assert stored <= 9 * (KEPT_DAYS + 1) + 18
    assert len(ledger._memory._targets) <= 9 * (KEPT_DAYS + 1) + 18
    assert (apis, states) == (2, 0), "a place for each API that is configured, and what it said long ago is forgotten"


async def test_a_target_that_was_pruned_while_it_is_configured_can_be_asked(opened: Open, clock: VirtualClock) -> None:
    ledger = await opened("one", acme())
    await ledger.begin(Request(ledger.hash(acme().token), acme().targets[0], DAY, None, 300.0))
    await clock.run((KEPT_DAYS + 1) * 86_400.0)
    await ledger.leases.renew()
    assert (await count(ledger))[0] == 0
    await ledger.begin(Request(ledger.hash(acme().token), acme().targets[0], "later", None, 300.0))
