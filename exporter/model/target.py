"""Campaigns, windows, and the unit that is polled."""

import json
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from exporter.model.hours import Hours

SETTLING = 900.0
"""Seconds after the last call from which on a success of `today` has every attempt: late rows are in by then."""

LONGEST_WINDOW = 31 * 86_400
"""Seconds. The vendor answers for 31 days of its wall clock at most."""


@dataclass(frozen=True, slots=True)
class Window:
    """How far back a report looks."""

    label: str
    """As written in the configuration; the label `window`."""
    length: int | None
    """Seconds; None for a day of the calendar."""
    days_ago: int = 0
    """Which day, where `length` is None: 0 is `today`, from local midnight to now; 1 is `yesterday`, a whole day."""


TODAY = Window("today", None)
YESTERDAY = Window("yesterday", None, days_ago=1)


@dataclass(frozen=True, slots=True, order=True)
class TargetKey:
    """The labels that every campaign series bears."""

    operation: str
    campaign: str
    window: str


@dataclass(frozen=True, slots=True)
class Target:
    """One campaign in one window: the unit that is polled, scheduled, stored and shown."""

    key: TargetKey
    name: str
    """For people; empty where none is configured."""
    window: Window
    zone: ZoneInfo
    interval: float
    delay: float
    timeout: float
    stale_after: float | None
    """Seconds; None where it is not given: it follows the interval in force then."""
    hours: Hours | None = None
    """When calling is allowed; None: always."""
    resting: bool = False
    """Its campaign stopped, and every attempt of its day is in the data: that is shown until midnight, however old, and
    not asked for any more."""

    @property
    def query_key(self) -> str:
        """What a report of the window depends on besides its length."""
        delay = 0.0 if self.window.length is None else self.delay
        return json.dumps([self.zone.key, delay])
