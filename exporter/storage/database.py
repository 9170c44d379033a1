"""One SQLite file, opened with care: one connection on a thread of its own, one transaction a call."""

import asyncio
import os
import sqlite3
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import suppress
from enum import Enum
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlalchemy.pool import StaticPool

from exporter.clock import Clock
from exporter.storage import file
from exporter.storage.presence import Presence
from exporter.storage.schema import MIGRATIONS, ForeignFileError, Migration, check, meta, migrate

T = TypeVar("T")

BUSY_TIMEOUT = 2.0
"""Seconds to wait for another process's transaction; well under the time a shutdown has."""


class Arrival(Enum):
    """What a process finds when it opens a file."""

    FOUND = "the file that processes before this one used"
    NEW = "nothing, so that it made the file"
    SUCCESSOR = "nothing, although a process had a file open there: it made the file anew"


class StorageError(Exception):
    """Storage cannot be read or written. The message is one line that names the place and what to do."""

    passes = False
    """Whether a start may wait for it to pass."""


class StorageLostError(StorageError):
    """The file that was open is no longer the one at its path: what is written to it would be lost."""


class Database:
    """The open file. Every call runs in the storage thread, so that a slow disk never stops the event loop."""

    is_shared = False

    def __init__(
        self, url: str, migrations: tuple[Migration, ...] = MIGRATIONS, thread: Executor | None = None
    ) -> None:
        """`url` as SQLAlchemy writes it; raises `StorageError` where it is none that is supported."""
        self._url = _parse(url)
        name = self._url.database
        self.path = Path(name) if name and name != ":memory:" else None
        """The file; None where nothing is kept."""
        self._migrations = migrations
        self._thread = thread or ThreadPoolExecutor(max_workers=1, thread_name_prefix="storage")
        self._connection: Connection | None = None
        self._identity: tuple[int, int] | None = None
        self._presence: Presence | None = None
        self._asked, self._given_up = 0, 0
        self.arrival = Arrival.NEW
        """What was there when it was last opened."""

    @property
    def place(self) -> str:
        """Where it is, for a person."""
        return "nothing is kept over a restart" if self.path is None else str(self.path.absolute())

    @staticmethod
    def clock(machine: Clock) -> Clock:
        """The machine's own: no other machine uses the file."""
        return machine

    @staticmethod
    def secrets() -> list[str]:
        """What must not show in any text: nothing of a file."""
        return []

    async def open(self, work: Callable[[Connection], None] = lambda _: None) -> None:
        """Open or create the file, bring it to the newest schema and run `work`, in one transaction.

        Raises:
            StorageError: it cannot be used.
        """
        await self._in_thread(lambda: self._open(work))

    async def run(self, work: Callable[[Connection], T]) -> T:
        """The result of `work` in one transaction, durable when this returns.

        Raises:
            StorageLostError: the file was removed or replaced; nothing was written. `reopen` recovers.
            StorageError: nothing was written; the next call may succeed.
        """
        self._asked += 1
        turn = self._asked
        return await self._in_thread(lambda: self._in_turn(work, turn))

    async def run_first(self, work: Callable[[Connection], T]) -> T:
        """As `run`: a file of this machine has no queue to speak of."""
        return await self.run(work)

    async def reopen(self, work: Callable[[Connection], None]) -> None:
        """As `open`, for what is at the path now."""

        def fresh() -> None:
            self._close()
            self._open(work)

        await self._in_thread(fresh)

    def lost(self) -> StorageLostError:
        """What to say of a file that is gone."""
        return StorageLostError(
            f"storage {self.path}: the file was removed or replaced while in use; "
            "it is created again from memory, nothing needs to be done"
        )

    async def close(self) -> None:
        """Close the file; the last call."""
        with suppress(StorageError):
            await self._in_thread(self._leave)
        self._thread.shutdown(wait=False)

    async def _in_thread(self, work: Callable[[], T]) -> T:
        loop = asyncio.get_running_loop()
        try:
            # Shielded: a cancelled caller must not leave a transaction whose outcome nobody waits for half known.
            running = loop.run_in_executor(self._thread, work)
            running.add_done_callback(lambda done: done.cancelled() or done.exception())  # nobody may wait for it
            return await asyncio.shield(running)
        except (SQLAlchemyError, sqlite3.Error, OSError, ForeignFileError) as error:
            raise StorageError(self._explain(error)) from error

    def _open(self, work: Callable[[Connection], None]) -> None:
        if self.path is None:
            engine = create_engine(
                self._url, poolclass=StaticPool, connect_args={"check_same_thread": False}, hide_parameters=True
            )
            self._enter(engine, work, Arrival.NEW)
            return
        path = Path(os.path.realpath(self.path))  # SQLite keeps its log beside the file, not beside a link to it
        presence = Presence(path)
        try:
            with presence.alone(BUSY_TIMEOUT):
                followed = presence.others()
                if not file.look(path, lambda connection: check(connection, self._migrations), BUSY_TIMEOUT):
                    followed |= file.clear(path)
                file.prepare(path)
                presence.mark()
                made = Arrival.SUCCESSOR if followed else Arrival.NEW
                self._enter(file.engine(path, "mode=rw", BUSY_TIMEOUT), work, made)
        except BaseException:
            presence.close()
            raise
        # The one before is kept until now, so that nobody who makes the file anew meanwhile thinks to be the first.
        if self._presence is not None:
            self._presence.close()
        self._presence = presence

    def _enter(self, engine: Engine, work: Callable[[Connection], None], made: Arrival) -> None:
        """Connect and bring the schema up; `made` is the arrival where there is no schema yet."""
        event.listen(engine, "connect", _configure)
        event.listen(engine, "begin", _begin)
        connection = engine.connect()
        try:
            with connection.begin():
                self.arrival = made if migrate(connection, self._migrations) == 0 else Arrival.FOUND
                work(connection)
        except BaseException:
            connection.close()
            engine.dispose()
            raise
        self._connection = connection
        self._identity = _identity(self.path)

    def _in_turn(self, work: Callable[[Connection], T], turn: int) -> T:
        """Callers that were queued behind a lock timeout fail with it, instead of waiting as long one after another."""
        if turn <= self._given_up:
            raise sqlite3.OperationalError("database is locked")
        try:
            return self._transact(work)
        except (DBAPIError, sqlite3.Error) as error:  # the latter from BEGIN, which goes straight to the driver
            if "locked" in str(error):
                self._given_up = self._asked
            raise

    def _transact(self, work: Callable[[Connection], T]) -> T:
        if self._connection is None or _identity(self.path) != self._identity:
            raise self.lost()
        with self._connection.begin():
            return work(self._connection)

    def _close(self) -> None:
        if self._connection is None:
            return
        connection, self._connection = self._connection, None
        connection.close()
        connection.engine.dispose()

    def _leave(self) -> None:
        self._close()
        if self._presence is not None:
            self._presence.close()
            self._presence = None

    def _explain(self, error: Exception) -> str:
        text = str(error.orig) if isinstance(error, DBAPIError) else str(error)
        if isinstance(error, ForeignFileError):  # says what to do, and the file's name may be any of the words below
            return f"storage {self.path or self._url}: {text}"
        if isinstance(error, OSError) and error.strerror:
            text = error.strerror
        if "not a database" in text or "malformed" in text:
            text = f"it is damaged or not a SQLite file ({text}); move it away to start afresh, or restore a copy"
        elif "full" in text or "I/O" in text:
            text = f"{text}; free space on the disk, polling then resumes by itself"
        elif "locked" in text:
            text = f"{text} by another program for over {BUSY_TIMEOUT:g} s; polling resumes once it is released"
        elif "readonly" in text or isinstance(error, PermissionError) or "unable to open" in text:
            text = f"{text}; the folder and the file must be writable by user {os.geteuid()}"
        elif isinstance(error, FileNotFoundError | NotADirectoryError | IsADirectoryError):
            text = f"{text}; --storage.url must name a file in a folder that exists"
        return f"storage {self.path or self._url}: {' '.join(text.split())}"


