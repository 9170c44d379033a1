from dataclasses import dataclass, field
from pathlib import Path
from zoneinfo import ZoneInfo

from exporter.simulator.campaigns import Unknown
from exporter.simulator.fault import Rule
from exporter.simulator.traffic import Shift, SimulatedCampaign

ZONE = ZoneInfo("America/Bogota")


@dataclass(frozen=True, slots=True)
class SimulatorSettings:
    """What a simulated API is like. Spans are in seconds."""

    host: str = "127.0.0.1"
    port: int = 0
    """0: one that is free."""
    tokens: tuple[str, ...] = field(default=(), repr=False)
    """Those it knows; none: it takes any."""
    generated: int = 0
    """Campaigns beyond the named ones."""
    named: tuple[tuple[SimulatedCampaign, ...], ...] = ()
    """Which of the named ones belong to the operation of each token; to those that are not here, all do."""
    dialling: int = 7
    """Campaigns of an operation that dial at once, at most. With fewer than it has named ones it has no others."""
    daily: int = 18
    """Campaigns that an operation works on in a day."""
    resting: int = 20
    """Campaigns of each list that do not dial any more."""
    unknown: Unknown = Unknown.EMPTY
    hours: Shift = Shift.OFFICE
    zone: ZoneInfo = ZONE
    """The clock of its dates, its working hours and its quota."""
    seed: int = 1
    """The same seed makes the same traffic, latencies and chances."""
    latency: float = 0.0
    """Mean time that an answer takes."""
    jitter: float = 0.5
    """How far it strays from the mean, as a part of it, evenly."""
    lag: float = 0.0
    """How long an attempt stays invisible to reports."""
    quota: int | None = None
    """Requests per token and local day; None: no limit."""
    others: float = 0.0
    """The part of the quota that other tokens of the operation spend, evenly over the day."""
    concurrency: int = 1
    """Simultaneous requests per token; the vendor's pages say 1 at one place and 2 at another."""
    log_file: Path | None = None
    log_size: int = 20_000
    """Requests kept in memory."""
    rules: tuple[Rule, ...] = ()
    """Faults switched on from the start."""
