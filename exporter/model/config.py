"""A valid configuration."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from zoneinfo import ZoneInfo

from pydantic import SecretStr

from exporter.model.hours import Hours
from exporter.model.target import Target, Window


class AddressFamily(StrEnum):
    """Which addresses of a name a connection is made to."""

    ANY = "any"
    IPV4 = "ipv4"
    IPV6 = "ipv6"


@dataclass(frozen=True, slots=True)
class CampaignSettings:
    """How the windows of a campaign are asked for, where it is found and not listed."""

    windows: tuple[Window, ...]
    zone: ZoneInfo
    interval: float
    delay: float
    timeout: float
    stale_after: float | None
    hours: Hours | None = None


class PollWhich(StrEnum):
    """Which of the campaigns that were found are asked for."""

    STARTED = "started"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Discovery:
    """How an operation finds its campaigns."""

    refresh_interval: float
    """Seconds between two requests for the list."""
    include: tuple[str, ...]
    """Regular expressions in RE2's syntax; one of them matches the whole name. None given: any name."""
    exclude: tuple[str, ...]
    """None of them matches the whole name."""
    types: frozenset[str]
    """Of `predictive` and `preview`."""
    poll: PollWhich
    max_campaigns: int
    settings: CampaignSettings


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
    discovery: Discovery | None = None
    live_interval: float | None = None
    """Seconds between two requests for the live figures; None: never."""
    quota_interval: float | None = None
    """Seconds between two requests for the vendor's own count of its quota; None: never."""


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
