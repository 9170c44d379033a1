"""CPU time that one poll costs the page: lines made anew, and the gzip body brought up to date for the next scrape."""

import asyncio
import random
import time
from statistics import median

from page_samples import figure, figures, operations, snapshot, targets
from prometheus_client import CollectorRegistry

from exporter.metrics.build import this_build
from exporter.metrics.format import Encoding, Exposition
from exporter.metrics.page import Page
from exporter.model import Target, TargetState

ROUNDS, POLLS = 9, 60


class Bench:
    """A page of some size, polled and scraped."""

    def __init__(self, campaigns: int) -> None:
        self.dice = random.Random(campaigns)
        self.targets = targets(campaigns)
        self.requests = 0
        self.page = Page(this_build({}), CollectorRegistry(), dict, time.time)
        for target in self.targets:
            self.page.set_target(target, snapshot(self.dice, 1))
        for name in operations(campaigns):
            self.page.set_operation(figures(name, 0))

    async def scrapes(self) -> float:
        """Seconds of CPU of one scrape while nothing changes."""
        start = time.process_time()
        for _ in range(POLLS):
            await self.page.body(Exposition.TEXT, Encoding.GZIP)
        return (time.process_time() - start) / POLLS

    async def polls(self) -> tuple[float, float]:
        """Seconds of CPU of one poll and a scrape after it, and of the poll alone."""
        changes: list[tuple[Target, TargetState]] = [
            (self.dice.choice(self.targets), snapshot(self.dice, 2)) for _ in range(POLLS)
        ]
        lines = 0.0
        start = time.process_time()
        for target, fresh in changes:
            self.requests += 1
            before = time.process_time()
            self.page.set_target(target, fresh)
            self.page.set_operation(figures(target.key.operation, self.requests))
            lines += time.process_time() - before
            await self.page.body(Exposition.TEXT, Encoding.GZIP)
        return (time.process_time() - start) / POLLS, lines / POLLS


async def main() -> None:
    """Measure both sizes in turns, so that a busy machine slows both."""
    benches = {campaigns: Bench(campaigns) for campaigns in (100, 10_000)}
    work: dict[int, list[float]] = {campaigns: [] for campaigns in benches}
    lines: dict[int, list[float]] = {campaigns: [] for campaigns in benches}
    for bench in benches.values():
        await bench.scrapes()
    for _ in range(ROUNDS):
        for campaigns, bench in benches.items():
            quiet = await bench.scrapes()
            polled, alone = await bench.polls()
            work[campaigns].append(polled - quiet)
            lines[campaigns].append(alone)
    small, large = (median(work[campaigns]) for campaigns in benches)
    for campaigns in benches:
        total, alone = median(work[campaigns]) * 1e6, median(lines[campaigns]) * 1e6
        figure(f"page work per poll at {campaigns:,} campaigns: {total:.0f} us CPU, of it {alone:.0f} us for the lines")
    figure(f"page work per poll, 10,000 over 100 campaigns: {large / small:.2f} (at most 3)")


asyncio.run(main())
