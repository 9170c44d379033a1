"""Requests of a day of an operation of 60 campaigns of which 5 dial at a time, over those of polling all 60.

On a virtual clock, with the real worker, ledger and store, against a vendor in memory: each of five lines dials four
campaigns a day, one after the other. Every attempt must be on the page within 1.5 intervals, but for the last minutes
of the day, which are in `yesterday`: its last poll gives way to the one right after midnight. The reference is the same
operation with `poll: all` in the same run, for three hours, times eight.
"""

import asyncio
import logging
import tempfile
from pathlib import Path

import structlog
from discovered import discovery, row
from support import BOGOTA, Exporter, Vendor, VirtualClock, operation

from exporter.model import (
    TODAY,
    CampaignsAnswer,
    LiveAnswer,
    LiveCampaign,
    Operation,
    PollWhich,
    Report,
    Row,
    Target,
    TimeRange,
)
from exporter.wolkvox.client import Answer
from exporter.wolkvox.window import day_start

LISTED, LINES, TURNS = 60, 5, 4
DAY, REFERENCE = 86_400.0, 3 * 3600.0
INTERVAL = 300.0
ATTEMPT_SECONDS = 20.0
BOUND = 0.15
MIDNIGHT = float(day_start(BOGOTA, 1_790_000_000.0) + 86_400)


class DiallingVendor(Vendor):
    """Its campaigns dial in turn; a report counts the attempts since midnight."""

    def line(self) -> list[int]:
        """The campaigns that dial now."""
        turn = int((self.clock.now() - MIDNIGHT) // (DAY / TURNS))
        return [turn * LINES + line for line in range(LINES)]

    def attempts(self, campaign: int, at: float) -> int:
        """How many attempts of the day a campaign has made until then."""
        begun = MIDNIGHT + campaign // LINES * (DAY / TURNS)
        ended = begun + DAY / TURNS
        return max(0, int((min(at, ended) - begun) // ATTEMPT_SECONDS))

    async def campaigns(self, operation: Operation, seconds: float, granted_at: float) -> Answer[CampaignsAnswer]:
        """All of them."""
        dialling = self.line()
        self.listed = CampaignsAnswer(tuple(row(str(one), started=one in dialling) for one in range(LISTED)))
        return await super().campaigns(operation, seconds, granted_at)

    async def real_time(self, operation: Operation, seconds: float, granted_at: float) -> Answer[LiveAnswer]:
        """All of them."""
        dialling = self.line()
        self.live = LiveAnswer(tuple(LiveCampaign(str(one), started=one in dialling) for one in range(LISTED)))
        return await super().real_time(operation, seconds, granted_at)

    async def campaign_4(
        self, operation: Operation, target: Target, bounds: TimeRange, granted_at: float
    ) -> Answer[Report]:
        """The attempts since midnight."""
        count = self.attempts(int(target.key.campaign), self.clock.now())
        self.outcome = Report((Row("answer", count, 100.0),)) if count else Report(no_data=True)
        return await super().campaign_4(operation, target, bounds, granted_at)


def unseen(exporter: Exporter, vendor: DiallingVendor) -> list[str]:
    """The campaigns with attempts that the page should have by now and has not."""
    exporter.store.expire()
    shown = {
        key.campaign: sum(one.attempts for one in state.published.rows)
        for key, state in exporter.published.targets.items()
        if state.published is not None
    }
    due = exporter.clock.now() - 1.5 * INTERVAL
    return [str(one) for one in range(LISTED) if vendor.attempts(one, due) > shown.get(str(one), 0)]


async def day(poll: PollWhich, seconds: float, folder: Path) -> int:
    """The requests of so many seconds from midnight on."""
    clock = VirtualClock(MIDNIGHT)
    vendor = DiallingVendor(clock, latency=1.0)
    found = discovery(windows=(TODAY,), poll=poll)
    exporter = Exporter(clock, vendor, f"sqlite:///{folder / poll}.db")
    await exporter.start(operation(discovery=found, live_interval=INTERVAL))
    while clock.true < seconds:
        await clock.run(30.0)
        is_late = DAY - clock.true < 3 * INTERVAL
        if not is_late and (missing := unseen(exporter, vendor)):
            raise RuntimeError(f"attempts of {', '.join(missing)} are not on the page after {clock.true:.0f} s")
    await exporter.kill()
    return len(vendor.log) + len(vendor.asked)


async def main() -> None:
    """Print the figure."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    with tempfile.TemporaryDirectory() as name:
        found = await day(PollWhich.STARTED, DAY, Path(name))
        every = await day(PollWhich.ALL, REFERENCE, Path(name)) * DAY / REFERENCE
    print(f"requests of a day, {LISTED} campaigns of which {LINES} dial: {found}; polling all of them: {every:.0f}")
    print(f"requests over polling all: {found / every:.3f} (at most {BOUND}), every attempt seen within 1.5 intervals")


if __name__ == "__main__":
    asyncio.run(main())
