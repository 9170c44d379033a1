"""Who may send with a token, what was sent, and what came of it. The one authority: each request asks here first."""

import hashlib
import hmac
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from typing import TypeVar

from pydantic import SecretStr
from sqlalchemy import Connection, select

from exporter.clock import Clock, stamp
from exporter.model import LeaseWait, Operation, Target, TargetKey, TargetState
from exporter.storage import companions, lease, past, quota, rows
from exporter.storage.anchors import Anchors
from exporter.storage.companions import Companions, is_asked_whole
from exporter.storage.database import Arrival, StorageError, StorageLostError
from exporter.storage.engine import Storage
from exporter.storage.past import Ends, PastAnswer, PastPlace
from exporter.storage.recovery import Memory
from exporter.storage.replicas import Moves, Replicas
from exporter.storage.request import (
    NOTHING_STORED,
    ApiRequest,
    ApiResult,
    BudgetExhaustedError,
    Changes,
    Grant,
    NotOwnerError,
    PollResult,
    Request,
    StoredApis,
    StoredCooldown,
)
from exporter.storage.schema import meta
from exporter.storage.targets import Targets

T = TypeVar("T")

PRUNE_SECONDS = 86_400.0
"""How often what nothing depends on any more is forgotten."""


class Ledger:
    """The storage of one process, under an identity of its own: each method is one transaction."""

    def __init__(self, database: Storage, clock: Clock, owner: str) -> None:
        """`owner` names this process; unique among all processes that ever use the storage."""
        self._database = database
        self._clock = clock
        self._hash_key = b""
        self._operations: tuple[Operation, ...] = ()
        self._anchors = Anchors(clock)
        self._memory = Memory()
        self._targets = Targets(clock, self._memory, self._anchors, self.hash)
        self._companions = Companions(clock, self._memory, self._anchors, self.hash)
        self._leases = lease.Leases(clock, owner)
        self._replicas = Replicas(clock, owner)
        self._waits: dict[str, LeaseWait] = {}
        self._pruned_at = clock.monotonic()
        self._refuse_once: set[str] = set()  # operations whose next request is refused, because the file was lost
        self.is_shared = database.is_shared
        """Whether processes of several machines share the storage, and the tokens spread over them."""
        self.generation = 0
        """Grows with each file that is opened: what was held in the one before is not held in it."""

    async def open(self) -> None:
        """Open storage; raises `StorageError`."""
        await self._database.open(self._enter)
        await self._database.run(self._prune)

    async def close(self) -> None:
        """Close storage."""
        if self._replicas.joined:
            with suppress(StorageError):
                await self._database.run(self._replicas.leave)
        await self._database.close()

    def hash(self, token: SecretStr) -> str:
        """The name of a token in storage: HMAC-SHA-256 under a key that only this storage has.

        It changes where the file is replaced by one with another key.
        """
        return hmac.new(self._hash_key, token.get_secret_value().encode(), hashlib.sha256).hexdigest()

    def apply_config(self, operations: Iterable[Operation]) -> None:
        """Say which operations there are: what one of them left behind under its name and token stays its own."""
        self._operations = tuple(operations)
        owners = rows.Owners(
            frozenset(one.name for one in self._operations), frozenset(self.hash(one.token) for one in self._operations)
        )
        self._targets.apply_config(owners)
        self._companions.apply_config(owners)
        self._replicas.configure(owners.tokens)

    async def adopt(self, operation: Operation) -> dict[TargetKey, TargetState]:
        """Make a place for each target and API of the operation, and tell what is known of its targets."""

        def work(connection: Connection) -> dict[TargetKey, TargetState]:
            self._companions.adopt(connection, operation)
            return self._targets.adopt(connection, operation)

        return await self._database.run(work)

    async def apis(self, operation: Operation) -> StoredApis:
        """What storage knows of the operation's APIs and of its campaigns, whoever stored it."""
        return await self._database.run(lambda connection: self._companions.read(connection, operation, -1)) or (
            NOTHING_STORED
        )

    async def read(self, operation: Operation, since: int) -> Changes:
        """What another process stored after version `since`, and the version now."""

        def work(connection: Connection) -> Changes:
            changes = self._targets.read(connection, operation, since)
            self._replicas.consumed(self.hash(operation.token))
            if changes.version == since:
                return changes
            return replace(changes, apis=self._companions.read(connection, operation, since))

        token = self.hash(operation.token)
        news = self._replicas.news(token, since)
        if news is None or (news[1] and is_asked_whole(operation)):
            return await self._database.run(work)
        self._replicas.consumed(token)
        return Changes(news[0], self._targets.match(operation, news[1]) if news[1] else {})

    async def look(self) -> Moves:
        """Take part in the spread of a shared storage's tokens: to be called every `LOOK_SECONDS` by who polls."""
        self._replicas.joined = True
        return await self._run(self._replicas.look)

    async def known(self, operation: Operation, target: Target) -> TargetState:
        """What storage knows of one target of the operation by its present name."""
        return await self._database.run(lambda connection: self._targets.known(connection, operation, target))

    async def used(self, operation: str, day: str) -> int:
        """Requests of the operation on that day, by any process."""
        count = self._replicas.used(operation, day)
        if count is None:
            count = await self._database.run(lambda connection: quota.used(connection, operation, day))
        self._memory.count(operation, day, count)
        return count

    async def acquire(self, token: str, longest: float) -> bool:
        """Take the lease of a token hash if nobody alive holds it; True where this process holds it now.

        A holder is dead when it was silent for `LEASE_SECONDS`, or is known to have died; its last request must be past
        its time limit too. Where it is not free, `waiting` tells why.

        Args:
            token: The token's hash.
            longest: The longest time limit of the token's requests, in seconds.
        """
        wait = self._replicas.obstacle(token)
        if wait is None:
            wait = await self._run(lambda connection: self._leases.acquire(connection, token, longest))
        if wait is None:
            self._waits.pop(token, None)
        else:
            self._waits[token] = wait
        return wait is None

    def waiting(self, token: str) -> LeaseWait | None:
        """Why the lease of a token hash was not free when it was asked for last; None where it was."""
        return self._waits.get(token)

    async def rest(self, token: str) -> StoredCooldown | None:
        """Why the token rests, as stored by whoever held its lease last."""
        rest = await self._database.run(lambda connection: lease.rest(connection, token))
        return None if rest is None else replace(rest, since=self._anchors.moment(rest.since))

    async def renew(self) -> frozenset[str]:
        """Show that this process lives; the token hashes whose leases it still holds."""

        def work(connection: Connection) -> frozenset[str]:
            if self._clock.monotonic() - self._pruned_at > PRUNE_SECONDS:
                self._prune(connection)
            return self._leases.renew(connection)

        return await self._run(work)  # who makes the file anew must not be the only one that is in it

    async def begin(self, request: Request) -> Grant:
        """Put a request on record before it leaves; when this returns, the record is durable.

        After the file was lost each operation's next request is refused, whoever noticed the loss: it is to be seen.

        Raises:
            NotOwnerError, BudgetExhaustedError, TooEarlyError: it must not leave.
            StorageError: it cannot be recorded, so it must not leave.
        """
        operation = request.operation
        try:
            grant = await self._database.run(lambda connection: self._begin(connection, request))
        except StorageLostError:
            if operation not in self._refuse_once:
                await self._rebuild()
            self._refuse_once.discard(operation)
            raise
        self._memory.count(operation, request.day, grant.used)
        if isinstance(request.target, ApiRequest):
            self._memory.ask_api(request.target, grant.at)
        elif isinstance(request.target, Target):
            self._memory.ask(request.target, grant.at)
        return grant

    async def finish(self, token: str, result: PollResult, rest: StoredCooldown | None) -> None:
        """Store that the token's request is over, and what the poll brought."""
        known = replace(result.known, asked=self._targets.asked(result))

        def work(connection: Connection) -> None:
            if self._leases.mark_done(connection, token, rest) is not None:
                rows.write(connection, token, result.server, result.target, known)

        self._memory.conclude(result.target, result.server, known)
        await self._database.run(work)

    async def finish_api(self, token: str, result: ApiResult, rest: StoredCooldown | None) -> None:
        """Store that the token's request to an API is over, and what it brought; `rest` as it was before."""
        result = replace(result, known=replace(result.known, asked=self._companions.asked(result)))

        def work(connection: Connection) -> None:
            version = self._leases.mark_done(connection, token, rest)
            if version is not None:
                companions.write(connection, token, version, result)

        self._memory.conclude_api(result)
        await self._database.run(work)

    async def past_ends(self, operation: Operation) -> dict[PastPlace, Ends]:
        """The ends of the windows of the operation's past that have an answer."""
        return await self._database.run(lambda connection: past.ends(connection, operation))

    async def past(self, operation: Operation, campaign: str) -> dict[PastPlace, dict[int, str]]:
        """The answers to windows of a campaign's past as texts, by the ends of the windows."""
        return await self._database.run(lambda connection: past.read(connection, operation, campaign))

    async def finish_past(self, token: str, answer: PastAnswer | None, rest: StoredCooldown | None) -> None:
        """Store that the token's request for a window of the past is over, and the answer if there was one."""

        def work(connection: Connection) -> None:
            self._leases.mark_done(connection, token, rest)
            if answer is not None:
                past.write(connection, answer, self._clock.now())

        await self._database.run(work)

    async def put_rest(self, token: str, rest: StoredCooldown | None) -> None:
        """Store that the token rests, and that its request is over, before its poll is."""
        await self._database.run(lambda connection: self._leases.mark_done(connection, token, rest))

    async def release(self, held: Iterable[str]) -> frozenset[str]:
        """Give up the leases of those token hashes that have no request in flight; which these are."""
        names = list(held)
        given = await self._database.run(lambda connection: self._leases.release(connection, names))
        self._replicas.released(given)
        return given

    def _enter(self, connection: Connection) -> None:
        """Begin with a file, in the transaction that makes it where it is new. Nothing is held in it yet.

        A file that has a key was made by another process: its key counts, and what it says of the leases.
        """
        again = self._hash_key != b""
        if self._database.arrival is not Arrival.FOUND:
            if again:
                connection.execute(meta.update().where(meta.c.name == "hash_key").values(value=self._hash_key.hex()))
            if again or self._database.arrival is Arrival.SUCCESSOR:
                lease.unsettle(connection, stamp(self._clock))
        self._hash_key = bytes.fromhex(
            connection.execute(select(meta.c.value).where(meta.c.name == "hash_key")).scalar_one()
        )
        self.apply_config(self._operations)
        self._leases.forget()
        self._replicas.forget()
        self._waits.clear()
        self._refuse_once |= self._memory.operations()
        self._memory.restore(connection, self.hash, self._anchors.moment)
        for operation, known in self._memory.apis():
            companions.restore(connection, operation, self.hash(operation.token), known, self._anchors)
        self.generation += 1

    async def _run(self, work: Callable[[Connection], T]) -> T:
        """The result of `work` in one transaction; a file that was lost is made anew for the next one."""
        try:
            return await self._database.run(work)
        except StorageLostError:
            await self._rebuild()
            raise

    async def _rebuild(self) -> None:
        await self._database.reopen(self._enter)

    def _prune(self, connection: Connection) -> None:
        self._pruned_at = self._clock.monotonic()
        self._memory.prune(self._clock)
        rows.prune(connection, self._clock, self._memory.has)
        companions.prune(connection, self._clock, self._memory.has_api)
        past.prune(connection, self._clock.now())
        quota.prune(connection)

    def _begin(self, connection: Connection, request: Request) -> Grant:
        target, token = request.target, request.token
        if request.operation in self._refuse_once:
            raise self._database.lost()
        now = stamp(self._clock)
        if not self._leases.mark_sent(connection, token, now, target.timeout):
            raise NotOwnerError
        # First: where the engine locks rows, this one keeps another token of the operation from asking meanwhile.
        used = quota.count(connection, request.operation, request.day)
        if request.interval > 0:
            if isinstance(target, ApiRequest):
                self._companions.check_interval(connection, target, request.interval, token)
            elif isinstance(target, Target):
                self._targets.check_interval(connection, target, request.interval)
        if request.budget is not None and used > request.budget:
            raise BudgetExhaustedError
        if isinstance(target, ApiRequest):
            self._companions.ask(connection, target, token, now)
        elif isinstance(target, Target):
            self._targets.ask(connection, target, token, now)
        return Grant(now, used)
