"""The running process: signals, systemd, and an end within five seconds."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress

import structlog

from exporter.app import App
from exporter.clock import Clock, SystemClock
from exporter.notify import Notifier
from exporter.signals import Signals
from exporter.web.server import Server

_log = structlog.get_logger()

PATIENCE = 4.0
"""Seconds that requests under way get to end after SIGTERM."""


def stop_event(signals: Signals) -> asyncio.Event:
    """An event in the running loop that is set once the process is to stop."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    signals.on_stop(lambda _: _in_loop(loop, stopping.set))
    return stopping


def _in_loop(loop: asyncio.AbstractEventLoop, call: Callable[[], object]) -> None:
    """Let the loop call it, from any thread; a loop that has ended has nothing to do."""
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(call)


async def serve(  # noqa: PLR0913, PLR0917 (the parts of a running process)
    app: App, server: Server, clock: SystemClock, notifier: Notifier, signals: Signals, stopping: asyncio.Event
) -> None:
    """Poll and serve until `stopping` is set, then end both. A reload that was asked for during the start comes now."""
    loop = asyncio.get_running_loop()
    reloads: set[asyncio.Task[None]] = set()

    def reload() -> None:
        task = loop.create_task(_reload(app, notifier))
        reloads.add(task)
        task.add_done_callback(reloads.discard)

    turning = asyncio.create_task(clock.turn())
    app.supervisor.start()
    notifier.send("READY=1", f"STATUS=serving {', '.join(server.urls)}")
    signals.on_reload(lambda: _in_loop(loop, reload))
    secrets = asyncio.create_task(app.secrets.run(stopping))
    watchdog = asyncio.create_task(_feed_watchdog(app, clock, notifier, stopping))
    await stopping.wait()
    _log.info("stopping")
    notifier.send("STOPPING=1")
    await end(app, server)
    for task in (watchdog, secrets, turning):
        task.cancel()
    await asyncio.gather(watchdog, secrets, turning, return_exceptions=True)
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
