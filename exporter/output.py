"""A file that its readers only see whole: written under another name, then renamed."""

import io
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_NO_FOLDER = "name a file in a folder that exists"
_NO_ROOM = "make room, or name a file elsewhere"


class OutputError(Exception):
    """The file cannot be written. The message is one line that names it."""


class _Beside(io.FileIO):
    """Explains its own failures: who fills it may meet an OSError of something else."""

    def __init__(self, place: Path, path: Path, advice: str) -> None:
        super().__init__(place, "xb")
        self._path, self._advice = path, advice

    def write(self, data: "ReadableBuffer", /) -> int:
        with _explained(self._path, self._advice):
            return super().write(data)


@contextmanager
def replaced(path: Path, advice: str = _NO_ROOM) -> Iterator[BinaryIO]:
    """A file to write to that replaces the one at `path` at the end, unless an exception is raised.

    A new file gets the mode that the umask leaves, an existing one keeps its own.

    Args:
        path: The file.
        advice: What to do where there is no room for it.

    Raises:
        OutputError: it cannot be written; already at the start if the folder or what is at `path` forbids it.
    """
    with _explained(path, _NO_FOLDER):
        place = path.resolve()  # a symbolic link stays one
        mode = _mode(place)
        # Hidden, and without the ending that others look for.
        beside = place.with_name(f".{place.name[:200]}.{secrets.token_hex(4)}.tmp")
        file = io.BufferedWriter(_Beside(beside, path, advice))
    try:
        yield file
        with _explained(path, advice), file:
            if mode is not None:
                os.fchmod(file.fileno(), mode)
            file.flush()
            os.fsync(file.fileno())  # or a crash could leave an empty file under the name
            beside.replace(place)
    finally:
        with suppress(OSError, OutputError):
            file.close()
        with suppress(OSError):
            beside.unlink(missing_ok=True)


def _mode(place: Path) -> int | None:
    """The mode of the existing file; None if there is none."""
    try:
        status = place.stat()
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(status.st_mode):
        raise OSError(0, "it is not a regular file")
    return stat.S_IMODE(status.st_mode)


@contextmanager
def _explained(path: Path, advice: str) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not a path"
    else:
        return
    raise OutputError(f"--output {str(path)!r} cannot be written: {reason}; {advice}")
