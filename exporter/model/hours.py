"""When calling is allowed."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A stretch of a local day in which calling is allowed."""

    start: int
    """Minutes after local midnight by the wall clock."""
    end: int
    """The same; 1,440 is the midnight that ends the day. After `start`."""


@dataclass(frozen=True, slots=True)
class Hours:
    """When calling is allowed, by the clock of the campaign's zone."""

    week: tuple[tuple[Span, ...], ...]
    """Seven days, Monday first; the spans of each in order, none on a closed day."""
    holidays: str | None
    """The country whose public holidays are closed (`CO`), perhaps with a subdivision (`CO-DC`)."""
    off_interval: float
    """Seconds between two polls of a window outside the hours."""
