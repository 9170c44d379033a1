"""What the ledger is asked and what it answers, as values; and why a request may not leave."""

from dataclasses import dataclass, field

from exporter.clock import Stamp
from exporter.model import ApiName, Failure, Target, TargetKey, TargetState


class RequestRefusedError(Exception):
    """The request must not be sent now."""


class NotOwnerError(RequestRefusedError):
    """Another process holds the token's lease."""


class BudgetExhaustedError(RequestRefusedError):
    """The day's budget of the operation is used up."""


class TooEarlyError(RequestRefusedError):
    """The same campaign and window, or the same API, was asked for less than its interval ago."""

    def __init__(self, wait: float) -> None:
        """`wait`: seconds until it may be asked."""
        super().__init__(f"may be asked in {wait:.1f} s")
        self.wait = wait


@dataclass(frozen=True, slots=True)
class ApiRequest:
    """A request for a whole operation: the place of a target in `Request`."""

    operation: str
    server: str
    """The operation's `base_url`."""
    api: ApiName
    timeout: float


@dataclass(frozen=True, slots=True)
class PastRequest:
    """A window of the past: the place of a target in `Request`. It has no interval, and delays nothing else."""

    operation: str
    timeout: float


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be sent."""

    token: str
    """The token's hash."""
    target: Target | ApiRequest | PastRequest
    day: str
    """The operation's local date, ISO."""
    budget: int | None
    interval: float
    """Seconds that must lie between this and the one before; 0 for a retry."""

    @property
    def operation(self) -> str:
        """The name of the operation that it counts for."""
        return self.target.key.operation if isinstance(self.target, Target) else self.target.operation


@dataclass(frozen=True, slots=True)
class Grant:
    """The request is on record and may leave."""

    at: Stamp
    used: int
    """Requests of the operation on that day, this one included."""


@dataclass(frozen=True, slots=True)
class StoredCooldown:
    """Why and since when a token rests."""

    failure: Failure
    since: Stamp


@dataclass(frozen=True, slots=True)
class PollResult:
    """What a poll brought, to be stored."""

    target: Target
    server: str
    known: TargetState


@dataclass(frozen=True, slots=True)
class StoredApi:
    """What storage knows of one API of an operation."""

    asked: Stamp | None
    """When the latest request left."""
    polled: Stamp | None
    """When it was asked last, sent or not."""
    succeeded: Stamp | None
    """When the answer came."""
    failure: Failure | None
    """Of the latest request; None while that succeeded."""
    answer: str | None
    """The last good answer, as the caller wrote it."""


NOTHING_STORED_OF_API = StoredApi(asked=None, polled=None, succeeded=None, failure=None, answer=None)


@dataclass(frozen=True, slots=True)
class StoredApis:
    """What storage knows of an operation beside its targets."""

    apis: dict[ApiName, StoredApi] = field(default_factory=dict)
    """Those that were ever asked, or were to be."""
    discovery: str | None = None
    """What is known of the operation's campaigns, as the caller wrote it."""


NOTHING_STORED = StoredApis()


@dataclass(frozen=True, slots=True)
class ApiResult:
    """What asking an API brought, to be stored."""

    operation: str
    server: str
    api: ApiName
    known: StoredApi
    discovery: str | None = None
    """What is known of the operation's campaigns now; None: nothing new."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What another process stored since a version."""

    version: int
    """The version now."""
    known: dict[TargetKey, TargetState]
    apis: StoredApis | None = None
    """All of it, where anything of it is new."""
