"""What a backfill will cost (pure)."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from exporter.duration import format_duration
from exporter.model import Operation

ANSWER_SECONDS = 1.0
"""What an answer takes, until it is known better."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What the past of one operation takes."""

    operation: str
    windows: int
    answered: int
    """Those that storage has an answer to."""
    budget: int | None
    """Requests a local day; None where none is enforced."""
    used: int
    """Of today's, by any process."""

    @property
    def requests(self) -> int:
        """That are left to send."""
        return self.windows - self.answered

    @property
    def days(self) -> int:
        """Local days that it takes, today included; 0 where nothing is left, or where the budget is 0."""
        if not self.requests or self.budget == 0:
            return 0
        if self.budget is None:
            return 1
        today = max(0, self.budget - self.used)
        return 1 + math.ceil(max(0, self.requests - today) / self.budget)


def cost_of(operation: Operation, windows: int, answered: int, used: int) -> Cost:
    """The cost of an operation's windows, of which some are answered, after so many requests today."""
    return Cost(operation.name, windows, answered, operation.budget, used)


def describe(costs: Iterable[Cost]) -> str:
    """Lines for people, without a line break at the end."""
    return "\n".join(_line(cost) for cost in costs)


def _line(cost: Cost) -> str:
    stored = f", {cost.answered} of {cost.windows} windows are stored already" if cost.answered else ""
    if not cost.requests:
        return f"operation {cost.operation}: nothing to ask{stored}"
    seconds = format_duration(cost.requests * ANSWER_SECONDS)
    text = f"operation {cost.operation}: {cost.requests} requests{stored}; about {seconds} at 1 s an answer"
    if cost.budget is None:
        return f"{text}; the budget is not limited"
    left = max(0, cost.budget - cost.used)
    text += f"; {left} of today's budget of {cost.budget} are left"
    if not cost.budget:
        return f"{text}, so nothing can be asked: raise licenses or quota_share"
    if cost.days > 1:
        return f"{text}, so it takes {cost.days} days: run the same command again on each"
    return text
