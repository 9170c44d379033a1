"""The running process and its event loop: how a signal reaches it, and how long it has to end."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from exporter.signals import Signals

PATIENCE = 4.0
"""Seconds that requests in flight get to end after SIGTERM."""


def stop_event(signals: Signals) -> asyncio.Event:
    """An event in the running loop that is set once the process is to stop."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    signals.on_stop(lambda _: call_in_loop(loop, stopping.set))
    return stopping


def call_in_loop(loop: asyncio.AbstractEventLoop, call: Callable[[], object]) -> None:
    """Let the loop call it, from any thread; a loop that has ended has nothing to do."""
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(call)
