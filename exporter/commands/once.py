"""The command `once`: ask each campaign that is due, by the rules of a long run, and write the exposition."""

import asyncio
import os
import sys
from argparse import Namespace
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from pathlib import Path
from typing import BinaryIO

import structlog
from prometheus_client import CollectorRegistry

from exporter.app import App
from exporter.clock import Clock, SystemClock
from exporter.config import load
from exporter.metrics.build import this_build
from exporter.metrics.format import Encoding, Exposition
from exporter.model import TargetState
from exporter.output import replaced
from exporter.polling.worker import Worker
from exporter.process import PATIENCE, stop_event
from exporter.redaction import Redactor
from exporter.signals import Signals
from exporter.storage.location import storage

_log = structlog.get_logger()

SOME_FAILED = 2
"""Exit code where a campaign has no fresh result."""

LEASE_PATIENCE = 30.0
"""Seconds to wait for a token that another process polls with; then what that one found is the answer."""

LEASE_PAUSE = 1.0

DUE_PATIENCE = 10.0
"""Seconds to wait, in all, for what is not due yet: a cron job comes a little earlier after its last time than that one
asked, and would find nothing due every second time."""


async def once(arguments: Namespace, redactor: Redactor, signals: Signals) -> int:
    """Ask, then print the page or put it into a file; 2 where a campaign or an API has no fresh result."""
    stopping = stop_event(signals)
    config_file = Path(arguments.config_file)
    database = storage(arguments.storage_url, config_file.parent)
    redactor.keep(database.secrets())
    clock = database.clock(SystemClock())
    app = App(
        partial(load, config_file, os.environ),
        database=database,
        clock=clock,
        redactor=redactor,
        build=this_build(os.environ),
        # Without the process_* and python_* of a process that is over before anyone reads them: in a file for
        # node_exporter they would clash with its own.
        registry=CollectorRegistry(),
    )
    with _output(arguments.output) as output:
        await app.start()
        try:
            await ask_once(app, clock, stopping)
            page = await app.page(Exposition.TEXT, Encoding.IDENTITY)
        finally:
            await app.stop(PATIENCE)
        await asyncio.to_thread(_write, page, output)
    answered = all(_is_answered(entry.state) for entry in app.store.entries())
    return 0 if answered and not app.store.discoveries.failed() else SOME_FAILED


def _output(name: str | None) -> AbstractContextManager[BinaryIO]:
    return nullcontext(sys.stdout.buffer) if name is None else replaced(Path(name))


def _write(page: bytes, output: BinaryIO) -> None:
    """In a thread: the reader of standard output may take its time."""
    output.write(page)
    output.flush()


def _is_answered(state: TargetState) -> bool:
    return state.failure is None and (state.published is not None or state.empty_unconfirmed)


async def ask_once(app: App, clock: Clock, stopping: asyncio.Event) -> None:
    """Poll every target that is due or nearly so, tokens side by side; what was asked since stays as it is stored."""
    before = {entry.target.key: entry.state.polls for entry in app.store.entries()}
    sweeps = [asyncio.ensure_future(_sweep(worker, clock, stopping)) for worker in app.supervisor.workers()]
    keeper = asyncio.ensure_future(app.supervisor.keep())
    try:
        await asyncio.gather(*sweeps)
    finally:
        keeper.cancel()
        await asyncio.gather(keeper, return_exceptions=True)
    stored = sum(entry.state.polls == before.get(entry.target.key, 0) for entry in app.store.entries())
    if stored:
        _log.info(
            "not due yet, or polled by another process: shown as stored",
            targets=stored,
            of=sum(1 for _ in app.store.entries()),
        )


async def _sweep(worker: Worker, clock: Clock, stopping: asyncio.Event) -> None:
    patience = clock.monotonic() + LEASE_PATIENCE
    while not await worker.session.settle() and not stopping.is_set():
        left = patience - clock.monotonic()
        if left <= 0:
            return
        await clock.wait(stopping, min(LEASE_PAUSE, left))
    poll = asyncio.ensure_future(worker.sweep(DUE_PATIENCE))
    stop = asyncio.ensure_future(stopping.wait())
    await asyncio.wait({poll, stop}, return_when=asyncio.FIRST_COMPLETED)
    stop.cancel()
    if stopping.is_set():
        worker.stop()
        await asyncio.wait({poll}, timeout=4.0)
        poll.cancel()
    await asyncio.gather(poll, return_exceptions=True)
