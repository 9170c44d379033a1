"""Arguments -> one command -> an exit code."""

import argparse
import asyncio
import gc
import os
import sys
import time
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, AsyncExitStack, ExitStack, nullcontext, redirect_stderr
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import structlog
from prometheus_client import CollectorRegistry

from exporter import __version__
from exporter.app import App, Read
from exporter.check import check
from exporter.clock import SystemClock
from exporter.config import ConfigError, load
from exporter.files import missing, raise_limit
from exporter.log import Redactor, configure, tell_dropped
from exporter.metrics.build import this_build
from exporter.metrics.format import Encoding, Exposition
from exporter.metrics.runtime import runtime_registry
from exporter.model import Snapshot
from exporter.notify import Notifier
from exporter.once import ask_once
from exporter.options import fail, parse
from exporter.output import OutputError, replaced
from exporter.process import end, serve, stop_event
from exporter.signals import Signals
from exporter.simulator.error import SimulatorError
from exporter.storage.database import Database, StorageError
from exporter.storage.location import locate
from exporter.terminal import print_anything
from exporter.web import server, status
from exporter.web.address import ListenError, parse_address
from exporter.web.paths import RouteError, parse_paths
from exporter.web.routes import Routes
from exporter.writer import BackgroundWriter

_log = structlog.get_logger()

START_ERRORS = (StorageError, ListenError, OutputError, RouteError, SimulatorError)
"""Why a start cannot work, each a line of its own."""

SOME_FAILED = 2

RELOADING = frozenset({"run", "demo"})
"""Commands that SIGHUP reloads; the others end with their terminal."""

SIDE_THREADS = 256
"""A look-up in a DNS that does not answer holds a thread for half a minute, one for each server that is asked for.
Scrapes and reloads need some of the threads too. Only those are made that are needed at the same time."""


LAST_WORDS = 0.2
"""Seconds for the line that says why the process is cut off: its log may be what hangs."""

Command = Callable[[argparse.Namespace, Redactor, Signals], Coroutine[Any, Any, int]]


def main(argv: Sequence[str] | None = None, signals: Signals | None = None) -> int:
    """Run the command that `argv` names; the exit code. Without `signals` it hears them from here to its end."""
    print_anything()
    with ExitStack() as stack:
        if signals is None:
            signals = Signals()
            signals.listen()
            stack.callback(signals.close)
        return signals.ended(_main(sys.argv[1:] if argv is None else argv, signals))


def _main(argv: Sequence[str], signals: Signals) -> int:
    arguments = parse(argv, os.environ)
    redactor = Redactor()
    try:
        return _logged(arguments, redactor, signals)
    except ConfigError as error:
        return fail(error.mistakes)
    except START_ERRORS as error:
        return fail([f"wolkvox-exporter: error: {redactor.clean(str(error))}"])
    except OSError as error:  # most likely the standard output: who read it has left, or its disk is full
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or what is left in it would fail at the end
        return fail([f"wolkvox-exporter: error: {error.filename or 'standard output'}: {error.strerror or error}"])


def _logged(arguments: argparse.Namespace, redactor: Redactor, signals: Signals) -> int:
    """Run the command while a thread writes what it logs, and whatever else goes to stderr."""
    commands: dict[str, Command] = {
        "run": _run,
        "check": _check,
        "once": _once,
        "demo": _demo,
        "simulate": _simulate,
    }
    if arguments.command not in RELOADING:
        signals.without_reload()
    lines = BackgroundWriter(sys.stderr)

    def speak(what: str, waiting: str) -> None:
        _log.error(what, waiting_for=waiting)
        lines.drain(LAST_WORDS)

    try:
        with redirect_stderr(lines):
            configure(arguments.log_level, arguments.log_format, redactor)
            lines.when_dropped = tell_dropped
            signals.speak = speak
            return asyncio.run(commands[arguments.command](arguments, redactor, signals))
    finally:
        lines.drain()


async def _run(arguments: argparse.Namespace, redactor: Redactor, signals: Signals) -> int:
    read = partial(load, Path(arguments.config_file), os.environ)
    await _serve(arguments, read, _database(arguments), redactor, signals, ":10965")
    return 0


async def _check(arguments: argparse.Namespace, redactor: Redactor, signals: Signals) -> int:  # noqa: ARG001 (as the others)
    signals.on_stop(lambda number: os._exit(128 + number))  # there is nothing to end
    sys.stdout.write(f"{await asyncio.to_thread(check, arguments, os.environ, time.time())}\n")
    sys.stdout.flush()
    return 0


