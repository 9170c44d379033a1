"""Debian's Prometheus as a process of its own."""

import asyncio
import json
import shutil
import socket
import subprocess
import urllib.parse
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

PATIENCE = 60.0
SCRAPE_SECONDS = 1

Series = tuple[Mapping[str, str], float]


class Prometheus:
    """A running server; its queries are those of its HTTP API."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session = session
        self.url = url

    async def get(self, path: str, **parameters: str) -> Any:
        """Ask the HTTP API; its `data`."""
        query = urllib.parse.urlencode(parameters)
        async with self._session.get(f"{self.url}/api/v1/{path}?{query}") as response:
            answer = await response.json()
        assert answer["status"] == "success", answer
        return answer["data"]

    async def query(self, expression: str, at: float | None = None) -> list[Series]:
        """The instant vector of an expression, now or at a moment in Unix seconds."""
        when = {} if at is None else {"time": f"{at:.3f}"}
        found = await self.get("query", query=expression, **when)
        return [(one["metric"], float(one["value"][1])) for one in found["result"]]

    async def samples(self, selector: str, seconds: int) -> list[list[tuple[float, float]]]:
        """The raw samples of the last seconds, a list for each series."""
        found = await self.get("query", query=f"{selector}[{seconds}s]")
        return [[(at, float(value)) for at, value in one["values"]] for one in found["result"]]

    async def until(self, expression: str, within: float = PATIENCE) -> list[Series]:
        """The instant vector of an expression once it is not empty."""
        try:
            async with asyncio.timeout(within):
                while not (found := await self.query(expression)):
                    await asyncio.sleep(0.2)
        except TimeoutError:
            targets = await self.get("targets")
            raise AssertionError(f"{expression} stays empty; the targets: {json.dumps(targets)[:2000]}") from None
        return found


@asynccontextmanager
async def prometheus_on(folder: Path, targets: Sequence[str], **scrape: Any) -> AsyncIterator[Prometheus]:
    """Scrape these addresses each second until the end of the block; `scrape` adds to the job's configuration."""
    program = shutil.which("prometheus")
    assert program, "prometheus is missing: apt-get install prometheus"
    folder.mkdir()
    job = {"job_name": "wolkvox", "static_configs": [{"targets": list(targets)}]} | scrape
    config = {"global": {"scrape_interval": f"{SCRAPE_SECONDS}s"}, "scrape_configs": [job]}
    (folder / "prometheus.yml").write_text(json.dumps(config), encoding="utf-8")
    address = f"127.0.0.1:{_free_port()}"
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [
                program,
                f"--config.file={folder / 'prometheus.yml'}",
                f"--storage.tsdb.path={folder / 'data'}",
                f"--web.listen-address={address}",
            ],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    try:
        async with aiohttp.ClientSession() as session:
            await _ready(session, f"http://{address}/-/ready", process, folder / "log")
            yield Prometheus(session, f"http://{address}")
    finally:
        process.terminate()
        await asyncio.to_thread(process.wait)


async def _ready(session: aiohttp.ClientSession, url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    async with asyncio.timeout(PATIENCE):
        while True:
            assert process.poll() is None, log.read_text(encoding="utf-8")
            try:
                async with session.get(url) as response:
                    if response.ok:
                        return
            except aiohttp.ClientConnectionError:
                pass
            await asyncio.sleep(0.1)


def _free_port() -> int:
    """A port that was free a moment ago. Prometheus takes none by itself."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port
