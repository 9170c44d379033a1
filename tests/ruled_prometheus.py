"""Debian's Prometheus on blocks of a long past, with the rules that are shipped."""

import asyncio
import json
import shutil
import signal
import socket
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import aiohttp
from patience import patiently
from real_prometheus import Prometheus

from prometheus.document import document
from prometheus.generate import GROUPS, RULES
from prometheus.parameters import DEFAULTS
from prometheus.rule import scale_durations

HURRY = 120
"""10m become 5s."""

RETENTION = "30d"
"""More than the past that was loaded: the default of 15 days would drop the oldest of it."""


class RuledPrometheus(Prometheus):
    """A server whose rules can be made impatient."""

    def __init__(
        self, session: aiohttp.ClientSession, url: str, process: "subprocess.Popen[bytes]", rules: Path
    ) -> None:
        super().__init__(session, url)
        self._process, self._rules = process, rules

    def hurry(self) -> None:
        """Let alerts fire after seconds instead of minutes; nothing else of the rules changes."""
        self._rules.write_text(document(scale_durations(GROUPS, HURRY)), encoding="utf-8")
        self._process.send_signal(signal.SIGHUP)


@asynccontextmanager
async def ruled_prometheus_on(folder: Path, data: Path, target: str) -> AsyncIterator[RuledPrometheus]:
    """Scrape an address and evaluate the rules each second, until the end of the block."""
    program = shutil.which("prometheus")
    assert program, "prometheus is missing: apt-get install prometheus"
    rules, log, address = folder / "rules.yml", folder / "prometheus.log", _free_address()
    shutil.copyfile(RULES, rules)
    config = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(rules)],
        "scrape_configs": [{"job_name": DEFAULTS.job, "static_configs": [{"targets": [target]}]}],
    }
    (folder / "prometheus.yml").write_text(json.dumps(config), encoding="utf-8")
    command = (
        program,
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={data}",
        f"--storage.tsdb.retention.time={RETENTION}",
        f"--web.listen-address={address}",
    )
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
    try:
        async with aiohttp.ClientSession() as session:
            server = RuledPrometheus(session, f"http://{address}", process, rules)
            await patiently(lambda: _is_ready(session, address), lambda: log.read_text(encoding="utf-8")[-4000:])
            yield server
    finally:
        process.terminate()
        await asyncio.to_thread(process.wait)


async def _is_ready(session: aiohttp.ClientSession, address: str) -> bool:
    with suppress(aiohttp.ClientConnectionError):
        async with session.get(f"http://{address}/-/ready") as response:
            return response.ok
    return False


def _free_address() -> str:
    """One that was free a moment ago: Prometheus does not take port 0 and say what it got."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"127.0.0.1:{listener.getsockname()[1]}"