async def _once(arguments: argparse.Namespace, redactor: Redactor, signals: Signals) -> int:
    stopping = stop_event(signals)
    clock = SystemClock()
    read = partial(load, Path(arguments.config_file), os.environ)
    # Without the process_* and python_* of a process that is over before anyone reads them: in a file for node_exporter
    # they would clash with its own.
    app = _app(read, _database(arguments), clock, redactor, CollectorRegistry())
    with _output(arguments.output) as output:
        await app.start()
        try:
            await ask_once(app, clock, stopping)
            page = await app.page(Exposition.TEXT, Encoding.IDENTITY)
        finally:
            await end(app)
        await asyncio.to_thread(_print, page, output)
    return 0 if all(_is_answered(entry.snapshot) for entry in app.store.entries()) else SOME_FAILED


def _output(name: str | None) -> AbstractContextManager[BinaryIO]:
    return nullcontext(sys.stdout.buffer) if name is None else replaced(Path(name))


def _print(page: bytes, output: BinaryIO) -> None:
    """In a thread: who reads the standard output may take its time."""
    output.write(page)
    output.flush()


def _is_answered(snapshot: Snapshot) -> bool:
    return snapshot.failure is None and snapshot.data is not None and not snapshot.stale


async def _demo(arguments: argparse.Namespace, redactor: Redactor, signals: Signals) -> int:
    from exporter.simulator.demo import demo_config, demo_settings  # noqa: PLC0415 (a tenth of a second of a start)
    from exporter.simulator.server import Simulator  # noqa: PLC0415 (the same)

    async with Simulator(demo_settings()) as simulator:
        read = partial(demo_config, simulator.base_url)
        await _serve(arguments, read, Database("sqlite://"), redactor, signals, "127.0.0.1:10965", simulator.base_url)
    return 0


async def _simulate(arguments: argparse.Namespace, redactor: Redactor, signals: Signals) -> int:  # noqa: ARG001 (as the others)
    from exporter.simulator.command import serve as simulate  # noqa: PLC0415 (a run does without it)

    await simulate(arguments, stop_event(signals))
    return 0


async def _serve(  # noqa: PLR0913, PLR0917 (what a run is made of)
    arguments: argparse.Namespace,
    read: Read,
    database: Database,
    redactor: Redactor,
    signals: Signals,
    address: str,
    simulated: str = "",
) -> None:
    addresses = arguments.web_listen_address or [address]
    for text in addresses:
        parse_address(text)  # what is no address is said before anything else begins
    paths = parse_paths(arguments.web_external_url, arguments.web_route_prefix)
    stopping = stop_event(signals)
    raise_limit()
    clock = SystemClock()
    app = _app(read, database, clock, redactor)
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(SIDE_THREADS, thread_name_prefix="side"))
    async with AsyncExitStack() as undo:
        await app.start()
        undo.push_async_callback(end, app)
        web = await server.start(
            app,
            addresses,
            Routes(
                telemetry_path=arguments.web_telemetry_path,
                reload=app.reload if arguments.web_enable_lifecycle else None,
                paths=paths,
                pages=partial(
                    status.add_routes,
                    status=app.status,
                    telemetry_path=arguments.web_telemetry_path,
                    links=paths.links,
                ),
            ),
            config_file=Path(arguments.web_config_file) if arguments.web_config_file else None,
        )
        undo.pop_all()
    _favour_the_loop()
    app.announce()
    if few := missing(len(app.status().operations)):
        _log.warning(
            "few files may be open: some requests wait for others; the page keeps connections of its own",
            missing=few,
            hint="raise the limit: ulimit -n, LimitNOFILE= of systemd, --ulimit nofile= of a container",
        )
    _log.info("wolkvox-exporter serves", version=__version__, url=" ".join(web.urls))
    if simulated:
        home = web.urls[0].rstrip("/")
        BackgroundWriter(sys.stdout).write(
            f"Metrics:             {home}{arguments.web_telemetry_path}\n"
            f"Status page:         {home}/\n"
            f"Simulated API:       {simulated}/\n"
        )
    await serve(app, web, clock, Notifier(os.environ), signals, stopping)


def _favour_the_loop() -> None:
    """Keep the interpreter's own pauses short for whoever scrapes."""
    # What lives from here on lives until the end: the collector need not look at it again and again.
    gc.collect()
    gc.freeze()
    # A thread that renders or compresses gives way to the event loop after a millisecond, not after five.
    sys.setswitchinterval(0.001)


def _database(arguments: argparse.Namespace) -> Database:
    return Database(locate(arguments.storage_url, Path(arguments.config_file).parent))


def _app(
    read: Read, database: Database, clock: SystemClock, redactor: Redactor, registry: CollectorRegistry | None = None
) -> App:
    return App(
        read,
        database=database,
        clock=clock,
        redactor=redactor,
        build=this_build(os.environ),
        registry=runtime_registry() if registry is None else registry,
    )
