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
from patience import PATIENCE, patiently

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
        return await patiently(lambda: self.query(expression), lambda: f"{expression} stays empty", within)


@asynccontextmanager
async def prometheus_on(folder: Path, targets: Sequence[str]) -> AsyncIterator[Prometheus]:
    """Scrape these addresses each second until the end of the block."""
    address = f"127.0.0.1:{free_port()}"
    process = _launch(folder, targets, address)
    try:
        async with aiohttp.ClientSession() as session:
            await patiently(lambda: _is_ready(session, address), lambda: _log(folder))
            yield Prometheus(session, f"http://{address}")
    finally:
        process.terminate()
        await asyncio.to_thread(process.wait)


def _launch(folder: Path, targets: Sequence[str], address: str) -> "subprocess.Popen[bytes]":
    program = shutil.which("prometheus")
    assert program, "prometheus is missing: apt-get install prometheus"
    folder.mkdir()
    job = {"job_name": "wolkvox", "static_configs": [{"targets": list(targets)}]}
    config = {"global": {"scrape_interval": f"{SCRAPE_SECONDS}s"}, "scrape_configs": [job]}
    (folder / "prometheus.yml").write_text(json.dumps(config), encoding="utf-8")
    files = (f"--config.file={folder / 'prometheus.yml'}", f"--storage.tsdb.path={folder / 'data'}")
    with (folder / "log").open("wb") as log:
        return subprocess.Popen(
            [program, *files, f"--web.listen-address={address}"], stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )


def _log(folder: Path) -> str:
    return (folder / "log").read_text(encoding="utf-8")


async def _is_ready(session: aiohttp.ClientSession, address: str) -> bool:
    try:
        async with session.get(f"http://{address}/-/ready") as response:
            return response.ok
    except aiohttp.ClientConnectionError:
        return False


def free_port() -> int:
    """A port that was free a moment ago. Prometheus takes none by itself."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port
