"""CPU of one poll over the CPU of the bare minimum on the same parts.

The minimum: an aiohttp GET of the same answer over a connection of its own, `json.loads`, and two committed
transactions of one statement each through the same storage library. Both ask the same server, which runs in a process
of its own. Rounds of both take turns, so that a noisy neighbour disturbs both alike; the median round counts. The page
is measured apart, by page_work.py: here nobody listens to the board.
"""

import asyncio
import json
import multiprocessing
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any, Protocol

import aiohttp
from aiohttp import web
from sqlalchemy import Column, Integer, MetaData, String, Table, create_engine, event
from support import operation, target

from exporter.clock import SystemClock
from exporter.log import configure
from exporter.model import CampaignFigures, OperationStats, Target, TargetKey, TargetState
from exporter.polling.state_store import StateStore
from exporter.polling.token_parts import Services
from exporter.polling.worker import Worker
from exporter.redaction import Redactor
from exporter.storage.database import Database
from exporter.storage.engine import Storage
from exporter.storage.ledger import Ledger
from exporter.wolkvox.client import Client

POLLS = 200
ROUNDS = 9
BOUND = 3.0

ANSWER = json.dumps({
    "code": "200",
    "error": None,
    "msg": "9 records were found",
    "data": [
        {"result": result, "records": str(records), "percent": f"{records / 10:.2f} %"}
        for result, records in zip(
            ["ANSWER", "ANSWER-MACHINE", "BUSY", "NO-ANSWER", "CONGESTION", "FAILED", "RECALL", "MAILBOX", "FAX"],
            [120, 80, 90, 400, 50, 160, 40, 30, 30],
            strict=True,
        )
    ],
})  # fmt: skip


class Nobody:
    """Listens to nothing."""

    def set_target(self, target: Target, state: TargetState) -> None: ...
    def drop_target(self, key: TargetKey) -> None: ...
    def set_figures(self, operation: str, campaign: str, figures: CampaignFigures) -> None: ...
    def drop_figures(self, operation: str, campaign: str) -> None: ...
    def set_operation(self, figures: OperationStats) -> None: ...
    def drop_operation(self, name: str) -> None: ...


def serve(port: Any) -> None:
    """Answer every request alike."""

    async def main() -> None:
        async def answer(_: web.Request) -> web.Response:
            return web.Response(text=ANSWER, content_type="application/json")

        application = web.Application()
        application.router.add_get("/{path:.*}", answer)
        runner = web.AppRunner(application, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port.send(runner.addresses[0][1])
        await asyncio.Event().wait()

    asyncio.run(main())


class Polls(Protocol):
    """A way to poll."""

    async def polls(self) -> None:
        """`POLLS` of them."""


class Minimum:
    """The least that a poll can be."""

    def __init__(self, url: str, path: Path) -> None:
        self._url = url
        self._table = Table("polls", MetaData(), Column("name", String, primary_key=True), Column("n", Integer))
        engine = create_engine(f"sqlite:///{path}")
        event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA journal_mode=WAL"))
        self._table.metadata.create_all(engine)
        self._connection = engine.connect()
        with self._connection.begin():
            self._connection.execute(self._table.insert().values(name="one", n=0))

    async def polls(self) -> None:
        """`POLLS` of them."""
        count = self._table.update().where(self._table.c.name == "one").values(n=self._table.c.n + 1)
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True)) as session:
            for _ in range(POLLS):
                with self._connection.begin():
                    self._connection.execute(count)
                async with session.get(self._url) as response:
                    report = json.loads(await response.read())
                with self._connection.begin():
                    self._connection.execute(count)
        if len(report["data"]) != 9:
            raise RuntimeError("the reference got another answer")


class Whole:
    """The exporter's own poll: ledger, client, report, snapshot, board, storage."""

    def __init__(self, url: str, storage: Storage) -> None:
        self._operation = operation(*(target(str(number), interval=1e-6) for number in range(POLLS)), base_url=url)
        self._storage = storage

    async def open(self) -> None:
        """Make the worker that polls."""
        clock = self._storage.clock(SystemClock())
        self._store = StateStore(clock, Nobody())
        self._ledger = Ledger(self._storage, clock, "benchmark")
        await self._ledger.open()
        self._client = Client(clock)
        await self._client.__aenter__()
        self._store.apply_config([self._operation])
        services = Services(ledger=self._ledger, api=self._client, store=self._store, clock=clock, random=Random(1))
        self._worker = Worker(self._operation, services)
        await self._worker.session.settle()
        await asyncio.sleep(0.6)  # what storage may hold back at a start is over
        self._done = 0

    async def polls(self) -> None:
        """`POLLS` of them."""
        before = self._store.stats.figures("acme").requests
        await self._worker.sweep(0.0)
        if self._store.stats.figures("acme").requests - before != POLLS:
            raise RuntimeError("not every poll was sent")
        await asyncio.sleep(0.15)  # the margin after an interval

    async def close(self) -> None:
        """Close what was opened."""
        await self._client.close()
        await self._ledger.close()


async def in_turns(*kinds: Polls) -> list[float]:
    """CPU seconds of a poll of each kind: medians over rounds in which they take turns."""
    spent: list[list[float]] = [[] for _ in kinds]
    for _ in range(ROUNDS):
        for kind, times in zip(kinds, spent, strict=True):
            began = time.process_time()
            await kind.polls()
            times.append((time.process_time() - began) / POLLS)
    return [statistics.median(times) for times in spent]


async def measure(url: str, folder: Path) -> tuple[float, float]:
    """CPU seconds of a poll, the minimum's and the exporter's: medians over the rounds."""
    minimum, whole = Minimum(url, folder / "minimum.db"), Whole(url, Database(f"sqlite:///{folder / 'whole.db'}"))
    await whole.open()
    least, ours = await in_turns(minimum, whole)
    await whole.close()
    return least, ours


@contextmanager
def server() -> Iterator[str]:
    """A server in a process of its own that answers every request alike; its URL."""
    mine, theirs = multiprocessing.Pipe()
    process = multiprocessing.Process(target=serve, args=(theirs,), daemon=True)
    process.start()
    try:
        yield f"http://127.0.0.1:{mine.recv()}"
    finally:
        process.terminate()


def main() -> None:
    """Print the figure."""
    configure("error", "logfmt", Redactor())
    with server() as url, tempfile.TemporaryDirectory() as folder:
        least, ours = asyncio.run(measure(url, Path(folder)))
    print(
        f"CPU per poll: {ours / least:.2f} times the bare minimum "
        f"({ours * 1e6:.0f} us over {least * 1e6:.0f} us; bound {BOUND})"
    )


if __name__ == "__main__":
    main()
