"""Which files storage takes, which it refuses, and that it changes nothing in those."""

import os
import shutil
import socket
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import NoReturn

import pytest
from structlog.testing import capture_logs

from exporter.storage import file
from exporter.storage.database import Database, StorageError
from exporter.storage.schema import ForeignFileError

Make = Callable[[Path], object]


def seen(folder: Path) -> dict[str, tuple[int, int, int, bytes]]:
    """All that a glance at a folder would tell to be different afterwards."""
    found = {}
    for path in sorted(folder.iterdir()):
        status = path.lstat()
        content = path.read_bytes() if stat.S_ISREG(status.st_mode) else b""
        found[path.name] = (status.st_mode, status.st_mtime_ns, status.st_size, content)
    return found


async def opened(path: Path) -> Database:
    database = Database(f"sqlite:///{path}")
    await database.open()
    return database


def songs(path: Path) -> None:
    with closing(sqlite3.connect(path)) as other, other:
        other.execute("create table songs (title)")


def meta_of_another(path: Path) -> None:
    with closing(sqlite3.connect(path)) as other, other:
        other.execute("create table meta (key, value)")


def namesake(path: Path) -> None:
    with closing(sqlite3.connect(path)) as other, other:
        other.execute("create table meta (name, value)")
        other.execute("insert into meta values ('schema_version', '1')")


def marked(path: Path) -> None:
    with closing(sqlite3.connect(path)) as other:
        other.execute("pragma application_id = 1196444487")


def views(path: Path) -> None:
    with closing(sqlite3.connect(path)) as other, other:
        other.execute("create view one as select 1")


def numbered(path: Path) -> None:
    with closing(sqlite3.connect(path)) as other:
        other.execute("pragma user_version = 7")


def cut(path: Path) -> None:
    songs(path)
    path.write_bytes(path.read_bytes()[:3000])


def beheaded(path: Path) -> None:
    path.write_bytes(b"SQLite format 3\0" + b"and nothing that follows from it" * 200)


def still_in_the_log(path: Path) -> None:
    """Another program's database that was killed before its tables came into the file."""
    script = """
import os, sqlite3, sys
other = sqlite3.connect(sys.argv[1])
other.execute("pragma journal_mode = wal")
other.execute("create table songs (title)")
other.commit()
os._exit(0)
"""
    subprocess.run([sys.executable, "-c", script, str(path)], check=True)
    assert path.with_name(path.name + "-wal").stat().st_size > 0


def a_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))


FOREIGN: list[tuple[Make, str]] = [
    (songs, "a database of another program"),
    (meta_of_another, "a database of another program"),
    (namesake, "a database of another program"),
    (marked, "a database of another program"),
    (numbered, "a database of another program"),
    (views, "a database of another program"),
    (still_in_the_log, "a database of another program"),
    (cut, "damaged"),
    (beheaded, "damaged"),
    (lambda path: path.write_text("my diary"), "damaged or not a SQLite file"),
    (lambda path: path.write_text("SQLite format 4\0" * 100), "damaged or not a SQLite file"),
    (lambda path: path.write_bytes(b"x"), "damaged or not a SQLite file"),
    (Path.mkdir, "Is a directory"),
    (os.mkfifo, "not a regular file"),
    (a_socket, "not a regular file"),
]


@pytest.mark.parametrize("linked", [False, True], ids=["itself", "a link to it"])
@pytest.mark.parametrize(("make", "why"), FOREIGN)
async def test_what_is_not_ours_is_refused_and_unchanged(tmp_path: Path, make: Make, why: str, linked: bool) -> None:
    path = tmp_path / "theirs"
    make(path)
    path.chmod(0o755 if path.is_dir() else 0o644)
    named = tmp_path / "kept.db" if linked else path
    if linked:
        named.symlink_to(path)
    before = seen(tmp_path)
    with pytest.raises(StorageError, match=why) as raised:
        await opened(named)
    assert str(raised.value).startswith(f"storage {named}: ")
    after = seen(tmp_path)
    if make is still_in_the_log:  # reading it needs a place in the index of the log, which no program keeps
        before.pop("theirs-shm")
        after.pop("theirs-shm")
    assert after == before


async def test_a_device_is_refused() -> None:
    before = Path("/dev/full").stat()
    with pytest.raises(StorageError, match="full is not a regular file"):
        await opened(Path("/dev/full"))
    assert Path("/dev/full").stat().st_mode == before.st_mode


async def test_links_that_lead_nowhere_are_refused(tmp_path: Path) -> None:
    (tmp_path / "one").symlink_to("two")
    (tmp_path / "two").symlink_to("one")
    with pytest.raises(StorageError, match="not a regular file"):
        await opened(tmp_path / "one")


async def test_a_file_of_a_newer_version_is_unchanged(tmp_path: Path) -> None:
    path = tmp_path / "kept.db"
    await (await opened(path)).close()
    with closing(sqlite3.connect(path)) as other, other:
        other.execute("update meta set value = '99' where name = 'schema_version'")
    path.chmod(0o644)
    before = seen(tmp_path)
    with pytest.raises(StorageError, match="schema version 99"):
        await opened(path)
    assert seen(tmp_path) == before


