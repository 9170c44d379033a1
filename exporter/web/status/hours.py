"""Whether calling is allowed, and until when."""

from collections.abc import Iterable
from datetime import datetime, tzinfo
from typing import NamedTuple

from exporter.calling_hours import is_open, next_change
from exporter.model import Target


class HoursNow(NamedTuple):
    """The calling hours of a campaign at a moment."""

    is_open: bool
    until: float | None
    """When that changes, Unix seconds; None where it never does."""
    zone: tzinfo
    at: float

    @property
    def clock(self) -> str:
        """When that changes, by the campaign's clock: the time alone on the same day."""
        if self.until is None:
            return ""
        changes, now = (datetime.fromtimestamp(moment, self.zone) for moment in (self.until, self.at))
        return changes.strftime("%H:%M" if changes.date() == now.date() else "%Y-%m-%d %H:%M")


class HoursSummary(NamedTuple):
    """The calling hours of an operation's campaigns at a moment."""

    open: int
    closed: int
    next: HoursNow
    """Of the campaign whose hours change first."""


def hours_now(target: Target, at: float) -> HoursNow | None:
    """Of one campaign; None where calling is always allowed."""
    if target.hours is None:
        return None
    until = next_change(target.hours, target.zone, at)
    return HoursNow(is_open(target.hours, target.zone, at), until, target.zone, at)


def hours_summary(targets: Iterable[Target], at: float) -> HoursSummary | None:
    """Of many, each campaign once; None where none has hours."""
    campaigns = {target.key.campaign: target for target in targets}
    found = [now for target in campaigns.values() if (now := hours_now(target, at)) is not None]
    if not found:
        return None
    opened = sum(now.is_open for now in found)
    first = min(found, key=lambda now: float("inf") if now.until is None else now.until)
    return HoursSummary(opened, len(found) - opened, first)
