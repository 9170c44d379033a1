"""Readers of the values of flags: each raises ValueError that says what is allowed."""

import argparse
from collections.abc import Callable
from typing import TypeVar
from zoneinfo import ZoneInfo

from exporter.duration import parse_duration

LONGEST_HISTORY = 366 * 86_400
LONGEST_STEP = 240
"""Seconds: Prometheus looks back for 5 minutes, and something has to be there."""

Value = TypeVar("Value")


def checked(read: Callable[[str], Value]) -> Callable[[str], Value]:
    """Let argparse show what a reader says is wrong."""

    def reading(text: str) -> Value:
        try:
            return read(text)
        except (ValueError, OSError) as error:
            raise argparse.ArgumentTypeError(f"{text!r}: {error}") from error

    return reading


def add_seed(group: argparse._ArgumentGroup) -> None:
    """Declare the seed, which a demo and its past have to share."""
    group.add_argument(
        "--simulator.seed", dest="simulator_seed", type=checked(int), default=1, metavar="N",
        help="the same seed makes the same traffic (default %(default)s)",
    )  # fmt: skip


def zone(text: str) -> ZoneInfo:
    """Read an IANA name."""
    try:
        return ZoneInfo(text)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError("is not a time zone, write an IANA name such as America/Bogota") from error


def count(text: str) -> int:
    """Read a whole number from 0 on."""
    if not (text.isascii() and text.isdigit()):
        raise ValueError("wants a whole number from 0 on")
    return int(text)


def positive(text: str) -> int:
    """Read a whole number from 1 on."""
    if count(text) < 1:
        raise ValueError("wants a whole number from 1 on")
    return int(text)


def step(text: str) -> int:
    """Read the time between two scrapes, in seconds."""
    seconds = parse_duration(text)
    if not 1 <= seconds <= LONGEST_STEP or seconds != int(seconds):
        raise ValueError("wants whole seconds from 1s to 4m: Prometheus looks back for 5m only")
    return int(seconds)


def past_length(text: str) -> float:
    """Read how much of the past is wanted, in seconds."""
    length = parse_duration(text)
    if not 0 < length <= LONGEST_HISTORY:
        raise ValueError("wants more than nothing and at most a year")
    return length
