"""How far it is, as people expect it: a bar on a terminal, a line a minute elsewhere."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from structlog.stdlib import BoundLogger

from exporter.duration import format_duration

REPORT_SECONDS = 60.0
"""From one line to the next where no bar is drawn."""


class Display(Protocol):
    """Where progress is shown."""

    def step(self) -> None:
        """One more is done."""
        ...

    def reach(self, done: int) -> None:
        """So many are done."""
        ...


class LogDisplay:
    """A line a minute in the log."""

    def __init__(self, total: int, what: str, log: BoundLogger, now: Callable[[], float]) -> None:
        self._total = total
        self._what = what
        self._log = log
        self._now = now
        self._started = self._told = now()
        self._done = 0

    def step(self) -> None:
        """One more is done."""
        self.reach(self._done + 1)

    def reach(self, done: int) -> None:
        """So many are done."""
        self._done = done
        now = self._now()
        if now - self._told >= REPORT_SECONDS and done:
            self._told = now
            left = (now - self._started) / done * (self._total - done)
            percent = round(100 * done / self._total)
            self._log.info(self._what, percent=percent, done=done, of=self._total, left=format_duration(round(left)))


@contextmanager
def display(total: int, what: str, log: BoundLogger, now: Callable[[], float]) -> Iterator[Display]:
    """A display for work of so many parts; `now` is a clock that does not step."""
    stream = sys.__stderr__  # sys.stderr is the log's here
    if stream is None or not stream.isatty():
        yield LogDisplay(total, what, log, now)
        return
    from exporter.backfill.bar import BarDisplay  # noqa: PLC0415 (a tenth of a second that others save)

    bar = BarDisplay(total, what, stream)
    bar.start()
    try:
        yield bar
    finally:
        bar.stop()
