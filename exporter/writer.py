"""Writes text to a stream in a thread, so that no reader, terminal or disk ever blocks the caller."""

import io
import os
import select
import threading
from collections import deque
from collections.abc import Callable
from typing import TextIO

LIMIT = 2**20
"""Characters that may wait to be written; more is dropped."""

IDLE = 0.5
"""Seconds without progress after which the end of the process no longer waits for a reader."""

Dropped = Callable[[int, str], None]
"""Called with how many pieces were dropped and why, as soon as writing works again."""


class BackgroundWriter(io.TextIOBase):
    """A text stream whose `write` never waits and never fails. What cannot be written is counted."""

    def __init__(self, stream: TextIO, limit: int = LIMIT) -> None:
        """`stream` is written to by file descriptor where it has one: nobody else may write to it meanwhile."""
        self._stream = stream
        self._sink = _sink(stream)
        self._limit = limit
        self._changed = threading.Condition()
        self._waiting: deque[str] = deque()
        self._size = 0
        self._writing = False
        self._progress = 0
        self._untold = 0
        self._why = ""
        self.dropped = 0
        """Pieces of text, log lines for instance, that were not written."""
        self.when_dropped: Dropped | None = None
        threading.Thread(target=self._work, name="writer", daemon=True).start()

    @property
    def encoding(self) -> str:  # type: ignore[override]  # a plain attribute in the stubs
        """Of the stream below."""
        return self._stream.encoding

    def isatty(self) -> bool:
        """Whether a person reads it."""
        return self._stream.isatty()

    def fileno(self) -> int:
        """Of the stream below."""
        return self._stream.fileno()

    def write(self, text: str) -> int:
        """Take text to be written soon; it is dropped if too much waits already."""
        with self._changed:
            if self._size + len(text) > self._limit:
                self._drop("nobody reads it")
            else:
                self._waiting.append(text)
                self._size += len(text)
                self._changed.notify_all()
        return len(text)

    def flush(self) -> None:
        """Does nothing: the thread writes as fast as the stream takes it."""

    def drain(self, idle: float = IDLE) -> bool:
        """Wait until all is written, or nothing was for `idle` seconds; whether all is."""
        with self._changed:
            while self._waiting or self._writing:
                before = self._progress
                self._changed.wait_for(lambda: self._progress != before, idle)  # noqa: B023 (called before it changes)
                if self._progress == before:
                    return False
        return True

    def _work(self) -> None:
        while True:
            with self._changed:
                self._writing = False
                self._progress += 1
                self._changed.notify_all()
                self._changed.wait_for(lambda: self._waiting)
                text = self._waiting.popleft()
                self._size -= len(text)
                self._writing = True
            try:
                self._sink(text)
            except (OSError, ValueError) as error:  # the disk is full, the reader has left; the latter: it was closed
                with self._changed:
                    self._drop(getattr(error, "strerror", None) or str(error))
            else:
                self._tell()

    def _drop(self, why: str) -> None:
        self.dropped += 1
        self._untold += 1
        self._why = why

    def _tell(self) -> None:
        """Say what was dropped, once there is room for it."""
        with self._changed:
            untold, why = self._untold, self._why
            if not untold or self.when_dropped is None or self._size > self._limit // 2:
                return
            self._untold = 0
        self.when_dropped(untold, why)


def _sink(stream: TextIO) -> Callable[[str], None]:
    """Write all of a text; raises OSError or ValueError.

    Straight to the descriptor: at the end of the process the interpreter takes the lock of a standard stream, and one
    that a thread holds for good would abort it.
    """
    try:
        descriptor = stream.fileno()
    except (OSError, ValueError):  # none: a buffer in memory
        return lambda text: (stream.write(text), stream.flush(), None)[-1]
    torn = False

    def write(text: str) -> None:
        nonlocal torn
        data = ("\n" + text if torn else text).encode(stream.encoding, "backslashreplace")
        left = memoryview(data)
        while left:
            try:
                left = left[os.write(descriptor, left) :]
            except BlockingIOError:  # another process that shares the terminal or pipe made it non-blocking
                select.select((), (descriptor,), ())
            except OSError:
                torn = torn or len(left) < len(data)
                raise
        torn = False

    return write
