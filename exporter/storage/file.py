"""The file of storage before it is opened: looked at first, and touched only if it may be ours."""

import errno
import os
import sqlite3
import stat
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import structlog
from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.pool import NullPool, Pool, StaticPool

from exporter.storage.schema import ForeignFileError

SIBLINGS = ("-wal", "-shm")
"""What SQLite keeps beside the file while it is in use."""

_MAGIC = b"SQLite format 3\0"

_MOUNTS = Path("/proc/self/mountinfo")

_log = structlog.get_logger()


def sibling(path: Path, suffix: str) -> Path:
    """The file that SQLite keeps beside `path`, which must not be a link."""
    return path.with_name(path.name + suffix)


def engine(path: Path, parameters: str, timeout: float, pool: type[Pool] = StaticPool) -> Engine:
    """Open an existing file, and never create one; `parameters` as in an SQLite URI."""
    uri = f"file:{quote(os.fsencode(path))}?{parameters}"
    return create_engine(
        "sqlite://",
        creator=lambda: sqlite3.connect(uri, uri=True, check_same_thread=False, timeout=timeout),
        poolclass=pool,
        hide_parameters=True,
    )


def look(path: Path, judge: Callable[[Connection], object], timeout: float) -> bool:
    """Whether a database is there, found good by `judge`; False where nothing or an empty file is.

    Nothing is changed: neither content nor mode nor the time of the last change.

    Args:
        path: The file, not a link to it.
        judge: Raises what speaks against the database.
        timeout: Seconds to wait for a lock.

    Raises:
        ForeignFileError: it must not be opened; the message says why.
        sqlite3.DatabaseError: it is not a database, or a damaged one.
    """
    status = _status(path)
    for suffix in SIBLINGS:
        _status(sibling(path, suffix))
    if status is None or status.st_size == 0:
        return False
    if _head(path) != _MAGIC:
        raise sqlite3.DatabaseError("file is not a database")  # as SQLite says where only its beginning is right
    # Without a log beside it the file is whole, and can be read without leaving a trace in its folder.
    whole = not sibling(path, "-wal").exists()
    reading = engine(path, "mode=ro&immutable=1" if whole else "mode=ro", timeout, NullPool)
    with reading.connect() as connection:
        _check(connection)
        judge(connection)
    return True


def clear(path: Path) -> bool:
    """Remove what a file that is gone left beside it, or it would be replayed into the new one; whether there was any.

    Other processes of this program must not open the file meanwhile.
    """
    left = [beside for suffix in SIBLINGS if (beside := sibling(path, suffix)).exists()]
    for beside in left:
        beside.unlink()
    return bool(left)


def prepare(path: Path) -> None:
    """Create the file for its owner only, or close it to others: it tells which campaigns there are and how they do."""
    try:
        descriptor = os.open(path, os.O_RDWR)
    except FileNotFoundError:  # not created where one exists: some folders forbid that for a file of somebody else
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        status = os.fstat(descriptor)
        if status.st_mode & 0o077:
            _tighten(descriptor, path, status)
    finally:
        os.close(descriptor)


def _tighten(descriptor: int, path: Path, status: os.stat_result) -> None:
    try:
        os.fchmod(descriptor, 0o600)
    except OSError as error:
        _log.warning(
            "storage can be read by others",
            detail=f"storage {path}: its mode is {stat.S_IMODE(status.st_mode):o} and it belongs to user "
            f"{status.st_uid}, so it stays as it is ({error.strerror}); polling works",
        )


def _status(path: Path) -> os.stat_result | None:
    """What the file is; None where there is none. Raises where it cannot hold the one lease of a token."""
    try:
        status = path.lstat()
    except FileNotFoundError:
        return None
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not stat.S_ISREG(status.st_mode):
        raise ForeignFileError(f"{path.name} is not a regular file; name another file in --storage.url")
    if status.st_nlink > 1:
        raise ForeignFileError(
            f"{path.name} has {status.st_nlink} names (hard links), and exporters that use different ones would break "
            "the rules of a token; copy it, and name the copy in --storage.url"
        )
    if _is_mount_point(path):
        raise ForeignFileError(
            f"{path.name} is a mount point, and exporters that see it under another path would break the rules of a "
            "token; mount its folder instead"
        )
    return status


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(len(_MAGIC))


def _check(connection: Connection) -> None:
    damage = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar()
    if damage != "ok":
        raise ForeignFileError(f"it is damaged ({damage}); move it away to start afresh, or restore a copy")


def _is_mount_point(path: Path) -> bool:
    """Whether the file itself is mounted; `os.path.ismount` does not see a file of the same file system."""
    try:
        mounts = _MOUNTS.read_bytes()
    except OSError:  # not Linux
        return False
    name = os.fsencode(path)
    for special in (b"\\", b" ", b"\t", b"\n"):  # proc_pid_mountinfo(5); the backslash first
        name = name.replace(special, b"\\%03o" % special[0])
    return any(line.split(b" ")[4] == name for line in mounts.splitlines())
