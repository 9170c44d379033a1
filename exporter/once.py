"""Each campaign asked once, through the same rules as in a long run."""

import asyncio

import structlog

from exporter.app import App
from exporter.clock import Clock
from exporter.polling.worker import Worker

_log = structlog.get_logger()

LEASE_PATIENCE = 30.0
"""Seconds to wait for a token that another process polls with; then what that one found is the answer."""

LEASE_PAUSE = 1.0

DUE_PATIENCE = 10.0
"""Seconds to wait, in all, for what is not due yet: a cron job comes a little earlier after its last time than that one
asked, and would find nothing due every second time."""


async def ask_once(app: App, clock: Clock, stopping: asyncio.Event) -> None:
    """Poll every target that is due or nearly so, tokens side by side; what was asked since stays as it is stored."""
    before = {entry.target.key: entry.snapshot.polls for entry in app.store.entries()}
    sweeps = [asyncio.ensure_future(_sweep(worker, clock, stopping)) for worker in app.supervisor.workers()]
    keeper = asyncio.ensure_future(app.supervisor.keep())
    try:
        await asyncio.gather(*sweeps)
    finally:
        keeper.cancel()
        await asyncio.gather(keeper, return_exceptions=True)
    stored = sum(entry.snapshot.polls == before[entry.target.key] for entry in app.store.entries())
    if stored:
        _log.info("not due yet, or polled by another process: shown as stored", targets=stored, of=len(before))


async def _sweep(worker: Worker, clock: Clock, stopping: asyncio.Event) -> None:
    patience = clock.monotonic() + LEASE_PATIENCE
    while not await worker.settle() and not stopping.is_set():
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
