"""The commands in this process: exit codes and what they print."""

import asyncio
import gc
import logging
import os
import re
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import aiohttp
import pytest
import structlog
from scraped_page import plain

from exporter.cli import main
from exporter.commands.serve import run_until_stopped
from exporter.redaction import Redactor
from exporter.simulator.fault import Fault
from exporter.simulator.server import Simulator
from exporter.storage.database import StorageError

CONFIG = """
windows: [1h]
operations:
  - name: acme
    base_url: BASE
    token: made-up-token
    campaigns: [{id: "32841"}, {id: "32842"}]
"""

Configure = Callable[[str], list[str]]


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    """Logging and the collector belong to the whole process."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()
    gc.unfreeze()


@pytest.fixture(autouse=True)
def _no_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    """The deadline of a stop would end the tests too."""
    monkeypatch.setattr("exporter.signals.LIMIT", 3600.0)


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    """In a thread of its own: `main` runs an event loop itself."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    simulator = Simulator()
    asyncio.run_coroutine_threadsafe(simulator.__aenter__(), loop).result(60)
    yield simulator
    asyncio.run_coroutine_threadsafe(simulator.__aexit__(None, None, None), loop).result(60)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


@pytest.fixture
def configured(tmp_path: Path, simulator: Simulator) -> list[str]:
    """Flags that name a configuration of the simulator and a storage of their own."""
    config = tmp_path / "config.yml"
    config.write_text(CONFIG.replace("BASE", simulator.base_url), encoding="utf-8")
    return [f"--config.file={config}", f"--storage.url=sqlite:///{tmp_path / 'kept.db'}"]


