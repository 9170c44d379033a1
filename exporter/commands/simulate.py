"""The command `simulate`: the simulated API alone on a socket, or its past in a file."""

import argparse
import asyncio
import sys
import tempfile
import threading
from contextlib import suppress
from pathlib import Path
from typing import IO

from exporter.clock import SystemClock
from exporter.duration import parse_duration
from exporter.listen_address import read_address
from exporter.process import stop_event
from exporter.redaction import Redactor
from exporter.signals import Signals
from exporter.simulator.campaigns import Unknown
from exporter.simulator.demo import demo_config, demo_settings
from exporter.simulator.error import SimulatorError
from exporter.simulator.flag import LONGEST_STEP, add_seed, checked, count, past_length, positive, step, zone
from exporter.simulator.history import Past, Progress, write_history
from exporter.simulator.server import Simulator
from exporter.simulator.settings import ZONE, SimulatorSettings
from exporter.simulator.traffic import Shift
from exporter.writer import BackgroundWriter

BAR = 40
"""Width of the progress bar in characters."""


class _StoppedError(Exception):
    """A signal came while the history was being written; ends the thread that writes it."""


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Declare the flags of `simulate`; all of them have defaults."""
    api = parser.add_argument_group("the simulated API")
    api.add_argument(
        "--simulator.listen-address", dest="simulator_listen_address", default="127.0.0.1:8081",
        type=checked(read_address), metavar="HOST:PORT",
        help="where it listens; port 0 is one that is free (default %(default)s)",
    )  # fmt: skip
    api.add_argument(
        "--simulator.token", dest="simulator_token", action="append", default=[], metavar="TOKEN",
        help="a token that it knows, repeatable; without any it takes all",
    )  # fmt: skip
    api.add_argument(
        "--simulator.campaigns", dest="simulator_campaigns", type=checked(count), default=0, metavar="N",
        help="campaigns beyond the named ones, ids from 50001 on (default %(default)s)",
    )  # fmt: skip
    api.add_argument(
        "--simulator.dialling", dest="simulator_dialling", type=checked(count), default=7, metavar="N",
        help="campaigns that dial at once, at most; the list of campaigns names those that come and go, and the live "
        "answer shows them (default %(default)s; up to 6, only the named ones do)",
    )  # fmt: skip
    api.add_argument(
        "--simulator.daily", dest="simulator_daily", type=checked(count), default=18, metavar="N",
        help="campaigns that it works on in a day (default %(default)s)",
    )  # fmt: skip
    api.add_argument(
        "--simulator.resting", dest="simulator_resting", type=checked(count), default=20, metavar="N",
        help="campaigns of its list that do not dial any more (default %(default)s)",
    )  # fmt: skip
    api.add_argument(
        "--simulator.unknown", dest="simulator_unknown", type=Unknown, choices=tuple(Unknown), default=Unknown.INVENTED,
        help="what it says of other campaign ids: that there are no rows, as the vendor, or traffic made up for every "
        "number, so that a real config can be tried (default %(default)s)",
    )  # fmt: skip
    api.add_argument(
        "--simulator.hours", dest="simulator_hours", type=Shift, choices=tuple(Shift), default=Shift.OFFICE,
        help="when its diallers work: office hours, with idle nights and Sundays, or always (default %(default)s)",
    )  # fmt: skip
    api.add_argument(
        "--simulator.timezone", dest="simulator_timezone", type=checked(zone), default=ZONE, metavar="ZONE",
        help="the clock of its dates, working hours and quota (default %(default)s)",
    )  # fmt: skip
    api.add_argument(
        "--simulator.latency", dest="simulator_latency", type=checked(parse_duration), default=0.5, metavar="DURATION",
        help="mean time of an answer, give or take a half (default 500ms)",
    )  # fmt: skip
    api.add_argument(
        "--simulator.quota", dest="simulator_quota", type=checked(count), default=None, metavar="N",
        help="requests per token and local day (default: no limit)",
    )  # fmt: skip
    api.add_argument(
        "--simulator.concurrency", dest="simulator_concurrency", type=checked(positive), default=1, metavar="N",
        help="simultaneous requests per token (default %(default)s)",
    )  # fmt: skip
    add_seed(api)
    api.add_argument(
        "--simulator.log-file", dest="simulator_log_file", type=Path, default=None, metavar="FILE",
        help="append each request that it answered to this file, a line of JSON each",
    )  # fmt: skip
    past = parser.add_argument_group("instead: the past of the demo, for promtool tsdb create-blocks-from openmetrics")
    past.add_argument(
        "--history", dest="history", type=checked(past_length), default=None, metavar="DURATION",
        help="write so much of it, up to now, such as 15d",
    )  # fmt: skip
    past.add_argument("--output", dest="output", default=None, metavar="FILE", help="where to; - is stdout")
    past.add_argument(
        "--history.step", dest="history_step", type=checked(step), default=LONGEST_STEP, metavar="DURATION",
        help="from one scrape to the next, in whole seconds; what promtool takes grows with them (default 4m)",
    )  # fmt: skip
    past.add_argument(
        "--history.job", dest="history_job", default="wolkvox", metavar="NAME",
        help="label that Prometheus gives your scrapes (default %(default)s)",
    )  # fmt: skip
    past.add_argument(
        "--history.instance", dest="history_instance", default="localhost:10965", metavar="NAME",
        help="label that Prometheus gives the exporter (default %(default)s)",
    )  # fmt: skip


async def simulate(arguments: argparse.Namespace, _redactor: Redactor, signals: Signals) -> int:
    """Serve until a signal ends it, or write the history."""
    await serve(arguments, stop_event(signals))
    return 0


async def serve(arguments: argparse.Namespace, stop: asyncio.Event) -> None:
    """Run until `stop`, or until the past is written; raises SimulatorError with one line where that cannot be."""
    if arguments.history is not None or arguments.output is not None:
        await _write(arguments, stop)
        return
    async with Simulator(_settings(arguments)) as simulator:
        BackgroundWriter(sys.stdout).write(f"{_greeting(simulator)}\n")
        await stop.wait()


def _settings(arguments: argparse.Namespace) -> SimulatorSettings:
    address = arguments.simulator_listen_address
    return SimulatorSettings(
        host=address.host,
        port=address.port,
        tokens=tuple(arguments.simulator_token),
        generated=arguments.simulator_campaigns,
        dialling=arguments.simulator_dialling,
        daily=arguments.simulator_daily,
        resting=arguments.simulator_resting,
        unknown=arguments.simulator_unknown,
        hours=arguments.simulator_hours,
        zone=arguments.simulator_timezone,
        seed=arguments.simulator_seed,
        latency=arguments.simulator_latency,
        quota=arguments.simulator_quota,
        concurrency=arguments.simulator_concurrency,
        log_file=arguments.simulator_log_file,
    )


def _greeting(simulator: Simulator) -> str:
    campaigns = "".join(f'      - {{id: "{one.id}", name: {one.name}}}\n' for one in simulator.campaigns[:7])
    token = "one that you gave it" if simulator.settings.tokens else "any"
    return (
        f"Simulated Wolkvox API: {simulator.base_url}\n"
        f"Its switches and its log of requests: {simulator.base_url}/\n"
        f"A configuration to begin with (token: {token}):\n\n"
        f"timezone: {simulator.settings.zone}\n"
        "interval: 5m\n"
        "windows: [1h]\n"
        "operations:\n"
        "  - name: simulated\n"
        f"    base_url: {simulator.base_url}\n"
        "    token_env: WOLKVOX_TOKEN\n"
        "    discovery: {}  # finds those that come and go\n"
        "    campaigns:\n"
        f"{campaigns}"
    )


async def _write(arguments: argparse.Namespace, stop: asyncio.Event) -> None:
    """Write in a thread, so that the loop still hears `stop`."""
    if arguments.history is None or arguments.output is None:
        raise SimulatorError("simulate: --history=DURATION and --output=FILE belong together; give both or none")
    end = int(SystemClock().now()) // arguments.history_step * arguments.history_step
    past = Past(
        start=end - int(arguments.history),
        end=end,
        step=arguments.history_step,
        job=arguments.history_job,
        instance=arguments.history_instance,
    )
    stopped = threading.Event()
    bar = _bar(sys.stderr)

    def progress(part: float) -> None:
        if stopped.is_set():
            raise _StoppedError
        bar(part)

    writing = asyncio.ensure_future(asyncio.to_thread(_to_file, arguments, past, progress))
    waiting = asyncio.ensure_future(stop.wait())
    await asyncio.wait((writing, waiting), return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    stopped.set()
    with suppress(_StoppedError):
        await writing


def _to_file(arguments: argparse.Namespace, past: Past, progress: Progress) -> None:
    """Write whole or not at all: beside the file first, then in its place."""
    settings = demo_settings(arguments.simulator_seed)
    if arguments.output == "-":
        _past_of_demo(settings, past, sys.stdout.buffer, progress)
        return
    path = Path(arguments.output)
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as beside:
            try:
                _past_of_demo(settings, past, beside, progress)
                beside.flush()
                Path(beside.name).chmod(0o644)
                Path(beside.name).replace(path)
            except BaseException:
                Path(beside.name).unlink(missing_ok=True)
                raise
    except OSError as error:
        raise SimulatorError(f"{path}: cannot write the history ({error.strerror}); choose another --output") from error


def _past_of_demo(settings: SimulatorSettings, past: Past, out: IO[bytes], progress: Progress) -> None:
    write_history(demo_config("http://127.0.0.1"), settings, past, out, progress)


def _bar(stream: IO[str]) -> Progress:
    """A bar on a terminal, nothing elsewhere."""
    if not stream.isatty():
        return lambda _: None

    def draw(part: float) -> None:
        done = round(part * BAR)
        end = "\n" if part >= 1 else ""
        stream.write(f"\r[{'#' * done}{' ' * (BAR - done)}] {part:4.0%}{end}")
        stream.flush()

    return draw
