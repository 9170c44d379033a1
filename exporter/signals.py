"""Signals, heard from the first moment of the process on and obeyed whatever hangs.

It imports only the standard library: it works before anything else is imported.
"""

import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import FrameType

LIMIT = 4.7
"""Seconds from the first SIGTERM or SIGINT to the end of the process, whatever does not end by then."""

STOPS = frozenset({signal.SIGTERM, signal.SIGINT})

_CLOSE = b"\0"
"""Ends the thread; no signal has this number."""

_ENOUGH = 4096
"""Bytes of a pipe that is writable (PIPE_BUF): that many are taken without a wait."""


class Signals:
    """Receives SIGTERM, SIGINT and SIGHUP in a thread of its own.

    The interpreter writes each signal into a pipe as it comes, also while the main thread imports, waits for a disk or
    has ended. What comes before a callback is set is remembered. A second SIGTERM or SIGINT ends the process at
    once; `LIMIT` seconds after the first it is ended too.
    """

    def __init__(self) -> None:
        self.speak: Callable[[str, str], None] = _speak
        """Says why the process is cut off: what happened, and what it waits for. Must not wait itself."""
        self._lock = threading.Lock()
        self._stop: int | None = None
        self._deadline: float | None = None
        self._hung_up = False
        self._hangup_stops = False
        self._on_stop: Callable[[int], None] | None = None
        self._on_reload: Callable[[], None] | None = None
        self._code: int | None = None

    def listen(self) -> None:
        """Start to receive signals; call it in the main thread."""
        self._ear, self._mouth = os.pipe()
        os.set_blocking(self._mouth, False)
        self._before = signal.set_wakeup_fd(self._mouth, warn_on_full_buffer=False)
        self._handlers = {number: signal.signal(number, _nothing) for number in (*STOPS, signal.SIGHUP)}
        self._thread = threading.Thread(target=self._listen, name="signals", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Restore the previous handlers."""
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._before)
        os.write(self._mouth, _CLOSE)
        self._thread.join()
        os.close(self._ear)
        os.close(self._mouth)

    def on_stop(self, stop: Callable[[int], None]) -> None:
        """Call `stop` with the signal's number once the process is to stop, now if it is already; in any thread."""
        with self._lock:
            self._on_stop = stop
        if self._stop is not None:
            stop(self._stop)

    def on_reload(self, reload: Callable[[], None]) -> None:
        """Call `reload` at each SIGHUP, now if there was one; in any thread."""
        with self._lock:
            self._on_reload = reload
            pending, self._hung_up = self._hung_up, False
        if pending:
            reload()

    def without_reload(self) -> None:
        """Take SIGHUP as a stop: the terminal is gone and there is nothing to reload. Not where `nohup` ignores it."""
        if self._handlers[signal.SIGHUP] is signal.SIG_IGN:
            return
        with self._lock:
            self._hangup_stops = True
            pending, self._hung_up = self._hung_up, False
        if pending:
            self._hear_stop(signal.SIGHUP)

    def ended(self, code: int) -> int:
        """Give back `code`: all work is done and only threads are left to end."""
        self._code = code
        return code

    def _listen(self) -> None:
        while True:
            left = None if self._deadline is None else max(0.0, self._deadline - time.monotonic())
            if not select.select((self._ear,), (), (), left)[0]:
                self._cut()
                continue
            for number in os.read(self._ear, 64):
                if number == _CLOSE[0]:
                    return
                if number in STOPS or self._hangup_stops:
                    self._hear_stop(number)
                else:
                    self._hear_hangup()

    def _hear_stop(self, number: int) -> None:
        with self._lock:
            again, self._stop = self._stop is not None, self._stop or number
            self._deadline = self._deadline or time.monotonic() + LIMIT
            stop = self._on_stop
        if again:
            os._exit(128 + number)
        elif stop is not None:
            stop(number)

    def _hear_hangup(self) -> None:
        with self._lock:
            reload = self._on_reload
            self._hung_up = reload is None
        if reload is not None:
            reload()

    def _cut(self) -> None:
        """End the process, and say why."""
        self._deadline = None
        busy = _busy()
        code = self._code
        if code is None or busy:
            code = 1
            waiting = ", ".join(busy) or _where(threading.main_thread())
            self.speak(f"stopped by force: not all had ended {LIMIT:g} s after the signal", waiting)
        os._exit(code)


def _nothing(_number: int, _frame: FrameType | None) -> None:
    """Does nothing: the interpreter needs a handler, and the pipe has the signal already."""


def _busy() -> list[str]:
    """Threads that delay the end of the process."""
    main = threading.main_thread()
    places = (_where(thread) for thread in threading.enumerate() if not thread.daemon and thread is not main)
    return [place for place in places if " in _worker " not in place]  # of a thread pool, without work


def _where(thread: threading.Thread) -> str:
    """The function and line that a thread is in."""
    frame = sys._current_frames().get(thread.ident or 0)  # noqa: SLF001 (the only way to it, and documented)
    if frame is None:
        return thread.name
    code = frame.f_code
    return f"{thread.name} in {code.co_name} ({Path(code.co_filename).name}:{frame.f_lineno})"


def _speak(what: str, waiting: str) -> None:
    """Write to stderr directly, if that is possible without a wait."""
    line = f"wolkvox-exporter: error: {what}; it waits for {waiting}\n".encode()[:_ENOUGH]
    with suppress(OSError):
        if select.select((), (2,), (), 0)[1]:
            os.write(2, line)
