"""Polls of three replicas on one PostgreSQL over those of one, and how long a take-over lasts.

The real command, three times on one database and once on another, at the same time and with the same configuration;
each asks a simulated API of its own, whose log counts. Then replicas are killed, one after another: a take-over lasts
from the kill to the next request with a token that the dead one polled with. It cannot be shorter than the dead one's
lease.
"""

import asyncio
import random
import statistics
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from patience import patiently
from real_exporter import Exporter
from real_fleet import Fleet, fleet, printed, token_of, write_fleet_config
from real_postgresql import PostgreSQL, postgresql

from exporter.clock import SystemClock
from exporter.simulator.server import Simulator
from exporter.simulator.settings import SimulatorSettings
from exporter.simulator.traffic import Shift
from exporter.storage.lease import LEASE_SECONDS

TOKENS, CAMPAIGNS, INTERVAL = 12, 5, 20
SETTLE, SECONDS = 60.0, 300.0
KILLS = 10
LEAST, MOST = 0.95, 1.05
SLOW = 300.0
"""Seconds after which a take-over that has not come fails the run."""
CLOCK = SystemClock()
NAMES = [f"acme-{number}" for number in range(TOKENS)]


async def take_over(replicas: Fleet, simulator: Simulator, victim: Exporter) -> float:
    """Kill a replica: seconds until somebody asks with one of its tokens. Starts another in its place."""
    orphans = {printed(name) for name in await replicas.held(victim)}
    before, began = len(simulator.log.entries), CLOCK.monotonic()
    await replicas.kill(victim)

    async def probe() -> float | None:
        found = [one.arrived_monotonic for one in list(simulator.log.entries)[before:] if one.token in orphans]
        later = [at for at in found if at > began + 1.0]  # what it had sent before it died
        return later[0] - began if later else None

    seconds = await patiently(probe, lambda: "nobody took over", SLOW)
    await replicas.start()
    await replicas.spreads(SLOW)
    return seconds


@asynccontextmanager
async def started(folder: Path, server: PostgreSQL, count: int) -> AsyncIterator[tuple[Fleet, Simulator]]:
    """So many replicas until the end of the block, and the API that they ask."""
    folder.mkdir()
    settings = SimulatorSettings(tokens=tuple(map(token_of, NAMES)), latency=0.5, hours=Shift.ALWAYS, log_size=10**6)
    async with Simulator(settings) as simulator, fleet(folder, server, NAMES) as made:
        campaigns = [str(50_000 + number) for number in range(CAMPAIGNS)]
        common = {"interval": f"{INTERVAL}s", "timeout": "5s", "windows": ["1h"]}
        write_fleet_config(folder, simulator.base_url, NAMES, campaigns, common)
        for _ in range(count):
            await made.start()
        await made.spreads(SLOW)
        yield made, simulator


async def measure(folder: Path, server: PostgreSQL) -> bool:
    """Print the figures; whether the ratio is within its bounds."""
    async with AsyncExitStack() as stack:
        _, one = await stack.enter_async_context(started(folder / "one", server, 1))
        replicas, three = await stack.enter_async_context(started(folder / "three", server, 3))
        await asyncio.sleep(SETTLE)
        before = [each.log.total for each in (one, three)]
        await asyncio.sleep(SECONDS)
        alone, together = (each.log.total - was for each, was in zip((one, three), before, strict=True))
        print(
            f"polls of three replicas over those of one: {together / alone:.3f} ({together} over {alone} in"
            f" {SECONDS:g} s; {LEAST} to {MOST})",
            flush=True,
        )
        chance = random.Random(1)
        lasted = [await take_over(replicas, three, chance.choice(replicas.replicas)) for _ in range(KILLS)]
    print(
        f"take-over after SIGKILL: median of {KILLS} {statistics.median(lasted):.1f} s, longest {max(lasted):.1f} s;"
        f" {statistics.median(lasted) / LEASE_SECONDS:.2f} leases of {LEASE_SECONDS:g} s",
        flush=True,
    )
    return LEAST <= together / alone <= MOST


def main() -> None:
    """Exit code 1 beyond the bounds."""
    with tempfile.TemporaryDirectory() as folder, postgresql() as server:
        held = asyncio.run(measure(Path(folder), server))
    sys.exit(0 if held else 1)


if __name__ == "__main__":
    main()
