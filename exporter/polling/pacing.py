"""How much the intervals of an operation are stretched, so that its budget lasts until local midnight (pure).

Moments are Unix seconds.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

TIGHTER, LOOSER = 1.02, 0.95
"""A factor stands while what is needed is within these shares of it: so it does not move with each poll."""


RESERVE, RESERVED_SHARE = 3.0, 0.02
"""Requests, and the share of what is left, that are kept back for retries where the budget is short."""


@dataclass(frozen=True, slots=True)
class Outlook:
    """What one target would send until midnight at its own interval."""

    polls: float
    """From now on, as a fraction: its share of what is sent."""
    scheduled: int
    """From when it is due on, in whole polls."""


def outlook(polls: float, polls_from_due: float, *, due_today: bool) -> Outlook:
    """The outlook of a target.

    Args:
        polls: What its interval holds until midnight from now on.
        polls_from_due: The same from the moment on at which it is due.
        due_today: Whether it is due before midnight.
    """
    return Outlook(polls, 1 + math.floor(polls_from_due) if due_today else 0)


def set_aside(intervals: Iterable[float], now: float, midnight: float) -> int:
    """Requests that the APIs of a whole operation need until midnight. Their intervals are never stretched."""
    return sum(math.ceil((midnight - now) / interval) for interval in intervals)


def stretch(outlooks: Iterable[Outlook], left: int, current: float) -> float:
    """The factor for all intervals, at least 1.

    It is 1 where what is scheduled fits. Once nothing is left, no factor helps: the one in force stays, and the polls
    that are due say that the budget is used up.

    Args:
        outlooks: Of the targets that are asked now.
        left: Requests of the day's budget that they may still send.
        current: The factor in force.
    """
    if left < 1:
        return current
    polls, scheduled = 0.0, 0
    for one in outlooks:
        polls += one.polls
        scheduled += one.scheduled
    needed = polls / max(1.0, left - RESERVE - RESERVED_SHARE * left)
    if scheduled <= left and current == 1:
        return 1.0
    if LOOSER * current <= needed <= TIGHTER * current:
        return current
    return max(1.0, needed)
