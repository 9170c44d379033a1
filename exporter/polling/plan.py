"""What a configuration will cost: requests, quota, time. Nothing here is estimated but the time of an answer."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo

from exporter.model import TODAY, ApiName, Hours, Operation, Target, Window
from exporter.polling.busy_hours import busiest_day
from exporter.targets import YESTERDAY_INTERVAL, targets_of

ANSWER_SECONDS = 1
"""What a small report takes. A token's requests go one after another, so this bounds what it can do."""

_STANDING_YEAR = 2037
"""The last year that every zone file spells out: its days follow the rules that are to stand."""

_ANY = TODAY

_SEARCHED = 100 * 365 * 86_400
"""Seconds: longer intervals than any that can be configured, where a budget is looked for that fits them."""


@dataclass(frozen=True, slots=True)
class Pace:
    """The targets of one interval."""

    interval: float
    """As configured, in seconds."""
    targets: int
    resulting: float
    """Seconds from poll to poll once the token has more to ask than it has time for; else the interval."""


@dataclass(frozen=True, slots=True)
class DiscoveryPlan:
    """What is left for the campaigns that discovery finds."""

    interval: float
    """As configured, in seconds."""
    requests_per_day: int
    """For one campaign that is started on the whole of the busiest day of the week, over all its windows."""
    capacity: int
    """Campaigns that can be started all day at this interval, by the budget and by the time of the token."""


@dataclass(frozen=True, slots=True)
class OperationPlan:
    """What one operation asks of its token in a cycle and in a day."""

    operation: str
    campaigns: int
    """Listed ones, as in all that follows but for `discovered`."""
    windows: tuple[str, ...]
    """The labels in use, each once."""
    requests_per_cycle: int
    """One for each campaign and window."""
    companions: tuple[tuple[ApiName, float, int], ...]
    """The APIs that are asked for the whole operation, with their intervals and their requests a day."""
    requests_per_day: int
    """Of the targets and the companions in the longest local day, on the busiest day of the week, spread evenly over
    their intervals; retries come on top."""
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
    discovered: DiscoveryPlan | None
    """None where no campaigns are looked for."""

    @property
    def fits(self) -> bool:
        """The budget is enough for the longest day."""
        return self.budget is None or self.requests_per_day <= self.budget

    @property
    def overruns(self) -> bool:
        """A cycle takes longer than its interval: polls will come late."""
        return any(pace.resulting > pace.interval for pace in self.paces)

    @property
    def fixed(self) -> int:
        """Requests a day that no interval of the campaigns changes."""
        return sum(requests for _, _, requests in self.companions)


def plan(operation: Operation) -> OperationPlan:
    """The cost of `operation`."""
    intervals = Counter(_exact(target.interval) for target in operation.targets)
    companions = {api: _exact(interval) for api, interval in _companions(operation)}
    requests = len(operation.targets)
    day = longest_day(operation.zone)
    load = ANSWER_SECONDS * (
        sum((count / interval for interval, count in intervals.items()), Fraction())
        + sum((1 / interval for interval in companions.values()), Fraction())
    )
    fixed = sum((day / interval for interval in companions.values()), Fraction())
    kinds = Counter(map(_kind, operation.targets))
    certain = _per_day(kinds, day) + fixed
    return OperationPlan(
        operation=operation.name,
        campaigns=len({target.key.campaign for target in operation.targets}),
        windows=tuple(dict.fromkeys(target.key.window for target in operation.targets)),
        requests_per_cycle=requests,
        companions=tuple((api, float(interval), math.ceil(day / interval)) for api, interval in companions.items()),
        requests_per_day=math.ceil(certain),
        day=day,
        budget=operation.budget,
        cycle_seconds=requests * ANSWER_SECONDS,
        paces=tuple(
            Pace(float(interval), count, float(interval * max(Fraction(1), load)))
            for interval, count in sorted(intervals.items())
        ),
        smallest_interval=_smallest_interval(kinds, day, operation.budget - fixed) if operation.budget else None,
        discovered=_discovered(operation, day, certain, load),
    )


def _companions(operation: Operation) -> Iterable[tuple[ApiName, float]]:
    if operation.discovery is not None:
        yield ApiName.CAMPAIGNS, operation.discovery.refresh_interval
    if operation.live_interval is not None:
        yield ApiName.REAL_TIME, operation.live_interval
    if operation.quota_interval is not None:
        yield ApiName.TOKEN_INFO, operation.quota_interval


def _discovered(operation: Operation, day: int, certain: Fraction, load: Fraction) -> DiscoveryPlan | None:
    if operation.discovery is None:
        return None
    targets = targets_of(operation.discovery.settings, operation.name, "", "")
    cost = _per_day(Counter(map(_kind, targets)), day)
    share = ANSWER_SECONDS * sum((1 / _exact(target.interval) for target in targets), Fraction())
    capacity = max(0, math.floor((1 - load) / share))
    if operation.budget is not None:
        capacity = min(capacity, max(0, math.floor((operation.budget - certain) / cost)))
    return DiscoveryPlan(operation.discovery.settings.interval, math.ceil(cost), capacity)


@dataclass(frozen=True, slots=True)
class _Kind:
    """What the cost of a target depends on."""

    interval: Fraction
    least: Fraction
    """The shortest interval that its window allows."""
    window: Window
    delay: float
    hours: Hours | None

    def per_day(self, interval: Fraction, day: int) -> Fraction:
        """Requests on a day of `day` seconds."""
        if self.hours is None:
            return day / interval
        busy = busiest_day(self.hours, self.window, self.delay, float(interval))
        if busy:
            busy += day - 86_400  # an hour that comes twice may be inside
        return busy / interval + (day - busy) / max(interval, _exact(self.hours.off_interval))


def _kind(target: Target) -> _Kind:
    least = _exact(YESTERDAY_INTERVAL) if target.window.days_ago else Fraction(1, 1_000)
    if target.hours is None:  # then nothing else makes a difference
        return _Kind(_exact(target.interval), least, _ANY, 0.0, None)
    return _Kind(_exact(target.interval), least, target.window, target.delay, target.hours)


def _per_day(kinds: Mapping[_Kind, int], day: int, interval: Fraction | None = None) -> Fraction:
    """Requests on a day of `day` seconds; `interval` stands in for that of every kind, as far as its window allows."""
    found = Fraction()
    for kind, count in kinds.items():
        found += count * kind.per_day(kind.interval if interval is None else max(kind.least, interval), day)
    return found


def _smallest_interval(kinds: Mapping[_Kind, int], day: int, budget: Fraction) -> int | None:
    """By bisection: a longer interval never costs more."""
    low, high = 0, _SEARCHED  # low does not fit, or is nothing
    if _per_day(kinds, day, Fraction(high)) > budget:
        return None
    while high - low > 1:
        middle = (low + high) // 2
        if _per_day(kinds, day, Fraction(middle)) <= budget:
            high = middle
        else:
            low = middle
    return high


def _exact(seconds: float) -> Fraction:
    return Fraction(round(seconds * 1_000), 1_000)


@cache
def longest_day(zone: ZoneInfo) -> int:
    """Seconds of the longest local day under the zone's standing rules: 25 h where clocks go back by an hour."""
    first = date(_STANDING_YEAR, 1, 1)
    midnights = [
        datetime.combine(first + timedelta(days=day), datetime.min.time(), zone).astimezone(UTC) for day in range(367)
    ]
    return max(int((end - start).total_seconds()) for start, end in pairwise(midnights))
