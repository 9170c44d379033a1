"""What the API says of one window, and why it says nothing."""

from dataclasses import dataclass
from enum import StrEnum

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
