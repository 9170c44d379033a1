"""The real command stopped and killed at any point: it ends soon, keeps what it learnt, and asks nothing twice."""

import asyncio
import signal
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest
from raw_server import GOOD, Exchange, Peer, answer
from real_exporter import PROGRAM, Command, write_config
from real_postgresql import postgresql

WINDOWS = 24
STORAGE = "sqlite:///state.db"


class Vendor:
    """Answers so many requests, then leaves each open, or says what else it is told to."""

    def __init__(self) -> None:
        self.answers = 10**9
        self.otherwise: bytes = b""
        self.peer = Peer(self._reply)

    async def _reply(self, exchange: Exchange) -> None:
        if len(self.peer.heard) <= self.answers:
            await exchange.send(answer(GOOD))
        elif self.otherwise:
            await exchange.send(self.otherwise)
        else:
            await asyncio.Event().wait()

    @property
    def asked(self) -> "Counter[str]":
        return Counter(exchange.path for exchange in self.peer.heard)

    async def heard(self, count: int, process: Command) -> None:
        async def probe() -> bool:
            return len(self.peer.heard) >= count

        await process.until(probe)


@pytest.fixture
async def vendor() -> AsyncIterator[Vendor]:
    found = Vendor()
    server = await asyncio.start_server(found.peer.serve, "127.0.0.1", 0)
    found.peer.port = server.sockets[0].getsockname()[1]
    try:
        yield found
    finally:
        server.close()


@pytest.fixture
def command(vendor: Vendor, tmp_path: Path) -> Callable[..., Command]:
    """Start a backfill of one day of one campaign; what it asks for takes at most `timeout`."""

    def start(*flags: str, timeout: str = "3s", storage: str = STORAGE, program: Sequence[str] = PROGRAM) -> Command:
        one = {"name": "acme", "base_url": vendor.peer.url, "token": "made-up", "campaigns": [{"id": "32841"}]}
        file = write_config(tmp_path, {"timeout": timeout, "windows": ["1h"], "operations": [one]})
        given = (f"--config.file={file}", f"--storage.url={storage}", f"--output={tmp_path / 'past.om'}")
        return Command(tmp_path, "backfill", *given, *(flags or ("--days=1",)), program=program)

    return start


async def interrupted(process: Command, folder: Path) -> None:
    """Ctrl-C, and what is left."""
    sent = time.monotonic()
    process.signal(signal.SIGINT)
    code = await process.ended()
    sys.stdout.write(f"ended {time.monotonic() - sent:.2f} s after Ctrl-C\n")
    assert code == 130, process.stderr  # 1 would be an end by force, after 4.7 s
    assert "Traceback" not in process.stderr
    assert [path.name for path in folder.iterdir() if "past.om" in path.name] == []


async def completed(process: Command) -> None:
    assert await process.ended() == 0, process.stdout + process.stderr
    assert process.stdout.splitlines()[-1].startswith("next: promtool ")


async def test_ctrl_c_with_a_request_under_way(vendor: Vendor, command: Callable[..., Command], tmp_path: Path) -> None:
    vendor.answers = 5
    process = command()
    await vendor.heard(6, process)
    await interrupted(process, tmp_path)
    vendor.answers = 10**9
    await completed(command())
    assert sorted(vendor.asked.values()) == [1] * (WINDOWS - 1) + [2]


async def test_ctrl_c_before_a_second_attempt(vendor: Vendor, command: Callable[..., Command], tmp_path: Path) -> None:
    vendor.answers, vendor.otherwise = 5, answer(b"", 503, "Retry-After: 50")
    process = command()
    await vendor.heard(6, process)
    await asyncio.sleep(0.3)
    await interrupted(process, tmp_path)
    assert len(vendor.asked) == 6


async def test_ctrl_c_while_a_dead_process_has_a_request_under_way(
    vendor: Vendor, command: Callable[..., Command], tmp_path: Path
) -> None:
    vendor.answers = 5
    first = command(timeout="60s")
    await vendor.heard(6, first)
    await first.kill()
    (tmp_path / "past.om").unlink(missing_ok=True)
    for left in tmp_path.glob(".past.om*"):
        left.unlink()
    second = command(timeout="60s")
    await second.said("msg=")
    await interrupted(second, tmp_path)
    assert vendor.asked.total() == 6


async def test_ctrl_c_while_the_file_grows(vendor: Vendor, command: Callable[..., Command], tmp_path: Path) -> None:
    process = command("--days=30", "--step=12h", "--scrape-interval=1s")

    async def begun() -> bool:
        return any(path.stat().st_size for path in tmp_path.glob(".past.om*"))

    await process.until(begun)
    await interrupted(process, tmp_path)
    await completed(command("--days=30", "--step=12h", "--scrape-interval=4m"))
    assert set(vendor.asked.values()) == {1}


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
async def test_killed_and_run_again_it_asks_only_for_what_was_under_way(
    kind: str, vendor: Vendor, command: Callable[..., Command]
) -> None:
    with ExitStack() as stack:
        storage = STORAGE if kind == "sqlite" else stack.enter_context(postgresql()).url()
        for answers in (3, 9, 17):
            vendor.answers = answers
            process = command(storage=storage)
            await vendor.heard(answers + 1, process)
            await process.kill()
        vendor.answers = 10**9
        await completed(command(storage=storage))
    assert sorted(vendor.asked.values()) == [1] * (WINDOWS - 3) + [2] * 3


async def test_a_disk_without_room(vendor: Vendor, command: Callable[..., Command], tmp_path: Path) -> None:
    small = ("sh", "-c", 'ulimit -f 3000; exec "$@"', "sh", *PROGRAM)  # a file of 1.5 MB at most
    process = command(program=small)
    assert await process.ended() == 1
    (line,) = (line for line in process.stderr.splitlines() if "error" in line)
    assert line.startswith(
        f"wolkvox-exporter: error: --output '{tmp_path / 'past.om'}' cannot be written: File too large"
    )
    assert [path.name for path in tmp_path.iterdir() if "past.om" in path.name] == []
    await completed(command())
    assert set(vendor.asked.values()) == {1}
