"""The process at its edges: signals in its first moments, logs that nobody reads, threads that hang, closed streams."""

import asyncio
import fcntl
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from patience import PATIENCE, patiently
from real_exporter import PROGRAM, STORAGE, Command, Exporter, inherited, running, write_config
from scraped_page import Page, plain

from exporter.simulator.fault import Fault
from exporter.simulator.server import Simulator

Run = Callable[..., Awaitable[Exporter]]
Operation = Callable[..., dict[str, Any]]

COMMANDS = {
    "run": ("run", "--web.listen-address=127.0.0.1:0", f"--storage.url={STORAGE}"),
    "demo": ("demo", "--web.listen-address=127.0.0.1:0"),
    "simulate": ("simulate", "--simulator.listen-address=127.0.0.1:0"),
    "once": ("once", f"--storage.url={STORAGE}"),
    "check": ("check",),
}
SCRIPT = (str(Path(sys.executable).with_name("wolkvox-exporter")),)

HELD = """
import os, sys
class Hold:
    def find_spec(self, name, path=None, target=None):
        if name == "exporter.cli":
            os.write(int(os.environ["IMPORTS"]), b"!")
            os.read(int(os.environ["GO_ON"]), 1)
sys.meta_path.insert(0, Hold())
"""
"""Stops the program in the middle of its imports, until it is told to go on."""


class Held(Command):
    """A command that stands in its imports."""

    def __init__(self, folder: Path, *arguments: str, program: tuple[str, ...] = PROGRAM) -> None:
        self._said, imports = os.pipe()
        go_on, self._go = os.pipe()
        for descriptor in (imports, go_on):
            os.set_inheritable(descriptor, True)
        site = folder / "site"
        site.mkdir()
        (site / "sitecustomize.py").write_text(HELD, encoding="utf-8")
        environ = {
            "PYTHONPATH": f"{site}{os.pathsep}{Path(__file__).parents[2]}",
            "IMPORTS": str(imports),
            "GO_ON": str(go_on),
        }
        super().__init__(folder, *arguments, environ=environ, program=program, close_fds=False)
        os.close(imports)
        os.close(go_on)

    async def imports(self) -> None:
        """Wait until it does; no handler of signals can be missed any more."""
        assert await asyncio.wait_for(asyncio.to_thread(os.read, self._said, 1), PATIENCE) == b"!"

    def go_on(self) -> None:
        os.write(self._go, b"!")

    def close(self) -> None:
        os.close(self._said)
        os.close(self._go)
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


@pytest.fixture
def held(tmp_path: Path, operation: Operation) -> Iterator[Callable[..., Held]]:
    write_config(tmp_path, {"operations": [operation("acme", "1")]})
    started: list[Held] = []

    def start(command: str, *more: str, program: tuple[str, ...] = PROGRAM) -> Held:
        started.append(Held(tmp_path, *COMMANDS[command], *more, program=program))
        return started[-1]

    yield start
    for one in started:
        one.close()


@pytest.mark.parametrize(
    ("command", "number", "program"),
    [
        *((command, number, PROGRAM) for command in COMMANDS for number in (signal.SIGTERM, signal.SIGINT)),
        ("run", signal.SIGTERM, SCRIPT),
    ],
)
async def test_a_stop_during_the_imports(
    held: Callable[..., Held], command: str, number: signal.Signals, program: tuple[str, ...]
) -> None:
    """At once: nothing has begun. A command that was to answer something does not say that it did."""
    process = held(command, program=program)
    await process.imports()
    process.signal(number)
    assert await process.ended() == (128 + number if command in {"once", "check"} else 0)
    assert (process.stdout, process.stderr) == ("", "")


@pytest.mark.parametrize("command", ["run", "demo"])
async def test_a_reload_during_the_imports_comes_once_it_serves(held: Callable[..., Held], command: str) -> None:
    process = held(command)
    await process.imports()
    process.signal(signal.SIGHUP)
    process.go_on()
    await process.said('msg="configuration reloaded"')
    process.signal(signal.SIGTERM)
    assert await process.ended() == 0


