"""Whether this process may send with one token, and what it waits for otherwise."""

from exporter.model import DayCount, Failure, LeaseWait, Reason
from exporter.polling.discovered import api_timeout
from exporter.polling.poll_log import tell_wait
from exporter.polling.timetable import ARRIVAL_MARGIN
from exporter.polling.token_parts import TokenParts
from exporter.storage.database import StorageError


class LeaseSession:
    """One token's lease: taken, held and lost, and how the token stands with it."""

    def __init__(self, parts: TokenParts) -> None:
        services = parts.services
        self._ledger, self._store, self._clock = services.ledger, services.store, services.clock
        self._timetable, self._control, self._cooldown = parts.timetable, parts.control, parts.cooldown
        self._storage, self._learner = parts.storage, parts.learner
        self._standing_by = False
        self._wait: LeaseWait | None = None
        self._generation = services.ledger.generation
        self._count = DayCount("", 0)
        self._is_counted = False  # what storage counted under the operation's present name was not read yet
        self.held = False
        """Whether this process may send."""
        self.is_wanted = False
        """Whether another replica should poll with the token; a request was in flight when the lease was to go."""

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
        return self.held and self._learner.is_done

    @property
    def used(self) -> int:
        """Requests of the operation on this day, as last read or counted."""
        return self._count.requests if self._count.day == self._timetable.today() else 0

    @property
    def is_blocked(self) -> bool:
        """Whether storage fails and cannot say who may send, or when."""
        return not self._standing_by and self._storage.is_failing

    def apply_config(self) -> None:
        """Read the day's count again: it is kept by name, and storage may know this operation by a new one."""
        self._is_counted = False

    async def settle(self) -> bool:
        """Hold the lease and know what storage knows; False where that is not so, another process polls then."""
        if self.is_new_file:
            self._generation = self._ledger.generation
            self.held, self._standing_by = False, True
            self._learner.begin_file()
        if self.is_settled:
            return True
        try:
            if not self.held:
                await self._take()
            while self.held and not self._learner.is_done:
                await self._learner.learn()
        except StorageError as error:
            self._storage.failed(error)
            return False
        self._storage.recovered()
        return self.held

    async def retry_storage(self) -> None:
        """Try storage that failed a while ago: what it kept from being asked is not to wait for its next turn."""
        if not self._storage.is_failing or self._storage.is_paused():
            return
        try:  # nothing is in flight now
            await self._ledger.put_rest(self.token, self._cooldown.rest)
        except StorageError as error:
            self._storage.failed(error)
        else:
            self._storage.recovered()

    def lose(self) -> None:
        """The lease went to another process while this one was silent."""
        if self.held:
            self.held = False
            self._standing_by = True
            if not self.is_new_file:
                self._timetable.log.warning(
                    "lease lost", hint="another process on this storage polls now; this one serves what it stores"
                )
            self.show()

    def hand_over(self) -> None:
        """The lease was given up, so that another replica polls from now on."""
        if self.held:
            self.held, self._standing_by = False, True
            self._timetable.log.info("lease handed to another replica; this one serves what it stores")
            self.show()

    async def yield_lease(self) -> None:
        """Between two requests: give up the lease if another replica should have it.

        A token that is always late has a request in flight whenever anybody else looks.
        """
        if not (self.is_wanted and self.held):
            return
        try:
            given = await self._ledger.leases.release([self.token])
        except StorageError as error:
            self._storage.failed(error)
            return
        self.is_wanted = False
        if given:
            self.hand_over()

    def refusal(self) -> Failure | None:
        """Why nothing is sent now; None where something may be."""
        intervals = [target.interval for target in self._timetable.targets.values() if not target.resting]
        # Half the margin: the poll that is due an interval after the refused one is the one to find out.
        return self.storage_refusal() or self._cooldown.refusal(min(intervals, default=0.0) + ARRIVAL_MARGIN / 2)

    def storage_refusal(self) -> Failure | None:
        """Why nothing can be recorded now; None where something can."""
        if not self.is_settled or self._storage.is_paused():
            return Failure(Reason.STORAGE, "not sent: storage failed a moment ago and cannot record requests")
        return None

    def may_check(self) -> bool:
        """Whether a request may be sent that checks whether a resting token works again."""
        return self._cooldown.rest is not None and self.refusal() is None

    async def turn_day(self) -> None:
        """Begin the new day's count at the operation's local midnight."""
        if self._is_counted and self._timetable.today() == self._count.day:
            return
        try:
            await self._read_count()
        except StorageError as error:
            self._storage.failed(error)
            return
        self.show()

    def count(self, count: DayCount) -> None:
        """Note the day's requests, the one that leaves now included."""
        self._count = count

    def show(self) -> None:
        """Publish how the token stands."""
        if self._control.is_stopping():  # the operation may have another token, and another worker that speaks for it
            return
        self._store.stats.set_lease(
            self._timetable.operation.name,
            count=DayCount(self._timetable.today(), self.used),
            lease_held=self.held,
            rest=self._cooldown.failure,
            lease_wait=self._wait,
        )

    async def _take(self) -> None:
        """Take the lease if it is free; otherwise read what the process that holds it stored."""
        timetable = self._timetable
        operation = timetable.operation
        longest = max((api_timeout(operation), *(target.timeout for target in operation.targets)))
        if await self._ledger.leases.acquire(self.token, longest):
            self._wait = None
            self._cooldown.rest = await self._ledger.leases.rest(self.token)
            self._cooldown.latest = None  # another process may have asked since
            self.held = True
            self._learner.begin_lease()
            if self._standing_by:
                self._standing_by = False
                timetable.log.info("lease acquired, this process polls from now on")
        else:
            self._standing_by = True
            before, self._wait = self._wait, self._ledger.leases.waiting(self.token)
            if self._wait is not None:
                tell_wait(timetable.log, before, self._wait, timetable.operation.zone)
            await self._learner.watch()
        await self._read_count()
        self.show()

    async def _read_count(self) -> None:
        operation, day = self._timetable.operation.name, self._timetable.today()
        self._count = DayCount(day, await self._ledger.records.used(operation, day))
        self._is_counted = operation == self._timetable.operation.name
