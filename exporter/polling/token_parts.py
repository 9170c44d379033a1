"""What a token's session, loop and runners share, handed to each of them in one piece."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from random import Random
from typing import Self

from exporter.clock import Clock
from exporter.model import Operation
from exporter.polling.api import Api
from exporter.polling.cooldown import Cooldown
from exporter.polling.learner import Learner
from exporter.polling.loop_control import LoopControl
from exporter.polling.state_store import StateStore
from exporter.polling.storage_health import StorageHealth
from exporter.polling.timetable import Timetable
from exporter.storage.ledger import Ledger


@dataclass(frozen=True, slots=True)
class Services:
    """What all workers of a process share."""

    ledger: Ledger
    api: Api
    store: StateStore
    clock: Clock
    random: Random
    renew: Callable[[], Awaitable[None]] | None = None
    """Reads the operations' secrets again, before a request that checks whether a resting token works."""


@dataclass(frozen=True, slots=True)
class TokenParts:
    """What all that works with one token shares."""

    services: Services
    timetable: Timetable
    control: LoopControl
    cooldown: Cooldown
    storage: StorageHealth
    learner: Learner

    @classmethod
    def of(cls, operation: Operation, services: Services) -> Self:
        """The parts for an operation's token, all new."""
        clock = services.clock
        timetable = Timetable(operation, services.store, clock)
        return cls(
            services,
            timetable,
            LoopControl(clock),
            Cooldown(clock),
            StorageHealth(timetable, services.store, clock),
            Learner(timetable, services.ledger.records, services.store),
        )
