"""Whether this process may send with one token, what it waits for otherwise, and what storage knows of its targets."""

from exporter.clock import Clock
from exporter.model import Failure, LeaseWait, Reason, Target, TargetKey, TargetState
from exporter.polling.cooldown import Cooldown
from exporter.polling.discovered import api_timeout
from exporter.polling.loop_control import LoopControl
from exporter.polling.poll_log import tell_wait
from exporter.polling.state_store import StateStore
from exporter.polling.timetable import ARRIVAL_MARGIN, Timetable
from exporter.storage.database import StorageError
from exporter.storage.ledger import Ledger
from exporter.storage.request import StoredApis

STORAGE_PAUSE = 5.0
"""For so long after storage failed it is not tried again: each try may take seconds."""


class LeaseSession:
    """One token's lease: taken, held and lost, with the targets that storage still has to be asked about."""

    def __init__(  # noqa: PLR0913 (the worker's parts that meet in storage)
        self,
        timetable: Timetable,
        control: LoopControl,
        cooldown: Cooldown,
        *,
        ledger: Ledger,
        store: StateStore,
        clock: Clock,
    ) -> None:
        self._timetable = timetable
        self._control = control
        self._cooldown = cooldown
        self._ledger = ledger
        self._store = store
        self._clock = clock
        self._standing_by = False
        self._wait: LeaseWait | None = None
        self._generation = ledger.generation
        self._version = -1  # before the first that storage counts
        self._storage_failed_at: float | None = None
        self._day = ""
        self._used = 0
        self.held = False
        """Whether this process may send."""
        self.unlearned: set[TargetKey] = set()
        """New or edited targets: what storage knows of them is still to be learnt."""
        self.unread = True
        """What storage knows of the operation's APIs is still to be learnt."""

    @property
    def token(self) -> str:
        """The token's hash in storage, as the file that is open now has it."""
        return self._ledger.hash(self._timetable.operation.token)

    @property
    def is_new_file(self) -> bool:
        """Whether storage was opened anew since the lease was asked for: nothing is held in the new file yet."""
        return self._generation != self._ledger.generation

    @property
    def is_settled(self) -> bool:
        """Whether this process may send, and knows what storage knows."""
        return self.held and not self.unlearned and not self.unread

    @property
    def used(self) -> int:
        """Requests of the operation on this day, as last read or counted."""
        return self._used

    @property
    def is_blocked(self) -> bool:
        """Whether storage fails and cannot say who may send, or when."""
        return not self._standing_by and self._storage_failed_at is not None

    def apply_config(self, edited: set[TargetKey]) -> None:
        """Learn again what storage knows of these targets of the timetable."""
        self.unread = True
        self.follow(edited)
        self._day = ""  # the count is kept by name, and the store may know this operation by a new one

    def follow(self, edited: set[TargetKey]) -> None:
        """Learn what storage knows of these targets of the timetable, and of no more that are not in it."""
        self.unlearned = (self.unlearned & self._timetable.targets.keys()) | edited
        if self.unlearned:
            self._version = -1  # without the lease: what was read so far was not of these

    async def settle(self) -> bool:
        """Hold the lease and know what storage knows; False where that is not so, another process polls then."""
        if self.is_new_file:
            self._generation = self._ledger.generation
            self.held, self._standing_by, self._version = False, True, -1
        if self.is_settled:
            return True
        try:
            if not self.held:
                await self._take()
            while self.held and (self.unlearned or self.unread):
                await self._learn()
        except StorageError as error:
            self.storage_failed(error)
            return False
        self.storage_recovered()
        return self.held

    def lose(self) -> None:
        """The lease went to another process while this one was silent."""
        if self.held:
            self.held = False
            self._standing_by = True
            if not self.is_new_file:
                self._timetable.log.warning(
                    "lease lost", hint="another process on this storage polls now; this one serves what it puts down"
                )
            self.show()

    def hand_over(self) -> None:
        """The lease was given up, so that another replica polls from now on."""
        if self.held:
            self.held, self._standing_by = False, True
            self._timetable.log.info("lease handed to another replica; this one serves what it stores")
            self.show()

    def refusal(self) -> Failure | None:
        """Why nothing is sent now; None where something may be."""
        intervals = [target.interval for target in self._timetable.targets.values() if not target.resting]
        # Half the margin: the poll that is due an interval after the refused one is the one to find out.
        return self.storage_refusal() or self._cooldown.refusal(min(intervals, default=0.0) + ARRIVAL_MARGIN / 2)

    def storage_refusal(self) -> Failure | None:
        """Why nothing can be recorded now; None where something can."""
        failed_at = self._storage_failed_at
        is_failing = failed_at is not None and self._clock.monotonic() - failed_at < STORAGE_PAUSE
        if not self.is_settled or is_failing:
            return Failure(Reason.STORAGE, "not sent: storage failed a moment ago and cannot record requests")
        return None

    def may_check(self) -> bool:
        """Whether a request may be sent that checks whether a resting token works again."""
        return self._cooldown.rest is not None and self.refusal() is None

    async def learn_answer(self, target: Target) -> bool:
        """Show what another process was told, with another token of the operation; False where it still waits."""
        operation = self._timetable.operation
        try:
            known = await self._ledger.known(operation, target)
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
            stored = await self._ledger.apis(operation)
        except StorageError:
            return
        if self._timetable.operation is operation:
            self._restore(stored)

    async def turn_day(self) -> None:
        """Begin the new day's count at the operation's local midnight."""
        if self._timetable.today() == self._day:
            return
        try:
            self._used = await self._ledger.used(self._timetable.operation.name, self._timetable.today())
        except StorageError as error:
            self.storage_failed(error)
            return
        self._day = self._timetable.today()
        self.show()

    def count(self, used: int) -> None:
        """Note the day's requests, the one that leaves now included."""
        self._used = used

    def show(self) -> None:
        """Publish how the token stands."""
        if self._control.is_stopping():  # the operation may have another token, and another worker that speaks for it
            return
        self._store.stats.set_lease(
            self._timetable.operation.name,
            used=self._used,
            lease_held=self.held,
            rest=self._cooldown.failure,
            lease_wait=self._wait,
        )

    def storage_failed(self, error: StorageError) -> None:
        """Send nothing for a while; logged on the change."""
        if self._storage_failed_at is None:
            self._timetable.log.error("storage failed, nothing is sent until it works again", detail=str(error))
        self._storage_failed_at = self._clock.monotonic()

    def storage_recovered(self) -> None:
        """Send again; logged on the change."""
        if self._storage_failed_at is not None:
            self._timetable.log.info("storage works again")
            self._storage_failed_at = None

    async def _take(self) -> None:
        """Take the lease if it is free; otherwise read what the process that holds it stored."""
        timetable = self._timetable
        operation = timetable.operation
        longest = max((api_timeout(operation), *(target.timeout for target in operation.targets)))
        if await self._ledger.acquire(self.token, longest):
            self._wait = None
            self._cooldown.rest = await self._ledger.rest(self.token)
            self._cooldown.latest = None  # another process may have asked since
            self.held = True
            self.unlearned, self.unread = set(timetable.targets), True
            if self._standing_by:
                self._standing_by = False
                timetable.log.info("lease acquired, this process polls from now on")
        else:
            self._standing_by = True
            before, self._wait = self._wait, self._ledger.waiting(self.token)
            if self._wait is not None:
                tell_wait(timetable.log, before, self._wait, timetable.operation.zone)
            await self._watch()
        self._day = timetable.today()
        self._used = await self._ledger.used(timetable.operation.name, self._day)
        self.show()

    async def _watch(self) -> None:
        """Show what the process that holds the lease stored since."""
        timetable, is_first = self._timetable, self._version < 0
        timetable.follow_discovery()
        changes = await self._ledger.read(timetable.operation, self._version)
        if changes.apis is not None:
            self._restore(changes.apis)
            if timetable.follow_discovery(awaited=is_first):
                changes = await self._ledger.read(timetable.operation, -1)  # also what was stored of new targets before
        self._version = changes.version
        for key, one in changes.known.items():
            self._show(key, one)
        timetable.follow_discovery()

    async def _learn(self) -> None:
        """Bring store and schedule up to what storage knows of the APIs, and of new and edited targets."""
        operation = self._timetable.operation
        known = await self._ledger.adopt(operation)
        stored = await self._ledger.apis(operation) if self.unread else None
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
            self.unread = False
            self._restore(stored)
        self.follow(self._timetable.follow_discovery(awaited=stored is not None))

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
