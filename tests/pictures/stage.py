"""What the dashboards are drawn of: the demo, its past, and Prometheus with the rules and what they recorded of it."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from real_demo import Demo, blocks_of, demo_in, past_as_blocks, write_past
from recorded_past import backfill
from ruled_prometheus import RuledPrometheus, ruled_prometheus_on

from exporter.simulator.campaigns import COLLECTION, SALES, SURVEYS
from exporter.simulator.demo import OPERATIONS
from exporter.simulator.fault import Fault
from exporter.simulator.spikes import SpikeKind

PAST = "15d"
"""Two weeks of the usual, and what is drawn of the last day."""

LATELY = "25h"
"""As much of it again as the demo polls: what is drawn, where an age shows how often that is."""

DRAWN = 25 * 3600
"""Seconds of which the rules' own series are needed: the longest time range, and an hour."""

BUSY = 200.0
FAILED = 8.0
"""Attempts per second that the spikes add: the first outweighs all else within a minute, the second is among others."""

TARGETS = sum(map(len, OPERATIONS.values()))


STEP = "2m"
"""The longest step of a chart: what is to be drawn must have been so for as long."""


@dataclass(frozen=True, slots=True)
class Stage:
    """The demo and who scrapes it."""

    demo: Demo
    server: RuledPrometheus

    async def calm(self) -> None:
        """Wait until all campaigns have answered and the rules have judged them."""
        judged = f"count(campaign:wolkvox_trouble:state) >= {TARGETS}"
        answered = f"count(wolkvox_campaign_up == 1) >= {TARGETS}"
        timed = f"count(rate(wolkvox_api_request_duration_seconds_count[1m] offset {STEP}) > 0) >= 2"
        drawn = f"count(rate(process_cpu_seconds_total[1m] offset {STEP})) >= 1"
        live = f'count(wolkvox_campaign_calls_per_minute{{campaign="{COLLECTION.id}"}} offset {STEP}) >= 1'
        conditions = (judged, answered, timed, drawn, live)
        await self.server.until(" and on () ".join(conditions), within=480)

    async def trouble(self) -> None:
        """Let one campaign meet busy lines, one fail its calls and one get no answer, and wait until it is an alert."""
        await self.demo.fault(Fault.SERVER_ERROR, SURVEYS.id)
        await self.demo.spike(SpikeKind.BUSY, COLLECTION.id, BUSY)
        await self.demo.spike(SpikeKind.FAILED, SALES.id, FAILED)
        self.server.hurry()
        spikes = "WolkvoxBusySpike|WolkvoxFailedSpike"
        firing = f'count(ALERTS{{alertname=~"{spikes}", alertstate="firing", window="1h"}}) >= 2'
        failing = f'wolkvox_campaign_up{{campaign="{SURVEYS.id}"}} == 0'
        seen = f'campaign:wolkvox_trouble:state{{campaign="{SURVEYS.id}"}} >= 64'
        contact = f'count(campaign:wolkvox_trouble:state{{campaign="{COLLECTION.id}", window="1h"}} >= 18)'
        drawn = f"(sum(rate(wolkvox_poll_failures_total[1m] offset {STEP})) > 0)"
        await self.server.until(" and on () ".join((firing, f"({failing})", f"({seen})", contact, drawn)), within=480)


async def _lately(demo: Demo, written: Path, blocks: Path) -> None:
    """Without counters: each past counts from its own beginning."""
    every = written.with_suffix(".all")
    await write_past(LATELY, demo, every, "--history.step=1m")
    with every.open(encoding="utf-8") as source, written.open("w", encoding="utf-8") as kept:
        kept.writelines(line for line in source if "_total{" not in line)
    every.unlink()
    await blocks_of(written, blocks)


@asynccontextmanager
async def stage_in(folder: Path) -> AsyncIterator[Stage]:
    """Set it up and take it down. The demo is scraped from the beginning, so that no gap is between its past "
    "and now."""
    data = folder / "data"
    async with demo_in(folder) as demo:
        await demo.no_faults()
        async with ruled_prometheus_on(folder, data, demo.address):
            await past_as_blocks(PAST, demo, folder / "past")
            await _lately(demo, folder / "lately.txt", folder / "past")
        for block in (folder / "past").iterdir():
            await asyncio.to_thread(shutil.move, block, data / block.name)
        await backfill(folder, data, demo.address, DRAWN)
        async with ruled_prometheus_on(folder, data, demo.address) as server:
            yield Stage(demo, server)
