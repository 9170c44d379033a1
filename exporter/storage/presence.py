"""A mark on a file's folder that says: a process has the file open. It outlives the file, and ends with the process.

Whoever makes a file anew has to know whether another process still works with the one before, which may be gone without
a trace. The mark is a lock on one byte of the folder, at a place that the file's name gives: locks are seen by every
process of the machine, also in other containers. Nothing is written, and no lock is ever waited for.
"""

import fcntl
import hashlib
import os
import sqlite3
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_FLOCK = struct.Struct("hhqqi4x")
"""`struct flock` of 64-bit Linux (fcntl(2)): type, whence, start, length, pid."""

_PAUSE = 0.02
"""Seconds between two tries for a folder that another process has for itself."""


class Presence:
    """One process's mark for one file. Where the folder takes no locks, nobody is seen."""

    def __init__(self, path: Path) -> None:
        """`path`: the file, not a link to it; it need not exist, but its folder must."""
        self._folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        self._place = int.from_bytes(hashlib.sha256(os.fsencode(path.name)).digest()[:7])

    def others(self) -> bool:
        """Whether another process has the file, or had one of its name, open."""
        with suppress(OSError, AttributeError):  # no such locks here
            answer = fcntl.fcntl(self._folder, fcntl.F_OFD_GETLK, self._lock(fcntl.F_WRLCK))
            return bool(_FLOCK.unpack(answer)[0] != fcntl.F_UNLCK)
        return False

    def mark(self) -> None:
        """Be seen from now on."""
        with suppress(OSError, AttributeError):
            fcntl.fcntl(self._folder, fcntl.F_OFD_SETLK, self._lock(fcntl.F_RDLCK))

    def close(self) -> None:
        """Be seen no longer."""
        os.close(self._folder)

    @contextmanager
    def alone(self, timeout: float) -> Iterator[None]:
        """Keep every other process from opening a file in the folder meanwhile.

        Raises:
            sqlite3.OperationalError: another one was at it for all of `timeout` seconds.
        """
        for _ in range(max(1, round(timeout / _PAUSE))):
            if self._try_lock():
                break
            time.sleep(_PAUSE)
        else:
            raise sqlite3.OperationalError("database is locked")
        try:
            yield
        finally:
            with suppress(OSError):
                fcntl.flock(self._folder, fcntl.LOCK_UN)

    def _try_lock(self) -> bool:
        try:
            fcntl.flock(self._folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:  # no such locks here
            pass
        return True

    def _lock(self, kind: int) -> bytes:
        return _FLOCK.pack(kind, os.SEEK_SET, self._place, 1, 0)
