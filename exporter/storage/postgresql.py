"""A PostgreSQL that several processes share: one connection on a thread of its own, one transaction a call.

Nothing waits forever: connecting, each statement, a transaction left open and the whole call have their time limits,
and what the network swallows is cut off from here.
"""

import asyncio
import os
import socket
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import suppress
from typing import Any, TypeVar

import psycopg
import structlog
from psycopg import conninfo
from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from exporter.clock import Clock, SharedClock
from exporter.storage.call_queue import CallQueue, NoAnswerError
from exporter.storage.database import Arrival, StorageError, StorageLostError
from exporter.storage.schema import MIGRATIONS, ForeignFileError, Migration, check, mend, metadata, migrate, tokens
from exporter.storage.trouble import Trouble, diagnose, is_missing, is_repeated

T = TypeVar("T")

STATEMENT_SECONDS = 4.0
"""How long the server may take for a statement, or hold a transaction in which nothing happens."""

OPENING_SECONDS = 30.0
"""As above while the tables are made; and how long a start waits for a database that is not there."""

CALL_SECONDS = 6.0
"""How long a call may take from here, whatever the server and the network do."""

_RETRY_SECONDS = 1.0

_REPEATS = 5

_MIGRATION_LOCK = 7_306_914_532_907
"""Advisory lock under which the tables are made and changed; nobody owns a token by it."""

_DEFAULTS: dict[str, str | int] = {
    "application_name": "wolkvox-exporter",
    "connect_timeout": 4,
    "keepalives": 1,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 6000,
}

_LIMITS = """
SELECT set_config('statement_timeout', :limit, true), set_config('idle_in_transaction_session_timeout', :limit, true),
extract(epoch FROM clock_timestamp())::float8, pg_is_in_recovery()
"""

_TABLES = "concat_ws(' ', {})".format(", ".join(f"'{name}'::regclass::oid" for name in sorted(metadata.tables)))
"""Other ones where somebody dropped tables and another replica made them again."""

_IDENTITY = f"(SELECT value FROM meta WHERE name = 'hash_key'), {_TABLES}"  # noqa: S608 (constants only)

_BEGIN, _FIRST = text(f"{_LIMITS}, {_IDENTITY}"), text(f"{_LIMITS}, NULL, NULL")

_LOCK = text("SELECT pg_advisory_xact_lock(:key)")

_WHICH = text(f"SELECT {_IDENTITY}")

_log = structlog.get_logger()


