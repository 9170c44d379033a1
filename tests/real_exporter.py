"""The real command as a process of its own, in a folder of its own."""

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

import aiohttp
from patience import PATIENCE, patiently
from scraped_page import Page, openmetrics, plain

Value = TypeVar("Value")

PROGRAM = (sys.executable, "-m", "exporter")

STORAGE = "sqlite:///state.db"

OPENMETRICS = {"Accept": "application/openmetrics-text; version=1.0.0"}

_URL = re.compile(r'(?:url="?|"url": ")(https?://[^\s"]+)')

_numbers = count(1)


class Command:
    """A process of the command. What it prints goes to files, so that it can be read at any time."""

    def __init__(
        self,
        folder: Path,
        *arguments: str,
        environ: Mapping[str, str] | None = None,
        program: Sequence[str] = PROGRAM,
        close_fds: bool = True,
    ) -> None:
        number = next(_numbers)
        self._stdout, self._stderr = folder / f"{number}.out", folder / f"{number}.err"
        with self._stdout.open("wb") as stdout, self._stderr.open("wb") as stderr:
            self.process = subprocess.Popen(
                [*program, *arguments],
                cwd=folder,
                env=inherited() | dict(environ or {}),
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                close_fds=close_fds,
            )

    @property
    def stdout(self) -> str:
        """What it has printed so far."""
        return self._stdout.read_text(encoding="utf-8")

    @property
    def stderr(self) -> str:
        """What it has logged so far."""
        return self._stderr.read_text(encoding="utf-8")

    def signal(self, number: signal.Signals) -> None:
        """Send a signal."""
        self.process.send_signal(number)

    async def ended(self, within: float = PATIENCE) -> int:
        """Its exit code, once it has one."""

        async def probe() -> tuple[int] | None:
            code = self.process.poll()
            return None if code is None else (code,)

        return (await patiently(probe, lambda: f"the log:\n{self.stderr[-4000:]}", within))[0]

    async def kill(self) -> None:
        """End it as a crash would."""
        self.process.kill()
        await self.ended()

    async def until(self, probe: Callable[[], Awaitable[Value | None]], within: float = PATIENCE) -> Value:
        """What `probe` gives once it is neither None nor empty, while the process lives."""

        async def living() -> Value | None:
            value = await probe()
            assert value or self.process.poll() is None, f"it ended with {self.process.poll()}:\n{self.stderr}"
            return value

        return await patiently(living, lambda: f"the log:\n{self.stderr[-4000:]}", within)

    async def said(self, text: str, within: float = PATIENCE) -> None:
        """Wait until it has logged a text."""

        async def probe() -> bool:
            return text in self.stderr

        await self.until(probe, within)


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer."""

    status: int
    headers: Mapping[str, str]
    text: str


class Exporter(Command):
    """A `run` or a `demo`, with its pages."""

    def __init__(self, session: aiohttp.ClientSession, folder: Path, *arguments: str, **options: Any) -> None:
        super().__init__(folder, *arguments, **options)
        self._session = session
        self.folder = folder
        self.url = ""

    async def serves(self) -> None:
        """Wait until it says where."""

        async def probe() -> str | None:
            found = _URL.search(self.stderr)
            return found and found[1].rstrip("/")

        self.url = await self.until(probe)

    async def ask(self, path: str, method: str = "GET", headers: Mapping[str, str] | None = None) -> Answer:
        """Make a request."""
        async with self._session.request(method, self.url + path, headers=headers, ssl=False) as response:
            return Answer(response.status, dict(response.headers), await response.text())

    async def page(self) -> Page:
        """The metrics as they are now."""
        answer = await self.ask("/metrics", headers=OPENMETRICS)
        assert answer.status == 200
        return await asyncio.to_thread(openmetrics, answer.text)  # long pages would hold up the simulated API

    async def ready(self) -> Page:
        """The metrics as soon as every campaign was asked once or restored."""

        async def probe() -> bool:
            return (await self.ask("/-/ready")).status == 200

        await self.until(probe)
        return await self.page()

    async def shows(self, condition: Callable[[Page], object], within: float = PATIENCE) -> Page:
        """The first page for which the condition holds."""

        async def probe() -> Page | None:
            page = await self.page()
            return page if condition(page) else None

        return await self.until(probe, within)

    async def stop(self) -> int:
        """End it as an operator does; its exit code."""
        self.signal(signal.SIGTERM)
        return await self.ended()


def call(folder: Path, *arguments: str, environ: Mapping[str, str] | None = None) -> "subprocess.CompletedProcess[str]":
    """Run the command to its end."""
    return subprocess.run(
        [*PROGRAM, *arguments],
        cwd=folder,
        env=inherited() | dict(environ or {}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def inherited() -> dict[str, str]:
    """The environment without flags of the command."""
    return {name: value for name, value in os.environ.items() if not name.startswith("WOLKVOX_")}


def write_config(folder: Path, config: Mapping[str, Any]) -> Path:
    """Write a configuration. JSON is YAML."""
    path = folder / "config.yml"
    path.write_text(json.dumps(config, indent=1), encoding="utf-8")
    return path


async def once(folder: Path, storage: str = STORAGE) -> tuple[int, Page, Command]:
    """Run `once` on the configuration in `folder`: its exit code, the page that it printed, the command."""
    command = Command(folder, "once", f"--storage.url={storage}")
    code = await command.ended()
    assert "Traceback" not in command.stderr
    return code, plain(command.stdout), command


@asynccontextmanager
async def running(
    folder: Path,
    *flags: str,
    storage: str = STORAGE,
    environ: Mapping[str, str] | None = None,
    program: Sequence[str] = PROGRAM,
) -> AsyncIterator[Exporter]:
    """Run the exporter on the configuration in `folder` until the end of the block, then end it cleanly.

    A block that ended it by itself leaves nothing to do.
    """
    arguments = ("run", "--web.listen-address=127.0.0.1:0", f"--storage.url={storage}", *flags)
    async with aiohttp.ClientSession() as session:
        exporter = Exporter(session, folder, *arguments, environ=environ, program=program)
        try:
            await exporter.serves()
            yield exporter
            if exporter.process.poll() is None:
                assert await exporter.stop() == 0, exporter.stderr
        except BaseException as error:
            error.add_note(f"The exporter's log ended in:\n{exporter.stderr[-4000:]}")
            raise
        finally:
            if exporter.process.poll() is None:
                await exporter.kill()
