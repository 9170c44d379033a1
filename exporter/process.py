"""The running process: signals, systemd, and an end within five seconds."""

import asyncio
import os
import signal
import threading
import time
from contextlib import suppress

import structlog

from exporter.app import App
from exporter.clock import Clock
from exporter.notify import Notifier
from exporter.web.server import Server

_log = structlog.get_logger()

PATIENCE = 4.0
"""Seconds that requests under way get to end after SIGTERM."""

LIMIT = 4.6
"""Seconds after SIGTERM at which the process ends: a disk or a look-up in the DNS that hangs cannot be broken off."""


def stop_on_signals() -> asyncio.Event:
    """An event that SIGTERM and SIGINT set. A second signal ends the process at once."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()

    def stop(number: int) -> None:
        if stopping.is_set():
            os._exit(128 + number)
        stopping.set()
        deadline = threading.Timer(LIMIT, os._exit, (0,))
        deadline.daemon = True
        deadline.start()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop, number)
    return stopping


async def serve(app: App, server: Server, clock: Clock, notifier: Notifier, stopping: asyncio.Event) -> None:
    """Poll and serve until `stopping` is set, then end both."""
    loop = asyncio.get_running_loop()
    reloads: set[asyncio.Task[None]] = set()

    def reload() -> None:
        task = loop.create_task(_reload(app, notifier))
        reloads.add(task)
        task.add_done_callback(reloads.discard)

    loop.add_signal_handler(signal.SIGHUP, reload)
    app.crew.start()
    notifier.send("READY=1", f"STATUS=serving {', '.join(server.urls)}")
    watchdog = asyncio.create_task(_feed_watchdog(app, clock, notifier, stopping))
    await stopping.wait()
    _log.info("stopping")
    notifier.send("STOPPING=1")
    await end(app, server)
    watchdog.cancel()
    with suppress(asyncio.CancelledError):
        await watchdog
    _log.info("stopped")


async def end(app: App, server: Server | None = None) -> None:
    """End polling and serving side by side, both within the time limit."""
    await asyncio.gather(app.stop(PATIENCE), *([server.stop()] if server else []))


async def _reload(app: App, notifier: Notifier) -> None:
    # systemd compares with CLOCK_MONOTONIC (sd_notify(3)), which stands still while the machine is suspended.
    notifier.send("RELOADING=1", f"MONOTONIC_USEC={time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000}")
    mistakes = await app.reload()
    notifier.send("READY=1", f"STATUS={'reload failed, the old configuration goes on' if mistakes else 'reloaded'}")


async def _feed_watchdog(app: App, clock: Clock, notifier: Notifier, stopping: asyncio.Event) -> None:
    """Show signs of life for as long as the polling loops turn."""
    if notifier.watchdog_interval is None:
        return
    while not stopping.is_set():
        trouble = app.unhealthy()
        if trouble is None:
            notifier.send("WATCHDOG=1")
        else:
            _log.error("no sign of life for systemd", detail=trouble)
        await clock.wait(stopping, notifier.watchdog_interval)
