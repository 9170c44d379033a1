"""The command `run`: poll and serve until a signal ends it."""

import os
from argparse import Namespace
from functools import partial
from pathlib import Path

from exporter.commands.serve import serve
from exporter.config import load
from exporter.listen_address import DEFAULT_ADDRESS
from exporter.redaction import Redactor
from exporter.signals import Signals
from exporter.storage.location import storage


async def run(arguments: Namespace, redactor: Redactor, signals: Signals) -> int:
    """Serve what the configuration asks for."""
    config_file = Path(arguments.config_file)
    database = storage(arguments.storage_url, config_file.parent)
    redactor.keep(database.secrets())
    await serve(arguments, partial(load, config_file, os.environ), database, redactor, signals, DEFAULT_ADDRESS)
    return 0
