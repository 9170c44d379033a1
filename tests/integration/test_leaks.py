"""A thousand reloads under load leave nothing behind: no task, no connection, no descriptor, no worker."""

import asyncio
import gc
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import aiohttp
import psutil
import pytest
from patience import patiently
from real_exporter import write_config
from witness import Rules, Stalls, early, overlaps

from exporter.app import App
from exporter.clock import SystemClock
from exporter.config import load
from exporter.metrics.build import this_build
from exporter.metrics.runtime import runtime_registry
from exporter.polling.worker import Worker
from exporter.redaction import Redactor
from exporter.simulator.campaigns import Unknown
from exporter.simulator.fault import Fault, Rule
from exporter.simulator.server import Simulator
from exporter.simulator.settings import SimulatorSettings
from exporter.simulator.traffic import Shift
from exporter.storage.database import Database
from exporter.web import server
from exporter.web.routes import Routes

WARM_UP = 50
"""Reloads after which whatever is made once has been made: threads, caches, compiled statements."""

CALM = {"interval": "1h", "timeout": "1s", "windows": ["1h"]}
RESTLESS = {"interval": "1s", "timeout": "1s"}
RULES = Rules(interval=1.0, timeout=1.0)


@dataclass(frozen=True)
class Footprint:
    """What a process holds."""

    tasks: int
    descriptors: int
    workers: int

    def exceeds(self, other: "Footprint") -> bool:
        return self.tasks > other.tasks or self.descriptors > other.descriptors or self.workers > other.workers


def footprint() -> Footprint:
    gc.collect()
    return Footprint(
        tasks=len(asyncio.all_tasks()),
        descriptors=psutil.Process().num_fds(),
        workers=sum(isinstance(one, Worker) for one in gc.get_objects()),
    )


def calm(base_url: str) -> dict[str, Any]:
    """Nothing is due again for an hour."""
    campaigns = [{"id": "1"}, {"id": "2"}]
    acme = {"name": "acme", "base_url": base_url, "token": "token-of-acme", "campaigns": campaigns}
    return CALM | {"operations": [acme]}


def restless(base_url: str, random: Random) -> dict[str, Any]:
    """Any edit that an operator may think of: tokens, names, campaigns and windows come, go and change places."""
    tokens = random.sample(range(8), k=random.randint(1, 6))
    names = random.sample(range(8), k=len(tokens))
    return RESTLESS | {
        "windows": random.choice([["1h"], ["30m"], ["1h", "today"]]),
        "operations": [
            {
                "name": f"operation-{name}",
                "base_url": base_url,
                "token": f"token-{token}",
                "campaigns": [{"id": str(campaign)} for campaign in random.sample(range(1, 9), k=random.randint(1, 4))],
            }
            for token, name in zip(tokens, names, strict=True)
        ],
    }


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    settings = SimulatorSettings(hours=Shift.ALWAYS, unknown=Unknown.INVENTED, latency=0.05)
    async with Simulator(settings) as simulator:
        yield simulator


@asynccontextmanager
async def serving(folder: Path) -> AsyncIterator[tuple[App, str]]:
    """The exporter in this process, whose tasks can be counted, and where it serves."""
    app = App(
        partial(load, folder / "config.yml", {}),
        database=Database(f"sqlite:///{folder}/state.db"),
        clock=SystemClock(),
        redactor=Redactor(),
        build=this_build({}),
        registry=runtime_registry(),
    )
    await app.start()
    web = await server.start(app, ["127.0.0.1:0"], Routes(reload=app.reload))
    app.supervisor.start()
    try:
        yield app, web.urls[0].rstrip("/")
    finally:
        await asyncio.gather(app.stop(4.0), web.stop())


@asynccontextmanager
async def scraped(url: str) -> AsyncIterator[None]:
    """Two scrapers that never rest, each on its own connection."""

    async def scrape() -> None:
        async with aiohttp.ClientSession() as session:
            while True:
                async with session.get(f"{url}/metrics") as response:
                    assert response.status == 200
                    await response.read()
                await asyncio.sleep(0.05)

    async with AsyncExitStack() as stack:
        for _ in range(2):
            task = asyncio.create_task(scrape())
            stack.push_async_callback(partial(asyncio.wait, [task]))
            stack.callback(task.cancel)
        yield


async def reload(url: str, folder: Path, config: dict[str, Any]) -> None:
    write_config(folder, config)
    async with aiohttp.ClientSession() as session, session.post(f"{url}/-/reload") as response:
        assert response.status == 200, await response.text()


def broken_rules(simulator: Simulator, stalls: Stalls) -> list[str]:
    """Reloads are no excuse: a token keeps its rules under whatever name it is used."""
    by_token = defaultdict(list)
    for entry in simulator.log.entries:
        by_token[entry.token].append(entry)
    return [
        what
        for entries in by_token.values()
        for what in (*overlaps(entries, RULES, (), stalls), *early(entries, RULES, stalls))
    ]


@pytest.mark.parametrize("times", [250, pytest.param(1000, marks=pytest.mark.soak)])
async def test_reloads_leak_nothing(simulator: Simulator, tmp_path: Path, times: int) -> None:
    random = Random(1)
    for campaign, fault in (("1", Fault.TIMEOUT), ("2", Fault.CONNECT), ("3", Fault.SERVER_ERROR)):
        simulator.set_rule(Rule(fault, campaign=campaign, chance=0.3))
    write_config(tmp_path, calm(simulator.base_url))

    stalls = Stalls()
    async with stalls.watched(), serving(tmp_path) as (app, url):

        async def reloads(times: int) -> None:
            async with scraped(url):
                for _ in range(times):
                    await reload(url, tmp_path, restless(simulator.base_url, random))
                await reload(url, tmp_path, calm(simulator.base_url))

        async def is_quiet() -> bool:
            return app.unready() is None and not any(lag for lag in app.supervisor.lags().values())

        await reloads(WARM_UP)
        await patiently(is_quiet, lambda: "polls go on")
        await asyncio.sleep(6.0)  # idle connections are closed by then, on both sides
        before = footprint()
        await reloads(times)

        async def is_as_before() -> bool:
            return not footprint().exceeds(before)

        await patiently(is_as_before, lambda: f"before: {before}, after: {footprint()}")
        assert simulator.log.total > times / 10
        assert [worker.operation.name for worker in app.supervisor.workers()] == ["acme"]
        assert app.unhealthy() is None
    assert broken_rules(simulator, stalls) == []
