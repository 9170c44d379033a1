"""What is counted per operation, and how its token stands."""

from dataclasses import dataclass
from enum import StrEnum

from exporter.model.apis import ApiName, VendorQuota
from exporter.model.report import Failure, Reason


@dataclass(frozen=True, slots=True)
class Latency:
    """Durations of an operation's requests, as a cumulative histogram."""

    buckets: tuple[int, ...]
    """Requests that took at most the bound of the same place in `LATENCY_BOUNDS`."""
    count: int
    total: float


LATENCY_BOUNDS = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 15.0, 30.0, 45.0, 60.0)
"""Upper bounds in seconds. The vendor's small reports take about a second, its limit is 60."""

NO_LATENCY = Latency(buckets=(0,) * len(LATENCY_BOUNDS), count=0, total=0.0)


LATEST_DEPARTURE = 16.0
"""Seconds from its record after which a request does not leave any more: connecting takes at most 15 of them."""


class WaitCause(StrEnum):
    """What keeps a process from sending with a token."""

    PROCESS = "process"
    """Another process on the same storage polls with it."""
    SILENCE = "silence"
    """The process that polled with it has not shown itself for a while."""
    REQUEST = "request"
    """A request of a process that has ended may still be under way."""
    STORAGE = "storage"
    """The storage file is new, and a request that only the one before knew of may still be under way."""


@dataclass(frozen=True, slots=True)
class LeaseWait:
    """Why a process may not send with a token, and until when."""

    cause: WaitCause
    until: float | None
    """None while the other process polls: there is no end to that."""


@dataclass(frozen=True, slots=True)
class ApiStats:
    """How one of the APIs that are asked for a whole operation does."""

    api: ApiName
    requests: int = 0
    """Sent by this process."""
    latency: Latency = NO_LATENCY
    failures: int = 0
    """Requests that failed or could not be sent, by this process."""
    up: bool | None = None
    """Whether the latest request succeeded; None before the first."""
    last_success_at: float | None = None


@dataclass(frozen=True, slots=True)
class DayCount:
    """Requests of an operation on one of its days, by any process on the storage."""

    day: str
    """The local date, ISO."""
    requests: int


@dataclass(frozen=True, slots=True)
class OperationStats:
    """What is counted per operation."""

    operation: str
    requests: int = 0
    """Sent by this process."""
    latency: Latency = NO_LATENCY
    failures: tuple[tuple[Reason, int], ...] = tuple((reason, 0) for reason in Reason)
    """By this process; every reason is there."""
    budget: int | None = None
    used: int = 0
    """Requests sent this local day, by any process on the storage."""
    day: str = ""
    """That date, ISO."""
    lease_held: bool = False
    lease_wait: LeaseWait | None = None
    """What is waited for, while the lease is not held."""
    rest: Failure | None = None
    """Why the token rests, while it does."""
    apis: tuple[ApiStats, ...] = ()
    """Those that are asked beside campaign_4."""
    discovered: int | None = None
    """Campaigns of the last good list that pass the filters; None before the first, and where there is no discovery."""
    vendor_quota: VendorQuota | None = None
    """As the vendor counts it; None where it is not asked, or the answer is too old."""
    stretch: float | None = None
    """The factor by which the intervals of campaign_4 are stretched; None where no budget is enforced."""
