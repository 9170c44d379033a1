"""A bar for a terminal."""

import os
import threading
from typing import TextIO

from tqdm import tqdm

FORMAT = "{desc} {percentage:3.0f}% {n_fmt}/{total_fmt} {bar} {rate_noinv_fmt} {elapsed} left {remaining}"
"""What matters first: a narrow terminal cuts off the end."""

REDRAWN = 1.0
"""Seconds: an answer may take a minute, and the time goes on meanwhile."""

USUAL_COLUMNS = 80
"""Of a terminal that does not say how wide it is."""


class BarDisplay:
    """A bar with rate and remaining time, redrawn in a thread of its own."""

    def __init__(self, total: int, what: str, stream: TextIO) -> None:
        self._stream = stream
        self._bar = tqdm(
            total=total,
            desc=what,
            file=stream,
            bar_format=FORMAT,
            unit="",
            ncols=self._columns(),
            colour=None if os.environ.get("NO_COLOR") else "green",  # https://no-color.org
        )
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._redraw, name="progress", daemon=True)

    def step(self) -> None:
        """One more is done."""
        self._advance(1)

    def reach(self, done: int) -> None:
        """So many are done."""
        self._advance(done - int(self._bar.n))

    def start(self) -> None:
        """Draw it again each second."""
        self._thread.start()

    def stop(self) -> None:
        """Leave it as it is."""
        self._stopped.set()
        self._thread.join()
        self._bar.close()

    def _advance(self, parts: int) -> None:
        self._bar.ncols = self._columns()
        self._bar.update(parts)

    def _redraw(self) -> None:
        while not self._stopped.wait(REDRAWN):
            self._bar.ncols = self._columns()
            self._bar.refresh()

    def _columns(self) -> int:
        """Those of the terminal now. The library cannot draw in 0, which a terminal says that does not know."""
        return os.get_terminal_size(self._stream.fileno()).columns or USUAL_COLUMNS
