"""Whether storage works, as far as one token's worker sees."""

from exporter.clock import Clock
from exporter.model import Reason
from exporter.polling.state_store import StateStore
from exporter.polling.timetable import Timetable
from exporter.storage.database import StorageError

STORAGE_PAUSE = 5.0
"""For so long after storage failed it is not tried again: each try may take seconds."""


class StorageHealth:
    """Remembers when storage failed; logged on the change."""

    def __init__(self, timetable: Timetable, store: StateStore, clock: Clock) -> None:
        self._timetable = timetable
        self._store = store
        self._clock = clock
        self._failed_at: float | None = None

    @property
    def is_failing(self) -> bool:
        """Whether it failed and has not worked since."""
        return self._failed_at is not None

    def is_paused(self) -> bool:
        """Whether it failed a moment ago, and is not to be tried."""
        return self._failed_at is not None and self._clock.monotonic() - self._failed_at < STORAGE_PAUSE

    def failed(self, error: StorageError) -> None:
        """Send nothing for a while."""
        if self._failed_at is None:
            self._timetable.log.error("storage failed, nothing is sent until it works again", detail=str(error))
        self._failed_at = self._clock.monotonic()

    def recovered(self) -> None:
        """Send again, first what could not be sent."""
        if self._failed_at is not None:
            self._timetable.log.info("storage works again")
            self._failed_at = None
            for key in self._timetable.targets:
                failure = self._store.known(key).failure
                if failure is not None and failure.reason is Reason.STORAGE:
                    self._timetable.reset(key)