async def test_a_symbolic_link_is_fine_and_all_lies_beside_the_file(tmp_path: Path) -> None:
    (tmp_path / "volume").mkdir()
    link, path = tmp_path / "kept.db", tmp_path / "volume" / "state.db"
    link.symlink_to(path)
    for _ in range(2):
        database = await opened(link)
        assert {one.name for one in path.parent.iterdir()} == {"state.db", "state.db-wal", "state.db-shm"}
        assert [one.name for one in tmp_path.iterdir() if not one.is_dir() or one.is_symlink()] == ["kept.db"]
        await database.close()


@pytest.mark.parametrize("suffix", ["", *file.SIBLINGS])
async def test_a_second_name_is_refused(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / "kept.db"
    database = await opened(path)
    source = path.with_name(path.name + suffix)
    os.link(source, tmp_path / "another name")
    before = seen(tmp_path)
    with pytest.raises(StorageError, match=rf"{source.name} has 2 names \(hard links\).*copy it"):
        await opened(path)
    assert seen(tmp_path) == before
    await database.close()


async def test_a_second_name_given_while_it_runs_ends_nothing(tmp_path: Path) -> None:
    database = await opened(tmp_path / "kept.db")
    os.link(tmp_path / "kept.db", tmp_path / "another name")
    await database.run(lambda connection: connection.exec_driver_sql("delete from usage"))
    with pytest.raises(StorageError, match="2 names"):
        await opened(tmp_path / "another name")
    await database.close()


@pytest.mark.parametrize("suffix", ["", *file.SIBLINGS])
@pytest.mark.parametrize("name", ["kept.db", "kept with space.db", "kept\\back\nslash.db"])
async def test_a_mount_point_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str, name: str
) -> None:
    path = tmp_path / "volume" / name
    path.parent.mkdir()
    mounts = tmp_path / "mountinfo"
    monkeypatch.setattr(file, "_MOUNTS", mounts)
    mounts.write_text(f"1 0 8:1 / {tmp_path} rw - ext4 /dev/sda1 rw\n")
    file.look(path, lambda _: None, 1.0)
    source = path.with_name(path.name + suffix)
    source.touch()
    escaped = str(source).replace("\\", "\\134").replace(" ", "\\040").replace("\n", "\\012")
    mounts.write_text(f"1 0 8:1 / / rw - ext4 /dev/sda1 rw\n2 1 8:1 /of/host {escaped} rw - ext4 /dev/sda1 rw\n")
    with pytest.raises(ForeignFileError, match=r"is a mount point.*mount its folder instead"):
        file.look(path, lambda _: None, 1.0)


def test_a_system_without_proc_knows_no_mount_points(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file, "_MOUNTS", tmp_path / "nowhere")
    (tmp_path / "kept.db").touch()
    assert not file.look(tmp_path / "kept.db", lambda _: None, 1.0)


async def test_a_file_whose_mode_cannot_be_changed_works_with_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> NoReturn:
        raise PermissionError(1, "Operation not permitted")

    path = tmp_path / "kept.db"
    await (await opened(path)).close()
    path.chmod(0o660)
    monkeypatch.setattr(os, "fchmod", refuse)
    with capture_logs() as logs:
        database = await opened(path)
    (line,) = logs
    assert line["log_level"] == "warning"
    owner = os.geteuid()
    assert line["detail"] == (
        f"storage {path}: its mode is 660 and it belongs to user {owner}, so it stays as it is "
        "(Operation not permitted); polling works"
    )
    await database.run(lambda connection: connection.exec_driver_sql("delete from usage"))
    await database.close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o660


async def test_an_existing_file_is_not_opened_as_if_it_were_to_be_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Linux refuses O_CREAT for a file of somebody else in a folder with the sticky bit (fs.protected_regular)."""
    path = tmp_path / "kept.db"
    await (await opened(path)).close()
    real = os.open

    def watched(name: os.PathLike[str] | str, flags: int, *rest: int) -> int:
        assert not flags & os.O_CREAT
        return real(name, flags, *rest)

    monkeypatch.setattr(os, "open", watched)
    await (await opened(path)).close()


async def test_what_was_killed_is_read_with_its_log(tmp_path: Path) -> None:
    running, path = tmp_path / "running.db", tmp_path / "kept.db"
    database = await opened(running)
    for suffix in ("", "-wal"):  # as a kill would have left it, or the loss of power
        shutil.copy(running.with_name(running.name + suffix), path.with_name(path.name + suffix))
    await database.close()
    again = await opened(path)
    rows = await again.run(lambda connection: connection.exec_driver_sql("select count(*) from meta").scalar())
    assert rows == 2
    await again.close()


@pytest.mark.parametrize("name", ["full", "locked", "readonly", "malformed"])
async def test_a_refused_file_is_told_by_its_kind_whatever_its_name_is(tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / name)
    with pytest.raises(StorageError, match=rf"/{name}: {name} is not a regular file; [^;]+$"):
        await opened(tmp_path / name)