class PostgresDatabase:
    """The database behind `postgresql://`. Every call runs in the storage thread."""

    is_shared = True

    def __init__(
        self, url: str, migrations: tuple[Migration, ...] = MIGRATIONS, thread: Executor | None = None
    ) -> None:
        """`url` as libpq takes it; raises `StorageError` where it is not one."""
        self._parameters = _parameters(url)
        self.place = _place(self._parameters)
        """For messages: where it is, without user and password."""
        self._engine: Engine = create_engine(
            "postgresql+psycopg://",
            creator=self._connect,
            poolclass=NullPool,
            use_native_hstore=False,
            hide_parameters=True,
        )
        self._migrations = migrations
        thread = thread or ThreadPoolExecutor(max_workers=1, thread_name_prefix="storage")
        self._calls = CallQueue(thread, self._cut, self._is_broken)
        self._clock: SharedClock | None = None
        self._machine: Clock | None = None
        self._connection: Connection | None = None
        self._socket = -1
        self._identity: tuple[str, str] | None = None  # the key in the tables, and which tables they are
        self._idle = False
        """Whether nothing was done yet in the transaction that is open."""
        self.arrival = Arrival.NEW
        """What was there when it was last opened."""

    def clock(self, machine: Clock) -> Clock:
        """The database's clock; the same for each call."""
        if self._clock is None:
            self._machine, self._clock = machine, SharedClock(machine)
        return self._clock

    def secrets(self) -> list[str]:
        """What must not show in any text."""
        return [str(self._parameters[name]) for name in ("password", "sslpassword") if self._parameters.get(name)]

    async def open(self, work: Callable[[Connection], None] = lambda _: None) -> None:
        """Connect, make or change the tables where that is needed, and run `work`; waits for a database that is gone.

        Raises:
            StorageError: it cannot be used.
        """
        deadline = time.monotonic() + OPENING_SECONDS
        told = False
        while True:
            try:
                await self.reopen(work)
            except StorageError as error:
                if not getattr(error, "passes", False) or time.monotonic() + _RETRY_SECONDS > deadline:
                    raise
                if not told:
                    _log.warning("waiting for the database", detail=str(error))
                    told = True
                await asyncio.sleep(_RETRY_SECONDS)
            else:
                return

    async def run(self, work: Callable[[Connection], T]) -> T:
        """The result of `work` in one transaction, durable when this returns; it may run more than once.

        Raises:
            StorageLostError: the tables are gone or others; nothing was written. `reopen` recovers.
            StorageError: nothing was written, or nobody knows; the next call may succeed.
        """
        return await self._answer(self._calls.call(lambda: self._transact(lambda: self._run(work)), CALL_SECONDS))

    async def run_first(self, work: Callable[[Connection], T]) -> T:
        """As `run`, before all those that wait for their turn; behind the one whose turn it is."""
        return await self._answer(self._calls.call_first(lambda: self._transact(lambda: self._run(work)), CALL_SECONDS))

    async def reopen(self, work: Callable[[Connection], None]) -> None:
        """As `open`, for what is there now, without waiting."""
        seconds = OPENING_SECONDS + CALL_SECONDS
        await self._answer(self._calls.call_anyway(lambda: self._transact(lambda: self._open(work)), seconds))

    def lost(self) -> StorageLostError:
        """What to say of tables that are gone."""
        return StorageLostError(
            f"storage {self.place}: its tables were dropped or replaced while in use; "
            "they are created again from memory, nothing needs to be done"
        )

    async def close(self) -> None:
        """Disconnect; the last call."""
        with suppress(NoAnswerError, TimeoutError):
            async with asyncio.timeout(1.0):
                await self._calls.call_anyway(self._disconnect, 1.0)
        self._calls.close()

    async def _answer(self, calling: Awaitable[T]) -> T:
        try:
            return await calling
        except (SQLAlchemyError, psycopg.Error, NoAnswerError, OSError, ForeignFileError) as error:
            trouble = _diagnosed(error)
            failed = StorageError(f"storage {self.place}: {trouble.text}")
            failed.passes = trouble.passes
            raise failed from error

    def _is_broken(self, error: Exception) -> bool:
        """Whether a transaction of the next caller would end like the one that ended in this error."""
        if not isinstance(error, DBAPIError | psycopg.Error):
            return False
        return self._connection is None or _state(error) == "57014"

    def _transact(self, once: Callable[[], T]) -> T:
        """Run it, again where the server asks for that, and once more where a connection was found dead."""
        for left in reversed(range(_REPEATS)):
            before = self._connection
            try:
                return once()
            except (DBAPIError, psycopg.Error) as error:
                state = _state(error)
                dead = _is_dead(self._connection)
                if dead:
                    self._disconnect()
                found_dead = dead and before is not None and self._idle
                if not left or not (is_repeated(state) or found_dead):
                    raise
        raise AssertionError("unreachable")

    def _run(self, work: Callable[[Connection], T]) -> T:
        connection = self._connected()
        self._idle = True
        try:
            with connection.begin():
                identity = self._begin(connection, _BEGIN, STATEMENT_SECONDS)
                self._idle = False
                if identity != self._identity:
                    raise self.lost()
                return work(connection)
        except DBAPIError as error:
            if is_missing(_state(error)):
                raise self.lost() from error
            raise

    def _open(self, work: Callable[[Connection], None]) -> None:
        connection = self._connected()
        self._idle = True
        with connection.begin():
            self._begin(connection, _FIRST, OPENING_SECONDS)
            self._idle = False
            mended: frozenset[str] = frozenset()
            if self._identity is not None:
                connection.execute(_LOCK, {"key": _MIGRATION_LOCK})  # others may be about to mend them too
                mended = mend(connection, self._identity[0], len(self._migrations))
            if check(connection, self._migrations) < len(self._migrations):
                connection.execute(_LOCK, {"key": _MIGRATION_LOCK})  # whoever waited finds the work done
            found = Arrival.SUCCESSOR if tokens.name in mended else Arrival.FOUND
            self.arrival = Arrival.NEW if migrate(connection, self._migrations) == 0 else found
            work(connection)
            self._identity = tuple(connection.execute(_WHICH).one())

    def _begin(self, connection: Connection, statement: Any, seconds: float) -> Any:
        """Set the time limits of a transaction, follow the database's clock; the tables' identity, where asked."""
        began = 0.0 if self._machine is None else self._machine.monotonic()
        row = connection.execute(statement, {"limit": f"{round(seconds * 1000)}ms"}).one()
        if self._clock is not None:
            self._clock.follow(began, row[2])
        if row[3]:
            raise psycopg.errors.ReadOnlySqlTransaction("the server is in recovery and read-only")
        return tuple(row[4:])

    def _connect(self) -> Any:
        self._socket = -1  # its number may be another one's by now
        connection = psycopg.connect(**self._parameters, prepare_threshold=None)
        self._socket = connection.fileno()
        return connection

    def _connected(self) -> Connection:
        if self._connection is None:
            self._connection = self._engine.connect()
        return self._connection

    def _disconnect(self) -> None:
        connection, self._connection, self._socket = self._connection, None, -1
        if connection is not None:
            with suppress(SQLAlchemyError, psycopg.Error, OSError):
                connection.invalidate()
                connection.close()

    def _cut(self) -> None:
        """End a call that the network swallowed: its thread waits for nothing but this socket."""
        with suppress(OSError):
            duplicate = socket.socket(fileno=os.dup(self._socket))
            try:
                duplicate.shutdown(socket.SHUT_RDWR)
            finally:
                duplicate.close()


