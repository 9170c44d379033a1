"""The tables, and how a file of an older version becomes one of this."""

import json
import secrets
from collections.abc import Callable
from functools import lru_cache

from sqlalchemy import BigInteger, Column, Connection, Float, Integer, MetaData, String, Table, Text, select, text
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.types import TypeDecorator

from exporter.clock import Stamp

metadata = MetaData()


@lru_cache(maxsize=4096)
def stamp_of(text: str) -> Stamp:
    """The moment that a column's text is. It is read again and again: a process shows itself with all of its tokens."""
    return Stamp(*json.loads(text))


class StampType(TypeDecorator[Stamp]):
    """A `Stamp` as a JSON list."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: Stamp | None, dialect: Dialect) -> str | None:  # noqa: ARG002 (SQLAlchemy's)
        """To the column."""
        return None if value is None else json.dumps([value.wall, value.boot, value.monotonic])

    def process_result_value(self, value: str | None, dialect: Dialect) -> Stamp | None:  # noqa: ARG002 (as above)
        """From the column."""
        return None if value is None else stamp_of(value)


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
    Column("version", Integer, nullable=False, default=0),  # grows with each poll that is recorded
    Column("epoch", Integer, nullable=False, default=0),  # grows each time that a process takes the lease
)

replicas = Table(
    "replicas",
    metadata,
    Column("owner", String, primary_key=True),  # as `holder` of `tokens`
    Column("beat", StampType, nullable=False),
    Column("tokens", Text, nullable=False),  # the hashes that it could poll with, JSON
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
    Column("token", String, primary_key=True, index=True),  # another token sees another operation's campaigns
    Column("server", String, primary_key=True),  # base URL: another server has other campaigns under the same id
    Column("asked", StampType),  # when the latest request left
    Column("succeeded", StampType),  # when the latest good report came
    Column("polled", StampType),  # when the latest poll ended
    Column("reading", String, nullable=False),  # zone and delay that the report was asked with
    Column("snapshot", Text),  # JSON, see snapshot.py
    Column("version", Integer, nullable=False, default=0),
)

companions = Table(
    "companions",
    metadata,
    Column("operation", String, primary_key=True),
    Column("token", String, primary_key=True, index=True),
    Column("server", String, primary_key=True),
    Column("api", String, primary_key=True),  # a value of `ApiName`
    Column("asked", StampType),  # the four as in `targets`
    Column("succeeded", StampType),
    Column("polled", StampType),
    Column("failure", Text),  # why the latest request failed, JSON
    Column("answer", Text),  # the last good answer, JSON
    Column("version", Integer, nullable=False, default=0),
)

discoveries = Table(
    "discoveries",
    metadata,
    Column("operation", String, primary_key=True),
    Column("token", String, primary_key=True, index=True),
    Column("server", String, primary_key=True),
    Column("state", Text, nullable=False),  # what is known of the operation's campaigns, JSON
    Column("stored", StampType, nullable=False),
    Column("version", Integer, nullable=False, default=0),
)

past = Table(
    "past",
    metadata,
    Column("operation", String, primary_key=True),
    Column("server", String, primary_key=True),
    Column("campaign", String, primary_key=True),
    Column("span", String, primary_key=True),  # as in `targets`
    Column("zone", String, primary_key=True),  # in whose clock the dates were written
    Column("ending", BigInteger, primary_key=True),  # when the window ends, Unix seconds
    Column("answer", Text, nullable=False),  # JSON, see past.py
    Column("stored", Float, nullable=False),  # when it was asked for, Unix seconds
)


_VERSION_1 = (
    "CREATE TABLE meta (name VARCHAR NOT NULL, value VARCHAR NOT NULL, PRIMARY KEY (name))",
    (
        "CREATE TABLE tokens (token VARCHAR NOT NULL, holder VARCHAR, beat VARCHAR NOT NULL, flight VARCHAR, "
        "flight_timeout FLOAT, rest TEXT, rest_since VARCHAR, version INTEGER NOT NULL, PRIMARY KEY (token))"
    ),
    (
        "CREATE TABLE usage (operation VARCHAR NOT NULL, day VARCHAR NOT NULL, requests INTEGER NOT NULL, "
        "PRIMARY KEY (operation, day))"
    ),
    (
        "CREATE TABLE targets (campaign VARCHAR NOT NULL, span VARCHAR NOT NULL, operation VARCHAR NOT NULL, "
        "token VARCHAR NOT NULL, asked VARCHAR, succeeded VARCHAR, polled VARCHAR, server VARCHAR NOT NULL, "
        "reading VARCHAR NOT NULL, snapshot TEXT, version INTEGER NOT NULL, PRIMARY KEY (campaign, span, operation))"
    ),
    "CREATE INDEX ix_targets_token ON targets (token)",
)
"""As the files of version 1 are. It stays as it is: what comes later is a migration."""


def _create(connection: Connection) -> None:
    """From an empty file to version 1."""
    for statement in _VERSION_1:
        connection.exec_driver_sql(statement)
    connection.execute(meta.insert().values(name="hash_key", value=secrets.token_hex(32)))


def _own_rows(connection: Connection) -> None:
    """From version 1 to 2: a row belongs to token and server too, so that two operations can swap them."""
    kept = "campaign, span, operation, token, server, asked, succeeded, polled, reading, snapshot, version"
    for statement in (
        "ALTER TABLE targets RENAME TO targets_1",
        "DROP INDEX ix_targets_token",
        (
            "CREATE TABLE targets (campaign VARCHAR NOT NULL, span VARCHAR NOT NULL, operation VARCHAR NOT NULL, "
            "token VARCHAR NOT NULL, server VARCHAR NOT NULL, asked VARCHAR, succeeded VARCHAR, polled VARCHAR, "
            "reading VARCHAR NOT NULL, snapshot TEXT, version INTEGER NOT NULL, "
            "PRIMARY KEY (campaign, span, operation, token, server))"
        ),
        "CREATE INDEX ix_targets_token ON targets (token)",
        f"INSERT INTO targets ({kept}) SELECT {kept} FROM targets_1",  # noqa: S608 (nothing of it comes from outside)
        "DROP TABLE targets_1",
    ):
        connection.exec_driver_sql(statement)


def _companions(connection: Connection) -> None:
    """From version 2 to 3: the APIs that are asked for a whole operation."""
    for statement in (
        (
            "CREATE TABLE companions (operation VARCHAR NOT NULL, token VARCHAR NOT NULL, server VARCHAR NOT NULL, "
            "api VARCHAR NOT NULL, asked VARCHAR, succeeded VARCHAR, polled VARCHAR, failure TEXT, answer TEXT, "
            "version INTEGER NOT NULL, PRIMARY KEY (operation, token, server, api))"
        ),
        "CREATE INDEX ix_companions_token ON companions (token)",
        (
            "CREATE TABLE discoveries (operation VARCHAR NOT NULL, token VARCHAR NOT NULL, server VARCHAR NOT NULL, "
            "state TEXT NOT NULL, stored VARCHAR NOT NULL, version INTEGER NOT NULL, "
            "PRIMARY KEY (operation, token, server))"
        ),
        "CREATE INDEX ix_discoveries_token ON discoveries (token)",
    ):
        connection.exec_driver_sql(statement)


def _replicas(connection: Connection) -> None:
    """From version 3 to 4: leases are numbered, and replicas know each other."""
    for statement in (
        "ALTER TABLE tokens ADD COLUMN epoch INTEGER NOT NULL DEFAULT 0",
        (
            "CREATE TABLE replicas (owner VARCHAR NOT NULL, beat VARCHAR NOT NULL, tokens TEXT NOT NULL, "
            "PRIMARY KEY (owner))"
        ),
    ):
        connection.exec_driver_sql(statement)


def _past(connection: Connection) -> None:
    """From version 4 to 5: the answers to windows of the past."""
    connection.exec_driver_sql(
        "CREATE TABLE past (operation VARCHAR NOT NULL, server VARCHAR NOT NULL, campaign VARCHAR NOT NULL, "
        "span VARCHAR NOT NULL, zone VARCHAR NOT NULL, ending BIGINT NOT NULL, answer TEXT NOT NULL, "
        "stored FLOAT NOT NULL, PRIMARY KEY (operation, server, campaign, span, zone, ending))"
    )


Migration = Callable[[Connection], None]

MIGRATIONS: tuple[Migration, ...] = (_create, _own_rows, _companions, _replicas, _past)
"""`MIGRATIONS[n]` leads from version n to n + 1; version 0 is an empty file."""


class ForeignFileError(Exception):
    """The database was not written by this program, or by a newer version of it. The message is one line."""


def version(connection: Connection) -> int:
    """The schema version of the open database; raises `ForeignFileError` where it was not written by this program."""
    if connection.dialect.name == "postgresql":
        # Others may have tables in the schema, as long as they do not bear the names of ours.
        names = set(connection.execute(_SHARED_NAMES).scalars()) & metadata.tables.keys()
        if not names:
            return 0
    names = set(connection.execute(_NAMES).scalars()) if connection.dialect.name == "sqlite" else {meta.name}
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

_SHARED_NAMES = text("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()")

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


def migrate(connection: Connection, migrations: tuple[Migration, ...] = MIGRATIONS) -> int:
    """Bring the database to the newest version, in the transaction that is open on `connection`.

    Returns:
        The version that it had before.
    """
    present = check(connection, migrations)
    for migration in migrations[present:]:
        migration(connection)
    if present < len(migrations):
        connection.execute(meta.delete().where(meta.c.name == "schema_version"))
        connection.execute(meta.insert().values(name="schema_version", value=str(len(migrations))))
    return present


def mend(connection: Connection, key: str, known: int) -> frozenset[str]:
    """Make the tables again that somebody dropped from a shared database, as long as any of them is left.

    Returns:
        Their names.
    """
    left = set(connection.execute(_SHARED_NAMES).scalars()) & metadata.tables.keys()
    if not left or left == metadata.tables.keys():
        return frozenset()
    metadata.create_all(connection)
    if meta.name not in left:
        rows = {"hash_key": key, "schema_version": str(known)}
        connection.execute(meta.insert(), [{"name": name, "value": value} for name, value in rows.items()])
    return frozenset(metadata.tables.keys() - left)
