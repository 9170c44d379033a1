import os
import sqlite3
import stat
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from exporter.storage.database import Database, StorageError, StorageLostError
from exporter.storage.schema import MIGRATIONS, metadata


def url(path: Path) -> str:
    return f"sqlite:///{path}"


def count_tables(connection: Connection) -> int:
    return int(connection.execute(text("select count(*) from sqlite_master where type = 'table'")).scalar_one())


async def opened(path: Path) -> Database:
    database = Database(url(path))
    await database.open()
    return database


async def test_a_new_file_is_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "kept.db"
    database = await opened(path)
    modes = {stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()}
    assert modes == {0o600}
    assert {file.name for file in tmp_path.iterdir()} == {"kept.db", "kept.db-wal", "kept.db-shm"}
    await database.close()


async def test_a_file_that_others_could_read_is_closed_to_them(tmp_path: Path) -> None:
    path = tmp_path / "kept.db"
    path.touch(mode=0o644)
    database = await opened(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    await database.close()


async def test_what_was_committed_is_there_after_a_restart(tmp_path: Path) -> None:
    first = await opened(tmp_path / "kept.db")
    await first.run(lambda c: c.execute(text("insert into meta values ('a', 'b')")))
    await first.close()
    second = await opened(tmp_path / "kept.db")
    assert await second.run(lambda c: c.execute(text("select value from meta where name = 'a'")).scalar()) == "b"
    await second.close()


async def test_a_call_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    database = await opened(tmp_path / "kept.db")

    def half(connection: Connection) -> None:
        connection.execute(text("insert into meta values ('a', 'b')"))
        connection.execute(text("insert into nowhere values (1)"))

    with pytest.raises(StorageError, match="no such table"):
        await database.run(half)
    assert await database.run(lambda c: c.execute(text("select value from meta where name = 'a'")).scalar()) is None
    await database.close()


async def test_nothing_is_kept_without_a_file() -> None:
    database = Database("sqlite://")
    await database.open()
    assert database.path is None
    assert await database.run(count_tables) == len(metadata.tables)
    await database.close()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ("nonsense", "--storage.url: not a URL; write sqlite:///FILE"),
        ("postgresql://user:hidden@host/db", "'postgresql' with host 'host' is not supported"),
        ("sqlite://host/file", "with host 'host' is not supported"),
    ],
)
def test_a_url_of_another_kind_is_refused_without_its_password(wrong: str, message: str) -> None:
    with pytest.raises(StorageError) as raised:
        Database(wrong)
    assert message in str(raised.value)
    assert "hidden" not in str(raised.value)


async def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "kept.db"
    path.write_bytes(b"my diary, " * 1000)
    with pytest.raises(StorageError, match=r"kept\.db: it is damaged or not a SQLite file .*move it away"):
        await opened(path)
    assert path.read_bytes() == b"my diary, " * 1000


async def test_a_damaged_file_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "kept.db"
    database = await opened(path)
    await database.run(lambda c: c.execute(text("insert into meta values ('a', :long)"), {"long": "x" * 50_000}))
    await database.close()
    damaged = bytearray(path.read_bytes())
    damaged[4096:12288] = os.urandom(8192)
    path.write_bytes(damaged)
    with pytest.raises(StorageError, match="damaged"):
        await opened(path)
    assert path.read_bytes() == bytes(damaged)


async def test_a_database_of_another_program_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "kept.db"
    with sqlite3.connect(path) as other:
        other.execute("create table songs (title)")
    other.close()
    with pytest.raises(StorageError, match="it is a database of another program"):
        await opened(path)


async def test_a_file_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "kept.db"
    database = await opened(path)
    await database.run(lambda c: c.execute(text("update meta set value = '99' where name = 'schema_version'")))
    await database.close()
    with pytest.raises(StorageError, match=f"schema version 99 and this program knows up to {len(MIGRATIONS)}"):
        await opened(path)


