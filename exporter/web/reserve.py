"""Keeps file descriptors for those who look at the page."""

import os

CONNECTIONS = 3
"""Connections that get through whatever else opens files: a scraper, a probe and a person."""


class Reserve:
    """Descriptors that stand in for connections until these come.

    Polls, look-ups and storage open files too. Where few may be open, they would take the last one, and nobody could
    see any more how the exporter does.
    """

    def __init__(self, size: int = CONNECTIONS) -> None:
        self._size = size
        self._held: list[int] = []

    def __len__(self) -> int:
        return len(self._held)

    def fill(self, connections: int) -> None:
        """Take as many as are missing beside the connections that are open, as far as they can be had."""
        while len(self._held) + connections < self._size:
            try:
                self._held.append(os.open(os.devnull, os.O_RDONLY))
            except OSError:
                return

    def give(self) -> bool:
        """Let go of one, for the connection that waits; whether there was one."""
        if not self._held:
            return False
        os.close(self._held.pop())
        return True

    def close(self) -> None:
        """Let go of all."""
        while self.give():
            pass
