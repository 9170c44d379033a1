from collections.abc import AsyncIterator

import pytest
from raw_client import FixedClock

from exporter.simulator.server import Simulator
from exporter.simulator.settings import SimulatorSettings
from exporter.simulator.traffic import Shift


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
async def simulator(clock: FixedClock) -> AsyncIterator[Simulator]:
    """An example of use: an API on a port of its own, with faults and spikes to switch on."""
    settings = SimulatorSettings(hours=Shift.ALWAYS, tokens=("known", "other"))
    async with Simulator(settings, clock) as simulator:
        yield simulator
