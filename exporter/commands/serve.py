"""What `run` and `demo` share: poll and serve, reload, show signs of life to systemd, end within five seconds."""

import asyncio
import gc
import os
import sys
import time
from argparse import Namespace
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

import structlog

from exporter import __version__
from exporter.app import App, Read
from exporter.auto_reload import ConfigWatch
from exporter.clock import Clock, SystemClock
from exporter.files import missing, raise_limit
from exporter.listen_address import parse_address
from exporter.metrics.build import this_build
from exporter.metrics.runtime import runtime_registry
from exporter.notify import Notifier
from exporter.process import PATIENCE, call_in_loop, stop_event
from exporter.redaction import Redactor
from exporter.signals import Signals
from exporter.storage.engine import Storage
from exporter.web import server, status
from exporter.web.paths import Paths, parse_paths
from exporter.web.routes import Routes
from exporter.web.server import Server
from exporter.writer import BackgroundWriter

_log = structlog.get_logger()

SIDE_THREADS = 256
"""A look-up in a DNS that does not answer holds a thread for half a minute, one for each server that is asked for.
Scrapes and reloads need some of the threads too. Only those are made that are needed at the same time."""


async def serve(  # noqa: PLR0913, PLR0917 (what a run is made of)
    arguments: Namespace,
    read: Read,
    database: Storage,
    redactor: Redactor,
    signals: Signals,
    address: str,
    simulated: str = "",
) -> None:
    """Poll and serve until a signal ends it.

    It listens on `address` where no flag names one. `simulated` is the URL of the demo's API.

    Raises:
        ConfigError, StorageError, ListenError, RouteError: the start cannot work.
    """
    addresses = arguments.web_listen_address or [address]
    for text in addresses:
        parse_address(text)  # an invalid address is reported before anything else begins
    paths = parse_paths(arguments.web_external_url, arguments.web_route_prefix)
    stopping = stop_event(signals)
    raise_limit()
    clock = SystemClock()
    app = App(
        read,
        database=database,
        clock=database.clock(clock),
        redactor=redactor,
        build=this_build(os.environ),
        registry=runtime_registry(),
    )
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(SIDE_THREADS, thread_name_prefix="side"))
    async with AsyncExitStack() as undo:
        await app.start()
        undo.push_async_callback(app.stop, PATIENCE)
        web = await _start_web(app, arguments, addresses, paths)
        undo.pop_all()
    _favour_the_loop()
    app.announce()
    _warn_of_few_files(app)
    _log.info("wolkvox-exporter serves", version=__version__, url=" ".join(web.urls))
    if simulated:
        home = web.urls[0].rstrip("/")
        BackgroundWriter(sys.stdout).write(
            f"Metrics:             {home}{arguments.web_telemetry_path}\n"
            f"Status page:         {home}/\n"
            f"Simulated API:       {simulated}/\n"
        )
    notifier = Notifier(os.environ)
    watch = _watch_config(arguments, app, clock, notifier, stopping)
    await run_until_stopped(app, web, clock, notifier, signals, stopping, watch)


async def _start_web(app: App, arguments: Namespace, addresses: list[str], paths: Paths) -> Server:
    telemetry_path = arguments.web_telemetry_path
    routes = Routes(
        telemetry_path=telemetry_path,
        reload=app.reload if arguments.web_enable_lifecycle else None,
        paths=paths,
        pages=partial(status.add_routes, status=app.status, telemetry_path=telemetry_path, links=paths.links),
    )
    config_file = Path(arguments.web_config_file) if arguments.web_config_file else None
    return await server.start(app, addresses, routes, config_file=config_file)


def _favour_the_loop() -> None:
    """Keep the interpreter's own pauses short, so that scrapes are answered fast."""
    # What lives from here on lives until the end: the collector need not look at it again and again.
    gc.collect()
    gc.freeze()
    # A thread that renders or compresses gives way to the event loop after a millisecond, not after five.
    sys.setswitchinterval(0.001)


def _warn_of_few_files(app: App) -> None:
    if few := missing(len(app.status().operations)):
        _log.warning(
            "few files may be open: some requests wait for others; the page keeps connections of its own",
            missing=few,
            hint="raise the limit: ulimit -n, LimitNOFILE= of systemd, --ulimit nofile= of a container",
        )


async def run_until_stopped(  # noqa: PLR0913, PLR0917 (the parts of a running process)
    app: App,
    web: Server,
    clock: SystemClock,
    notifier: Notifier,
    signals: Signals,
    stopping: asyncio.Event,
    watch: Coroutine[None, None, None],
) -> None:
    """Poll and serve until `stopping` is set, then end both. A reload that was asked for during the start comes now.

    `watch` runs meanwhile.
    """
    loop = asyncio.get_running_loop()
    reloads: set[asyncio.Task[None]] = set()

    def reload() -> None:
        task = loop.create_task(_reload(app, notifier))
        reloads.add(task)
        task.add_done_callback(reloads.discard)

    turning = asyncio.create_task(clock.turn())
    app.supervisor.start()
    notifier.send("READY=1", f"STATUS=serving {', '.join(web.urls)}")
    signals.on_reload(lambda: call_in_loop(loop, reload))
    secrets = asyncio.create_task(app.secrets.run(stopping))
    watching = asyncio.create_task(watch)
    watchdog = asyncio.create_task(_feed_watchdog(app, clock, notifier, stopping))
    await stopping.wait()
    _log.info("stopping")
    notifier.send("STOPPING=1")
    await asyncio.gather(app.stop(PATIENCE), web.stop())
    for task in (watchdog, secrets, watching, turning):
        task.cancel()
    await asyncio.gather(watchdog, secrets, watching, turning, return_exceptions=True)
    _log.info("stopped")


async def _watch_config(
    arguments: Namespace, app: App, clock: Clock, notifier: Notifier, stopping: asyncio.Event
) -> None:
    """Reload when the configuration file changes, if a flag asks for it; the demo has neither."""
    interval = getattr(arguments, "config_auto_reload_interval", 0.0)
    if interval:
        file = Path(arguments.config_file)
        watch = ConfigWatch(clock, file, lambda: app.config_checksum, partial(_reload, app, notifier))
        await watch.run(interval, stopping)


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
