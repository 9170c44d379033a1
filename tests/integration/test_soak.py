"""Minutes of everything at once: 200 campaigns on 10 tokens, random faults, reloads, two scrapers.

`WOLKVOX_SOAK_SECONDS` says how long, ten minutes by default. An hour (3600) shows that memory levels off.
"""

import asyncio
import json
import os
import signal
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from pathlib import Path
from random import Random
from statistics import median
from typing import Any

import psutil
import pytest
from real_exporter import OPENMETRICS, Exporter, running, write_config
from scraped_page import Page, openmetrics, plain
from witness import Rules, Stalls, early, overlaps

from exporter.simulator.campaigns import Unknown
from exporter.simulator.fault import REASONS, Fault, Rule
from exporter.simulator.server import Simulator
from exporter.simulator.settings import SimulatorSettings
from exporter.simulator.traffic import Shift

SECONDS = float(os.environ.get("WOLKVOX_SOAK_SECONDS", "600"))
WARM_UP = min(60.0, SECONDS / 3)
"""Seconds that caches and histories get to fill."""

TOKENS, CAMPAIGNS = 10, 20
"""Tokens, and campaigns of each."""

RULES = Rules(interval=5.0, timeout=2.0)
RELOAD_EVERY = 10.0
FAULT_EVERY = 0.5
FAULT_LASTS = 5.0

MEMORY_MARGIN = 6 * 2**20
"""Bytes that allocators may come to hold without anything being lost. A kilobyte lost with each poll is more."""

LEVEL_MARGIN = 2 * 2**20
"""The same from the second to the last third of a long run, when whatever fills has filled."""

LONG = 1800.0
"""Seconds from which a run is long enough to judge that."""

STRETCHES = 6
"""Parts of the run that the summary tells apart."""


@dataclass(frozen=True)
class Sample:
    """What the process holds at one moment."""

    memory: int
    descriptors: int
    threads: int


@dataclass
class Observations:
    """What was seen on the way."""

    samples: list[Sample] = field(default_factory=list)
    bad_answers: list[str] = field(default_factory=list)
    reasons: set[str] = field(default_factory=set)
    scrapes: int = 0
    reloads: int = 0

    def growth(self, of: Callable[[Sample], int]) -> float:
        """From the first to the last third of the samples, which single moments do not sway."""
        third = len(self.samples) // 3
        return median(map(of, self.samples[-third:])) - median(map(of, self.samples[:third]))

    def floors(self, parts: int) -> list[int]:
        """The least memory in each part of the run.

        The least and not the middle: a body of 10 MiB, which one of the faults sends, is held for a moment, and the
        allocator may keep its place for minutes. What is lost for good raises the floor.
        """
        return [min(sample.memory for sample in part) for part in split(self.samples, parts)]


def split(samples: Sequence[Sample], parts: int) -> list[Sequence[Sample]]:
    """So many parts of equal length; a few samples at the end may be left out."""
    length = len(samples) // parts
    return [samples[part * length : (part + 1) * length] for part in range(parts)]


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    settings = SimulatorSettings(hours=Shift.ALWAYS, unknown=Unknown.INVENTED, latency=0.05, log_size=10**6)
    async with Simulator(settings) as simulator:
        yield simulator


def config(base_url: str, number: int) -> dict[str, Any]:
    """All campaigns but one, each time another; the names of two operations change places."""
    operations = []
    for token in range(TOKENS):
        name = (token ^ (number & 1)) if token < 2 else token
        campaigns = [{"id": str(1000 * (token + 1) + campaign)} for campaign in range(CAMPAIGNS)]
        if number % TOKENS == token:
            del campaigns[number % CAMPAIGNS]
        one = {"name": f"operation-{name}", "base_url": base_url, "token": f"token-{token}", "campaigns": campaigns}
        operations.append(one)
    return {
        "interval": f"{RULES.interval:g}s",
        "timeout": f"{RULES.timeout:g}s",
        "windows": ["1h"],
        "operations": operations,
    }


async def misbehave(simulator: Simulator, random: Random) -> None:
    """Every fault there is, a while each, one campaign or token or the whole API at a time."""
    loop = asyncio.get_running_loop()
    while True:
        token = random.randrange(TOKENS)
        campaign = str(1000 * (token + 1) + random.randrange(CAMPAIGNS))
        simulator.set_rule(Rule(random.choice(list(Fault)), campaign=campaign, chance=random.choice([0.3, 1.0])))
        loop.call_later(FAULT_LASTS, partial(simulator.clear_faults, campaign=campaign))
        await asyncio.sleep(FAULT_EVERY)


