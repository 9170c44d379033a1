"""Several processes on one PostgreSQL, a real one: leases, clocks, and whatever may be wrong with the server."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import suppress
from datetime import date, timedelta
from pathlib import Path

import psycopg
import pytest
from certificates import Kind, make
from real_postgresql import PostgreSQL, pgbouncer, postgresql
from silent_pipe import SilentPipe
from sqlalchemy import event, text
from support import operation, target

from exporter.clock import SHARED_BOOT, Stamp, SystemClock, stamp
from exporter.model import ApiName, LeaseWait, Operation, TargetState, WaitCause
from exporter.storage import postgresql as engine
from exporter.storage import replicas as seen
from exporter.storage.database import StorageError, StorageLostError
from exporter.storage.lease import LEASE_SECONDS
from exporter.storage.ledger import Ledger
from exporter.storage.postgresql import PostgresDatabase
from exporter.storage.request import (
    ApiRequest,
    ApiResult,
    Grant,
    NotOwnerError,
    PollResult,
    Request,
    StoredApi,
    TooEarlyError,
)
from exporter.storage.schema import MIGRATIONS, metadata

pytestmark = pytest.mark.xdist_group("postgresql")

DAY = "2026-09-21"


@pytest.fixture(scope="module")
def server() -> Iterator[PostgreSQL]:
    with postgresql() as one:
        yield one


@pytest.fixture
def database(server: PostgreSQL) -> str:
    return server.database()


class Skewed(SystemClock):
    """A machine whose clocks are wrong."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        wall, monotonic = self.now, self.monotonic
        self.now = lambda: wall() + seconds
        self.monotonic = lambda: monotonic() + 10 * seconds


Open = Callable[..., Awaitable[Ledger]]


@pytest.fixture
async def opened(server: PostgreSQL, database: str) -> AsyncIterator[Open]:
    ledgers = []

    async def ledger(owner: str, skew: float = 0.0, port: int | None = None) -> Ledger:
        storage = PostgresDatabase(server.url(database, port=port))
        made = Ledger(storage, storage.clock(Skewed(skew)), owner)
        ledgers.append(made)
        await made.open()
        made.apply_config([operation()])
        await made.records.adopt(operation())
        return made

    yield ledger
    for one in ledgers:
        with suppress(RuntimeError):  # some tests close one
            await one.close()


def token(ledger: Ledger) -> str:
    return ledger.hash(operation().token)


def request(ledger: Ledger, interval: float = 300.0) -> Request:
    return Request(token(ledger), target(), DAY, None, interval)


async def finish(ledger: Ledger, grant: Grant) -> None:
    known = TargetState(asked=grant.at, polled=grant.at)
    await ledger.finish(token(ledger), PollResult(target(), "http://vendor", known), None)


async def run(ledger: Ledger, statement: str) -> None:
    await ledger._database.run(lambda connection: connection.execute(text(statement)))


async def test_processes_that_start_at_once_make_one_schema(opened: Open, server: PostgreSQL, database: str) -> None:
    ledgers = await asyncio.gather(*(opened(f"process-{number}") for number in range(5)))
    assert len({token(ledger) for ledger in ledgers}) == 1
    names = server.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'", database)
    assert {name for (name,) in names} == set(metadata.tables)


async def test_one_holds_the_lease_and_the_other_reads_what_it_stored(opened: Open) -> None:
    first, second = await opened("one"), await opened("two")
    assert await first.leases.acquire(token(first), 60.0)
    assert not await second.leases.acquire(token(second), 60.0)
    assert second.leases.waiting(token(second)) == LeaseWait(WaitCause.PROCESS, None)
    with pytest.raises(NotOwnerError):
        await second.begin(request(second))
    grant = await first.begin(request(first))
    await finish(first, grant)
    changes = await second.records.read(operation(), 0)
    assert [state.polled for state in changes.known.values()] == [grant.at]
    assert await second.records.used("acme", DAY) == 1


