"""What storage knows of a token's targets and APIs, learnt into the store and the timetable."""

from exporter.model import Target, TargetKey, TargetState
from exporter.polling.state_store import StateStore
from exporter.polling.timetable import Timetable
from exporter.storage.database import StorageError
from exporter.storage.records import Records
from exporter.storage.request import StoredApis


class Learner:
    """Asks storage for what is not known yet, and for what other processes stored since."""

    def __init__(self, timetable: Timetable, records: Records, store: StateStore) -> None:
        self._timetable = timetable
        self._records = records
        self._store = store
        self._version = -1  # before the first that storage counts
        self._unread = True  # what storage knows of the operation's APIs
        self.unlearned: set[TargetKey] = set()
        """New or edited targets: what storage knows of them is still to be learnt."""

    @property
    def is_done(self) -> bool:
        """Whether all is known that storage knows."""
        return not self.unlearned and not self._unread

    def begin_file(self) -> None:
        """Storage was opened anew: nothing was read of it yet."""
        self._version = -1

    def begin_lease(self) -> None:
        """Learn everything again: another process may have polled until now."""
        self.unlearned, self._unread = set(self._timetable.targets), True

    def apply_config(self, edited: set[TargetKey]) -> None:
        """Learn again what storage knows of the APIs, and of these targets of the timetable."""
        self._unread = True
        self.follow(edited)

    def follow(self, edited: set[TargetKey]) -> None:
        """Learn what storage knows of these targets of the timetable, and of no more that are not in it."""
        self.unlearned = (self.unlearned & self._timetable.targets.keys()) | edited
        if self.unlearned:
            self._version = -1  # without the lease: what was read so far was not of these

    async def learn(self) -> None:
        """Bring store and schedule up to what storage knows of the APIs, and of new and edited targets."""
        operation = self._timetable.operation
        known = await self._records.adopt(operation)
        stored = await self._records.apis(operation) if self._unread else None
        if self._timetable.operation is not operation:
            return  # edited meanwhile: what was learnt may be of another server or window
        for key in self._timetable.targets:
            if key not in self.unlearned:
                continue
            if key in known:
                self._show(key, known[key])
            self._timetable.add(key)
        self.unlearned.clear()
        if stored is not None:
            self._unread = False
            self._restore(stored)
        self.follow(self._timetable.follow_discovery(awaited=stored is not None))

    async def watch(self) -> None:
        """Show what the process that holds the lease stored since."""
        timetable, is_first = self._timetable, self._version < 0
        timetable.follow_discovery()
        changes = await self._records.read(timetable.operation, self._version)
        if changes.apis is not None:
            self._restore(changes.apis)
            if timetable.follow_discovery(awaited=is_first):
                changes = await self._records.read(
                    timetable.operation, -1
                )  # also what was stored of new targets before
        self._version = changes.version
        for key, one in changes.known.items():
            self._show(key, one)
        timetable.follow_discovery()

    async def learn_answer(self, target: Target) -> bool:
        """Show what another process was told, with another token of the operation; False where it still waits."""
        operation = self._timetable.operation
        try:
            known = await self._records.known(operation, target)
        except StorageError:
            return False
        shown = self._store.known(target.key).polled
        news = known.polled is not None and (shown is None or known.polled.monotonic > shown.monotonic)
        if news and self._timetable.operation is operation:
            self._store.restore(target.key, known)
        return news

    async def learn_apis(self) -> None:
        """Show what another process was told, with another token of the operation."""
        operation = self._timetable.operation
        try:
            stored = await self._records.apis(operation)
        except StorageError:
            return
        if self._timetable.operation is operation:
            self._restore(stored)

    def _restore(self, stored: StoredApis) -> None:
        name = self._timetable.operation.name
        self._store.discoveries.restore(name, stored)
        self._store.show_apis(name)

    def _show(self, key: TargetKey, known: TargetState) -> None:
        """Show what storage knows of a target; a report that makes it final was perhaps not noted as such."""
        self._store.restore(key, known)
        target, data = self._timetable.targets.get(key), known.data
        if target is not None and data is not None:
            self._store.discoveries.succeeded(target, data, data.bounds.end)
