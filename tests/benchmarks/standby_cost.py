"""CPU of a replica that polls with no token while all of 1,200 are polled with elsewhere, over one core.

The real command, whole, on a real PostgreSQL. Its 1,200 tokens are held by this benchmark, which takes no part in the
spread and so leaves the command none. It stores polls, as of one target of each token that is asked every five minutes,
and then as of ten; the command reads and shows them. The bound is that of the tokens, so of one target. The reference
is the CPU that storing the polls costs, without any request.
"""

import asyncio
import random
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from itertools import cycle
from pathlib import Path

import psutil
from page_samples import snapshot
from real_fleet import Fleet, fleet, write_fleet_config
from real_postgresql import postgresql
from whole_exporter import processor_seconds

from exporter.clock import Clock, SystemClock
from exporter.config.load import load
from exporter.model import Operation, Target
from exporter.storage.lease import RENEWAL_SECONDS
from exporter.storage.ledger import Ledger
from exporter.storage.postgresql import PostgresDatabase
from exporter.storage.request import PollResult, Request

TOKENS, CAMPAIGNS = 1200, 10
FEW, MANY = 4, 40
"""Polls a second, of one target of each token every five minutes and of ten."""
SETTLE, SECONDS = 60.0, 45.0
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

    @asynccontextmanager
    async def holding(self) -> AsyncIterator[None]:
        """Hold all leases until the end of the block, and give nothing up: the command is to find nothing to do."""
        await self._ledger.open()
        self._ledger.apply_config(self._operations)
        keeping = asyncio.create_task(self._keep())
        try:
            for one in self._operations:
                await self._ledger.leases.acquire(self._ledger.hash(one.token), 60.0)
                await self._ledger.records.adopt(one)
            yield
        finally:
            keeping.cancel()
            await self._ledger.close()

    async def _keep(self) -> None:
        while True:
            await self._ledger.leases.renew()
            await asyncio.sleep(RENEWAL_SECONDS)

    async def store(self, seconds: float, rate: int) -> int:
        """Store as many polls as come in that time, at so many a second; how many."""
        began, polls = self._clock.monotonic(), 0
        while (passed := self._clock.monotonic() - began) < seconds:
            if polls < passed * rate:
                await self._poll(*next(self._targets))
                polls += 1
            else:
                await asyncio.sleep(0.5 / rate)
        return polls

    async def _poll(self, operation: Operation, target: Target) -> None:
        token = self._ledger.hash(operation.token)
        grant = await self._ledger.begin(Request(token, target, self._day, None, 0.0))
        made = snapshot(self._dice, 1)
        known = replace(made, asked=grant.at, polled=grant.at, succeeded=grant.at)
        await self._ledger.finish(token, PollResult(target, operation.base_url, known), None)


async def share_at(rate: int, standby: psutil.Process, holder: Holder) -> float:
    """Print the share of a core that the standby uses at so many polls a second."""
    storing = psutil.Process()
    began, before = time.monotonic(), [processor_seconds(each) for each in (standby, storing)]
    polls = await holder.store(SECONDS, rate)
    lasted, after = time.monotonic() - began, [processor_seconds(each) for each in (standby, storing)]
    share, stored = [(now - was) / lasted for was, now in zip(before, after, strict=True)]
    bound = f"bound {BOUND:.0%}" if rate == FEW else "no bound"
    print(
        f"standby at {TOKENS} tokens and {polls / lasted:.0f} polls a second: {share:.1%} of a core"
        f" ({bound}); {share / stored:.2f} times what storing them costs ({stored:.1%})",
        flush=True,
    )
    return share


async def measure(replicas: Fleet, holder: Holder) -> bool:
    """Print the figures; whether the first is within its bound."""
    one = await replicas.start()
    await holder.store(SETTLE, FEW)
    process = psutil.Process(one.process.pid)
    share = await share_at(FEW, process, holder)
    await share_at(MANY, process, holder)
    if await replicas.held(one) or (await one.ask("/metrics")).text.count("\nwolkvox_campaign_up{") < SECONDS * FEW:
        raise RuntimeError("it polls itself, or does not show what was stored")
    return share <= BOUND


async def run(folder: Path) -> bool:
    """Start all that is needed, and measure."""
    names = [f"acme-{number}" for number in range(TOKENS)]
    campaigns = [str(60_000 + number) for number in range(CAMPAIGNS)]
    write_fleet_config(folder, "http://127.0.0.1:9", names, campaigns, {"windows": ["1h"]})
    with postgresql() as server:
        async with fleet(folder, server, names) as replicas:
            holder = Holder(server.url(replicas.database), load(folder / "config.yml", {}).operations)
            async with holder.holding():
                return await measure(replicas, holder)


def main() -> None:
    """Exit code 1 beyond the bound."""
    with tempfile.TemporaryDirectory() as name:
        held = asyncio.run(run(Path(name)))
    sys.exit(0 if held else 1)


if __name__ == "__main__":
    main()
