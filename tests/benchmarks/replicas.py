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
from dataclasses import dataclass
from pathlib import Path

import aiohttp
from patience import patiently
from real_exporter import Exporter, write_config
from real_postgresql import PostgreSQL, postgresql

from exporter.clock import SystemClock
from exporter.simulator.request_log import fingerprint
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


@dataclass
class Fleet:
    """Replicas on one database, and the API that they ask."""

    folder: Path
    session: aiohttp.ClientSession
    simulator: Simulator
    url: str
    replicas: list[Exporter]

    async def start(self) -> None:
        """One replica more."""
        flags = ("run", "--web.listen-address=127.0.0.1:0", f"--storage.url={self.url}")
        one = Exporter(self.session, self.folder, *flags)
        self.replicas.append(one)
        await one.serves()

    async def spreads(self) -> None:
        """Wait until each token is polled by one replica, and as many by each."""
        share = -(-TOKENS // len(self.replicas))

        async def probe() -> bool:
            held = [await self.held(one) for one in self.replicas]
            return sum(map(len, held)) == TOKENS and max(map(len, held)) <= share

        await patiently(probe, lambda: "the tokens are not spread", SLOW)

    async def held(self, one: Exporter) -> set[str]:
        """The operations that a replica polls."""
        page = await one.page()
        return {sample.labels["operation"] for sample in page.find("wolkvox_token_lease_held") if sample.value == 1}

    async def take_over(self, victim: Exporter) -> float:
        """Kill a replica: seconds until somebody asks with one of its tokens. Starts another in its place."""
        orphans = {fingerprint(f"token-of-{name}") for name in await self.held(victim)}
        self.replicas.remove(victim)
        before, began = len(self.simulator.log.entries), CLOCK.monotonic()
        await victim.kill()

        async def probe() -> float | None:
            found = [one.arrived_monotonic for one in list(self.simulator.log.entries)[before:] if one.token in orphans]
            later = [at for at in found if at > began + 1.0]  # what it had sent before it died
            return later[0] - began if later else None

        seconds = await patiently(probe, lambda: "nobody took over", SLOW)
        await self.start()
        await self.spreads()
        return seconds


@asynccontextmanager
async def fleet(folder: Path, server: PostgreSQL, count: int) -> AsyncIterator[Fleet]:
    """So many replicas until the end of the block."""
    folder.mkdir()
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(aiohttp.ClientSession())
        tokens = tuple(f"token-of-{name}" for name in NAMES)
        settings = SimulatorSettings(tokens=tokens, latency=0.5, hours=Shift.ALWAYS, log_size=10**6)
        simulator = await stack.enter_async_context(Simulator(settings))
        operations = [
            {
                "name": name,
                "base_url": simulator.base_url,
                "token": f"token-of-{name}",
                "campaigns": [{"id": str(50_000 + number)} for number in range(CAMPAIGNS)],
            }
            for name in NAMES
        ]
        config = {"interval": f"{INTERVAL}s", "timeout": "5s", "windows": ["1h"], "operations": operations}
        write_config(folder, config)
        made = Fleet(folder, session, simulator, server.url(server.database()), [])
        try:
            for _ in range(count):
                await made.start()
            await made.spreads()
            yield made
        finally:
            for one in made.replicas:
                await one.kill()


async def measure(folder: Path, server: PostgreSQL) -> bool:
    """Print the figures; whether the ratio is within its bounds."""
    async with AsyncExitStack() as stack:
        one = await stack.enter_async_context(fleet(folder / "one", server, 1))
        three = await stack.enter_async_context(fleet(folder / "three", server, 3))
        await asyncio.sleep(SETTLE)
        before = [each.simulator.log.total for each in (one, three)]
        await asyncio.sleep(SECONDS)
        alone, together = (each.simulator.log.total - was for each, was in zip((one, three), before, strict=True))
        print(
            f"polls of three replicas over those of one: {together / alone:.3f} ({together} over {alone} in"
            f" {SECONDS:g} s; {LEAST} to {MOST})",
            flush=True,
        )
        chance = random.Random(1)
        lasted = [await three.take_over(chance.choice(three.replicas)) for _ in range(KILLS)]
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
