from dataclasses import asdict

import pytest
from sqlalchemy import Connection, create_engine, inspect, select
from support import VirtualClock

from exporter.clock import Stamp, stamp
from exporter.storage.schema import MIGRATIONS, ForeignFileError, meta, metadata, migrate, tokens, version


def key(connection: Connection) -> str:
    return str(connection.execute(select(meta.c.value).where(meta.c.name == "hash_key")).scalar_one())


def test_an_empty_file_gets_every_table(connection: Connection) -> None:
    assert version(connection) == 0
    migrate(connection)
    assert version(connection) == len(MIGRATIONS)
    assert set(inspect(connection).get_table_names()) == set(metadata.tables)


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
