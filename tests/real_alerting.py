"""Debian's Prometheus with the rules and Debian's Alertmanager, and somebody who reads what they send."""

import asyncio
import json
import shutil
import socket
from asyncio.subprocess import DEVNULL
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import yaml
from aiohttp import web
from rulebook import ROOT

from prometheus.document import document
from prometheus.generate import GROUPS
from prometheus.parameters import DEFAULTS
from prometheus.rule import scale_durations

PATIENCE = 90.0
"""Seconds that anything may take on a busy machine before it counts as never happening."""

HURRY = 120
"""10m become 5s."""


class Alerting:
    """What Prometheus and Alertmanager think of each alert, and what was delivered."""

    def __init__(self, session: aiohttp.ClientSession, prometheus: str, alertmanager: str) -> None:
        self._session = session
        self._prometheus, self._alertmanager = prometheus, alertmanager
        self.messages: list[dict[str, Any]] = []
        """Alerts as Alertmanager sent them, oldest first."""

    async def _get(self, url: str) -> Any:
        async with self._session.get(url) as response:
            return await response.json()

    async def _states(self, alert: str) -> list[str]:
        answer = await self._get(f"{self._prometheus}/api/v1/alerts")
        return [each["state"] for each in answer["data"]["alerts"] if each["labels"]["alertname"] == alert]

    async def _fates(self, alert: str) -> list[str]:
        answer = await self._get(f"{self._alertmanager}/api/v2/alerts")
        return [each["status"]["state"] for each in answer if each["labels"]["alertname"] == alert]

    async def shows(self, alert: str, *states: str) -> None:
        """Wait until Prometheus has the alert in these states, one for each of its series; none where it is well."""
        await self._until(self._states, alert, states)

    async def treats(self, alert: str, *fates: str) -> None:
        """Wait until Alertmanager has the alert as `active` or `suppressed`."""
        await self._until(self._fates, alert, fates)

    async def told(self, alert: str, status: str) -> dict[str, Any]:
        """Wait for the message that says the alert is `firing` or `resolved`."""

        async def found(_: str) -> list[str]:
            return [each["status"] for each in self._about(alert) if each["status"] == status][:1]

        await self._until(found, alert, (status,))
        return next(each for each in self._about(alert) if each["status"] == status)

    def _about(self, alert: str) -> list[dict[str, Any]]:
        return [each for each in self.messages if each["labels"]["alertname"] == alert]

    async def _until(self, look: Callable[[str], Awaitable[list[str]]], alert: str, wanted: tuple[str, ...]) -> None:
        seen: list[str] = []
        try:
            async with asyncio.timeout(PATIENCE):
                while True:
                    seen = await look(alert)
                    if seen == list(wanted):
                        return
                    await asyncio.sleep(0.1)
        except TimeoutError:
            raise AssertionError(f"{alert} is {seen} and does not become {list(wanted)}") from None

    async def receive(self, request: web.Request) -> web.Response:
        """Take a message of Alertmanager's webhook."""
        self.messages.extend((await request.json())["alerts"])
        return web.Response()


def _free_address() -> str:
    """One that was free a moment ago: neither program takes port 0 and says what it got."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"127.0.0.1:{listener.getsockname()[1]}"


@asynccontextmanager
async def _process(session: aiohttp.ClientSession, address: str, *command: str) -> AsyncIterator[None]:
    assert shutil.which(command[0]), f"{command[0]} is missing: apt-get install prometheus prometheus-alertmanager"
    process = await asyncio.create_subprocess_exec(*command, stdin=DEVNULL, stdout=DEVNULL, stderr=DEVNULL)
    try:
        async with asyncio.timeout(PATIENCE):
            while True:
                assert process.returncode is None, f"{command} ended with {process.returncode}"
                if await _is_ready(session, address):
                    break
                await asyncio.sleep(0.1)
        yield
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def _is_ready(session: aiohttp.ClientSession, address: str) -> bool:
    try:
        async with session.get(f"http://{address}/-/ready") as response:
            return response.ok
    except aiohttp.ClientConnectionError:
        return False


def _configure(folder: Path, target: str, alertmanager: str, webhook: str) -> None:
    """Write the rules, and the example configuration of Alertmanager: sending at once, and to us."""
    routes: dict[str, Any] = yaml.safe_load((ROOT / "prometheus" / "alertmanager.yml").read_text(encoding="utf-8"))
    for route in (routes["route"], *routes["route"]["routes"]):
        route.update(group_wait="1s", group_interval="1s")
    for receiver in routes["receivers"]:
        receiver["webhook_configs"] = [{"url": webhook, "send_resolved": True}]
    config = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": ["rules.yml"],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [alertmanager]}]}]},
        "scrape_configs": [{"job_name": DEFAULTS.job, "static_configs": [{"targets": [target]}]}],
    }
    folder.mkdir()
    (folder / "alertmanager.yml").write_text(json.dumps(routes), encoding="utf-8")
    (folder / "prometheus.yml").write_text(json.dumps(config), encoding="utf-8")
    (folder / "rules.yml").write_text(document(scale_durations(GROUPS, HURRY)), encoding="utf-8")


@asynccontextmanager
async def alerting_on(folder: Path, target: str) -> AsyncIterator[Alerting]:
    """Scrape and evaluate the hurried rules each second, until the end of the block."""
    prometheus, alertmanager = _free_address(), _free_address()
    async with aiohttp.ClientSession() as session:
        alerting = Alerting(session, f"http://{prometheus}", f"http://{alertmanager}")
        application = web.Application()
        application.router.add_post("/", alerting.receive)
        runner = web.AppRunner(application)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            webhook = "http://{}:{}/".format(*runner.addresses[0])
            _configure(folder, target, alertmanager, webhook)
            async with (
                _process(
                    session,
                    alertmanager,
                    "prometheus-alertmanager",
                    f"--config.file={folder / 'alertmanager.yml'}",
                    f"--storage.path={folder / 'alertmanager'}",
                    f"--web.listen-address={alertmanager}",
                    "--cluster.listen-address=",
                ),
                _process(
                    session,
                    prometheus,
                    "prometheus",
                    f"--config.file={folder / 'prometheus.yml'}",
                    f"--storage.tsdb.path={folder / 'data'}",
                    f"--web.listen-address={prometheus}",
                ),
            ):
                yield alerting
        finally:
            await runner.cleanup()
