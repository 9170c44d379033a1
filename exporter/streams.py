"""The standard streams of the process, open or closed as it inherits them."""

import os
import sys


def open_closed_streams() -> None:
    """Replace standard streams that are closed; the first call of the process.

    Otherwise the next file or socket gets the descriptor of one, and a log line or a report ends up in it. The
    replacement fails when it is used, so that nothing lost counts as written.
    """
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDONLY if descriptor else os.O_WRONLY)  # the lowest free number: this one
    # For the type checker they are always there; Python leaves them None where they are closed.
    if sys.stdout is None:
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    if sys.stderr is None:
        sys.stderr = open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
