from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from real_exporter import Exporter, running, write_config
from real_prometheus import Prometheus, prometheus_on

from exporter.simulator.campaigns import Unknown
from exporter.simulator.server import Simulator
from exporter.simulator.settings import SimulatorSettings
from exporter.simulator.traffic import Shift


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    """An API that takes any token and knows any campaign with a number."""
    async with Simulator(SimulatorSettings(hours=Shift.ALWAYS, unknown=Unknown.INVENTED)) as simulator:
        yield simulator


@pytest.fixture
def operation(simulator: Simulator) -> Callable[..., dict[str, Any]]:
    """Make the part of a configuration that asks the simulator for these campaigns."""

    def make(name: str, *campaigns: str, **more: Any) -> dict[str, Any]:
        return {
            "name": name,
            "base_url": simulator.base_url,
            "token": f"token-of-{name}",
            "campaigns": [{"id": campaign} for campaign in campaigns],
        } | more

    return make


@pytest.fixture
async def run(tmp_path: Path) -> AsyncIterator[Callable[..., Any]]:
    """Start exporters that end with the test, without a traceback: `await run(config, *flags, folder=...)`."""
    started: list[Exporter] = []
    async with AsyncExitStack() as stack:

        async def start(config: dict[str, Any], *flags: str, folder: Path = tmp_path, **options: Any) -> Exporter:
            write_config(folder, config)
            started.append(await stack.enter_async_context(running(folder, *flags, **options)))
            return started[-1]

        yield start
    for exporter in started:
        assert "Traceback" not in exporter.stderr, exporter.stderr


@pytest.fixture
async def prometheus(tmp_path: Path) -> AsyncIterator[Callable[..., Any]]:
    """Start real Prometheus servers that end with the test: `await prometheus(address, ...)`."""
    async with AsyncExitStack() as stack:

        async def start(*targets: str) -> Prometheus:
            return await stack.enter_async_context(prometheus_on(tmp_path / "prometheus", targets))

        yield start
