"""What the simulated API was asked, when, and what became of it: the witness of other tests."""

import hashlib
import json
from collections import Counter, OrderedDict
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import TextIO

from exporter.clock import Clock
from exporter.model import ApiName
from exporter.simulator.error import SimulatorError


class RequestOutcome(StrEnum):
    """How a request ended."""

    OPEN = "open"
    """Not yet."""
    ANSWERED = "answered"
    """With a whole answer."""
    CUT = "cut"
    """By the simulator, on purpose: closed, reset, or closed midway."""
    GONE = "gone"
    """The client left before the answer was complete."""


@dataclass(frozen=True, slots=True)
class LoggedRequest:
    """One request. Moments are Unix seconds of the wall clock, and seconds of the machine's monotonic clock."""

    number: int
    """Counts all requests, the first is 1."""
    arrived: float
    arrived_monotonic: float
    received_monotonic: float
    """When its head had been read, some turns of the event loop before it was noted. On a busy machine these last."""
    token: str
    """A short hash, see `fingerprint`; empty without a token."""
    campaign: str
    date_ini: str
    date_end: str
    api: str
    """A value of `ApiName`, or what else was asked for."""
    overlap: int
    """Other requests with that token under way when it arrived."""
    status: int | None = None
    fault: str | None = None
    outcome: RequestOutcome = RequestOutcome.OPEN
    ended: float | None = None
    ended_monotonic: float | None = None


def fingerprint(token: str) -> str:
    """Hash a token, enough to tell a few apart and too little to find it."""
    return hashlib.sha256(token.encode()).hexdigest()[:8] if token else ""


class RequestLog:
    """The latest requests in memory, all of them as JSON lines in a file where one is given."""

    def __init__(self, clock: Clock, size: int, file: Path | None) -> None:
        self._clock = clock
        self._size = size
        self._path = file
        self._file: TextIO | None = None
        self._entries: OrderedDict[int, LoggedRequest] = OrderedDict()
        self._under_way: Counter[str] = Counter()
        self._total = 0

    def open(self) -> None:
        """Open the file to append to; raises SimulatorError where that cannot be."""
        if self._path is not None:
            try:
                self._file = self._path.open("a", encoding="utf-8", buffering=1)
            except OSError as error:
                raise SimulatorError(
                    f"{self._path}: cannot write the log of requests ({error.strerror}); choose another file"
                ) from error

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    @property
    def total(self) -> int:
        """Requests since the start, also those no longer in memory."""
        return self._total

    @property
    def entries(self) -> tuple[LoggedRequest, ...]:
        """The latest requests by arrival."""
        return tuple(self._entries.values())

    def arrive(  # noqa: PLR0913 (what a request says)
        self,
        token: str,
        campaign: str,
        date_ini: str,
        date_end: str,
        *,
        api: str = ApiName.CAMPAIGN_4,
        received: float | None = None,
    ) -> LoggedRequest:
        """Note a request that just came, or that was `received` at a moment of the monotonic clock."""
        self._total += 1
        now = self._clock.monotonic()
        entry = LoggedRequest(
            number=self._total,
            arrived=self._clock.now(),
            arrived_monotonic=now,
            received_monotonic=now if received is None else received,
            token=fingerprint(token),
            campaign=campaign,
            date_ini=date_ini,
            date_end=date_end,
            api=api,
            overlap=self._under_way[fingerprint(token)],
        )
        self._under_way[entry.token] += 1
        self._entries[entry.number] = entry
        while len(self._entries) > self._size:
            self._entries.popitem(last=False)
        return entry

    def end(self, entry: LoggedRequest, outcome: RequestOutcome, status: int | None, fault: str | None) -> None:
        """Note how it ended."""
        entry = replace(
            entry,
            status=status,
            fault=fault,
            outcome=outcome,
            ended=self._clock.now(),
            ended_monotonic=self._clock.monotonic(),
        )
        self._under_way[entry.token] -= 1
        if not self._under_way[entry.token]:
            del self._under_way[entry.token]
        if entry.number in self._entries:
            self._entries[entry.number] = entry
        if self._file is not None:
            self._file.write(json.dumps(asdict(entry)) + "\n")
