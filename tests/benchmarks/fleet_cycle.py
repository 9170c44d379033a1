"""Three replicas with 1,200 tokens and 12,000 targets: no token waits for anything but the API.

The real command three times on one PostgreSQL, asking the simulator, a process of its own that answers after 20
seconds, give or take a half. The interval is shorter than a cycle, so each token is asked without a pause. Times are
the simulator's own: from the first request of ten of a token to the last answer, over the sum of their answer times.
The reference is 1: asking without any pause. What a replica uses is measured in the same minutes, while nobody scrapes.
"""

import asyncio
import json
import statistics
import sys
import tempfile
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import psutil
from real_fleet import Fleet, fleet, write_fleet_config
from real_postgresql import PostgreSQL, postgresql
from whole_exporter import processor_seconds, requests, simulator

from exporter.clock import SystemClock

REPLICAS, TOKENS, CAMPAIGNS = 3, 1200, 10
LATENCY, INTERVAL = 20.0, 60.0
SECONDS = 400.0
"""Longer than ten of the longest answers, and one."""
SPREAD, SLOW = 60.0, 400.0
BOUND = 1.1
CLOCK = SystemClock()


@dataclass(frozen=True)
class Cycle:
    """One turn of a token's campaigns."""

    wall: float
    latencies: float


def cycles(folder: Path, since: float) -> list[Cycle]:
    """The first whole cycle of each token after a moment."""
    asked = defaultdict(list)
    for one in requests(folder):
        if one["status"] != 200 or one["overlap"]:
            raise RuntimeError(f"not as it should be: {json.dumps(one)}")
        if one["arrived_monotonic"] >= since:
            asked[one["token"]].append((one["arrived_monotonic"], one["ended_monotonic"]))
    found = []
    for each in asked.values():
        turn = sorted(each)[:CAMPAIGNS]
        if len(turn) == CAMPAIGNS:
            found.append(Cycle(turn[-1][1] - turn[0][0], sum(end - start for start, end in turn)))
    if len(found) != TOKENS:
        raise RuntimeError(f"{len(found)} of {TOKENS} tokens had a whole cycle")
    return found


def spent_by(server: PostgreSQL) -> float:
    """Those of the server's processes."""
    return sum(map(processor_seconds, psutil.Process(server.pid).children()))


async def measure(folder: Path, replicas: Fleet) -> bool:
    """Print the figures; whether they are within their bounds."""
    for _ in range(REPLICAS):
        await replicas.start()
    came = CLOCK.monotonic()
    await replicas.spreads(SLOW, look_again=2.0)
    began = CLOCK.monotonic()
    print(
        f"{TOKENS} tokens spread over {REPLICAS} replicas {began - came:.0f} s after the last one came"
        f" (bound {SPREAD:g} s)",
        flush=True,
    )
    processes = [psutil.Process(one.process.pid) for one in replicas.replicas]
    before = [*map(processor_seconds, processes), spent_by(replicas.server)]
    await asyncio.sleep(SECONDS)
    after = [*map(processor_seconds, processes), spent_by(replicas.server)]
    lasted = CLOCK.monotonic() - began
    *shares, server = [(now - was) / lasted for was, now in zip(before, after, strict=True)]
    for process, share in zip(processes, shares, strict=True):
        print(f"a replica: {share:.0%} of a core, {process.memory_info().rss / 2**20:.0f} MiB")
    found = cycles(folder, began)
    busiest = max(found, key=lambda one: one.latencies)
    ratios = [one.wall / one.latencies for one in found]
    print(
        f"cycle of the busiest token: {busiest.wall / busiest.latencies:.3f} times the sum of the API's latencies "
        f"({busiest.wall:.1f} s over {busiest.latencies:.1f} s; bound {BOUND}); of all tokens: median"
        f" {statistics.median(ratios):.3f}, largest {max(ratios):.3f}; PostgreSQL: {server:.0%} of a core"
    )
    return busiest.wall / busiest.latencies <= BOUND and began - came <= SPREAD


async def run(folder: Path) -> bool:
    """Start all that is needed, and measure."""
    names = [f"acme-{number}" for number in range(TOKENS)]
    campaigns = [str(60_000 + number) for number in range(CAMPAIGNS)]
    flags = f"--simulator.latency={LATENCY:g}s", "--simulator.hours=always"
    with simulator(folder, *flags) as api, postgresql() as server:
        common = {"interval": f"{INTERVAL:g}s", "windows": ["1h"]}
        write_fleet_config(folder, api, names, campaigns, common)
        async with fleet(folder, server, names) as replicas:
            return await measure(folder, replicas)


def main() -> None:
    """Exit code 1 beyond the bounds."""
    with tempfile.TemporaryDirectory() as name:
        held = asyncio.run(run(Path(name)))
    sys.exit(0 if held else 1)


if __name__ == "__main__":
    main()
