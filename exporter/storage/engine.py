"""What the ledger needs of a database, whichever it is."""

from collections.abc import Callable
from typing import Protocol, TypeVar

from sqlalchemy import Connection

from exporter.clock import Clock
from exporter.storage.database import Arrival, StorageLostError

T = TypeVar("T")


class Storage(Protocol):
    """A database: every call is one transaction in the storage thread."""

    is_shared: bool
    """Whether processes of several machines may use it."""

    @property
    def arrival(self) -> Arrival:
        """What was there when it was last opened."""
        ...

    def clock(self, machine: Clock) -> Clock:
        """The clock whose moments storage keeps: the machine's own, or the database's."""
        ...

    async def open(self, work: Callable[[Connection], None]) -> None:
        """Open it, bring it to the newest schema and run `work`, in one transaction; raises `StorageError`."""
        ...

    async def run(self, work: Callable[[Connection], T]) -> T:
        """The result of `work` in one transaction, durable when this returns.

        Raises:
            StorageLostError: what was open is gone; nothing was written. `reopen` recovers.
            StorageError: nothing was written; the next call may succeed.
        """
        ...

    async def run_first(self, work: Callable[[Connection], T]) -> T:
        """As `run`, before all those that wait: what shows that this process lives must not queue behind thousands."""
        ...

    async def reopen(self, work: Callable[[Connection], None]) -> None:
        """As `open`, for what is there now."""
        ...

    def lost(self) -> StorageLostError:
        """What to say of a database that is gone."""
        ...

    async def close(self) -> None:
        """Close it; the last call."""
        ...
