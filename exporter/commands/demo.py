"""The command `demo`: a run on a simulated API, without any configuration."""

from argparse import ArgumentParser, Namespace
from functools import partial

from exporter.commands.serve import serve
from exporter.redaction import Redactor
from exporter.signals import Signals
from exporter.simulator.demo import demo_config, demo_settings
from exporter.simulator.flag import add_seed
from exporter.simulator.server import Simulator
from exporter.storage.database import Database

DEFAULT_ADDRESS = "127.0.0.1:10965"
"""Of this machine only: anyone may try the demo, and nobody has secured it."""


def add_flags(parser: ArgumentParser) -> None:
    """Declare the flags of `demo` beside those of the web and the log."""
    add_seed(parser.add_argument_group("the simulated API"))


async def demo(arguments: Namespace, redactor: Redactor, signals: Signals) -> int:
    """Serve what the simulated vendor answers; nothing is kept."""
    async with Simulator(demo_settings(arguments.simulator_seed)) as simulator:
        await serve(
            arguments,
            partial(demo_config, simulator.base_url),
            Database("sqlite://"),
            redactor,
            signals,
            DEFAULT_ADDRESS,
            simulator.base_url,
        )
    return 0
