"""The tables, and how a file of an older version becomes one of this."""

import json
import secrets
from collections.abc import Callable

from sqlalchemy import Column, Connection, Float, Integer, MetaData, String, Table, Text, select, text
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.types import TypeDecorator

from exporter.clock import Stamp

metadata = MetaData()


class StampType(TypeDecorator[Stamp]):
    """A `Stamp` as a JSON list."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: Stamp | None, dialect: Dialect) -> str | None:  # noqa: ARG002 (SQLAlchemy's)
        """To the column."""
        return None if value is None else json.dumps([value.wall, value.boot, value.monotonic])

    def process_result_value(self, value: str | None, dialect: Dialect) -> Stamp | None:  # noqa: ARG002 (as above)
        """From the column."""
        return None if value is None else Stamp(*json.loads(value))


meta = Table(
    "meta",
    metadata,
    Column("name", String, primary_key=True),
    Column("value", String, nullable=False),
)

tokens = Table(
    "tokens",
    metadata,
    Column("token", String, primary_key=True),  # keyed hash, never the token
    Column("holder", String),  # process that may send; null: nobody
    Column("beat", StampType, nullable=False),  # when the holder last showed that it lives
    Column("flight", StampType),  # when the request in flight left; null: none is
    Column("flight_timeout", Float),  # seconds after which it can no longer be in flight
    Column("rest", Text),  # the failure that the token rests for, JSON
    Column("rest_since", StampType),  # when the request with that failure left
    Column("version", Integer, nullable=False, default=0),  # grows with each poll that is put down
)

usage = Table(
    "usage",
    metadata,
    Column("operation", String, primary_key=True),
    Column("day", String, primary_key=True),  # ISO date in the operation's zone
    Column("requests", Integer, nullable=False),
)

targets = Table(
    "targets",
    metadata,
    Column("campaign", String, primary_key=True),
    Column("span", String, primary_key=True),  # the window's length in seconds, or "today"
    Column("operation", String, primary_key=True),
    Column("token", String, nullable=False, index=True),
    Column("asked", StampType),  # when the latest request left
    Column("succeeded", StampType),  # when the latest good report came
    Column("polled", StampType),  # when the latest poll ended
    Column("server", String, nullable=False),  # base URL: another server has other campaigns under the same id
    Column("reading", String, nullable=False),  # zone and delay that the report was asked with
    Column("snapshot", Text),  # JSON, see snapshot.py
    Column("version", Integer, nullable=False, default=0),
)


def _create(connection: Connection) -> None:
    """From an empty file to version 1."""
    metadata.create_all(connection)
    connection.execute(meta.insert().values(name="hash_key", value=secrets.token_hex(32)))


Migration = Callable[[Connection], None]

MIGRATIONS: tuple[Migration, ...] = (_create,)
"""`MIGRATIONS[n]` leads from version n to n + 1; version 0 is an empty file."""


class ForeignFileError(Exception):
    """The database was not written by this program, or by a newer version of it. The message is one line."""


def version(connection: Connection) -> int:
    """The schema version of the open database; raises `ForeignFileError` where it was not written by this program."""
    names = set(connection.execute(_NAMES).scalars())
    if not names:
        marks = [connection.exec_driver_sql(f"PRAGMA {mark}").scalar() for mark in ("application_id", "user_version")]
        if any(marks):
            raise ForeignFileError(_FOREIGN)
        return 0
    try:
        found = {row.name: row.value for row in connection.execute(select(meta))}
    except DBAPIError:  # no such table, or one of that name with other columns
        found = {}
    present = found.get("schema_version")
    if not isinstance(present, str) or not present.isdecimal() or "hash_key" not in found:
        raise ForeignFileError(_FOREIGN)
    return int(present)


_NAMES = text("SELECT name FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'")

_FOREIGN = "it is a database of another program; name another file in --storage.url"


def check(connection: Connection, migrations: tuple[Migration, ...] = MIGRATIONS) -> int:
    """The schema version, which this program must know; raises `ForeignFileError`."""
    present = version(connection)
    if present > len(migrations):
        raise ForeignFileError(
            f"it is of schema version {present} and this program knows up to {len(migrations)}; "
            "run the newer program again, or name another file in --storage.url"
        )
    return present


def migrate(connection: Connection, migrations: tuple[Migration, ...] = MIGRATIONS) -> None:
    """Bring the database to the newest version, in the transaction that is open on `connection`."""
    present = check(connection, migrations)
    for migration in migrations[present:]:
        migration(connection)
    if present == len(migrations):
        return
    connection.execute(meta.delete().where(meta.c.name == "schema_version"))
    connection.execute(meta.insert().values(name="schema_version", value=str(len(migrations))))