@pytest.mark.parametrize("skew", [-900.0, 900.0])
async def test_clocks_of_machines_may_differ_by_minutes(opened: Open, skew: float) -> None:
    first, second = await opened("one"), await opened("two", skew)
    assert await first.leases.acquire(token(first), 60.0)
    await finish(first, grant := await first.begin(request(first)))
    assert grant.at.boot == SHARED_BOOT
    assert abs(grant.at.wall - time.time()) < 2.0
    assert abs(stamp(second._clock).monotonic - stamp(first._clock).monotonic) < 1.0
    assert not await second.leases.acquire(token(second), 60.0), "neither older nor younger than it is"
    await first.leases.release([token(first)])
    assert await second.leases.acquire(token(second), 60.0)
    with pytest.raises(TooEarlyError) as early:
        await second.begin(request(second))
    assert 280.0 < early.value.wait <= 300.0


async def test_who_slept_for_longer_than_its_lease_can_send_nothing(opened: Open) -> None:
    first, second = await opened("one"), await opened("two")
    assert await first.leases.acquire(token(first), 60.0)
    slept = f"update tokens set beat = '[0.0, \"{SHARED_BOOT}\", {time.time() - LEASE_SECONDS - 1.0}]'"
    await run(second, slept)
    assert await second.leases.acquire(token(second), 60.0)
    with pytest.raises(NotOwnerError):
        await first.begin(request(first))
    await run(second, slept)
    assert await first.leases.acquire(token(first), 60.0)
    await first.begin(request(first))
    with pytest.raises(NotOwnerError):
        await second.begin(request(second))


async def test_an_old_epoch_of_the_same_owner_sends_nothing(opened: Open) -> None:
    first = await opened("one")
    assert await first.leases.acquire(token(first), 60.0)
    await run(first, "update tokens set epoch = epoch + 1")
    with pytest.raises(NotOwnerError):
        await first.begin(request(first))


async def test_of_those_that_find_a_dead_one_at_once_one_takes_its_lease(opened: Open) -> None:
    ledgers = [await opened(f"process-{number}") for number in range(4)]
    for _ in range(10):
        taken = await asyncio.gather(*(ledger.leases.acquire(token(ledger), 60.0) for ledger in ledgers))
        assert taken.count(True) == 1
        await run(ledgers[0], "update tokens set holder = null")


async def test_two_tokens_of_an_operation_cannot_ask_for_one_campaign_at_once(opened: Open) -> None:
    """Mid-rotation one replica has the old token and another the new one."""
    first, second = await opened("one"), await opened("two")
    rotated = operation(token="token-2")
    await second.records.adopt(rotated)
    assert await first.leases.acquire(token(first), 60.0)
    assert await second.leases.acquire(second.hash(rotated.token), 60.0)
    new = Request(second.hash(rotated.token), target(), DAY, None, 300.0)
    results = await asyncio.gather(first.begin(request(first)), second.begin(new), return_exceptions=True)
    assert sorted(type(one).__name__ for one in results) == ["Grant", "TooEarlyError"]


async def test_a_server_that_restarts_is_found_again_by_the_next_call(opened: Open, server: PostgreSQL) -> None:
    ledger = await opened("one")
    assert await ledger.leases.acquire(token(ledger), 60.0)
    server.stop()
    for _ in range(2):
        with pytest.raises(StorageError, match=r"storage postgresql://127.0.0.1:\d+/test.*polling resumes") as failed:
            await ledger.begin(request(ledger))
        assert "\n" not in str(failed.value)
    server.start()
    assert (await ledger.begin(request(ledger))).used == 1
    server.stop()
    server.start()
    assert await ledger.records.used("acme", DAY) == 1, "a dead connection that nobody used meanwhile is no failure"


