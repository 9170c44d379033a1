"""Resident memory of the page and the snapshots that it shows, 20 polls of history each, after scrapes."""

import asyncio
import random
import time

import psutil
from page_samples import figure, figures, operations, snapshot, targets

from exporter.metrics.build import this_build
from exporter.metrics.format import Encoding, Exposition
from exporter.metrics.page import Page
from exporter.metrics.runtime import runtime_registry

CAMPAIGNS = 10_000
ROUNDS = 4


def resident() -> float:
    """MiB of this process."""
    return float(psutil.Process().memory_info().rss) / 2**20


async def main() -> None:
    """Poll every campaign some times, scrape after each quarter of the polls."""
    dice = random.Random(1)
    before = resident()
    page = Page(this_build({}), runtime_registry(), dict, time.time)
    known = {target: snapshot(dice, 20) for target in targets(CAMPAIGNS)}
    snapshots = resident()
    for target, first in known.items():
        page.set_target(target, first)
    for name in operations(CAMPAIGNS):
        page.set_operation(figures(name, 1))
    for exposition in Exposition:
        await page.body(exposition, Encoding.GZIP)
    scraped = resident()
    peak = scraped
    for _ in range(ROUNDS):
        for number, target in enumerate(known):
            known[target] = snapshot(dice, 20)
            page.set_target(target, known[target])
            if number % 2500 == 0:
                for exposition in Exposition:
                    await page.body(exposition, Encoding.GZIP)
                    peak = max(peak, resident())
    settled = resident()
    text = await page.body(Exposition.TEXT, Encoding.IDENTITY)
    plain = resident()
    figure(f"modules {before:.0f} MiB, snapshots {snapshots - before:.0f} MiB, page text {len(text) / 2**20:.0f} MiB")
    figure(f"resident with page, snapshots and gzip at 10,000 campaigns: {scraped:.0f} MiB (the exporter: at most 250)")
    figure(
        f"resident after {ROUNDS * CAMPAIGNS:,} polls: {settled:.0f} MiB, peak {peak:.0f} MiB (exporter: at most 250)"
    )
    figure(f"resident with a plain text body of it in hand: {plain:.0f} MiB (the exporter: at most 250)")


asyncio.run(main())
