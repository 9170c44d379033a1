"""Time per gzip scrape at 1,000 campaigns, over two references that the same aiohttp server answers in the same run.

The least one could do: render the client library's default registry and return a static body of the same bytes. The
usual: the client library's own aiohttp handler over the same samples. The client is a process of its own.
"""

import asyncio
import http.client
import json
import random
import sys
import time
from collections.abc import Iterable
from statistics import median

from aiohttp import web
from page_samples import figure, figures, operations, snapshot, targets
from prometheus_client import REGISTRY, CollectorRegistry, Metric, generate_latest
from prometheus_client.aiohttp import make_aiohttp_handler
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

from exporter.metrics.build import this_build
from exporter.metrics.format import Encoding, Exposition
from exporter.metrics.page import Page
from exporter.metrics.runtime import runtime_registry

CAMPAIGNS = 1000
ROUNDS, SCRAPES, LIBRARY_SCRAPES = 15, 40, 1
HEADERS = {"Content-Type": "text/plain; version=0.0.4; charset=utf-8", "Content-Encoding": "gzip"}


class Same(Collector):
    """The samples of a page, as the client library holds them."""

    def __init__(self, text: str) -> None:
        self.families = list(text_string_to_metric_families(text))

    def collect(self) -> Iterable[Metric]:
        return self.families


def client(port: int) -> None:
    """Scrape the three paths in turns and print the median seconds of each."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    times: dict[str, list[float]] = {"/page": [], "/static": [], "/library": []}
    for _ in range(ROUNDS):
        for path, seen in times.items():
            for _ in range(LIBRARY_SCRAPES if path == "/library" else SCRAPES):
                start = time.perf_counter()
                connection.request("GET", path, headers={"Accept-Encoding": "gzip"})
                connection.getresponse().read()
                seen.append(time.perf_counter() - start)
    figure(json.dumps({path: median(seen) for path, seen in times.items()}))


async def main() -> None:
    """Serve the page and its references to the client process."""
    dice = random.Random(1)
    names = operations(CAMPAIGNS)
    page = Page(this_build({}), runtime_registry(), lambda: dict.fromkeys(names, 0.0), time.time)
    for target in targets(CAMPAIGNS):
        page.set_target(target, snapshot(dice, 1))
    for name in names:
        page.set_operation(figures(name, 100))
    static = await page.body(Exposition.TEXT, Encoding.GZIP)
    registry = CollectorRegistry()
    registry.register(Same(page.render(Exposition.TEXT).decode()))

    async def serve_page(_: web.Request) -> web.Response:
        return web.Response(body=await page.body(Exposition.TEXT, Encoding.GZIP), headers=HEADERS)

    async def serve_static(_: web.Request) -> web.Response:
        generate_latest(REGISTRY)
        return web.Response(body=static, headers=HEADERS)

    application = web.Application()
    application.router.add_get("/page", serve_page)
    application.router.add_get("/static", serve_static)
    application.router.add_get("/library", make_aiohttp_handler(registry))
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    scraper = await asyncio.create_subprocess_exec(sys.executable, __file__, str(port), stdout=asyncio.subprocess.PIPE)
    output, _ = await scraper.communicate()
    await runner.cleanup()
    times = json.loads(output)
    ours, least, library = (times[path] * 1e3 for path in ("/page", "/static", "/library"))
    figure(f"gzip scrape {ours:.2f} ms, static reference {least:.2f} ms: {ours / least:.2f} (at most 1.5)")
    figure(f"gzip scrape {ours:.2f} ms, client library {library:.0f} ms: {ours / library:.4f} (at most 0.02)")


if len(sys.argv) > 1:
    client(int(sys.argv[1]))
else:
    asyncio.run(main())
