"""The real demo, with the switches of its simulated API, and its past as Prometheus would have it."""

import asyncio
import os
import re
import subprocess
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any

import aiohttp
from raw_client import FixedClock
from real_exporter import PROGRAM, Exporter

from exporter.simulator.demo import demo_settings
from exporter.simulator.server import Simulator
from exporter.simulator.traffic import BLOCK, HOUR, SPIKES

_API = re.compile(r"Simulated API: +(\S+)\n")

LATELY = 2.5 * HOUR
"""Seconds for which a spike is still in a rolling window, or in what the rules remember of it."""

SOON = HOUR
"""Seconds that the tests of a demo take, at most."""

UNHURRIED = 400
"""Seconds that making 15 days of the past may take: half a minute on two cores that have nothing else to do."""


class Demo:
    """A running `demo`."""

    def __init__(self, session: aiohttp.ClientSession, exporter: Exporter, api: str, seed: int) -> None:
        self._session = session
        self._api = api
        self.seed = seed
        self.address = exporter.url.removeprefix("http://")
        """Host and port that Prometheus scrapes."""

    async def fault(self, fault: str, campaign: str) -> None:
        """Let each request for a campaign fail."""
        await self._put("faults", fault=fault, campaign=campaign)

    async def spike(self, spike: str, campaign: str, rate: float) -> None:
        """Add attempts to a campaign, so many a second."""
        await self._put("spikes", spike=spike, campaign=campaign, rate=rate)

    async def no_faults(self) -> None:
        """Switch all faults off, also those that belong to the demo."""
        async with self._session.delete(f"{self._api}simulator/faults") as response:
            assert response.ok, await response.text()

    async def _put(self, switches: str, **body: Any) -> None:
        async with self._session.put(f"{self._api}simulator/{switches}", json=body) as response:
            assert response.ok, await response.text()


@asynccontextmanager
async def demo_in(folder: Path) -> AsyncIterator[Demo]:
    """Run the demo until the end of the block, on ports that were free, in a world that is quiet now."""
    seed = quiet_seed(time.time())
    async with aiohttp.ClientSession() as session:
        exporter = Exporter(session, folder, "demo", "--web.listen-address=127.0.0.1:0", f"--simulator.seed={seed}")

        async def api() -> str | None:
            found = _API.search(exporter.stdout)
            return found and found[1]

        try:
            await exporter.serves()
            yield Demo(session, exporter, await exporter.until(api), seed)
            assert await exporter.stop() == 0, exporter.stderr
        finally:
            if exporter.process.poll() is None:
                await exporter.kill()


def quiet_seed(now: float) -> int:
    """The first world in which no campaign of the demo has a spike of its own around now."""
    return next(seed for seed in count(1) if _is_quiet(Simulator(demo_settings(seed), FixedClock(now + SOON)), now))


def _is_quiet(simulator: Simulator, now: float) -> bool:
    ids = {life.campaign.id for token in simulator.settings.tokens for life in simulator.lives(token)}
    blocks = range(int(now - LATELY) // BLOCK * BLOCK, int(now + SOON), BLOCK)
    return not any(_spikes(simulator.counts(campaign, start, start + BLOCK)) for campaign in ids for start in blocks)


def _spikes(counts: dict[str, int]) -> bool:
    """A spike gives its result 45 % of all attempts, the worst of the lists has 20 %."""
    return max(counts.get(result, 0) for result in SPIKES) > max(0.33 * sum(counts.values()), 10)


async def past_as_blocks(length: str, demo: Demo, folder: Path) -> None:
    """Make blocks of the demo's past, as the README tells users to."""
    written = folder.with_suffix(".txt")
    await write_past(length, demo, written)
    await blocks_of(written, folder)


async def write_past(length: str, demo: Demo, written: Path, *more: str) -> None:
    """Write the demo's past to a file of samples."""
    history = (f"--history={length}", f"--history.instance={demo.address}", f"--output={written}")
    await _done(*PROGRAM, "simulate", f"--simulator.seed={demo.seed}", *history, *more)


async def blocks_of(written: Path, folder: Path) -> None:
    """Make a file of samples part of the data of a Prometheus that does not run; the file goes."""
    blocks = ("tsdb", "create-blocks-from", "openmetrics", "--quiet", "--max-block-duration=64h")
    await _done("promtool", *blocks, str(written), str(folder))
    written.unlink()


async def _done(*command: str) -> None:
    """Run to the end. Measuring coverage would take a minute more for code that unit tests cover."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("COVERAGE_", "WOLKVOX_"))}
    process = await asyncio.create_subprocess_exec(
        *command, env=environ, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    try:
        async with asyncio.timeout(UNHURRIED):
            said, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, said.decode()
