"""What a metric family is, and the words and labels that several families share."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from exporter.metrics.sample import Sample

Subject = TypeVar("Subject")


class Kind(StrEnum):
    """The types of both text formats."""

    GAUGE = "gauge"
    COUNTER = "counter"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True)
class Metric(Generic[Subject]):
    """A metric family and how its samples come from one subject."""

    name: str
    """As the samples bear it: counters with `_total`."""
    kind: Kind
    labels: tuple[str, ...]
    """Those of the subject first."""
    meaning: str
    source: str
    """Which field it comes from."""
    refresh: str
    """Since when it is cached and how often it changes."""
    samples: Callable[[Subject], Iterable[Sample]]

    @property
    def help(self) -> str:
        """The HELP line's text."""
        return f"{self.meaning}. {self.source}. {self.refresh}."


TARGET = ("operation", "campaign", "window")
CAMPAIGN = ("operation", "campaign")
OPERATION = ("operation",)
API = ("operation", "api")

REPORT = "Cached from the last good report and requested again every wolkvox_poll_interval_seconds"
POLL = "Cached from the latest poll and updated by the next, every wolkvox_poll_interval_seconds"
COUNT = "Cached between polls, every wolkvox_poll_interval_seconds; counts this process and starts at 0"
CONFIG = "Cached from the configuration and read again at a reload"
STORAGE = (
    "Cached from storage; updated with each poll, every wolkvox_poll_interval_seconds, and when the lease is renewed"
)


def one(value: float | None) -> tuple[Sample, ...]:
    """The one sample of a subject, none where there is no value."""
    return () if value is None else (Sample(value),)