@pytest.mark.parametrize("command", ["simulate", "once", "check"])
async def test_a_lost_terminal_during_the_imports_ends_what_has_nothing_to_reload(
    held: Callable[..., Held], command: str
) -> None:
    process = held(command)
    await process.imports()
    process.signal(signal.SIGHUP)
    process.go_on()
    assert await process.ended() == (0 if command == "simulate" else 128 + signal.SIGHUP)


UNSHARE = ("unshare", "--pid", "--fork", "--kill-child", "--map-root-user")


def can_unshare() -> bool:
    return shutil.which("unshare") is not None and not subprocess.run([*UNSHARE, "true"], check=False).returncode


@pytest.mark.parametrize("command", COMMANDS)
async def test_a_stop_during_the_imports_of_process_1(held: Callable[..., Held], command: str) -> None:
    """In a PID namespace of its own, as in a container: the kernel drops signals that process 1 does not handle."""
    assert can_unshare(), "unshare of util-linux is needed, and the right to make a PID namespace"
    process = held(command, program=(*UNSHARE, *PROGRAM))
    await process.imports()
    (child,) = map(int, Path(f"/proc/{process.process.pid}/task/{process.process.pid}/children").read_text().split())
    os.kill(child, signal.SIGTERM)
    assert await process.ended() == (128 + signal.SIGTERM if command in {"once", "check"} else 0)


async def test_a_log_that_nobody_reads_holds_up_nothing(
    tmp_path: Path, operation: Operation, simulator: Simulator
) -> None:
    """Page, polls and stop go on; what was dropped is counted, and said once somebody reads again."""
    write_config(tmp_path, {"interval": "1s", "operations": [operation("acme", "1")]})
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
    environ = inherited()
    arguments = (*COMMANDS["run"], "--log.level=debug", "--web.enable-lifecycle")
    with subprocess.Popen([*PROGRAM, *arguments], cwd=tmp_path, env=environ, stderr=writer) as process:
        os.close(writer)
        try:
            url = (await asyncio.to_thread(read_until, reader, "url=http")).partition("url=")[2].split()[0]
            bad = [{"id": str(number), "windows": ["1x"]} for number in range(2000)]
            write_config(tmp_path, {"operations": [operation("acme") | {"campaigns": bad}]})
            async with aiohttp.ClientSession(url) as session:

                async def page() -> Page:
                    async with session.get("/metrics") as answer:
                        return plain(await answer.text())

                async def dropped() -> float:
                    async with session.post("/-/reload") as answer:
                        assert answer.status == 400
                    return (await page()).number("wolkvox_exporter_log_lines_dropped_total")

                await patiently(dropped, lambda: "no line is dropped")
                asked = simulator.log.total

                async def is_asked() -> bool:
                    return simulator.log.total > asked

                await patiently(is_asked, lambda: "nothing is polled any more")
                async with session.get("/-/healthy") as answer:
                    assert answer.status == 200
            said = await asyncio.to_thread(read_until, reader, 'msg="log lines dropped"')
            assert 'why="nobody reads it"' in said.splitlines()[-1]
            async with aiohttp.ClientSession(url) as session, session.post("/-/reload"):
                pass  # and full again
            begun = time.monotonic()
            process.send_signal(signal.SIGTERM)
            assert await asyncio.to_thread(process.wait, PATIENCE) == 0
            assert time.monotonic() - begun < 5
        finally:
            process.kill()
            os.close(reader)


def read_until(descriptor: int, text: str) -> str:
    """All that comes up to the end of the line that holds the text."""
    read = ""
    while text not in read.rpartition("\n")[0]:
        piece = os.read(descriptor, 4096).decode()
        assert piece, f"it ended without {text}:\n{read[-2000:]}"
        read += piece
    return read[: read.index("\n", read.index(text))]


