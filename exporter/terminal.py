import io
import sys


def print_anything() -> None:
    """Let stdout and stderr take every character: what the encoding of a terminal lacks is written as an escape."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # None where the descriptor is closed
            stream.reconfigure(errors="backslashreplace")