async def test_a_silent_network_is_cut_off_and_holds_no_lock(
    opened: Open, server: PostgreSQL, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "CALL_SECONDS", 2.0)
    monkeypatch.setattr(engine, "STATEMENT_SECONDS", 1.0)
    pipe = SilentPipe(server.port)
    far, near = await opened("far", port=pipe.port), await opened("near")
    assert await far.leases.acquire(token(far), 60.0)
    hang = asyncio.ensure_future(far._database.run(lambda connection: silent(connection, pipe)))
    with pytest.raises(StorageError, match="no answer within 2 s"):
        await hang
    await asyncio.sleep(1.0)
    assert not await near.leases.acquire(token(near), 60.0), "the row can be read and locked"
    pipe.resume()
    assert await far.leases.renew() == {token(far)}
    pipe.close()


async def test_many_calls_wait_for_their_turn_for_longer_than_one_may_take(
    opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = await opened("one")
    monkeypatch.setattr(engine, "CALL_SECONDS", 1.0)
    await asyncio.gather(*(run(ledger, "select pg_sleep(0.2)") for _ in range(10)))


async def test_a_silent_call_that_nobody_waits_for_is_cut_off_by_the_next_one(
    opened: Open, server: PostgreSQL, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "CALL_SECONDS", 1.0)
    pipe = SilentPipe(server.port)
    ledger = await opened("far", port=pipe.port)
    hang = asyncio.ensure_future(ledger._database.run(lambda connection: silent(connection, pipe)))
    await asyncio.sleep(0.3)
    hang.cancel()
    with pytest.raises(StorageError, match="no answer within 1 s"):
        await ledger.leases.renew()
    pipe.resume()
    assert await ledger.leases.renew() == frozenset()
    pipe.close()


def silent(connection: object, pipe: SilentPipe) -> None:
    execute = connection.execute  # type: ignore[attr-defined]
    execute(text("select * from tokens for update"))
    pipe.silence()
    execute(text("select 1"))


async def test_a_lock_that_is_held_too_long_is_a_failure_that_passes(
    opened: Open, server: PostgreSQL, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "STATEMENT_SECONDS", 0.5)
    ledger = await opened("one")
    with psycopg.connect(server.url(database)) as other:
        other.execute("LOCK TABLE tokens")
        with pytest.raises(StorageError, match="too long"):
            await ledger.leases.acquire(token(ledger), 60.0)
        other.rollback()
    assert await ledger.leases.acquire(token(ledger), 60.0)


@pytest.mark.parametrize("dropped", [", ".join(metadata.tables), "targets", "meta", "tokens, usage"])
async def test_dropped_tables_are_made_again_with_what_is_known(
    opened: Open, server: PostgreSQL, database: str, dropped: str
) -> None:
    ledger = await opened("one")
    assert await ledger.leases.acquire(token(ledger), 60.0)
    await finish(ledger, await ledger.begin(request(ledger)))
    server.execute(f"DROP TABLE {dropped}", database)
    with pytest.raises(StorageLostError, match="dropped or replaced"):
        await ledger.begin(request(ledger))
    other = await opened("two")
    assert token(other) == token(ledger)
    assert await other.records.used("acme", DAY) == 1
    assert (await other.records.adopt(operation()))[target().key].polled is not None


@pytest.mark.parametrize("dropped", ["usage", "targets", "meta", "replicas", "past"])
async def test_who_held_a_lease_sends_on_after_a_table_was_dropped(
    opened: Open, server: PostgreSQL, database: str, dropped: str
) -> None:
    ledger = await opened("one")
    assert await ledger.leases.acquire(token(ledger), 60.0)
    grant = await ledger.begin(request(ledger, 0.0))
    server.execute(f"DROP TABLE {dropped}", database)
    with suppress(StorageLostError):
        await ledger.leases.look()
    await ledger._rebuild()
    await finish(ledger, grant)
    assert [one.polled for one in (await ledger.records.adopt(operation())).values()] == [grant.at]
    assert await ledger.leases.acquire(token(ledger), 60.0)
    with pytest.raises(StorageLostError):  # each operation's next one is refused, so that the loss is seen
        await ledger.begin(request(ledger, 0.0))
    await ledger.begin(request(ledger, 0.0))


async def test_after_leases_were_dropped_a_request_under_way_is_waited_for(
    opened: Open, server: PostgreSQL, database: str
) -> None:
    first, second = await opened("one"), await opened("two")
    assert await first.leases.acquire(token(first), 60.0)
    await first.begin(request(first))
    server.execute("DROP TABLE tokens", database)
    with pytest.raises(StorageLostError):
        await second.leases.look()
    assert not await second.leases.acquire(token(second), 60.0)
    wait = second.leases.waiting(token(second))
    assert wait is not None
    assert wait.cause is WaitCause.STORAGE


async def test_who_finds_its_own_lease_of_an_earlier_epoch_sends(opened: Open) -> None:
    """As in a copy of the database that was restored."""
    ledger = await opened("one")
    assert await ledger.leases.acquire(token(ledger), 60.0)
    await run(ledger, "update tokens set epoch = epoch + 1")
    with pytest.raises(NotOwnerError):
        await ledger.begin(request(ledger))
    assert await ledger.leases.acquire(token(ledger), 60.0)
    await ledger.begin(request(ledger))


async def test_a_newer_schema_is_refused(opened: Open, server: PostgreSQL, database: str) -> None:
    await opened("one")
    server.execute("UPDATE meta SET value = '99' WHERE name = 'schema_version'", database)
    with pytest.raises(StorageError, match=f"schema version 99 and this program knows up to {len(MIGRATIONS)}"):
        await opened("two")


async def test_tables_of_another_program_are_refused_and_its_other_ones_do_no_harm(
    opened: Open, server: PostgreSQL, database: str
) -> None:
    server.execute("CREATE TABLE theirs (n int)", database)
    ledger = await opened("one")
    assert await ledger.leases.acquire(token(ledger), 60.0)
    other = server.database()
    server.execute("CREATE TABLE tokens (n int)", other)
    with pytest.raises(StorageError, match="another program"):
        await PostgresDatabase(server.url(other)).open()


async def refused(url: str) -> str:
    began = time.monotonic()
    with pytest.raises(StorageError) as error:
        await PostgresDatabase(url).open()
    assert time.monotonic() - began < engine.OPENING_SECONDS / 2, "at once"
    assert "\n" not in str(error.value)
    assert "hush" not in str(error.value)
    return str(error.value)


async def test_what_a_person_has_to_mend_is_told_at_once(server: PostgreSQL, database: str) -> None:
    server.execute("CREATE ROLE secretive LOGIN PASSWORD 'hush-right'; CREATE ROLE poor LOGIN")
    server.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC", database)
    url = server.url(database)
    assert "PGPASSWORD" in await refused(url.replace("owner@", "secretive:hush-wrong@"))
    assert "create the role" in await refused(url.replace("owner@", "nobody@"))
    assert "create the database" in await refused(server.url("nowhere"))
    assert "CREATE and USAGE" in await refused(url.replace("owner@", "poor@"))
    server.execute("REVOKE USAGE ON SCHEMA public FROM PUBLIC", database)
    assert "CREATE and USAGE" in await refused(url.replace("owner@", "poor@"))
    assert "sslmode" in await refused(f"{url}?sslmode=require")


async def test_a_read_only_server_is_refused(server: PostgreSQL, database: str) -> None:
    server.stop("fast")
    signal = server.folder / "data" / "standby.signal"
    signal.touch()
    server.start()
    try:
        assert "the server is read-only (a standby?)" in await refused(server.url(database))
    finally:
        server.stop("fast")
        signal.unlink()
        server.start()


async def test_without_a_free_connection_it_waits(
    server: PostgreSQL, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.execute("CREATE ROLE lonely LOGIN SUPERUSER CONNECTION LIMIT 0")
    server.execute("ALTER ROLE lonely NOSUPERUSER CONNECTION LIMIT 0; ALTER DATABASE " + database + " OWNER TO lonely")
    storage = PostgresDatabase(server.url(database, "lonely"))
    opening = asyncio.ensure_future(storage.open())
    await asyncio.sleep(1.5)
    assert not opening.done()
    server.execute("ALTER ROLE lonely CONNECTION LIMIT 5")
    server.execute("GRANT ALL ON SCHEMA public TO lonely", database)
    await opening
    await storage.close()
    monkeypatch.setattr(engine, "OPENING_SECONDS", 1.0)
    server.execute("ALTER ROLE lonely CONNECTION LIMIT 0")
    with pytest.raises(StorageError, match="too many connections for role"):
        await PostgresDatabase(server.url(database, "lonely")).open()


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:hush@h:port/d",
        "postgresql://u:hush@h/d?no_such=1",
        "postgresql://u:hush@[::1/d",
        "postgres://%zz",
    ],
)
def test_a_url_that_libpq_does_not_take_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(StorageError, match=r"--storage\.url: ") as error:
        PostgresDatabase(url)
    assert "hush" not in str(error.value)


