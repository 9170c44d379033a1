"""What a long list of campaigns costs while nearly all of them rest: page work of one poll, and memory.

The work is that of a list of 5,000 with 7 started over that of a list of 100 with 7 started, measured in turns. The
memory is what the process holds more once a list of 5,000 is known, shown, scraped in both encodings and stored, with
none started.
"""

import asyncio
import random
import time
from statistics import median

import psutil
from discovered import discovery, row
from page_samples import figure, snapshot
from prometheus_client import CollectorRegistry
from support import operation

from exporter.clock import SystemClock, stamp
from exporter.metrics.build import this_build
from exporter.metrics.format import Encoding, Exposition
from exporter.metrics.page import Page
from exporter.model import ApiName, CampaignsAnswer, DayCount, TargetKey
from exporter.polling.state_store import StateStore

ROUNDS, POLLS = 9, 60
STARTED = 7


class ListedBench:
    """A page and its store, with a list of some length."""

    def __init__(self, listed: int, started: int) -> None:
        self.dice = random.Random(listed)
        self.page = Page(this_build({}), CollectorRegistry(), dict, time.time)
        clock = SystemClock()
        self.store = StateStore(clock, self.page)
        acme = operation(discovery=discovery(max_campaigns=10_000), live_interval=300.0)
        self.store.apply_config([acme])
        rows = tuple(
            row(f"{30_000 + number}", f"Cobranza de abril, lote {number}", started=number < started)
            for number in range(listed)
        )
        self.store.discoveries.record("acme", ApiName.CAMPAIGNS, CampaignsAnswer(rows), stamp(clock), stamp(clock))
        effective = self.store.discoveries.effective(acme) or acme
        self.store.set_targets(effective, awaited=False)
        self.store.show_apis("acme")
        self.text = self.store.discoveries.of("acme").to_store() or ""
        self.keys: list[TargetKey] = [target.key for target in effective.targets]
        for key in self.keys:
            self.store.update(key, snapshot(self.dice, 1))

    async def scrape(self) -> None:
        """One scrape, as Prometheus makes it."""
        await self.page.body(Exposition.TEXT, Encoding.GZIP)

    async def scrapes(self) -> float:
        """Seconds of CPU of one scrape while nothing changes."""
        start = time.process_time()
        for _ in range(POLLS):
            await self.scrape()
        return (time.process_time() - start) / POLLS

    async def polls(self) -> float:
        """Seconds of CPU of one poll and a scrape after it."""
        changes = [(self.dice.choice(self.keys), snapshot(self.dice, 2)) for _ in range(POLLS)]
        start = time.process_time()
        for number, (key, fresh) in enumerate(changes):
            self.store.update(key, fresh)
            self.store.stats.sent("acme", DayCount("", number))
            await self.scrape()
        return (time.process_time() - start) / POLLS


async def held(listed: int) -> float:
    """MiB that the process holds more once a list is known."""
    before = psutil.Process().memory_info().rss
    bench = ListedBench(listed, 0)
    await bench.scrape()
    await bench.page.body(Exposition.OPENMETRICS, Encoding.IDENTITY)
    return (psutil.Process().memory_info().rss - before) / 2**20


async def main() -> None:
    """Print the figures."""
    none = await held(0)
    many = await held(5_000)
    figure(f"memory of 5,000 listed campaigns at rest: {many - none:.1f} MiB over none (at most 15)")
    benches = {listed: ListedBench(listed, STARTED) for listed in (100, 5_000)}
    work: dict[int, list[float]] = {listed: [] for listed in benches}
    for bench in benches.values():
        await bench.scrapes()
    for _ in range(ROUNDS):
        for listed, bench in benches.items():
            quiet = await bench.scrapes()
            work[listed].append(await bench.polls() - quiet)
    small, large = (median(work[listed]) for listed in benches)
    figure(f"page work per poll, {STARTED} started: {small * 1e6:.0f} us of 100 listed, {large * 1e6:.0f} us of 5,000")
    figure(f"page work per poll, 5,000 over 100 listed: {large / small:.2f} (at most 1.5)")


asyncio.run(main())