def test_check_prints_the_plan(configured: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", configured[0]]) == 0
    printed = capsys.readouterr()
    assert printed.out.startswith("operation acme\n")
    assert "requests per day" in printed.out
    assert printed.err == ""


def test_check_tells_all_mistakes_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "config.yml"
    config.write_text("interval: 1x\nwindow: [1h]\n", encoding="utf-8")
    assert main(["check", f"--config.file={config}"]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    lines = printed.err.splitlines()
    assert len(lines) == 3
    assert all(line.startswith(f"{config}:") for line in lines)
    assert lines[0].startswith(f"{config}:1: interval: ")


@pytest.mark.parametrize("command", ["run", "once"])
def test_a_start_that_cannot_work_is_one_line_and_1(
    configured: list[str], command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([command, configured[0], "--storage.url=mysql://made-up-password@host/db"]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1
    assert printed.err.startswith("wolkvox-exporter: error: --storage.url: ")
    assert "made-up-password" not in printed.err


def test_once_prints_the_page_and_ends_with_0(
    configured: list[str], simulator: Simulator, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert main(["once", *configured]) == 0
    page = plain(capsysbinary.readouterr().out.decode())
    assert page.by("campaign", "wolkvox_campaign_up") == {"32841": 1, "32842": 1}
    assert page.value("wolkvox_api_requests_total") == simulator.log.total == 2


def test_once_again_answers_from_storage(
    configured: list[str], simulator: Simulator, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    main(["once", *configured])
    first = plain(capsysbinary.readouterr().out.decode())
    assert main(["once", *configured]) == 0
    second = plain(capsysbinary.readouterr().out.decode())
    assert simulator.log.total == 2
    assert second.attempts("32841") == first.attempts("32841")
    assert second.value("wolkvox_api_requests_total") == 0


def test_once_ends_with_2_where_some_failed(
    configured: list[str], simulator: Simulator, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    simulator.set_fault(Fault.SERVER_ERROR)
    assert main(["once", *configured]) == 2
    printed = capsysbinary.readouterr()
    page = plain(printed.out.decode())
    assert page.reason("32841") == "server_error"
    assert b"level=warn" in printed.err
    assert b"made-up-token" not in printed.err + printed.out


def test_once_leaves_out_what_describes_a_process_that_is_over(
    configured: list[str], capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    main(["once", *configured])
    page = capsysbinary.readouterr().out.decode()
    assert "wolkvox_exporter_build_info" in page
    assert not re.search(r"^(# \w+ )?(process|python)_", page, re.MULTILINE)


def test_once_writes_a_file_and_nothing_to_stdout(
    configured: list[str], tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    file = tmp_path / "textfile" / "wolkvox.prom"
    assert main(["once", *configured, f"--output={file}"]) == 1
    assert b"error: --output" in capsysbinary.readouterr().err
    file.parent.mkdir()
    assert main(["once", *configured, f"--output={file}"]) == 0
    assert capsysbinary.readouterr().out == b""
    assert plain(file.read_text(encoding="utf-8")).by("campaign", "wolkvox_campaign_up") == {"32841": 1, "32842": 1}
    assert list(file.parent.iterdir()) == [file]


def serving(monkeypatch: pytest.MonkeyPatch, then: Callable[[str], object]) -> None:
    """Once it serves, do something with its address and end it as SIGTERM does."""

    async def served(app: object, web: object, *rest: object) -> None:
        running = asyncio.ensure_future(run_until_stopped(app, web, *rest))  # type: ignore[arg-type]
        outcome = then(web.urls[0])  # type: ignore[attr-defined]
        if asyncio.iscoroutine(outcome):
            await outcome
        os.kill(os.getpid(), signal.SIGTERM)
        await running

    monkeypatch.setattr("exporter.commands.serve.run_until_stopped", served)


@pytest.mark.parametrize("named", [["run"], []], ids=["run", "no command"])
def test_run_serves_until_it_is_told_to_stop(
    configured: list[str], monkeypatch: pytest.MonkeyPatch, named: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    statuses = {}

    async def look(url: str) -> None:
        async with aiohttp.ClientSession(url) as session:
            for path in ("/metrics", "/", "/api/v1/status", "/-/healthy"):
                async with session.get(path) as answer:
                    statuses[path] = answer.status
            async with session.post("/-/reload") as answer:
                statuses["/-/reload"] = answer.status

    serving(monkeypatch, look)
    assert main([*named, *configured, "--web.listen-address=127.0.0.1:0", "--web.enable-lifecycle"]) == 0
    assert statuses == {"/metrics": 200, "/": 200, "/api/v1/status": 200, "/-/healthy": 200, "/-/reload": 200}
    told = capsys.readouterr().err
    assert re.findall(r'msg=(?:"wolkvox-exporter (serves)"|(stopping|stopped))', told) == [
        ("serves", ""),
        ("", "stopping"),
        ("", "stopped"),
    ]


def test_a_port_that_is_taken_is_one_line_and_1(configured: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["run", *configured, f"--web.listen-address=127.0.0.1:{port}"]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("wolkvox-exporter: error: ")
    assert str(port) in lines[0]


def test_demo_needs_nothing_and_prints_where_it_serves(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    seen: list[str] = []
    serving(monkeypatch, seen.append)
    assert main(["demo", "--web.listen-address=127.0.0.1:0"]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert [line.partition(":")[0] for line in printed] == ["Metrics", "Status page", "Simulated API"]
    assert printed[0].endswith(f"{seen[0].rstrip('/')}/metrics")


def test_simulate_serves_until_it_is_told_to_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    told = []

    async def simulate(arguments: object, stopping: asyncio.Event) -> None:
        told.append(stopping.is_set())

    monkeypatch.setattr("exporter.commands.simulate.serve", simulate)
    assert main(["simulate"]) == 0
    assert told == [False]


def test_secrets_are_struck_out_of_the_line_of_a_start_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def fails(arguments: object, redactor: Redactor, signals: object) -> int:
        redactor.keep(["made-up-token"])
        raise StorageError("storage kept.db: made-up-token")

    monkeypatch.setattr("exporter.commands.check.check", fails)
    assert main(["check"]) == 1
    assert capsys.readouterr().err == "wolkvox-exporter: error: storage kept.db: <secret>\n"


def test_a_second_signal_ends_the_process_at_once(configured: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    codes: list[int] = []
    monkeypatch.setattr("exporter.signals.os._exit", codes.append)

    def twice(url: str) -> None:
        os.kill(os.getpid(), signal.SIGINT)

    serving(monkeypatch, twice)
    assert main(["run", *configured, "--web.listen-address=127.0.0.1:0"]) == 0
    assert codes in ([128 + signal.SIGTERM], [128 + signal.SIGINT])
