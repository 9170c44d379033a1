"""`python -m exporter` and the console script: what must work before the rest of the program is imported."""

import gc
import os
import sys

from exporter.signals import Signals
from exporter.streams import open_closed_streams

ANSWERING = frozenset({"check", "once", "backfill"})
"""Commands whose exit code 0 means more than that they have ended."""


def main() -> int:
    """Run the command that the arguments name; the exit code."""
    open_closed_streams()
    signals = Signals()
    signals.listen()
    signals.on_stop(_end_early)
    gc.disable()  # until the command is imported: it makes many objects, and all of them stay
    from exporter.cli import main as run  # noqa: PLC0415 (takes a second or more, and signals come meanwhile too)

    return run(signals=signals)


def _end_early(number: int) -> None:
    """End before anything has begun: a clean stop, unless the exit code of the command is an answer."""
    os._exit(128 + number if ANSWERING.intersection(sys.argv) else 0)


if __name__ == "__main__":
    sys.exit(main())
