"""Longest stall of the event loop at 1,000 campaigns: 10 scrapes a second while every campaign is polled."""

import asyncio
import http.client
import random
import sys
import time

from aiohttp import web
from page_samples import figure, figures, operations, snapshot, targets

from exporter.metrics.build import this_build
from exporter.metrics.format import Encoding, Exposition
from exporter.metrics.page import Page
from exporter.metrics.runtime import runtime_registry

CAMPAIGNS = 1000
SECONDS = 10.0
SCRAPES_PER_SECOND = 10
HEADERS = {"Content-Type": "text/plain; version=0.0.4; charset=utf-8", "Content-Encoding": "gzip"}


def client(port: int) -> None:
    """Scrape at a steady pace."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    start = time.perf_counter()
    for number in range(int(SECONDS * SCRAPES_PER_SECOND)):
        time.sleep(max(0.0, start + number / SCRAPES_PER_SECOND - time.perf_counter()))
        connection.request("GET", "/metrics", headers={"Accept-Encoding": "gzip"})
        connection.getresponse().read()


async def longest_stall(until: "asyncio.Future[object]") -> tuple[float, float]:
    """Until the future is done: seconds that a task was at most kept waiting, and the most CPU the loop used meanwhile.

    The task wants to go on each millisecond. On a busy machine it also waits for other processes; CPU does not.
    """
    longest = work = 0.0
    while not until.done():
        start, used = time.perf_counter(), time.thread_time()
        await asyncio.sleep(0.001)
        longest = max(longest, time.perf_counter() - start - 0.001)
        work = max(work, time.thread_time() - used)
    return longest, work


async def main() -> None:
    """Measure an idle loop, then one that polls and answers."""
    dice = random.Random(1)
    names = operations(CAMPAIGNS)
    all_targets = targets(CAMPAIGNS)
    page = Page(this_build({}), runtime_registry(), lambda: dict.fromkeys(names, 0.0), time.time)
    for target in all_targets:
        page.set_target(target, snapshot(dice, 1))
    polled = [(target, snapshot(dice, 2)) for target in all_targets]

    async def polls() -> None:
        for number, (target, fresh) in enumerate(polled):
            page.set_target(target, fresh)
            page.set_operation(figures(target.key.operation, number))
            await asyncio.sleep(SECONDS / CAMPAIGNS)

    async def serve(_: web.Request) -> web.Response:
        return web.Response(body=await page.body(Exposition.TEXT, Encoding.GZIP), headers=HEADERS)

    application = web.Application()
    application.router.add_get("/metrics", serve)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    idle, _ = await longest_stall(asyncio.ensure_future(asyncio.sleep(SECONDS / 2)))
    scraper = await asyncio.create_subprocess_exec(sys.executable, __file__, str(runner.addresses[0][1]))
    polling = asyncio.ensure_future(polls())
    longest, work = await longest_stall(asyncio.ensure_future(scraper.wait()))
    await polling
    await runner.cleanup()
    figure(f"longest stall with scrapes and polls {longest * 1e3:.1f} ms, idle loop {idle * 1e3:.1f} ms (at most 10)")
    figure(f"longest work of the loop at a stretch {work * 1e3:.1f} ms CPU (at most 10)")


if len(sys.argv) > 1:
    client(int(sys.argv[1]))
else:
    asyncio.run(main())
