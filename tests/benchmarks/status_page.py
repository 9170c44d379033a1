"""First byte of the status page beside a handler of the same server that sends the same bytes ready made."""

import asyncio
import statistics
import sys
import time
from pathlib import Path

import aiohttp
from aiohttp import web

sys.path.insert(0, str(Path(__file__).parents[1]))

import made_up_status as made_up

from exporter.web.status import add_routes

ROUNDS = 40

MOST = 0.050
"""Seconds to the first byte at 1,000 campaigns with a warm cache."""


async def _first_byte(session: aiohttp.ClientSession, url: str) -> float:
    began = time.perf_counter()
    async with session.get(url) as answer:
        await answer.content.readany()
        spent = time.perf_counter() - began
        await answer.read()
    return spent


async def _measure(count: int) -> tuple[float, float, int]:
    status = made_up.crowd(count)
    application = web.Application()
    add_routes(application, lambda: status)
    body = b""

    async def ready(_request: web.Request) -> web.Response:
        return web.Response(body=body)

    application.router.add_get("/ready", ready)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    async with aiohttp.ClientSession(headers={"Accept-Encoding": "identity"}) as session:
        async with session.get(url) as answer:
            body = await answer.read()
        page, reference = [], []
        for _ in range(ROUNDS):
            page.append(await _first_byte(session, f"{url}/"))
            reference.append(await _first_byte(session, f"{url}/ready"))
    await runner.cleanup()
    return statistics.median(page), statistics.median(reference), len(body)


def main() -> None:
    """Print a line for each size."""
    for count in (1_000, 10_000):
        page, reference, size = asyncio.run(_measure(count))
        limit = f", at most {MOST * 1e3:.0f} ms" if count == 1_000 else ""
        sys.stdout.write(
            f"status page, {count:,} campaigns: first byte after {page * 1e3:.1f} ms (median of {ROUNDS}{limit}); "
            f"the same {size:,} bytes ready made: {reference * 1e3:.2f} ms\n"
        )


if __name__ == "__main__":
    main()
