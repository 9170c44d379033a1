"""The running process and systemd, played by a real datagram socket."""

import asyncio
import signal
import socket
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from real_exporter import running, write_config
from support import Inline, VirtualClock, operation

from exporter.app import App
from exporter.commands.serve import _feed_watchdog
from exporter.metrics.build import this_build
from exporter.model import Config
from exporter.notify import Notifier
from exporter.redaction import Redactor
from exporter.simulator.fault import Fault
from exporter.simulator.server import Simulator
from exporter.storage.database import Database

PATIENCE = 60.0


class Systemd:
    """The receiving end of the notification socket."""

    def __init__(self, path: Path) -> None:
        self.address = str(path)
        self.channel = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.channel.bind(self.address)
        self.channel.setblocking(False)

    async def hears(self) -> dict[str, str]:
        """The next datagram, as name and value of its states."""
        async with asyncio.timeout(PATIENCE):
            datagram = await asyncio.get_running_loop().sock_recv(self.channel, 4096)
        return dict(line.split("=", 1) for line in datagram.decode().split("\n"))

    async def hears_of(self, state: str) -> dict[str, str]:
        """The next datagram with that state."""
        while True:
            heard = await self.hears()
            if state in heard:
                return heard

    def heard_nothing(self) -> bool:
        try:
            self.channel.recv(4096)
        except BlockingIOError:
            return True
        return False


@pytest.fixture
async def systemd(tmp_path: Path) -> AsyncIterator[Systemd]:
    systemd = Systemd(tmp_path / "notify")
    yield systemd
    systemd.channel.close()


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    async with Simulator() as simulator:
        yield simulator


@pytest.fixture
def config(simulator: Simulator, tmp_path: Path) -> dict[str, Any]:
    """A configuration, written where the command looks for it."""
    acme = {"name": "acme", "base_url": simulator.base_url, "token": "t-1", "campaigns": [{"id": "32841"}]}
    config = {"windows": ["1h"], "operations": [acme]}
    write_config(tmp_path, config)
    return config


async def test_states_of_a_life(config: dict[str, Any], tmp_path: Path, systemd: Systemd) -> None:
    async with running(tmp_path, environ={"NOTIFY_SOCKET": systemd.address}) as exporter:
        ready = await systemd.hears()
        assert ready == {"READY": "1", "STATUS": f"serving {exporter.url}/"}

        before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        exporter.signal(signal.SIGHUP)
        reloading = await systemd.hears()
        assert reloading.keys() == {"RELOADING", "MONOTONIC_USEC"}
        assert reloading["RELOADING"] == "1"
        assert before <= int(reloading["MONOTONIC_USEC"]) <= time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        assert await systemd.hears() == {"READY": "1", "STATUS": "reloaded"}

        write_config(tmp_path, config | {"windows": ["1x"]})
        exporter.signal(signal.SIGHUP)
        assert "RELOADING" in await systemd.hears()
        assert await systemd.hears() == {"READY": "1", "STATUS": "reload failed, the old configuration goes on"}

        exporter.signal(signal.SIGTERM)
        assert await systemd.hears() == {"STOPPING": "1"}
        assert await exporter.ended() == 0
    assert systemd.heard_nothing()


async def test_it_says_that_it_stops_before_it_waits(
    config: dict[str, Any], tmp_path: Path, systemd: Systemd, simulator: Simulator
) -> None:
    simulator.set_fault(Fault.TIMEOUT)
    async with running(tmp_path, environ={"NOTIFY_SOCKET": systemd.address}) as exporter:

        async def is_asked() -> bool:
            return simulator.log.total > 0

        await exporter.until(is_asked)
        await systemd.hears_of("READY")
        exporter.signal(signal.SIGINT)
        assert await systemd.hears() == {"STOPPING": "1"}
        assert exporter.process.poll() is None
        exporter.signal(signal.SIGINT)
        assert await exporter.ended() == 128 + signal.SIGINT


async def test_the_watchdog_is_fed(config: dict[str, Any], tmp_path: Path, systemd: Systemd) -> None:
    environ = {"NOTIFY_SOCKET": systemd.address, "WATCHDOG_USEC": "200000"}
    async with running(tmp_path, environ=environ):
        for _ in range(3):
            assert await systemd.hears_of("WATCHDOG") == {"WATCHDOG": "1"}


def dies(app: App) -> None:
    for task in app.supervisor._tasks.values():
        task.cancel()


def does_not_turn(app: App) -> None:
    for worker in app.supervisor.workers():
        worker._control._deadline = 0.0


@pytest.mark.parametrize("fails", [dies, does_not_turn])
async def test_the_watchdog_starves_with_a_worker_that_fails(
    fails: Callable[[App], None], systemd: Systemd, simulator: Simulator
) -> None:
    clock = VirtualClock()
    app = App(
        lambda: Config((operation(base_url=simulator.base_url),)),
        database=Database("sqlite://", thread=Inline()),
        clock=clock,
        redactor=Redactor(),
        build=this_build({}),
        registry=CollectorRegistry(),
    )
    notifier = Notifier({"NOTIFY_SOCKET": systemd.address, "WATCHDOG_USEC": "10000000"})
    stopping = asyncio.Event()
    await app.start()
    app.supervisor.start()
    feeding = asyncio.create_task(_feed_watchdog(app, clock, notifier, stopping))
    await clock.run(1.0)
    assert await systemd.hears() == {"WATCHDOG": "1"}
    assert app.unhealthy() is None

    fails(app)
    await clock.run(0.0)
    assert app.unhealthy() == "the polling of these operations does not turn: acme"
    await clock.run(4.5)
    assert systemd.heard_nothing()

    stopping.set()
    await clock.run(0.0)
    await feeding
    stop = asyncio.create_task(app.stop(4.0))
    await clock.run(1.0)
    await stop


async def test_without_a_watchdog_nothing_is_fed(systemd: Systemd) -> None:
    app: Any = None  # it is not asked for anything
    await _feed_watchdog(app, VirtualClock(), Notifier({"NOTIFY_SOCKET": systemd.address}), asyncio.Event())
    assert systemd.heard_nothing()