async def reload(exporter: Exporter, simulator: Simulator, seen: Observations) -> None:
    for number in count(1):
        await asyncio.sleep(RELOAD_EVERY)
        write_config(exporter.folder, config(simulator.base_url, number))
        if number % 2:
            exporter.signal(signal.SIGHUP)
        else:
            answer = await exporter.ask("/-/reload", method="POST")
            if answer.status != 200:
                seen.bad_answers.append(answer.text)
        seen.reloads += 1


async def scrape(exporter: Exporter, seen: Observations, headers: dict[str, str], read: Callable[[str], Page]) -> None:
    while True:
        answer = await exporter.ask("/metrics", headers=headers)
        page = await asyncio.to_thread(read, answer.text)
        seen.reasons |= {one.labels["reason"] for one in page.find("wolkvox_campaign_failure")}
        seen.scrapes += 1
        await asyncio.sleep(1.0)


async def observe(exporter: Exporter, seen: Observations) -> None:
    process = psutil.Process(exporter.process.pid)
    await asyncio.sleep(WARM_UP)
    while True:
        answer = await exporter.ask("/-/healthy")
        if answer.status != 200:
            seen.bad_answers.append(answer.text)
        seen.samples.append(Sample(process.memory_info().rss, process.num_fds(), process.num_threads()))
        await asyncio.sleep(0.5)


@asynccontextmanager
async def meanwhile(*works: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Endless works that end with the block; one that fails ends the block."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(work) for work in works]
        yield
        for task in tasks:
            task.cancel()


def broken_rules(simulator: Simulator, stalls: Stalls) -> list[str]:
    by_token = defaultdict(list)
    for entry in simulator.log.entries:
        by_token[entry.token].append(entry)
    return [
        what
        for entries in by_token.values()
        for what in (*overlaps(entries, RULES, (), stalls), *early(entries, RULES, stalls))
    ]


def errors(log: str) -> list[str]:
    return [line for line in log.splitlines() if json.loads(line)["level"] == "error"]


@pytest.mark.soak
@pytest.mark.timeout(SECONDS + 300)
async def test_nothing_grows_and_nothing_breaks(
    simulator: Simulator, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_config(tmp_path, config(simulator.base_url, 0))
    seen, stalls = Observations(), Stalls()
    flags = ("--web.enable-lifecycle", "--log.format=json")
    async with stalls.watched(), running(tmp_path, *flags) as exporter:
        await exporter.ready()
        async with meanwhile(
            misbehave(simulator, Random(1)),
            reload(exporter, simulator, seen),
            scrape(exporter, seen, {"Accept-Encoding": "gzip"}, plain),
            scrape(exporter, seen, OPENMETRICS, openmetrics),
            observe(exporter, seen),
        ):
            await asyncio.sleep(SECONDS)
        cpu = sum(psutil.Process(exporter.process.pid).cpu_times()[:2])
    stretch = (SECONDS - WARM_UP) / STRETCHES
    report = [
        f"{SECONDS:g} s: {simulator.log.total} requests, {seen.scrapes} scrapes, {seen.reloads} reloads",
        f"{cpu:.0f} s of CPU",
        f"descriptors from {WARM_UP:g} s on: {summary([sample.descriptors for sample in seen.samples])}",
        f"threads from {WARM_UP:g} s on: {summary([sample.threads for sample in seen.samples])}",
        *(
            f"memory from {WARM_UP + part * stretch:.0f} s on: {spread([one.memory / 2**20 for one in samples])} MiB"
            for part, samples in enumerate(split(seen.samples, STRETCHES))
        ),
    ]
    with capsys.disabled():
        print("", *report, sep="\n")  # noqa: T201 (for the reader)
    assert seen.bad_answers == []
    assert errors(exporter.stderr)[:10] == []
    assert seen.reasons <= {reason.value for reason in REASONS.values() if reason is not None}
    assert broken_rules(simulator, stalls)[:10] == []
    assert seen.growth(lambda sample: sample.descriptors) <= 3  # connections come and go with the faults
    assert seen.growth(lambda sample: sample.threads) <= 0
    first, second, third = seen.floors(3)
    assert third - first <= MEMORY_MARGIN
    if SECONDS >= LONG:
        assert third - second <= LEVEL_MARGIN


def summary(figures: Sequence[float]) -> str:
    """The first, the last and the highest of them."""
    return f"{figures[0]:.0f} to {figures[-1]:.0f} (most {max(figures):.0f})"


def spread(figures: Sequence[float]) -> str:
    """The lowest, the middle and the highest of them."""
    return f"{min(figures):.1f} (median {median(figures):.1f}, most {max(figures):.1f})"