def _is_dead(connection: Connection | None) -> bool:
    if connection is None or connection.invalidated:
        return connection is not None
    return bool(getattr(connection.connection.dbapi_connection, "closed", True))


def _parameters(url: str) -> dict[str, Any]:
    try:
        parameters = conninfo.conninfo_to_dict(url)
        ports = [int(port) for port in str(parameters.get("port") or "").split(",") if port]
    except (psycopg.Error, ValueError):
        ports, parameters = [0], {}
    if not all(0 < port < 65536 for port in ports):  # noqa: PLR2004 (the ports that there are)
        raise StorageError(
            "--storage.url: not a URL of PostgreSQL; write postgresql://USER@HOST[:PORT]/DATABASE, parameters after a ?"
        )
    several = "," in str(parameters.get("host") or parameters.get("hostaddr") or "")
    defaults = _DEFAULTS | ({"target_session_attrs": "read-write"} if several else {})
    environment = {"connect_timeout": "PGCONNECT_TIMEOUT", "application_name": "PGAPPNAME"}
    given = {name for name, variable in environment.items() if variable in os.environ}
    return {name: value for name, value in defaults.items() if name not in given} | parameters


def _place(parameters: dict[str, Any]) -> str:
    """Where a database is, without user and password."""
    hosts = str(parameters.get("host") or parameters.get("hostaddr") or os.environ.get("PGHOST", "")).split(",")
    ports = str(parameters.get("port") or os.environ.get("PGPORT", "5432")).split(",")
    ports = ports if len(ports) == len(hosts) else ports[:1] * len(hosts)
    places = ",".join(f"{host}:{port or 5432}" for host, port in zip(hosts, ports, strict=True))
    return f"postgresql://{places}/{parameters.get('dbname') or os.environ.get('PGDATABASE', '')}"


def _state(error: BaseException) -> str | None:
    cause = error.orig if isinstance(error, DBAPIError) else error
    state = getattr(cause, "sqlstate", None)
    return None if state is None else str(state)


def _diagnosed(error: Exception) -> Trouble:
    if isinstance(error, ForeignFileError):
        return Trouble(str(error), passes=False)
    cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    return diagnose(str(cause), _state(error))
