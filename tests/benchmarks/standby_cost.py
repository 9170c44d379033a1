"""CPU of a replica that polls with no token while all of 1,200 are polled with elsewhere, over one core.

The real command, whole, on a real PostgreSQL. Its 1,200 tokens are held by this benchmark, which takes no part in the
spread and so leaves the command none. 40 polls a second are stored, as of 12,000 targets that are asked every five
minutes; the command reads and shows them. The reference is the CPU that storing them costs, without any request.
"""

import asyncio
import random
import sys
import tempfile
import time
from dataclasses import replace
from datetime import datetime
from itertools import cycle
from pathlib import Path

import psutil
from page_samples import snapshot
from real_fleet import Fleet, fleet, write_fleet_config
from real_postgresql import postgresql

from exporter.clock import Clock, SystemClock
from exporter.config.load import load
from exporter.model import Operation, Target
from exporter.storage.lease import RENEWAL_SECONDS
from exporter.storage.ledger import Ledger
from exporter.storage.postgresql import PostgresDatabase
from exporter.storage.request import PollResult, Request

TOKENS, CAMPAIGNS, POLLS_A_SECOND = 1200, 10, 40
SETTLE, SECONDS = 20.0, 60.0
BOUND = 0.05


class Holder:
    """Holds the leases of all tokens, and stores polls that nobody made."""

    def __init__(self, url: str, operations: tuple[Operation, ...]) -> None:
        storage = PostgresDatabase(url)
        self._clock: Clock = storage.clock(SystemClock())
        self._ledger = Ledger(storage, self._clock, "holder")
        self._operations = operations
        self._dice = random.Random(1)
        self._targets = cycle([
            (one, one.targets[number]) for number in range(CAMPAIGNS) for one in operations
        ])  # fmt: skip
        self._day = datetime.now(operations[0].zone).date().isoformat()
        self.polls = 0

    async def open(self) -> None:
        """Take all leases."""
        await self._ledger.open()
        self._ledger.apply_config(self._operations)
        for one in self._operations:
            await self._ledger.leases.acquire(self._ledger.hash(one.token), 60.0)
            await self._ledger.records.adopt(one)

    async def store(self, seconds: float) -> float:
        """Store so many polls as come in that time; CPU seconds that it took."""
        began, spent = self._clock.monotonic(), 0.0
        renewed = began - RENEWAL_SECONDS
        while (passed := self._clock.monotonic() - began) < seconds:
            before = time.process_time()
            if self._clock.monotonic() - renewed >= RENEWAL_SECONDS / 2:
                renewed = self._clock.monotonic()
                await self._ledger.leases.renew()
            if self.polls < passed * POLLS_A_SECOND:
                await self._poll(*next(self._targets))
            spent += time.process_time() - before
            await asyncio.sleep(max(0.0, (self.polls + 1) / POLLS_A_SECOND - passed))
        return spent

    async def _poll(self, operation: Operation, target: Target) -> None:
        token = self._ledger.hash(operation.token)
        grant = await self._ledger.begin(Request(token, target, self._day, None, 0.0))
        made = snapshot(self._dice, 1)
        known = replace(made, asked=grant.at, polled=grant.at, succeeded=grant.at)
        await self._ledger.finish(token, PollResult(target, operation.base_url, known), None)
        self.polls += 1

    async def close(self) -> None:
        """Give nothing up: the command is to find nothing to do."""
        await self._ledger.close()


def spent_by(process: psutil.Process) -> float:
    """Processor seconds of a process so far."""
    times = process.cpu_times()
    return float(times.user + times.system)


async def measure(replicas: Fleet, holder: Holder) -> bool:
    """Print the figure; whether it is within its bound."""
    one = await replicas.start()
    await holder.store(SETTLE)
    holder.polls = 0
    process = psutil.Process(one.process.pid)
    began, before = time.monotonic(), spent_by(process)
    stored = await holder.store(SECONDS)
    lasted = time.monotonic() - began
    share = (spent_by(process) - before) / lasted
    page = (await one.ask("/metrics")).text
    if await replicas.held(one) or page.count("\nwolkvox_campaign_up{") < holder.polls:
        raise RuntimeError("it polls itself, or does not show what was stored")
    print(
        f"standby at {TOKENS} tokens and {holder.polls / lasted:.0f} polls a second: {share:.1%} of a core (bound"
        f" {BOUND:.0%}); {share * lasted / stored:.2f} times what storing them costs ({stored / lasted:.1%})"
    )
    return share <= BOUND


async def run(folder: Path) -> bool:
    """Start all that is needed, and measure."""
    names = [f"acme-{number}" for number in range(TOKENS)]
    campaigns = [str(60_000 + number) for number in range(CAMPAIGNS)]
    write_fleet_config(folder, "http://127.0.0.1:9", names, campaigns, {"windows": ["1h"]})
    with postgresql() as server:
        async with fleet(folder, server, names) as replicas:
            holder = Holder(server.url(replicas.database), load(folder / "config.yml", {}).operations)
            await holder.open()
            try:
                return await measure(replicas, holder)
            finally:
                await holder.close()


def main() -> None:
    """Exit code 1 beyond the bound."""
    with tempfile.TemporaryDirectory() as name:
        held = asyncio.run(run(Path(name)))
    sys.exit(0 if held else 1)


if __name__ == "__main__":
    main()
