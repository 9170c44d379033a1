"""Judges an exporter by what the simulated API saw of it, and by nothing that the exporter says."""

import asyncio
from bisect import bisect_right
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime

from exporter.clock import SystemClock
from exporter.model import ApiName
from exporter.simulator.request_log import LoggedRequest, RequestOutcome

TICK = 0.01
NEAR = 3 * TICK
"""What differs by no more happened at once: the witness looks no closer."""

RETRIED = "connect"
"""How the names of the faults begin after which the same request may come again at once."""

RETRY_AFTER = 2.0


@dataclass
class Stalls:
    """When the witness itself did not run: a request that came meanwhile was noted too late."""

    found: list[tuple[float, float]] = field(default_factory=list)

    @asynccontextmanager
    async def watched(self) -> AsyncIterator[None]:
        watching = asyncio.create_task(self._watch())
        try:
            yield
        finally:
            watching.cancel()
            with suppress(asyncio.CancelledError):
                await watching

    def before(self, moment: float) -> float:
        """How much earlier than noted something may have come."""
        place = bisect_right(self.found, moment, key=lambda stall: stall[0]) - 1  # they are apart, and in order
        start, end = self.found[place] if place >= 0 else (moment, moment - 1.0)
        return end - start if moment <= end + NEAR else NEAR

    async def _watch(self) -> None:
        clock = SystemClock()  # as the simulated API has it
        while True:
            start = clock.monotonic()
            await asyncio.sleep(TICK)
            self._note(start, clock.monotonic())

    def _note(self, start: float, end: float) -> None:
        """One stall right after another is one: what came in the first may be noted after the second."""
        if end - start <= NEAR:
            return
        if self.found and start - self.found[-1][1] <= NEAR:
            start = self.found.pop()[0]
        self.found.append((start, end))


@dataclass(frozen=True)
class Rules:
    """What was configured for one token."""

    interval: float
    timeout: float


def overlaps(entries: Iterable[LoggedRequest], rules: Rules, deaths: Sequence[float], stalls: Stalls) -> Iterator[str]:
    """Requests of one token that came while another was in flight.

    A request that was under way when its sender was killed is in flight until its time is over: nobody told the API
    that it is not.
    """
    busy_until, who = 0.0, 0
    for entry in entries:
        came = entry.arrived_monotonic
        if came < busy_until:
            yield f"request {entry.number} came {busy_until - came:.3f} s before {who} was over"
        over = _end(entry, rules, deaths, stalls)
        if over > busy_until:
            busy_until, who = over, entry.number


def _end(entry: LoggedRequest, rules: Rules, deaths: Sequence[float], stalls: Stalls) -> float:
    came = entry.arrived_monotonic
    if entry.ended_monotonic is None:
        return came
    killed = entry.outcome is RequestOutcome.GONE and any(
        came <= death <= entry.ended_monotonic + NEAR for death in deaths
    )  # fmt: skip
    limit = came - stalls.before(came) + rules.timeout
    return max(entry.ended_monotonic, limit) if killed else entry.ended_monotonic


def early(entries: Iterable[LoggedRequest], rules: Rules, stalls: Stalls) -> Iterator[str]:
    """Requests of one token for a campaign and window that was asked for less than its interval before."""
    latest: dict[tuple[str, float], tuple[LoggedRequest, bool]] = {}
    for entry in entries:
        if entry.api != ApiName.CAMPAIGN_4:
            continue
        key = (entry.campaign, _length(entry))
        is_retry = False
        if key in latest:
            last, was_retry = latest[key]
            # The latest that the one can have come, less the earliest that the other can: what is found is certain.
            gap = entry.received_monotonic - last.received_monotonic + stalls.before(last.received_monotonic)
            is_retry = gap < rules.interval and (last.fault or "").startswith(RETRIED) and not was_retry
            if gap < (RETRY_AFTER if is_retry else rules.interval):
                yield f"campaign {entry.campaign}: request {entry.number} came {gap:.3f} s after {last.number}"
        latest[key] = (entry, is_retry)


def _length(entry: LoggedRequest) -> float:
    """Seconds of the window that was asked for."""
    start, end = (datetime.strptime(text, "%Y%m%d%H%M%S") for text in (entry.date_ini, entry.date_end))  # noqa: DTZ007
    return (end - start).total_seconds()
