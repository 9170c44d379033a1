"""What a refresh of the overview costs Prometheus, at 1,000 campaigns and 13 hours, beside `count(up)` of the same run.

Prometheus holds what it would have scraped and recorded each minute; each query is asked as Grafana asks it, at the
panel's own step, one after another. The cost is processor time: what else runs on the machine does not count.
"""

import asyncio
import json
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import aiohttp
import psutil
from patience import patiently
from real_prometheus import Prometheus, free_port

from exporter.duration import parse_duration
from exporter.model import RESULTS
from grafana.library import FOLDER
from grafana.queries import VALUES, Kind, Query, queries

CAMPAIGNS = 1_000
HOURS = 13
SCRAPE = 60
POLL = 300
RANGE = 12 * 3600
REFERENCES = 100
BOUND = 5.0
"""Seconds of processor time that all queries of one refresh may take together."""

NOW = 1768489200
"""2026-01-15 15:00 UTC."""
KEY = 'job="wolkvox",operation="acme"'
SHARES = ("contact", "busy", "failed", "congestion")
RECORDED = tuple(f"campaign:wolkvox_{name}:ratio{end}" for name in SHARES for end in ("", "_low", "_high"))
NOW_ONLY = (
    "campaign:wolkvox_attempts:usual",
    *(f"campaign:wolkvox_{name}:usual" for name in ("contact", "busy", "failed")),
)


def samples(name: str, labels: str, values: Iterator[float], since: int) -> Iterator[str]:
    """One series, a sample each minute; a figure changes with each poll."""
    value = next(values)
    for at in range(since, NOW + 1, SCRAPE):
        if at % POLL == 0:
            value = next(values)
        yield f"{name}{{{labels}}} {value:.6g} {at}\n"


CHANCE = random.Random(1)


def shares() -> Iterator[float]:
    """Of a campaign that is well."""
    while True:
        yield CHANCE.uniform(0.02, 0.2)


def constant(value: float) -> Iterator[float]:
    """The same for ever."""
    while True:
        yield value


def moments() -> Iterator[float]:
    """When the polls succeeded."""
    yield from (NOW - HOURS * 3600 + poll * POLL for poll in range(2 * HOURS * 3600 // POLL))


BEGIN, LATE = NOW - HOURS * 3600, NOW - 600
EXPORTER = 'job="wolkvox",instance="a:10965"'


def page() -> Iterator[str]:
    """All that the overview asks for."""
    window = f'{KEY},window="1h"'
    build = f'{EXPORTER},version="1",revision="1",python="3"'
    yield from samples("up", EXPORTER, constant(1), BEGIN)
    yield from samples("wolkvox_exporter_build_info", build, constant(1), BEGIN)
    yield from samples("wolkvox_quota_used_requests", f'{EXPORTER},operation="acme"', constant(1), BEGIN)
    yield from samples("operation:wolkvox_attempts:sum", window, constant(100_000), BEGIN)
    for name in SHARES:
        yield from samples(f"operation:wolkvox_{name}:ratio", window, shares(), BEGIN)
    for result in RESULTS:
        yield from samples("operation:wolkvox_results:sum", f'{window},result="{result}"', constant(10_000), BEGIN)
    for number in range(CAMPAIGNS):
        yield from campaign(number)
    yield "# EOF\n"


def campaign(number: int) -> Iterator[str]:
    """All of one; every fiftieth is in trouble."""
    own = f'{EXPORTER},operation="acme",campaign="{number}"'
    key = f'{own},window="1h"'
    yield from samples("wolkvox_campaign_info", f'{own},name="Campaign {number}"', constant(1), BEGIN)
    yield from samples("wolkvox_campaign_last_success_timestamp_seconds", key, moments(), BEGIN)
    yield from samples("wolkvox_poll_interval_seconds", key, constant(POLL), BEGIN)
    yield from samples("wolkvox_campaign_up", key, constant(1), LATE)
    for result in RESULTS:
        yield from samples("wolkvox_campaign_attempts", f'{key},result="{result}"', constant(40), LATE)
    for name in NOW_ONLY:
        yield from samples(name, f'{KEY},campaign="{number}",window="1h"', shares(), LATE)
    for name in RECORDED:
        yield from samples(name, key, shares(), BEGIN)
    yield from samples("campaign:wolkvox_attempts:sum", key, constant(320), BEGIN)
    yield from samples("campaign:wolkvox_trouble:state", key, constant(0 if number % 50 else 16), BEGIN)


@dataclass(frozen=True)
class Cost:
    """What one query took."""

    seconds: float
    """Processor time."""
    series: int


async def cost(server: Prometheus, process: psutil.Process, query: Query) -> Cost:
    """Of one query, over the range or for now."""
    before = process.cpu_times()
    if query.since:
        step = str(int(parse_duration(query.interval)))
        found = await server.get("query_range", query=query.expr, start=str(NOW - RANGE), end=str(NOW), step=step)
    else:
        found = await server.get("query", query=query.expr, time=str(NOW))
    after = process.cpu_times()
    return Cost(after.user + after.system - before.user - before.system, len(found["result"]))


async def measure(url: str, process: psutil.Process) -> tuple[float, float]:
    """Processor seconds of a refresh, and of `count(up)`."""
    board = json.loads((FOLDER / "wolkvox-overview.json").read_text(encoding="utf-8"))
    asked = [query for query in queries(board, VALUES) if query.kind is not Kind.VARIABLE]
    async with aiohttp.ClientSession() as session:
        server = Prometheus(session, url)

        async def answers() -> bool:
            with suppress(aiohttp.ClientConnectionError):
                async with session.get(f"{url}/-/ready") as response:
                    return response.ok
            return False

        await patiently(answers, lambda: "Prometheus is not ready", 300)
        up = replace(asked[0], expr="count(up)", since="now-12h", interval=f"{POLL}s")
        # Processor time is told in hundredths of a second.
        reference = sum([(await cost(server, process, up)).seconds for _ in range(REFERENCES)]) / REFERENCES
        total = 0.0
        for query in asked:
            one = await cost(server, process, query)
            print(f"{one.seconds:8.2f} s {one.series:6d} series  {query.name} · {query.ref}")
            total += one.seconds
    return total, reference


def main() -> None:
    """Print the figures; exit code 1 beyond the bound."""
    program = shutil.which("prometheus")
    assert program, "prometheus is missing: apt-get install prometheus"
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        with (folder / "page.om").open("w", encoding="utf-8") as text:
            text.writelines(page())
        blocks = ["promtool", "tsdb", "create-blocks-from", "openmetrics", "--quiet", "--max-block-duration=64h"]
        subprocess.run([*blocks, "page.om", "data"], cwd=folder, check=True)
        (folder / "page.om").unlink()
        (folder / "prometheus.yml").write_text("scrape_configs: []\n", encoding="utf-8")
        address = f"127.0.0.1:{free_port()}"
        command = [
            program,
            "--config.file=prometheus.yml",
            "--storage.tsdb.path=data",
            f"--web.listen-address={address}",
        ]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
        try:
            total, reference = asyncio.run(measure(f"http://{address}", psutil.Process(process.pid)))
        finally:
            process.terminate()
            process.wait()
    print(f"overview refresh, {CAMPAIGNS} campaigns, {HOURS} h: {total:.2f} s of processor time (at most {BOUND:g} s)")
    print(f"reference, count(up) over the same range: {reference:.4f} s; {total / reference:.0f} times that")
    sys.exit(total > BOUND)


if __name__ == "__main__":
    main()
