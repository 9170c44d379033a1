"""The real command against the simulator, for the benchmarks that measure the whole of it. Prints nothing itself."""

import json
import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

START_LIMIT = 60.0
"""Seconds in which a command has to come up on any machine."""


def get(url: str, headers: dict[str, str] | None = None) -> bytes:
    """The body at a URL on this machine."""
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers or {}), timeout=30) as answer:
        return bytes(answer.read())


def processor_seconds(process: psutil.Process) -> float:
    """What a process has used so far."""
    times = process.cpu_times()
    return float(times.user + times.system)


def environment() -> dict[str, str]:
    """The environment of the commands: without what a shell may have set for them. An installation has bytecode."""
    unset = ("WOLKVOX_EXPORTER_", "PYTHONDONTWRITEBYTECODE")
    return {name: value for name, value in os.environ.items() if not name.startswith(unset)}


@contextmanager
def simulator(folder: Path, *flags: str) -> Iterator[str]:
    """A simulated API in a process of its own; its URL. The log of requests is `requests.jsonl` in the folder."""
    command = [
        sys.executable, "-m", "exporter", "simulate", "--simulator.listen-address=127.0.0.1:0",
        f"--simulator.log-file={folder / 'requests.jsonl'}", *flags,
    ]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment(), text=True) as process:
        try:
            assert process.stdout is not None
            found = re.search(r"http://\S+", process.stdout.readline())
            if found is None:
                raise RuntimeError("the simulator did not come up")
            yield found[0]
        finally:
            process.terminate()


def requests(folder: Path) -> list[dict[str, float]]:
    """What the simulator has logged so far."""
    lines = (folder / "requests.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def write_config(folder: Path, api: str, *, campaigns: int, tokens: int, interval: str, timeout: str = "60s") -> Path:
    """A configuration that spreads so many campaigns over so many operations."""
    operations = [
        {
            "name": f"operation-{number}",
            "base_url": api,
            "token": f"token-{number}",
            "campaigns": [{"id": str(60_000 + one)} for one in range(number, campaigns, tokens)],
        }
        for number in range(tokens)
    ]
    path = folder / "config.yml"
    path.write_text(json.dumps({"interval": interval, "timeout": timeout, "windows": ["1h"], "operations": operations}))
    return path


@contextmanager
def exporter(folder: Path, config: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """The exporter in a process of its own; it may not be up yet."""
    command = [
        sys.executable, "-m", "exporter", "run", f"--config.file={config}", "--log.level=error",
        f"--storage.url=sqlite:///{folder / 'kept.db'}", f"--web.listen-address=127.0.0.1:{port}",
    ]  # fmt: skip
    with subprocess.Popen(command, env=environment()) as process:
        try:
            yield process
        finally:
            process.terminate()


def wait_for(url: str, limit: float = START_LIMIT, pause: float = 0.005) -> float:
    """Seconds until the URL answers with 200."""
    began = time.perf_counter()
    while time.perf_counter() - began < limit:
        try:
            get(url)
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(pause)
        else:
            return time.perf_counter() - began
    raise RuntimeError(f"{url} did not answer within {limit} s")
