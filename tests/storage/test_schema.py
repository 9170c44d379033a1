from dataclasses import asdict

import pytest
from sqlalchemy import Connection, create_engine, inspect, select, text
from support import VirtualClock

from exporter.clock import Stamp, stamp
from exporter.storage.schema import MIGRATIONS, ForeignFileError, meta, metadata, migrate, targets, tokens, version


def key(connection: Connection) -> str:
    return str(connection.execute(select(meta.c.value).where(meta.c.name == "hash_key")).scalar_one())


def test_an_empty_file_gets_every_table(connection: Connection) -> None:
    assert version(connection) == 0
    migrate(connection)
    assert version(connection) == len(MIGRATIONS)
    assert set(inspect(connection).get_table_names()) == set(metadata.tables)


def test_the_migrations_lead_to_the_tables_that_the_program_knows(connection: Connection) -> None:
    migrate(connection)
    found = inspect(connection)
    for name, table in metadata.tables.items():
        assert {column["name"] for column in found.get_columns(name)} == set(table.columns.keys())
        assert found.get_pk_constraint(name)["constrained_columns"] == [column.name for column in table.primary_key]


def test_a_file_of_version_1_keeps_its_rows(connection: Connection) -> None:
    migrate(connection, MIGRATIONS[:1])
    row = {"campaign": "1", "span": "3600", "operation": "acme", "token": "t", "server": "http://vendor"}
    row |= {"asked": '[1.0, "boot", 2.0]', "reading": "[]", "snapshot": "{}", "version": "7"}
    names = ", ".join(row)
    connection.execute(text(f"INSERT INTO targets ({names}) VALUES ({', '.join(f':{name}' for name in row)})"), row)
    before = key(connection)
    migrate(connection)
    (found,) = connection.execute(select(targets)).mappings().all()
    assert dict(found) == row | {"asked": Stamp(1.0, "boot", 2.0), "succeeded": None, "polled": None, "version": 7}
    assert key(connection) == before
    assert "targets_1" not in inspect(connection).get_table_names()


def test_each_file_has_a_key_of_its_own(connection: Connection) -> None:
    migrate(connection)
    engine = create_engine("sqlite://")
    with engine.begin() as other:
        migrate(other)
        assert key(other) != key(connection)
    engine.dispose()
    assert len(bytes.fromhex(key(connection))) == 32


def test_what_is_up_to_date_is_left_alone(connection: Connection) -> None:
    migrate(connection)
    before = connection.execute(select(meta)).all()
    migrate(connection)
    assert connection.execute(select(meta)).all() == before


@pytest.mark.parametrize("found", ["", "one", "-1"])
def test_a_version_that_is_none_is_another_programs(connection: Connection, found: str) -> None:
    migrate(connection)
    connection.execute(meta.update().where(meta.c.name == "schema_version").values(value=found))
    with pytest.raises(ForeignFileError, match="another program"):
        version(connection)


def test_a_moment_comes_back_as_it_was(connection: Connection, clock: VirtualClock) -> None:
    migrate(connection)
    connection.execute(tokens.insert().values(token="t", beat=stamp(clock)))
    row = connection.execute(select(tokens)).one()
    assert isinstance(row.beat, Stamp)
    assert asdict(row.beat) == asdict(stamp(clock))
    assert row.flight is None