def _parse(url: str) -> URL:
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):  # the latter for a port that is not a number
        raise StorageError("--storage.url: not a URL; write sqlite:///FILE, or sqlite:// to store nothing") from None
    if parsed.drivername not in {"sqlite", "sqlite+pysqlite"} or parsed.host:
        raise StorageError(
            f"--storage.url: {parsed.drivername!r} with host {parsed.host or 'none'!r} is not supported; "
            "write sqlite:///FILE (four slashes for an absolute path), sqlite:// to store nothing, "
            "or postgresql://USER@HOST/DATABASE"
        )
    if parsed.query or not (parsed.database or "").isprintable():
        raise StorageError("--storage.url: allowed is a printable path without parameters; write sqlite:///FILE")
    return parsed


def _identity(path: Path | None) -> tuple[int, int] | None:
    if path is None:
        return None
    try:
        status = os.stat(path)  # noqa: PTH116 (twice for each poll, and pathlib's way takes twice as long)
    except OSError:
        return (-1, -1)
    if status.st_size == 0:  # emptied
        return (-1, -1)
    return (status.st_dev, status.st_ino)


def _configure(connection: sqlite3.Connection, _record: Any) -> None:
    connection.isolation_level = None  # SQLAlchemy's BEGIN below is then the only one
    pragmas = ["synchronous=FULL", "trusted_schema=OFF"]
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if not tables or meta.name in tables:  # the mode is written into the file: not into that of another program
        pragmas.insert(0, "journal_mode=WAL")
    for pragma in pragmas:
        connection.execute(f"PRAGMA {pragma}").close()


def _begin(connection: Connection) -> None:
    # IMMEDIATE: what is read in the transaction stays true until it commits, whoever else writes.
    # Straight to the driver: this runs twice for each poll, and SQLAlchemy has nothing to add to it.
    connection.connection.cursor().execute("BEGIN IMMEDIATE")
