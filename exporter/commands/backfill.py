"""The command `backfill`: asks for days that have passed and writes them for promtool."""

import argparse
import asyncio
import os
import sys
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import date
from pathlib import Path

from exporter.backfill.choice import Choice
from exporter.backfill.error import BackfillError, InterruptedByUserError
from exporter.backfill.run import LONGEST_PAST, PastRun, Period, Wanted
from exporter.clock import SystemClock
from exporter.config import load
from exporter.duration import format_duration, parse_duration
from exporter.files import connections
from exporter.model import Config
from exporter.output import replaced
from exporter.process import stop_event
from exporter.redaction import Redactor
from exporter.signals import Signals
from exporter.storage.engine import Storage
from exporter.storage.ledger import Ledger
from exporter.storage.location import storage
from exporter.storage.owner import this_process
from exporter.wolkvox.client import Client
from exporter.wolkvox.operation_secrets import secrets

_NO_ROOM = "all answers are kept: make room, or name a file elsewhere, and run the same command again"

INCOMPLETE = 2
"""Exit code where something is missing: another day or another run is needed."""

INTERRUPTED = 130
"""Exit code after a signal."""

_DAYS = 15
_DAY = 86_400
_SHORTEST_STEP = 60
_LONGEST_SCRAPE_INTERVAL = 240
"""Seconds: Prometheus looks back for 5 minutes, and something has to be there."""


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Declare the flags of `backfill`."""
    days = parser.add_argument_group("which days, by the timezone of each campaign")
    days.add_argument(
        "--days", dest="days", type=_count, default=None, metavar="N",
        help=f"the last N whole days before today (default {_DAYS}, unless --from is given)",
    )  # fmt: skip
    days.add_argument(
        "--from", dest="first", type=_date, default=None, metavar="YYYY-MM-DD", help="instead: the first day"
    )
    days.add_argument(
        "--to", dest="last", type=_date, default=None, metavar="YYYY-MM-DD", help="the last day (default: yesterday)"
    )
    days.add_argument(
        "--step", dest="step", type=_step, default=3_600, metavar="DURATION",
        help="from one request for a window to the next, in place of interval (default 1h)",
    )  # fmt: skip
    chosen = parser.add_argument_group("of what, each repeatable (default: of everything in the configuration)")
    chosen.add_argument("--operation", dest="operation", action="append", default=[], metavar="NAME", help="its name")
    chosen.add_argument("--campaign", dest="campaign", action="append", default=[], metavar="ID", help="its id")
    chosen.add_argument(
        "--window", dest="window", action="append", default=[], metavar="WINDOW", help="as the configuration writes it"
    )
    file = parser.add_argument_group("the file")
    file.add_argument(
        "--output", dest="output", default=None, metavar="FILE",
        help="where to write, for promtool tsdb create-blocks-from openmetrics",
    )  # fmt: skip
    file.add_argument(
        "--scrape-interval", dest="scrape_interval", type=_scrape_interval, default=60, metavar="DURATION",
        help="from one sample to the next, as scrape_interval in Prometheus (default 1m)",
    )  # fmt: skip
    file.add_argument(
        "--job", dest="job", default="wolkvox", metavar="NAME",
        help="job_name of the exporter in Prometheus (default %(default)s)",
    )  # fmt: skip
    file.add_argument(
        "--instance", dest="instance", default="localhost:10965", metavar="NAME",
        help="label instance of the exporter in Prometheus (default %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--plan", dest="plan", action=argparse.BooleanOptionalAction, default=False,
        help="only print what it costs and how long it takes",
    )  # fmt: skip


async def backfill(arguments: argparse.Namespace, redactor: Redactor, signals: Signals) -> int:
    """Ask for the past and write it; 2 where something is missing.

    Raises:
        BackfillError, TokenInUseError, ConfigError, StorageError, OutputError: it cannot start.
    """
    stopping = stop_event(signals)
    wanted = _wanted(arguments)
    config_file = Path(arguments.config_file)
    config = await asyncio.to_thread(load, config_file, os.environ)
    redactor.keep(secret for operation in config.operations for secret in secrets(operation))
    database = storage(arguments.storage_url, config_file.parent)
    redactor.keep(database.secrets())
    try:
        return await _run(config, wanted, database, stopping, plan_only=arguments.plan)
    except InterruptedByUserError:
        return INTERRUPTED


async def _run(config: Config, wanted: Wanted, database: Storage, stopping: asyncio.Event, *, plan_only: bool) -> int:
    clock = database.clock(SystemClock())
    async with AsyncExitStack() as stack:
        ledger = Ledger(database, clock, this_process(clock.boot))
        await ledger.open()
        stack.push_async_callback(ledger.close)
        ledger.apply_config(config.operations)
        wanted = replace(wanted, period=replace(wanted.period, now=clock.now()))
        run = PastRun(config.operations, wanted, ledger=ledger, clock=clock, stopping=stopping, say=_say)
        await run.learn()
        if plan_only:
            run.plan()
            return 0
        output = stack.enter_context(replaced(Path(wanted.output), _NO_ROOM))
        await run.ask(await stack.enter_async_context(Client(clock, connections())))
        if stopping.is_set():
            raise InterruptedByUserError
        return 0 if await run.write(output) else INCOMPLETE


def _wanted(arguments: argparse.Namespace) -> Wanted:
    if arguments.output is None and not arguments.plan:
        raise BackfillError("--output=FILE is needed, or --plan to see only what it costs")
    if arguments.output == "-":
        raise BackfillError("--output=- is not possible, name a file: promtool reads it more than once")
    if arguments.first is not None and arguments.days is not None:
        raise BackfillError("--days and --from exclude each other, give one of them")
    return Wanted(
        period=Period(0.0, arguments.days or _DAYS, arguments.first, arguments.last),
        step=arguments.step,
        scrape_interval=arguments.scrape_interval,
        labels=(("job", arguments.job), ("instance", arguments.instance)),
        choice=Choice(arguments.campaign, arguments.window, arguments.operation),
        output=arguments.output or "",
    )


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _count(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and 1 <= int(text[:9]) <= LONGEST_PAST):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of days from 1 to {LONGEST_PAST}")
    return int(text)


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a date, write one such as 2026-11-30") from None


def _step(text: str) -> int:
    return _seconds(text, _SHORTEST_STEP, _DAY)


def _scrape_interval(text: str) -> int:
    return _seconds(text, 1, _LONGEST_SCRAPE_INTERVAL)


def _seconds(text: str, least: int, most: int) -> int:
    try:
        seconds = parse_duration(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} {error}") from None
    if not least <= seconds <= most or seconds % 1:
        allowed = f"{format_duration(least)} to {format_duration(most)}"
        raise argparse.ArgumentTypeError(f"{text!r} is not allowed, allowed are whole seconds from {allowed}")
    return int(seconds)
