"""The nouns: frozen values that travel from the configuration to the page, and no behaviour beyond themselves.

Units: every span is in seconds; every `at`, `start` and `end` is in Unix seconds of the wall clock.
"""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from zoneinfo import ZoneInfo

from pydantic import SecretStr

LONGEST_WINDOW = 31 * 86_400
"""Seconds. The vendor answers for 31 days of its wall clock at most."""

RESULTS = ("no-answer", "answer", "failed", "busy", "congestion", "recall", "do-not-call-clean")
"""The results that the vendor documents for `campaign_4`, in its order and spelling."""


class Reason(StrEnum):
    """Why a poll failed. The values are label values of the page: add to them, never rename."""

    AUTH = "auth"
    QUOTA = "quota"
    CONCURRENCY = "concurrency"
    FORBIDDEN = "forbidden"
    BAD_REQUEST = "bad_request"
    NOT_FOUND = "not_found"
    REDIRECT = "redirect"
    SERVER_ERROR = "server_error"
    HTTP = "http"
    CONNECT = "connect"
    TIMEOUT = "timeout"
    TOO_LARGE = "too_large"
    INVALID_RESPONSE = "invalid_response"
    BUDGET = "budget"
    STORAGE = "storage"
    INTERNAL = "internal"


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
    stale_after: float


class AddressFamily(StrEnum):
    """Which addresses of a name a connection is made to."""

    ANY = "any"
    IPV4 = "ipv4"
    IPV6 = "ipv6"


@dataclass(frozen=True, slots=True)
class Operation:
    """A customer's operation at the vendor: a server, a token, a daily quota and the campaigns asked for."""

    name: str
    base_url: str
    """Scheme and authority, an optional path, no trailing slash."""
    token: SecretStr
    proxy_url: SecretStr | None
    """Secret because it may carry a password."""
    ca_file: Path | None
    zone: ZoneInfo
    """The zone whose midnight begins the day of the quota."""
    budget: int | None
    """Requests that this exporter may send per local day; None: not limited."""
    targets: tuple[Target, ...]
    token_file: Path | None = None
    """Where the token is read again, if it stands in a file; the same of the next."""
    proxy_url_file: Path | None = None
    address_family: AddressFamily = AddressFamily.ANY
    source_address: str | None = None
    """The IP address of this machine from which connections are made; None: whichever the route has."""


@dataclass(frozen=True, slots=True)
class FileVersion:
    """Which content of a file was read, so that a person can tell an edit from what the exporter saw."""

    name: str
    """Without its folder."""
    modified_at: float
    checksum: str
    """The first eight hexadecimal digits of SHA-256, as `sha256sum` prints them."""


@dataclass(frozen=True, slots=True)
class Config:
    """A whole valid configuration."""

    operations: tuple[Operation, ...]
    warnings: tuple[str, ...] = ()
    """One line each, `FILE:LINE: key: what is doubtful and what to do`."""
    file: FileVersion | None = None
    """None where it does not come from a file."""


@dataclass(frozen=True, slots=True)
class TimeRange:
    """The stretch of time that one request asks for, as moments and as the vendor's parameters."""

    start: float
    end: float
    date_ini: str
    """`YYYYmmddHHMMSS` in the target's zone."""
    date_end: str


@dataclass(frozen=True, slots=True)
class Row:
    """Attempts that ended in one result."""

    result: str
    attempts: int
    percent: float
    """Share of the window's attempts, 0 to 100."""


@dataclass(frozen=True, slots=True)
class Report:
    """What the API said of one window. No rows and `no_data` when it said that the window is empty."""

    rows: tuple[Row, ...] = ()
    no_data: bool = False


@dataclass(frozen=True, slots=True)
class Failure:
    """Why there is no report."""

    reason: Reason
    message: str
    """One line for a person, without secrets."""
    status: int | None = None
    """HTTP status, where an answer came."""
    excerpt: str = ""
    """A short, printable piece of the answer."""
    retry_after: float | None = None
    """Seconds from the answer on for which the vendor asked to be left alone, where it did."""


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

    at: float
    """When the poll that brought it succeeded."""
    bounds: TimeRange
    rows: tuple[Row, ...]
    """The seven documented results first, then every other seen for this campaign; at most 32."""
    no_data: bool
    final: bool = False
    """It describes a day that is over, and the answer before it said the same: it is not asked for again."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All that is known of one target at one moment; replaced whole, never changed."""

    data: Data | None = None
    stale: bool = False
    """The data is older than `stale_after`: it is kept for restarts but no longer published."""
    last_success_at: float | None = None
    last_poll_at: float | None = None
    failure: Failure | None = None
    """Of the latest poll; None while that succeeded, and before the first."""
    seen: tuple[str, ...] = ()
    """Results beyond the documented ones, first seen first."""
    history: tuple[Poll, ...] = ()
    """Oldest first: the last 20 polls, and older failures while fewer than 20 failures are among those."""
    polls: int = 0
    """By this process."""
    failures: int = 0
    """By this process."""


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
    lease_held: bool = False
    lease_wait: LeaseWait | None = None
    """What is waited for, while the lease is not held."""
    rest: Failure | None = None
    """Why the token rests, while it does."""


@dataclass(frozen=True, slots=True)
class TargetStatus:
    """A target as the status page shows it."""

    target: Target
    snapshot: Snapshot
    next_poll_at: float | None
    """None while another process holds the token's lease."""


@dataclass(frozen=True, slots=True)
class OperationStatus:
    """An operation as the status page shows it."""

    figures: OperationStats
    server: str
    """Scheme, host and port of the API, without credentials."""
    lag: float
    """How late the most overdue poll is."""
    targets: int
    requests_per_day: int
    """What the plan sends on a full day."""


@dataclass(frozen=True, slots=True)
class Status:
    """The whole state at one moment, for people and programs."""

    at: float
    version: str
    started_at: float
    reload_ok: bool
    reloaded_at: float
    """When the running configuration was loaded."""
    file: FileVersion | None = None
    """Of the running configuration."""
    operations: tuple[OperationStatus, ...] = ()
    targets: tuple[TargetStatus, ...] = ()
