"""What an answer may cost: at most 40 MiB over rest, however it is made, and whoever else is asked meanwhile."""

import gzip
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
from aiohttp import web
from hostile_answers import HOSTILE, READ
from raw_server import GOOD
from real_exporter import Exporter, write_config

Run = Callable[..., Awaitable[Exporter]]

MOST = 40 * 2**20


@pytest.fixture
async def vendor() -> AsyncIterator[str]:
    """Answers a campaign whose id names a hostile answer with that one: packed, but for every third."""

    async def report(request: web.Request) -> web.Response:
        name = request.query["campaign_id"]
        if name not in HOSTILE:
            return web.Response(body=GOOD)
        match list(HOSTILE).index(name) % 3:
            case 0:
                return web.Response(body=gzip.compress(HOSTILE[name], 1), headers={"Content-Encoding": "gzip"})
            case 1:
                return web.Response(body=zlib.compress(HOSTILE[name], 1), headers={"Content-Encoding": "deflate"})
            case _:
                return web.Response(body=HOSTILE[name])

    application = web.Application()
    application.router.add_get("/api/v2/reports_manager.php", report)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


def peak(process: int) -> int:
    """Bytes that it had resident at most since it was last asked to forget that."""
    lines = Path(f"/proc/{process}/status").read_text(encoding="ascii").splitlines()
    [line] = [line for line in lines if line.startswith("VmHWM:")]
    return int(line.split()[1]) * 1024


async def test_no_answer_takes_more_than_40_mib_over_rest(run: Run, vendor: str) -> None:
    def operation(name: str, *campaigns: str) -> dict[str, Any]:
        listed = [{"id": campaign} for campaign in campaigns]
        return {"name": name, "base_url": vendor, "token": f"token-of-{name}", "campaigns": listed}

    # At rest it has as many campaigns as later: what they need is not the answers' doing.
    calm = [operation(name, *map(str, range(len(HOSTILE)))) for name in ("a", "b")]
    exporter = await run({"interval": "1h", "operations": calm}, "--web.enable-lifecycle")
    await exporter.ready()
    assert (await exporter.ask("/-/reload", "POST")).status == 200
    rest = psutil.Process(exporter.process.pid).memory_info().rss
    Path(f"/proc/{exporter.process.pid}/clear_refs").write_text("5", encoding="ascii")

    hostile = [operation(name, *HOSTILE) for name in ("a", "b")]
    write_config(exporter.folder, {"interval": "1h", "timeout": "600s", "operations": hostile})
    assert (await exporter.ask("/-/reload", "POST")).status == 200
    last = list(HOSTILE)[-1]
    page = await exporter.shows(
        lambda page: all(
            page.value("wolkvox_campaign_up", operation=name, campaign=last) is not None for name in ("a", "b")
        ),
        600.0,
    )

    grown = peak(exporter.process.pid) - rest
    assert grown < MOST, f"{grown / 2**20:.1f} MiB"
    for name in HOSTILE:
        up = page.value("wolkvox_campaign_up", operation="a", campaign=name, window="1h")
        assert up == (1 if name in READ else 0), name
