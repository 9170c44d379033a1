"""Longest stall of the exporter's event loop: 1,000 campaigns polled, the page scraped ten times a second.

The whole exporter runs in this process, with storage on disk; simulator and scraper have processes of their own. A task
looks at the clocks every millisecond. A gap of the wall clock is what a scraper may feel, but on a shared machine it
also holds the time in which another program had the processor; the loop's own CPU time in a gap does not. The
reference is a process that does nothing but look at the clock meanwhile.
"""

import asyncio
import gc
import multiprocessing
import os
import tempfile
import time
import urllib.request
from functools import partial
from pathlib import Path
from typing import Any

from whole_exporter import simulator, write_config

from exporter.app import App
from exporter.clock import SystemClock
from exporter.config import load
from exporter.log import configure
from exporter.metrics.build import this_build
from exporter.metrics.runtime import runtime_registry
from exporter.redaction import Redactor
from exporter.storage.database import Database
from exporter.web import server
from exporter.web.routes import Routes

CAMPAIGNS = 1_000
TOKENS = 20
SECONDS = 60.0
SCRAPES_PER_SECOND = 10
TICK = 0.001
BOUNDS = "bound 20 ms, with ten scrapes a second 10 ms"


async def watch(seconds: float) -> tuple[float, float]:
    """The longest gap between two looks at the clock, and the most CPU time of this thread in one; milliseconds."""
    gap = work = 0.0
    end = time.perf_counter() + seconds
    before, cpu = time.perf_counter(), time.thread_time()
    while before < end:
        await asyncio.sleep(TICK)
        now, spent = time.perf_counter(), time.thread_time()
        gap, work = max(gap, now - before - TICK), max(work, spent - cpu)
        before, cpu = now, spent
    return gap * 1e3, work * 1e3


def idle(seconds: float, pipe: Any) -> None:
    """The same in a loop that does nothing else."""
    pipe.send(asyncio.run(watch(seconds))[0])


def scrape(url: str, seconds: float, pipe: Any) -> None:
    """Scrape at a steady pace, as many Prometheus servers would; how often it was answered."""
    end, count = time.perf_counter() + seconds, 0
    while time.perf_counter() < end:
        with urllib.request.urlopen(urllib.request.Request(url, headers={"Accept-Encoding": "gzip"})) as answer:
            answer.read()
        count += 1
        time.sleep(1 / SCRAPES_PER_SECOND)
    pipe.send(count)


async def measure(folder: Path, config: Path) -> tuple[float, float, float, int, int]:
    """Stall and work of the exporter, stall of an idle loop, scrapes, polls."""
    app = App(
        partial(load, config, os.environ),
        database=Database(f"sqlite:///{folder / 'kept.db'}"),
        clock=SystemClock(),
        redactor=Redactor(),
        build=this_build(os.environ),
        registry=runtime_registry(),
    )
    await app.start()
    web = await server.start(app, ["127.0.0.1:0"], Routes())
    gc.collect()
    gc.freeze()
    app.supervisor.start()
    await asyncio.sleep(5.0)
    before = sum(entry.state.polls for entry in app.store.entries())
    pipes, helpers = [], []
    for work, arguments in ((scrape, (f"{web.urls[0].rstrip('/')}/metrics", SECONDS)), (idle, (SECONDS,))):
        mine, theirs = multiprocessing.Pipe()
        helper = multiprocessing.get_context("spawn").Process(target=work, args=(*arguments, theirs))
        helper.start()
        pipes.append(mine)
        helpers.append(helper)
    gap, cpu = await watch(SECONDS)
    polls = sum(entry.state.polls for entry in app.store.entries()) - before
    scrapes, reference = [await asyncio.to_thread(pipe.recv) for pipe in pipes]
    for helper in helpers:
        helper.join()
    await web.stop()
    await app.stop(1.0)
    return gap, cpu, reference, scrapes, polls


def main() -> None:
    """Print the figure."""
    configure("error", "logfmt", Redactor())
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with simulator(folder, "--simulator.latency=500ms") as api:
            config = write_config(folder, api, campaigns=CAMPAIGNS, tokens=TOKENS, interval="50s")
            gap, cpu, reference, scrapes, polls = asyncio.run(measure(folder, config))
    print(
        f"longest event-loop stall, {CAMPAIGNS} campaigns, {polls} polls, {scrapes} scrapes in {SECONDS:.0f} s: "
        f"{gap:.1f} ms by the wall, {cpu:.1f} ms of the loop's own CPU time ({BOUNDS}); an idle loop beside it: "
        f"{reference:.1f} ms"
    )


if __name__ == "__main__":
    main()