async def test_a_log_on_a_full_disk(tmp_path: Path, operation: Operation) -> None:
    write_config(tmp_path, {"operations": [operation("acme", "1")]})
    with Path("/dev/full").open("w", encoding="utf-8") as full, free_port() as address:
        arguments = ("run", f"--web.listen-address={address}", f"--storage.url={STORAGE}")
        with subprocess.Popen([*PROGRAM, *arguments], cwd=tmp_path, env=inherited(), stderr=full) as process:
            await serves_and_stops(process, address)


async def test_closed_standard_streams(tmp_path: Path, operation: Operation) -> None:
    """Nothing else gets their numbers, so no line ends up in the storage or at a client."""
    write_config(tmp_path, {"operations": [operation("acme", "1")]})
    with free_port() as address:
        arguments = ("run", f"--web.listen-address={address}", f"--storage.url={STORAGE}")
        shell = ["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh"]
        with subprocess.Popen([*shell, *PROGRAM, *arguments], cwd=tmp_path, env=inherited()) as process:
            await serves_and_stops(process, address)


@contextmanager
def free_port() -> Iterator[str]:
    """An address where nobody listens; for a process that cannot say which port it was given."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    yield address


async def serves_and_stops(process: "subprocess.Popen[bytes]", address: str) -> None:
    name = "wolkvox_exporter_log_lines_dropped_total"
    async with aiohttp.ClientSession(f"http://{address}") as session:

        async def counts() -> bool:
            assert process.poll() is None
            try:
                async with session.get("/metrics") as answer:
                    page = plain(await answer.text())
            except aiohttp.ClientConnectionError:
                return False
            return page.number(name) > 0 and page.value("wolkvox_campaign_up") == 1

        try:
            await patiently(counts, lambda: "no page that counts dropped lines")
            process.send_signal(signal.SIGTERM)
            assert await asyncio.to_thread(process.wait, PATIENCE) == 0
        finally:
            process.kill()


async def test_a_stop_while_a_disk_hangs_is_cut_off_with_a_line(run: Run, operation: Operation) -> None:
    """The new configuration is a pipe that is never written to: its reader hangs."""
    exporter = await run({"operations": [operation("acme", "1")]})
    await exporter.ready()
    path = exporter.folder / "config.yml"
    path.unlink()
    os.mkfifo(path)
    exporter.signal(signal.SIGHUP)

    async def is_read() -> tuple[int] | None:
        with suppress(OSError):  # for as long as nobody reads
            return (os.open(path, os.O_WRONLY | os.O_NONBLOCK),)
        return None

    (never_written,) = await exporter.until(is_read)
    begun = time.monotonic()
    exporter.signal(signal.SIGTERM)
    assert await exporter.ended() == 1
    assert time.monotonic() - begun < 6
    os.close(never_written)
    last = exporter.stderr.splitlines()[-1]
    assert 'level=error msg="stopped by force: ' in last
    assert "side_" in last


async def test_the_page_is_reached_where_few_files_may_be_open(tmp_path: Path, simulator: Simulator) -> None:
    """Forty tokens whose requests never end would take every descriptor."""
    simulator.set_fault(Fault.TIMEOUT)
    operations = [
        {"name": f"o{number}", "base_url": simulator.base_url, "token": f"token-{number}", "campaigns": [{"id": "1"}]}
        for number in range(40)
    ]
    write_config(tmp_path, {"operations": operations})
    few = ("prlimit", "--nofile=24:24", *PROGRAM)
    async with running(tmp_path, program=few) as exporter:
        assert "few files may be open" in exporter.stderr

        async def is_asked() -> bool:
            return simulator.log.total > 0

        await exporter.until(is_asked)
        for _ in range(5):
            async with (
                aiohttp.ClientSession(exporter.url) as scraper,
                aiohttp.ClientSession(exporter.url) as probe,
                scraper.get("/metrics") as page,
                probe.get("/-/healthy") as health,
            ):
                assert (page.status, health.status) == (200, 200)
                assert "wolkvox_campaign_up" in await page.text()
            await asyncio.sleep(0.1)
