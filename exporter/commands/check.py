"""The command `check`: every mistake that a start would meet, or what will be asked and what it costs."""

import asyncio
import os
import sys
import time
from argparse import Namespace
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from aiohttp import web

from exporter.config import ConfigError, Depth, load
from exporter.listen_address import ListenError, parse_address
from exporter.model import Config
from exporter.polling.description import describe
from exporter.redaction import Redactor
from exporter.signals import Signals
from exporter.storage.database import StorageError
from exporter.storage.location import storage
from exporter.web import status
from exporter.web.paths import RouteError, parse_paths
from exporter.web.routes import Routes, add_routes
from exporter.web.settings import Reading, read_settings

_FLAG_ERRORS = (StorageError, ListenError, RouteError)


async def check(arguments: Namespace, _redactor: Redactor, signals: Signals) -> int:
    """Print what the flags and files come to.

    Raises:
        ConfigError: with every mistake of the configuration, the web configuration and the flags.
    """
    signals.on_stop(lambda number: os._exit(128 + number))  # there is nothing to end
    sys.stdout.write(f"{await asyncio.to_thread(report, arguments, os.environ, time.time())}\n")
    sys.stdout.flush()
    return 0


def report(arguments: Namespace, environ: Mapping[str, str], now: float) -> str:
    """What the flags and files come to at `now`, in Unix seconds, for people to read.

    Raises:
        ConfigError: with every mistake of the configuration, the web configuration and the flags.
    """
    depth = Depth.SYNTAX if arguments.syntax_only else Depth.CHECK
    folder = Path(arguments.config_file).parent
    mistakes: list[str] = []
    config = Config(operations=())
    try:
        config = load(Path(arguments.config_file), environ, depth)
    except ConfigError as error:
        mistakes += error.mistakes
    web_config = Reading()
    web_file = Path(arguments.web_config_file) if arguments.web_config_file else None
    if web_file is not None:
        web_config = read_settings(web_file, syntax_only=arguments.syntax_only)
        mistakes += web_config.mistakes
    mistakes += _flaws(
        [
            *(partial(parse_address, address) for address in arguments.web_listen_address or ()),
            partial(_try_routes, arguments),
            partial(storage, arguments.storage_url, folder),
        ]
    )
    if mistakes:
        raise ConfigError(tuple(mistakes))
    blocks = [describe(operation, now) for operation in config.operations]
    blocks.append(_places(storage(arguments.storage_url, folder).place, web_file))
    warnings = (*config.warnings, *web_config.warnings)
    if warnings:
        blocks.append("\n".join(f"warning: {warning}" for warning in warnings))
    return "\n\n".join(blocks)


def _flaws(trials: Sequence[Callable[[], object]]) -> list[str]:
    """What is wrong with the flags, a line each."""
    found = []
    for trial in trials:
        try:
            trial()
        except _FLAG_ERRORS as error:
            found.append(f"wolkvox-exporter: error: {error}")
    return found


def _try_routes(arguments: Namespace) -> None:
    """Register the paths that a run would serve; nothing requests them."""
    paths = parse_paths(arguments.web_external_url, arguments.web_route_prefix)
    telemetry_path = arguments.web_telemetry_path
    nobody: Any = None
    pages = partial(status.add_routes, status=nobody, telemetry_path=telemetry_path, links=paths.links)
    add_routes(web.Application(), nobody, Routes(telemetry_path=telemetry_path, paths=paths, pages=pages))


def _places(place: str, web_file: Path | None) -> str:
    lines = [f"storage     {place}"]
    if web_file is not None:
        lines.append(f"web config  {web_file.absolute()}")
    return "\n".join(lines)
