"""What is known of one target."""

from dataclasses import dataclass, replace

from exporter.clock import Stamp
from exporter.model.report import Failure, Row, TimeRange


@dataclass(frozen=True, slots=True)
class Poll:
    """One finished poll, as its history keeps it."""

    at: float
    duration: float
    """From the first request to the last answer, retries and their waits included; 0 where nothing was sent."""
    requests: int
    """Sent to the API: 0, 1, or 2 after a retry."""
    failure: Failure | None = None
    attempts: int = 0
    """Sum over the report's rows; 0 after a failure."""


@dataclass(frozen=True, slots=True)
class Data:
    """The latest good report of a target with the window that it describes, ready to publish."""

    bounds: TimeRange
    rows: tuple[Row, ...]
    """The seven documented results first, then every other seen for this campaign; at most 32."""
    no_data: bool
    final: bool = False
    """It describes a day that is over, and the answer before it said the same: it is not asked for again."""


@dataclass(frozen=True, slots=True)
class TargetState:
    """All that is known of one target at one moment; replaced whole, never changed.

    It is what storage keeps, the page publishes and the status page shows. Each moment stands in it once, by both
    clocks.
    """

    data: Data | None = None
    """What came at `succeeded`."""
    stale: bool = False
    """The data is older than `stale_after`: it is kept for restarts but no longer published."""
    asked: Stamp | None = None
    """When the latest request left."""
    succeeded: Stamp | None = None
    """When a poll last succeeded."""
    polled: Stamp | None = None
    """When the latest poll ended, sent or not."""
    failure: Failure | None = None
    """Of the latest poll; None while that succeeded, and before the first."""
    empty_unconfirmed: bool = False
    """The latest answer had no rows and contradicts `data`: it is not believed until another one says the same."""
    seen: tuple[str, ...] = ()
    """Results beyond the documented ones, first seen first."""
    history: tuple[Poll, ...] = ()
    """Oldest first: the last 20 polls, and older failures while fewer than 20 failures are among those."""
    polls: int = 0
    """By this process."""
    failures: int = 0
    """By this process."""

    @property
    def published(self) -> Data | None:
        """The data that may be shown."""
        return None if self.stale else self.data

    def without_data(self) -> "TargetState":
        """The state once its data is not true any more, and so contradicts nothing."""
        return replace(self, data=None, empty_unconfirmed=False)

    @property
    def last_success_at(self) -> float | None:
        """When a poll last succeeded, in Unix seconds."""
        return None if self.succeeded is None else self.succeeded.wall

    @property
    def last_poll_at(self) -> float | None:
        """When the latest poll ended, in Unix seconds."""
        return None if self.polled is None else self.polled.wall


NOTHING_KNOWN = TargetState()


def merge_seen(first: tuple[str, ...], more: tuple[str, ...]) -> tuple[str, ...]:
    """Results in the order in which they were seen, each once."""
    return first if more == first or not more else tuple(dict.fromkeys((*first, *more)))
