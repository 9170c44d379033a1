"""The whole state at one moment, as the status page shows it."""

from dataclasses import dataclass

from exporter.model.apis import LiveCampaign
from exporter.model.config import FileVersion
from exporter.model.state import TargetState
from exporter.model.stats import OperationStats
from exporter.model.target import Target


@dataclass(frozen=True, slots=True)
class TargetStatus:
    """A target as the status page shows it."""

    target: Target
    state: TargetState
    next_poll_at: float | None
    """None while another process holds the token's lease."""


@dataclass(frozen=True, slots=True)
class CampaignStatus:
    """A campaign of an operation that asks for the list or the live figures, as the status page shows it."""

    campaign: str
    """The id."""
    name: str
    """Empty where nobody names it."""
    started: bool | None
    """By the newest word of the vendor; None where there is none."""
    live: LiveCampaign | None = None
    """None where the latest live answer does not name it, or is too old."""
    asked: bool = True
    """Whether campaign_4 is asked of it, or else it rests."""


@dataclass(frozen=True, slots=True)
class DiscoveryStatus:
    """What the APIs of a whole operation say of its campaigns."""

    list_at: float | None = None
    """When the last good list came; None before the first, and where it is not asked for."""
    found: int | None = None
    """Campaigns of it that pass the filters, before the cut; None without one."""
    doubted: bool = False
    """Whether the latest list was empty and is not believed yet."""
    campaigns: tuple[CampaignStatus, ...] = ()
    """Those that pass the filters, and those that are configured."""
    live_at: float | None = None
    """When the last good live answer came; None before the first, and where it is not asked for."""


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
    discovery: DiscoveryStatus | None = None
    """None where neither the list nor the live figures are asked for."""


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
