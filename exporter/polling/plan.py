"""What a configuration will cost: requests, quota, time. Nothing here is estimated but the time of an answer."""

import math
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo

from exporter.model import Operation

ANSWER_SECONDS = 1
"""What a small report takes. A token's requests go one after another, so this bounds what it can do."""

YESTERDAY_INTERVAL = 3_600.0
"""How often `yesterday` is asked at most, until two answers agree. The plan counts it as if they never did."""

_STANDING_YEAR = 2037
"""The last year that every zone file spells out: its days follow the rules that are to stand."""


@dataclass(frozen=True, slots=True)
class Pace:
    """The targets of one interval."""

    interval: float
    """As configured, in seconds."""
    targets: int
    resulting: float
    """Seconds from poll to poll once the token has more to ask than it has time for; else the interval."""


@dataclass(frozen=True, slots=True)
class OperationPlan:
    """What one operation asks of its token in a cycle and in a day."""

    operation: str
    campaigns: int
    windows: tuple[str, ...]
    """The labels in use, each once."""
    requests_per_cycle: int
    """One for each campaign and window."""
    requests_per_day: int
    """In the longest local day, the targets spread evenly over their intervals; retries come on top."""
    day: int
    """Seconds of the longest day in the operation's zone: 90,000 where clocks change, else 86,400."""
    budget: int | None
    """Requests a day; None where none is enforced."""
    cycle_seconds: int
    """At `ANSWER_SECONDS` an answer."""
    paces: tuple[Pace, ...]
    """Shortest interval first."""
    smallest_interval: int | None
    """Whole seconds: with it for every campaign and window the day fits the budget, with one second less it does not.
    None where no interval fits or there is no budget."""

    @property
    def fits(self) -> bool:
        """The budget is enough for the longest day."""
        return self.budget is None or self.requests_per_day <= self.budget

    @property
    def overruns(self) -> bool:
        """A cycle takes longer than its interval: polls will come late."""
        return any(pace.resulting > pace.interval for pace in self.paces)


def plan(operation: Operation) -> OperationPlan:
    """The cost of `operation`."""
    intervals = Counter(round(target.interval * 1_000) for target in operation.targets)
    requests = len(operation.targets)
    day = longest_day(operation.zone)
    load = sum(
        (Fraction(count * ANSWER_SECONDS * 1_000, interval) for interval, count in intervals.items()), Fraction()
    )
    stretch = max(Fraction(1), load)
    return OperationPlan(
        operation=operation.name,
        campaigns=len({target.key.campaign for target in operation.targets}),
        windows=tuple(dict.fromkeys(target.key.window for target in operation.targets)),
        requests_per_cycle=requests,
        requests_per_day=math.ceil(load * day / ANSWER_SECONDS),
        day=day,
        budget=operation.budget,
        cycle_seconds=requests * ANSWER_SECONDS,
        paces=tuple(
            Pace(interval / 1_000, count, float(interval * stretch / 1_000))
            for interval, count in sorted(intervals.items())
        ),
        smallest_interval=_smallest_interval(operation, day) if operation.budget else None,
    )


def _smallest_interval(operation: Operation, day: int) -> int:
    """`yesterday` costs the same at every interval of up to an hour."""
    budget = operation.budget or 0
    past = sum(1 for target in operation.targets if target.window.days_ago)
    left = budget - Fraction(past * day) / Fraction(YESTERDAY_INTERVAL)
    if left >= 0 and past == len(operation.targets):
        return 1
    smallest = Fraction((len(operation.targets) - past) * day) / left if left > 0 else Fraction(0)
    if 0 < smallest <= YESTERDAY_INTERVAL:
        return math.ceil(smallest)
    return math.ceil(Fraction(len(operation.targets) * day, budget))


@cache
def longest_day(zone: ZoneInfo) -> int:
    """Seconds of the longest local day under the zone's standing rules: 25 h where clocks go back by an hour."""
    first = date(_STANDING_YEAR, 1, 1)
    midnights = [
        datetime.combine(first + timedelta(days=day), datetime.min.time(), zone).astimezone(UTC) for day in range(367)
    ]
    return max(int((end - start).total_seconds()) for start, end in pairwise(midnights))