def test_places_and_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    storage = PostgresDatabase("postgresql://u:hush@one,two:6432/d?sslmode=require")
    assert storage.place == "postgresql://one:5432,two:6432/d"
    assert storage.secrets() == ["hush"]
    assert storage._parameters["target_session_attrs"] == "read-write"
    monkeypatch.setenv("PGCONNECT_TIMEOUT", "9")
    assert "connect_timeout" not in PostgresDatabase("postgresql://one/d")._parameters


def named(number: int) -> Operation:
    return operation(target(operation=f"acme-{number}"), name=f"acme-{number}", token=f"token-{number}")


MANY = [named(number) for number in range(7)]


class Replica:
    """A ledger that takes its share, as a supervisor makes it."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.operations = MANY

    async def turn(self) -> frozenset[str]:
        """Look, give up and take; the operations held after it."""
        ledger = self.ledger
        await ledger.leases.release((await ledger.leases.look()).give)
        held = []
        for one in self.operations:
            if await ledger.leases.acquire(ledger.hash(one.token), 60.0):
                await ledger.records.adopt(one)
                held.append(one.name)
        return frozenset(held)


@pytest.fixture
async def replicas(opened: Open) -> list[Replica]:
    made = []
    for owner in "ABC":
        ledger = await opened(owner)
        ledger.apply_config(MANY)
        made.append(Replica(ledger))
    return made


def calls_of(ledger: Ledger) -> list[object]:
    """What the ledger asks of the database in its turn, from now on."""
    calls: list[object] = []
    ask = ledger._database.run
    ledger._database.run = lambda work: calls.append(work) or ask(work)  # type: ignore[method-assign, func-returns-value]
    return calls


async def test_tokens_spread_over_the_replicas_as_they_come_and_go(replicas: list[Replica]) -> None:
    first, second, third = replicas
    assert len(await first.turn()) == 7
    await second.turn()
    assert len(await first.turn()) == 4
    kept = await second.turn()
    assert len(kept) == 3
    await third.turn()
    for one in (first, second, third):
        await one.turn()
    shares = [await one.turn() for one in (first, second, third)]
    assert max(map(len, shares)) <= 3
    assert sorted(name for share in shares for name in share) == [one.name for one in MANY]
    await first.ledger.leases.release(first.ledger.hash(one.token) for one in MANY)
    await first.ledger.close()
    assert len(await second.turn() | await third.turn()) == 7, "a clean end hands over at the next look"


async def test_a_dead_replica_is_no_longer_counted(replicas: list[Replica]) -> None:
    first, second, _ = replicas
    await first.turn()
    await second.turn()
    await first.turn()
    silent = f"'[0.0, \"{SHARED_BOOT}\", {time.time() - LEASE_SECONDS - 1.0}]'"
    await run(second.ledger, f"update tokens set beat = {silent} where holder = 'A'")
    await run(second.ledger, f"update replicas set beat = {silent} where owner = 'A'")
    assert len(await second.turn()) == 7


async def test_a_token_that_only_one_replica_knows_or_that_nobody_takes_is_polled(
    replicas: list[Replica], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second, _ = replicas
    first.operations = MANY[:1]
    first.ledger.apply_config(first.operations)
    await first.turn()
    await second.turn()
    assert len(await second.turn()) >= 6
    await first.ledger.leases.release([first.ledger.hash(MANY[0].token)])
    await second.ledger.leases.look()
    monkeypatch.setattr(seen, "_UNWANTED_SECONDS", -1.0)
    assert len(await second.turn()) == 7


async def test_what_others_stored_is_read_for_all_tokens_at_once(replicas: list[Replica]) -> None:
    first, second, _ = replicas
    await first.turn()
    for one in MANY:
        await second.ledger.records.read(one, -1)
        await second.ledger.records.used(one.name, DAY)
    await second.ledger.leases.look()
    versions = {one.name: (await second.ledger.records.read(one, -1)).version for one in MANY}
    grants = {}
    for one in MANY:
        token = first.ledger.hash(one.token)
        grants[one.name] = grant = await first.ledger.begin(Request(token, one.targets[0], DAY, None, 300.0))
        known = TargetState(asked=grant.at, polled=grant.at)
        await first.ledger.finish(token, PollResult(one.targets[0], "http://vendor", known), None)
    moves = await second.ledger.leases.look()
    assert {second.ledger.hash(one.token) for one in MANY} <= moves.take
    calls = calls_of(second.ledger)
    for one in MANY:
        assert not await second.ledger.leases.acquire(second.ledger.hash(one.token), 60.0)
        changes = await second.ledger.records.read(one, versions[one.name])
        assert [state.polled for state in changes.known.values()] == [grants[one.name].at]
        assert (await second.ledger.records.read(one, changes.version)).known == {}
        assert await second.ledger.records.used(one.name, DAY) == 1
    assert not calls, "one transaction for all of them"


async def test_what_is_stored_between_a_start_and_its_first_look_is_news(replicas: list[Replica]) -> None:
    first, second, _ = replicas
    await first.turn()
    token = first.ledger.hash(MANY[1].token)
    read = await second.ledger.records.read(MANY[1], -1)
    grant = await first.ledger.begin(Request(token, MANY[1].targets[0], DAY, None, 300.0))
    known = TargetState(asked=grant.at, polled=grant.at)
    await first.ledger.finish(token, PollResult(MANY[1].targets[0], "http://vendor", known), None)
    assert token in (await second.ledger.leases.look()).take
    news = await second.ledger.records.read(MANY[1], read.version)
    assert [state.polled for state in news.known.values()] == [grant.at]
    assert token not in (await second.ledger.leases.look()).take


async def test_what_a_worker_reads_during_a_look_is_not_lost(replicas: list[Replica]) -> None:
    first, second, _ = replicas
    await first.turn()
    await second.ledger.leases.look()
    one, token = MANY[1], first.ledger.hash(MANY[1].token)
    version = (await second.ledger.records.read(one, -1)).version
    shown: list[Stamp] = []

    def read(*arguments: object) -> None:
        nonlocal version
        news = second.ledger._replicas.news(token, version)
        if news is not None:
            version = news[0]
            shown.extend(row["polled"] for row in news[1])

    for number in range(2):
        grant = await first.ledger.begin(Request(token, one.targets[0], DAY, None, 0.0))
        known = TargetState(asked=grant.at, polled=grant.at)
        await first.ledger.finish(token, PollResult(one.targets[0], "http://vendor", known), None)
        if number:
            event.listen(second.ledger._database._engine, "before_cursor_execute", read)  # type: ignore[attr-defined]
        assert token in (await second.ledger.leases.look()).take
    read()
    assert shown[-1] == grant.at


async def test_news_outlive_a_look_that_fails(replicas: list[Replica], monkeypatch: pytest.MonkeyPatch) -> None:
    first, second, _ = replicas
    await first.turn()
    await second.ledger.leases.look()
    await second.ledger.records.used("acme", DAY)
    token = first.ledger.hash(MANY[1].token)
    grant = await first.ledger.begin(Request(token, MANY[1].targets[0], DAY, None, 300.0))
    known = TargetState(asked=grant.at, polled=grant.at)
    await first.ledger.finish(token, PollResult(MANY[1].targets[0], "http://vendor", known), None)
    with monkeypatch.context() as broken:
        broken.setattr(seen, "_USED", text("select 1 / 0 where :since <> ''"))
        with pytest.raises(StorageError):
            await second.ledger.leases.look()
    assert token in (await second.ledger.leases.look()).take
    await second.ledger.records.read(MANY[1], 0)
    assert token not in (await second.ledger.leases.look()).take


async def test_what_an_api_said_is_news_too(opened: Open) -> None:
    first, second = await opened("one"), await opened("two")
    asked = operation(live_interval=60.0)
    for one in (first, second):
        one.apply_config([asked])
        await one.records.adopt(asked)
    assert await first.leases.acquire(token(first), 60.0)
    await second.leases.look()
    version = (await second.records.read(asked, -1)).version
    await second.leases.look()
    api = ApiRequest("acme", "http://vendor", ApiName.REAL_TIME, 60.0)
    grant = await first.begin(Request(token(first), api, DAY, None, 60.0))
    known = StoredApi(grant.at, grant.at, grant.at, None, "[]")
    await first.finish_api(token(first), ApiResult("acme", "http://vendor", ApiName.REAL_TIME, known, None), None)
    assert token(second) in (await second.leases.look()).take
    news = await second.records.read(asked, version)
    assert news.apis is not None
    assert news.apis.apis[ApiName.REAL_TIME] == known
    assert token(second) not in (await second.leases.look()).take


async def known_tokens(of: Ledger, owner: str) -> set[str]:
    """With which tokens a replica could poll, as the others see it."""
    found = text("select tokens from replicas where owner = :owner")
    return set(json.loads(await of._database.run(lambda one: one.execute(found, {"owner": owner}).scalar_one())))


async def test_tokens_of_a_reload_during_a_look_are_told_at_the_next_one(replicas: list[Replica]) -> None:
    first, second, _ = replicas
    first.ledger.apply_config(MANY[:1])
    await first.ledger.leases.look()

    def come(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if statement.startswith("UPDATE replicas"):
            first.ledger.apply_config(MANY[:3])

    event.listen(first.ledger._database._engine, "after_cursor_execute", come)  # type: ignore[attr-defined]
    for _ in range(2):
        await first.ledger.leases.look()
    assert await known_tokens(second.ledger, "A") == {first.ledger.hash(one.token) for one in MANY[:3]}


async def test_tokens_that_a_failed_look_told_are_told_again(
    replicas: list[Replica], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second, _ = replicas
    first.ledger.apply_config(MANY[:1])
    await first.ledger.leases.look()
    first.ledger.apply_config(MANY[:3])
    with monkeypatch.context() as broken:
        broken.setattr(seen, "_TOKENS", text("select 1 / 0"))
        with pytest.raises(StorageError):
            await first.ledger.leases.look()
    await first.ledger.leases.look()
    assert await known_tokens(second.ledger, "A") == {first.ledger.hash(one.token) for one in MANY[:3]}


async def test_tables_that_another_replica_made_again_are_read_from_their_beginning(
    replicas: list[Replica], server: PostgreSQL, database: str
) -> None:
    first, second, _ = replicas
    one, token = MANY[0], first.ledger.hash(MANY[0].token)
    await first.turn()

    async def poll() -> Stamp:
        assert await first.ledger.leases.acquire(token, 60.0)
        with suppress(StorageLostError):  # the first after the loss is refused
            await first.ledger.begin(Request(token, one.targets[0], DAY, None, 0.0))
        grant = await first.ledger.begin(Request(token, one.targets[0], DAY, None, 0.0))
        known = TargetState(asked=grant.at, polled=grant.at)
        await first.ledger.finish(token, PollResult(one.targets[0], "http://vendor", known), None)
        return grant.at

    for _ in range(5):
        await poll()
    await second.ledger.leases.look()
    assert (await second.ledger.records.read(one, -1)).version > 1
    server.execute(f"DROP TABLE {', '.join(metadata.tables)}", database)
    with pytest.raises(StorageLostError):
        await first.ledger.leases.look()
    assert not await first.ledger.leases.acquire(token, 60.0), "a request may be under way"
    server.execute("UPDATE tokens SET flight = NULL", database)
    generation = second.ledger.generation
    polled = await poll()
    with pytest.raises(StorageLostError):
        await second.ledger.leases.look()
    assert second.ledger.generation > generation, "so that every worker reads again"
    await second.ledger.leases.look()
    assert [state.polled for state in (await second.ledger.records.read(one, -1)).known.values()] == [polled]
    assert first.ledger.hash(one.token) == second.ledger.hash(one.token) == token


async def test_a_day_on_which_nobody_sent_anything_is_known_too(replicas: list[Replica]) -> None:
    first, second, _ = replicas
    await first.turn()
    assert await second.ledger.records.used("acme-1", DAY) == 0
    assert (await second.ledger.leases.look()).counted == frozenset()
    calls = calls_of(second.ledger)
    assert await second.ledger.records.used("acme-1", DAY) == 0
    assert not calls
    token = first.ledger.hash(MANY[1].token)
    await first.ledger.begin(Request(token, MANY[1].targets[0], DAY, None, 300.0))
    assert (await second.ledger.leases.look()).counted == {"acme-1"}
    assert await second.ledger.records.used("acme-1", DAY) == 1


async def test_the_first_request_of_a_new_day_is_seen_at_the_next_look(replicas: list[Replica]) -> None:
    first, second, _ = replicas
    await first.turn()
    await second.ledger.records.used("acme-1", DAY)
    await second.ledger.leases.look()
    tomorrow = (date.fromisoformat(DAY) + timedelta(days=1)).isoformat()
    token = first.ledger.hash(MANY[1].token)
    await first.ledger.begin(Request(token, MANY[1].targets[0], tomorrow, None, 300.0))
    assert (await second.ledger.leases.look()).counted == {"acme-1"}
    calls = calls_of(second.ledger)
    assert await second.ledger.records.used("acme-1", tomorrow) == 1
    assert await second.ledger.records.used("acme-2", tomorrow) == 0
    assert not calls


async def test_a_pooler_in_transaction_mode_works(opened: Open, server: PostgreSQL) -> None:
    with pgbouncer(server) as port:
        first, second = await opened("one", port=port), await opened("two", port=port)
        assert await first.leases.acquire(token(first), 60.0)
        for number in range(5):
            grant = await first.begin(request(first, interval=0.0))
            assert not await second.leases.acquire(token(second), 60.0)
            await finish(first, grant)
            assert await second.records.used("acme", DAY) == number + 1
        assert len((await first.leases.look()).give | (await second.leases.look()).give) == 0


async def test_tls_is_verified(server: PostgreSQL, database: str, tmp_path: Path) -> None:
    authority = make("authority")
    made = make("server", Kind(authority=False, hosts=("127.0.0.1",)), authority)
    server.secure(made.write_chain(tmp_path / "chain.pem"))
    server.stop("fast")
    server.start()
    (tmp_path / "right.pem").write_bytes(authority.pem)
    (tmp_path / "wrong.pem").write_bytes(make("other").pem)
    url = f"{server.url(database)}?sslmode=verify-full&sslrootcert={tmp_path}"
    storage = PostgresDatabase(f"{url}/right.pem")
    await storage.open()
    encrypted = text("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
    assert await storage.run(lambda connection: connection.execute(encrypted).scalar())
    await storage.close()
    assert "see sslmode and sslrootcert" in await refused(f"{url}/wrong.pem")
