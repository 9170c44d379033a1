"""A configuration that changes is reloaded without a signal."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest
from structlog.testing import capture_logs
from support import VirtualClock

from exporter.auto_reload import ConfigWatch
from exporter.yaml import checksum_of

T = TypeVar("T")

INTERVAL = 30.0


class Reloads:
    """What the exporter does with the file: any content but `bad` is put in force."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.in_force: str | None = checksum_of(file.read_bytes())
        self.contents: list[str] = []
        self.error: Exception | None = None

    async def reload(self) -> None:
        content = self._file.read_text() if self._file.exists() else "missing"
        self.contents.append(content)
        self.in_force = None if content in {"bad", "missing"} else checksum_of(content.encode())
        if self.error is not None:
            raise self.error


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "config.yml"
    file.write_text("first")
    return file


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Threads would not know of the virtual clock."""

    async def call(work: Callable[..., T], /, *arguments: Any) -> T:
        return work(*arguments)

    monkeypatch.setattr(asyncio, "to_thread", call)


@pytest.fixture
async def reloads(clock: VirtualClock, file: Path, at_once: None) -> AsyncIterator[Reloads]:
    made = Reloads(file)
    stopping = asyncio.Event()
    watch = ConfigWatch(clock, file, lambda: made.in_force, made.reload)
    running = asyncio.ensure_future(watch.run(INTERVAL, stopping))
    await clock.run(1.0)
    yield made
    stopping.set()
    await clock.run(INTERVAL)
    await running


async def test_a_file_that_stays_is_not_reloaded(clock: VirtualClock, file: Path, reloads: Reloads) -> None:
    await clock.run(10 * INTERVAL)
    file.write_text("first")
    await clock.run(10 * INTERVAL)
    assert reloads.contents == []


async def test_a_change_is_in_force_after_one_interval(clock: VirtualClock, file: Path, reloads: Reloads) -> None:
    file.write_text("second")
    await clock.run(INTERVAL + 1.0)
    assert reloads.contents == ["second"]
    await clock.run(10 * INTERVAL)
    assert reloads.contents == ["second"]


async def test_a_file_that_is_being_written_waits(clock: VirtualClock, file: Path, reloads: Reloads) -> None:
    file.write_text("sec")
    await clock.run(INTERVAL - 0.5)
    file.write_text("second")
    await clock.run(1.0)
    assert reloads.contents == []
    await clock.run(INTERVAL + 1.0)
    assert reloads.contents == ["second"]


@pytest.mark.parametrize("content", ["bad", None])
async def test_what_cannot_be_used_is_tried_again_until_it_can(
    clock: VirtualClock, file: Path, reloads: Reloads, content: str | None
) -> None:
    file.unlink()
    if content is not None:
        file.write_text(content)
    await clock.run(3 * INTERVAL + 10.0)
    assert reloads.contents == [content or "missing"] * 3
    file.write_text("first")
    await clock.run(2 * INTERVAL)
    assert reloads.contents[3:] == ["first"], "also where it is what was in force before"


async def test_a_fault_of_the_exporter_does_not_end_the_watch(
    clock: VirtualClock, file: Path, reloads: Reloads
) -> None:
    reloads.error = RuntimeError("out of order")
    file.write_text("second")
    with capture_logs() as logs:
        await clock.run(INTERVAL + 1.0)
    assert [line["log_level"] for line in logs] == ["error"]
    reloads.error = None
    file.write_text("third")
    await clock.run(INTERVAL + 1.0)
    assert reloads.contents == ["second", "third"]


async def test_a_stop_while_it_waits_for_the_second_read_ends_it(
    clock: VirtualClock, file: Path, at_once: None
) -> None:
    reloads = Reloads(file)
    stopping = asyncio.Event()
    watch = ConfigWatch(clock, file, lambda: reloads.in_force, reloads.reload)
    running = asyncio.ensure_future(watch.run(INTERVAL, stopping))
    file.write_text("second")
    await clock.run(INTERVAL)
    stopping.set()
    await clock.run(0.0)
    await running
    assert reloads.contents == []


async def test_a_read_that_hangs_is_not_begun_again(
    clock: VirtualClock, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("exporter.auto_reload.READ_LIMIT", 0.0)
    reads: list[asyncio.Future[str]] = []

    async def hanging(work: Callable[..., T], /, *arguments: Any) -> str:
        reads.append(asyncio.get_running_loop().create_future())
        return await reads[-1]

    monkeypatch.setattr(asyncio, "to_thread", hanging)
    reloads = Reloads(file)
    stopping = asyncio.Event()
    watch = ConfigWatch(clock, file, lambda: reloads.in_force, reloads.reload)
    running = asyncio.ensure_future(watch.run(INTERVAL, stopping))
    for _ in range(3):
        await clock.run(INTERVAL)
        await asyncio.sleep(0.01)  # the limit is of the real clock
    assert len(reads) == 1
    assert reloads.contents == []
    stopping.set()
    await clock.run(INTERVAL)
    await running
    reads[0].cancel()
