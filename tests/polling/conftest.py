"""An exporter in memory, its clock, its vendor and its file."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from support import Exporter, Start, Vendor, VirtualClock

from exporter.model import Operation


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "kept.db"


@pytest.fixture
async def start(clock: VirtualClock, vendor: Vendor, file: Path) -> AsyncIterator[Start]:
    """Start a process on the file that all of a test share."""
    processes = []

    async def started(*operations: Operation) -> Exporter:
        process = Exporter(clock, vendor, f"sqlite:///{file}")
        processes.append(process)
        return await process.start(*operations)

    yield started
    for process in processes:
        await process.kill()
