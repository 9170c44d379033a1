"""Whether an answer without rows is believed at once (pure)."""

from exporter.model import Data, Report, Target, TimeRange

MIN_ATTEMPTS = 20
"""Attempts in the report before from which on an empty answer contradicts it."""

MOVED = 1 / 3
"""The share of a rolling window by which it may have moved on: the report before covers the rest of it."""


def contradicts(target: Target, before: Data | None, report: Report, bounds: TimeRange) -> bool:
    """Whether an answer has no rows where the report before it, of nearly the same time, had many attempts.

    Args:
        target: Which was asked for.
        before: The last report that was believed.
        report: The answer.
        bounds: What it was asked for.
    """
    if before is None or not report.no_data or sum(row.attempts for row in before.rows) < MIN_ATTEMPTS:
        return False
    moved = bounds.start - before.bounds.start
    if target.window.length is None:
        return not target.window.days_ago and moved == 0
    return abs(moved) <= target.window.length * MOVED
