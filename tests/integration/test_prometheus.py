"""A real Prometheus scrapes the real command, which asks the simulated API."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from real_exporter import Exporter
from real_prometheus import Prometheus
from scraped_page import DATA

from exporter.model import RESULTS
from exporter.simulator.fault import Fault
from exporter.simulator.server import Simulator

Run = Callable[..., Awaitable[Exporter]]
Scrape = Callable[..., Awaitable[Prometheus]]
Operation = Callable[..., dict[str, Any]]
Gateway = Callable[..., Awaitable[str]]

OPENMETRICS, TEXT = "application/openmetrics-text; version=1.0.0", "text/plain; version=0.0.4"


def config(operation: Operation, **more: Any) -> dict[str, Any]:
    acme = operation("acme", "32841", windows=["1h", "today"])
    return {"interval": "2s", "operations": [acme, operation("globex", "32907")]} | more


def address(exporter: Exporter) -> str:
    return exporter.url.removeprefix("http://")


def key(labels: Mapping[str, str]) -> tuple[str, str]:
    return labels["campaign"], labels["window"]


@pytest.fixture
async def gateway() -> AsyncIterator[Gateway]:
    """Something in between that sends `Accept` as told; the content types that came are noted."""
    async with aiohttp.ClientSession() as session:
        application = web.Application()
        runner = web.AppRunner(application)

        async def start(exporter: Exporter, accept: Mapping[str, str], came: set[str]) -> str:
            async def forward(request: web.Request) -> web.Response:
                async with session.get(exporter.url + request.path, headers=accept) as response:
                    came.add(response.headers["Content-Type"])
                    kind = {"Content-Type": response.headers["Content-Type"]}
                    return web.Response(body=await response.read(), headers=kind)

            application.router.add_get("/metrics", forward)
            await runner.setup()
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            return "{}:{}".format(*runner.addresses[0])

        yield start
        await runner.cleanup()


@pytest.mark.parametrize("kind", [OPENMETRICS, TEXT])
async def test_series_arrive_and_equal_what_the_api_says(  # noqa: PLR0917
    run: Run, prometheus: Scrape, gateway: Gateway, operation: Operation, simulator: Simulator, kind: str
) -> None:
    exporter = await run(config(operation))
    await exporter.ready()
    came: set[str] = set()
    server = await prometheus(await gateway(exporter, {"Accept": kind}, came))
    await server.until("count(wolkvox_campaign_up == 1) == 3 and on() up == 1")
    together = await server.query('{__name__=~"wolkvox_campaign_.*"}')
    bounds = {name: {key(labels): value for labels, value in together if labels["__name__"] == name} for name in DATA}
    reports: dict[tuple[str, str], dict[str, float]] = {}
    shares: dict[tuple[str, str], dict[str, float]] = {}
    for labels, value in together:
        if labels["__name__"] == DATA[0]:
            reports.setdefault(key(labels), {})[labels["result"]] = value
        if labels["__name__"] == DATA[1]:
            shares.setdefault(key(labels), {})[labels["result"]] = value
    assert reports.keys() == {("32841", "1h"), ("32841", "today"), ("32907", "1h")}
    for one, report in reports.items():
        told = simulator.counts(one[0], int(bounds[DATA[3]][one]), int(bounds[DATA[4]][one]))
        total = sum(told.values())
        assert total > 0 or one[1] == "today"  # in the first minutes of a day nobody was called yet
        assert report == dict.fromkeys(RESULTS, 0) | {result: count for result, count in told.items() if count}
        assert shares[one] == pytest.approx({name: 100 * n / total if n else 0 for name, n in report.items()}, abs=0.01)
    assert {kind.partition(";")[0] for kind in came} == {kind.partition(";")[0]}


async def test_series_that_are_too_old_vanish_at_once_and_come_back(
    run: Run, prometheus: Scrape, operation: Operation, simulator: Simulator
) -> None:
    exporter = await run(config(operation, stale_after="5s"))
    server = await prometheus(address(exporter))
    await server.until(f"count({DATA[0]}{{campaign='32841',window='1h'}}) > 0 and on() wolkvox_campaign_up == 1")
    before = await server.query(f"count by (campaign, window) ({DATA[0]})")
    simulator.set_fault(Fault.SERVER_ERROR, campaign="32841")
    await server.until(f"wolkvox_campaign_up{{campaign='32841',window='1h'}} == 0 unless {DATA[0]}")
    await server.until(f"absent({{__name__=~'{'|'.join(DATA)}',campaign='32841'}})")

    own = "{campaign='32841',window='1h'}"
    ((success_labels, success),) = await server.query(f"wolkvox_campaign_last_success_timestamp_seconds{own}")
    assert success_labels["window"] == "1h"
    ((_, up),) = await server.query(f"wolkvox_campaign_up{own}")
    assert up == 0
    lasts = set()
    for name in DATA:
        for series in await server.samples(f"{name}{own}", 120):
            lasts.add(series[-1][0])
    (last,) = lasts  # all of them were there for the last time in the same scrape
    assert last < success + 5
    scrapes = [at for at, _ in (await server.samples(f"wolkvox_campaign_up{own}", 120))[0]]
    following = next(at for at in scrapes if at > last)
    assert await server.query(f"{DATA[0]}{own}", last) != []
    assert await server.query(f"{DATA[0]}{own}", following) == []  # a stale marker: not five minutes later

    other = await server.query(f"{DATA[0]}{{campaign='32907'}}")
    assert len(other) >= len(RESULTS)
    simulator.clear_faults()
    await server.until(f"{DATA[2]}{own} and on() wolkvox_campaign_up{own} == 1")
    await server.until(f"count({DATA[0]}) > {sum(value for _, value in before) - 1}")
