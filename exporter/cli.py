"""Arguments -> one command -> an exit code."""

import asyncio
import gc
import os
import sys
from argparse import Namespace
from collections.abc import Callable, Coroutine, Sequence
from contextlib import ExitStack
from importlib import import_module
from typing import Any

import structlog

from exporter.backfill.error import BackfillError, TokenInUseError
from exporter.config import ConfigError
from exporter.listen_address import ListenError
from exporter.log import background_logging
from exporter.options import fail, parse
from exporter.output import OutputError
from exporter.redaction import Redactor
from exporter.signals import Signals
from exporter.simulator.error import SimulatorError
from exporter.storage.database import StorageError
from exporter.terminal import print_anything
from exporter.web.paths import RouteError

_log = structlog.get_logger()

START_ERRORS = (BackfillError, TokenInUseError, StorageError, ListenError, OutputError, RouteError, SimulatorError)
"""Why a start cannot work; the message of each is one line."""

RELOADING = frozenset({"run", "demo"})
"""Commands that SIGHUP reloads; the others end with their terminal."""

LAST_WORDS = 0.2
"""Seconds for the line that says why the process is cut off: its log may be what hangs."""

Command = Callable[[Namespace, Redactor, Signals], Coroutine[Any, Any, int]]


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
    if arguments.command not in RELOADING:
        signals.without_reload()
    command = _command(arguments.command)
    gc.freeze()  # what was imported stays until the end
    gc.enable()
    redactor = Redactor()
    try:
        return _run(command, arguments, redactor, signals)
    except ConfigError as error:
        return fail(error.mistakes)
    except START_ERRORS as error:
        return fail([f"wolkvox-exporter: error: {redactor.clean(str(error))}"])
    except OSError as error:  # most likely standard output: its reader has left, or its disk is full
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or what is left in it would fail at the end
        return fail([f"wolkvox-exporter: error: {error.filename or 'standard output'}: {error.strerror or error}"])


def _run(command: Command, arguments: Namespace, redactor: Redactor, signals: Signals) -> int:
    with background_logging(arguments.log_level, arguments.log_format, redactor) as lines:

        def speak(what: str, waiting: str) -> None:
            _log.error(what, waiting_for=waiting)
            lines.drain(LAST_WORDS)

        signals.speak = speak
        return asyncio.run(command(arguments, redactor, signals))


def _command(name: str) -> Command:
    """The function in the module of that name. The others are not imported: the start would wait for them."""
    command: Command = getattr(import_module(f"exporter.commands.{name}"), name)
    return command
