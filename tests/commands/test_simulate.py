import argparse
import asyncio
import io
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, redirect_stdout
from pathlib import Path

import aiohttp
import pytest
import yaml

from exporter.commands.simulate import add_flags, serve
from exporter.simulator.error import SimulatorError


def parsed(*flags: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_flags(parser)
    return parser.parse_args(flags)


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


class Announced(io.StringIO):
    """Standard output of a command that prints once, when it is ready."""

    def __init__(self) -> None:
        super().__init__()
        self.ready = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    def flush(self) -> None:
        """In the thread that writes, so that a full pipe holds up nothing."""
        self._loop.call_soon_threadsafe(self.ready.set)


@asynccontextmanager
async def running(*flags: str) -> AsyncIterator[str]:
    """Run the command; what it printed is given."""
    stop, stdout = asyncio.Event(), Announced()
    with redirect_stdout(stdout):
        task = asyncio.ensure_future(serve(parsed(*flags), stop))
        await stdout.ready.wait()
    yield stdout.getvalue()
    stop.set()
    await task


async def test_it_prints_where_it_is_and_a_configuration_that_fits() -> None:
    async with running("--simulator.listen-address=127.0.0.1:0") as printed:
        first, *rest = printed.splitlines()
        url = first.removeprefix("Simulated Wolkvox API: ")
        config = yaml.safe_load("\n".join(rest[rest.index("") :]))
        (operation,) = config["operations"]
        assert operation["base_url"] == url
        assert {"id": "32841", "name": "Cobranza"} in operation["campaigns"]
        async with aiohttp.ClientSession() as session, session.get(url) as response:
            assert response.status == 200


async def test_flags_become_settings(tmp_path: Path) -> None:
    flags = (
        "--simulator.listen-address=:0",
        "--simulator.token=a",
        "--simulator.token=b",
        "--simulator.campaigns=3",
        "--simulator.unknown=empty",
        "--simulator.hours=always",
        "--simulator.latency=1ms",
        "--simulator.quota=1",
        f"--simulator.log-file={tmp_path / 'log'}",
    )
    query = "api=campaign_4&campaign_id=50003&date_ini=20261101000000&date_end=20261102000000"
    async with running(*flags) as printed, aiohttp.ClientSession() as session:
        url = printed.splitlines()[0].removeprefix("Simulated Wolkvox API: ")
        said = []
        for token in ("a", "a", "c"):
            path = f"{url}/api/v2/reports_manager.php?{query}"
            async with session.get(path, headers={"wolkvox-token": token}) as response:
                said.append(response.status)
        async with session.get(f"{url}/simulator/campaigns") as response:
            assert len(await response.json()) == 10
    assert said[1:] == [403, 403]
    assert len((tmp_path / "log").read_text().splitlines()) == 3


async def test_a_taken_port_is_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SimulatorError) as raised:
            await serve(parsed(f"--simulator.listen-address=127.0.0.1:{port}"), asyncio.Event())
    assert str(raised.value) == (
        f"simulator: cannot listen on 127.0.0.1:{port}: the port is in use; "
        "stop the other program or choose another --simulator.listen-address"
    )


@pytest.mark.parametrize(
    ("flag", "said"),
    [
        ("--simulator.listen-address=8081", "is not an address; allowed: host:port,"),
        ("--simulator.listen-address=::1:80", "an IPv6 address stands in brackets; allowed: host:port,"),
        ("--simulator.listen-address=a:70000", "'70000' is not a port; allowed: 0 to 65535"),
        ("--simulator.timezone=Bogota", "is not a time zone"),
        ("--simulator.campaigns=-1", "wants a whole number from 0 on"),
        ("--simulator.concurrency=0", "wants a whole number from 1 on"),
        ("--simulator.latency=fast", "is not a duration"),
        ("--simulator.hours=never", "invalid"),
        ("--history.step=5m", "wants whole seconds from 1s to 4m"),
        ("--history.step=1500ms", "wants whole seconds from 1s to 4m"),
        ("--history=0s", "wants more than nothing"),
    ],
)
def test_a_mistaken_flag_is_told(capsys: pytest.CaptureFixture[str], flag: str, said: str) -> None:
    with pytest.raises(SystemExit):
        parsed(flag)
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("flags", [("--history=1h",), ("--output=x",)])
async def test_history_wants_both_or_none(flags: tuple[str, ...]) -> None:
    with pytest.raises(SimulatorError, match="belong together"):
        await serve(parsed(*flags), asyncio.Event())


async def test_history_takes_the_place_of_a_file(tmp_path: Path) -> None:
    target = tmp_path / "history.om"
    target.write_text("old")
    flags = (f"--output={target}", "--history=20m", "--history.step=5s", "--history.job=j", "--history.instance=i:1")
    await serve(parsed(*flags), asyncio.Event())
    text = target.read_text()
    assert text.startswith('# TYPE up gauge\nup{job="j",instance="i:1"} 1 ')
    assert text.endswith("# EOF\n")
    assert names(tmp_path) == ["history.om"]


async def test_history_goes_to_stdout(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    await serve(parsed("--output=-", "--history=8m"), asyncio.Event())
    out, err = capfdbinary.readouterr()
    assert out.endswith(b"# EOF\n")
    assert err == b""


async def test_history_is_that_of_the_demo_with_the_same_seed(tmp_path: Path) -> None:
    def written(*flags: str) -> list[str]:
        """Without moments: another minute may have begun."""
        path = tmp_path / "history.om"
        asyncio.run(serve(parsed(f"--output={path}", "--history=8m", *flags), asyncio.Event()))
        return [line.rsplit(" ", 1)[0] for line in path.read_text().splitlines()]

    first, again, other = [
        await asyncio.to_thread(written, *flags) for flags in ((), ("--simulator.seed=1",), ("--simulator.seed=2",))
    ]
    assert first == again
    assert first != other


async def test_history_that_is_stopped_leaves_nothing(tmp_path: Path) -> None:
    stop = asyncio.Event()
    stop.set()
    await serve(parsed(f"--output={tmp_path / 'history.om'}", "--history=300d"), stop)
    assert names(tmp_path) == []


async def test_history_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(SimulatorError, match=r"^\S+/missing/x: cannot write the history \(No such file or directory\)"):
        await serve(parsed(f"--output={tmp_path / 'missing' / 'x'}", "--history=1h"), asyncio.Event())


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


async def test_a_terminal_sees_a_bar(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    await serve(parsed(f"--output={tmp_path / 'x'}", "--history=10m", "--history.step=1s"), asyncio.Event())
    frames = terminal.getvalue().split("\r")
    assert frames[-1] == f"[{'#' * 40}] 100%\n"
    assert len(frames) > 5
