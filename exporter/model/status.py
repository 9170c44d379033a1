"""The whole state at one moment, as the status page shows it."""

from dataclasses import dataclass

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
