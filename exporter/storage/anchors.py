"""Moments of earlier boots of the machine by the clock of this one, each always the same."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import RowMapping

from exporter.clock import Clock, Stamp, anchor


class Anchors:
    """Moments of earlier boots, as first seen: from then on they age by the clock of this boot."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._known: dict[Stamp, Stamp] = {}

    def moment(self, stored: Stamp) -> Stamp:
        """A stored moment on the clocks of this boot."""
        if stored.boot == self._clock.boot:
            return stored
        return self._known.setdefault(stored, anchor(self._clock, stored))

    def rows(self, stored: Iterable[RowMapping]) -> list[dict[str, Any]]:
        """The rows with their moments on the clocks of this boot."""
        return [
            {name: self.moment(value) if isinstance(value, Stamp) else value for name, value in row.items()}
            for row in stored
        ]