async def test_a_file_of_an_older_version_is_brought_forward_and_keeps_its_rows(tmp_path: Path) -> None:
    path = tmp_path / "kept.db"
    database = await opened(path)
    await database.run(lambda c: c.execute(text("insert into meta values ('a', 'b')")))
    await database.close()

    def add_a_table(connection: Connection) -> None:
        connection.execute(text("create table extra (name)"))

    newer = Database(url(path), migrations=(*MIGRATIONS, add_a_table))
    await newer.open()
    assert await newer.run(count_tables) == len(metadata.tables) + 1
    assert await newer.run(lambda c: c.execute(text("select value from meta where name = 'a'")).scalar()) == "b"
    await newer.close()
    known = len(MIGRATIONS)
    with pytest.raises(StorageError, match=f"schema version {known + 1} and this program knows up to {known}"):
        await opened(path)


async def test_a_migration_that_fails_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "kept.db"
    await (await opened(path)).close()

    def half(connection: Connection) -> None:
        connection.execute(text("create table extra (name)"))
        connection.execute(text("insert into nowhere values (1)"))

    with pytest.raises(StorageError):
        await Database(url(path), migrations=(*MIGRATIONS, half)).open()
    again = await opened(path)
    assert await again.run(count_tables) == len(metadata.tables)
    await again.close()


async def test_an_unwritable_place_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"storage .*nowhere/kept\.db: No such file or directory"):
        await opened(tmp_path / "nowhere" / "kept.db")
    with pytest.raises(StorageError, match="Is a directory"):
        await opened(tmp_path)


async def test_a_removed_file_is_noticed_before_anything_is_written_to_it(tmp_path: Path) -> None:
    path = tmp_path / "kept.db"
    database = await opened(path)
    path.unlink()
    with pytest.raises(StorageLostError, match="removed or replaced"):
        await database.run(count_tables)
    ran = []
    await database.reopen(lambda c: ran.append(count_tables(c)))
    assert ran == [len(metadata.tables)]
    assert await database.run(count_tables) == len(metadata.tables)
    await database.close()


async def test_the_log_of_a_removed_file_is_not_replayed_into_the_new_one(tmp_path: Path) -> None:
    path = tmp_path / "kept.db"
    database = await opened(path)
    await database.run(lambda c: c.execute(text("insert into meta values ('a', 'b')")))
    path.unlink()
    assert (tmp_path / "kept.db-wal").stat().st_size > 0
    await database.reopen(lambda c: None)
    assert await database.run(lambda c: c.execute(text("select value from meta where name = 'a'")).scalar()) is None
    await database.close()


async def test_while_the_place_is_gone_every_call_fails_and_then_works_again(tmp_path: Path) -> None:
    folder = tmp_path / "volume"
    folder.mkdir()
    database = await opened(folder / "kept.db")
    folder.rename(tmp_path / "away")
    for _ in range(2):
        with pytest.raises(StorageError):
            await database.run(count_tables)
        with pytest.raises(StorageError, match="No such file or directory"):
            await database.reopen(lambda c: None)
    (tmp_path / "away").rename(folder)
    await database.reopen(lambda c: None)
    assert await database.run(count_tables) == len(metadata.tables)
    await database.close()


async def test_a_locked_file_is_a_failure_that_passes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("exporter.storage.database.BUSY_TIMEOUT", 0.05)
    database = await opened(tmp_path / "kept.db")
    other = sqlite3.connect(tmp_path / "kept.db", isolation_level=None)
    other.execute("begin immediate")
    with pytest.raises(StorageError, match="locked by another program"):
        await database.run(count_tables)
    other.execute("rollback")
    assert await database.run(count_tables) == len(metadata.tables)
    other.close()
    await database.close()


async def test_a_full_disk_says_what_to_do(tmp_path: Path) -> None:
    database = await opened(tmp_path / "kept.db")
    await database.run(lambda c: c.exec_driver_sql("select 1"))

    def limit(connection: Connection) -> None:
        connection.exec_driver_sql("PRAGMA max_page_count = 1")
        connection.execute(text("insert into meta values ('a', :long)"), {"long": "x" * 500_000})

    with pytest.raises(StorageError, match="full; free space on the disk"):
        await database.run(limit)
    await database.close()
