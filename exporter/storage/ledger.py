"""What was sent, and what came of it. The one authority: each request asks here first whether it may leave."""

import hashlib
import hmac
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from typing import TypeVar

from pydantic import SecretStr
from sqlalchemy import Connection, select

from exporter.clock import Clock, stamp
from exporter.model import Operation, Target
from exporter.storage import companions, lease, past, quota, rows
from exporter.storage.anchors import Anchors
from exporter.storage.companions import Companions
from exporter.storage.database import Arrival, StorageError, StorageLostError
from exporter.storage.engine import Storage
from exporter.storage.lease_keeper import LeaseKeeper
from exporter.storage.past import PastAnswer
from exporter.storage.records import Records
from exporter.storage.recovery import Memory
from exporter.storage.replicas import Replicas
from exporter.storage.request import (
    ApiRequest,
    ApiResult,
    BudgetExhaustedError,
    Grant,
    NotOwnerError,
    PollResult,
    Request,
    StoredCooldown,
)
from exporter.storage.schema import meta
from exporter.storage.targets import Targets

T = TypeVar("T")


class Ledger:
    """Puts each request of one process on record, with its end; each method is one transaction."""

    def __init__(self, database: Storage, clock: Clock, owner: str) -> None:
        """`owner` names this process; unique among all processes that ever use the storage."""
        self._database = database
        self._clock = clock
        self._hash_key = b""
        self._hashes: dict[tuple[bytes, SecretStr], str] = {}
        self._operations: tuple[Operation, ...] = ()
        self._tokens: dict[str, SecretStr] = {}  # by their hashes
        self._anchors = Anchors(clock)
        self._memory = Memory()
        self._targets = Targets(clock, self._memory, self._anchors, self.hash)
        self._companions = Companions(clock, self._memory, self._anchors, self.hash)
        self._replicas = Replicas(clock, owner)
        self._refuse_once: set[str] = set()  # operations whose next request is refused, because the file was lost
        self.leases = LeaseKeeper(
            clock,
            owner,
            run=database.run,
            run_again=self._run,
            run_first=self._run_first,
            replicas=self._replicas,
            anchors=self._anchors,
            prune=self._prune,
        )
        """Who may send."""
        self.records = Records(
            database,
            targets=self._targets,
            companions=self._companions,
            replicas=self._replicas,
            memory=self._memory,
            hash_token=self.hash,
        )
        """What storage knows."""
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
        place = self._hash_key, token
        known = self._hashes.get(place)
        if known is None:
            known = self._hashes[place] = hmac.new(
                place[0], token.get_secret_value().encode(), hashlib.sha256
            ).hexdigest()
        return known

    def apply_config(self, operations: Iterable[Operation]) -> None:
        """Say which operations there are: what one of them left behind under its name and token stays its own."""
        self._operations = tuple(operations)
        self._hashes.clear()  # of tokens that are used no more
        self._tokens = {self.hash(one.token): one.token for one in self._operations}
        owners = rows.Owners(
            frozenset(one.name for one in self._operations), frozenset(self.hash(one.token) for one in self._operations)
        )
        self._targets.apply_config(owners)
        self._companions.apply_config(owners)
        self._replicas.configure(owners.tokens)

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
        self._remember(token, rest)

        def work(connection: Connection) -> None:
            if self.leases.own.mark_done(connection, token, rest) is not None:
                rows.write(connection, token, result.server, result.target, known)

        self._memory.conclude(result.target, result.server, known)
        await self._database.run(work)

    async def finish_api(self, token: str, result: ApiResult, rest: StoredCooldown | None) -> None:
        """Store that the token's request to an API is over, and what it brought; `rest` as it was before."""
        result = replace(result, known=replace(result.known, asked=self._companions.asked(result)))
        self._remember(token, rest)

        def work(connection: Connection) -> None:
            version = self.leases.own.mark_done(connection, token, rest)
            if version is not None:
                companions.write(connection, token, version, result)

        self._memory.conclude_api(result)
        await self._database.run(work)

    async def finish_past(self, token: str, answer: PastAnswer | None, rest: StoredCooldown | None) -> None:
        """Store that the token's request for a window of the past is over, and the answer if there was one."""
        self._remember(token, rest)

        def work(connection: Connection) -> None:
            self.leases.own.mark_done(connection, token, rest)
            if answer is not None:
                past.write(connection, answer, self._clock.now())

        await self._database.run(work)

    async def put_rest(self, token: str, rest: StoredCooldown | None) -> None:
        """Store that the token rests, and that its request is over, before its poll is."""
        self._remember(token, rest)
        await self._database.run(lambda connection: self.leases.own.mark_done(connection, token, rest))

    def _remember(self, token: str, rest: StoredCooldown | None) -> None:
        if token in self._tokens:
            self._memory.rest(self._tokens[token], rest)

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
        self.leases.forget()
        self.leases.own.restore(connection, {self.hash(one): rest for one, rest in self._memory.rests().items()})
        self._refuse_once |= self._memory.operations()
        self._memory.restore(connection, self.hash, self._anchors.moment)
        for operation, known in self._memory.apis():
            companions.restore(connection, operation, self.hash(operation.token), known, self._anchors)
        self.generation += 1

    async def _run(self, work: Callable[[Connection], T]) -> T:
        """The result of `work` in one transaction; a file that was lost is made anew for the next one."""
        return await self._rebuilding(self._database.run(work))

    async def _run_first(self, work: Callable[[Connection], T]) -> T:
        """As `_run`, before all those that wait."""
        return await self._rebuilding(self._database.run_first(work))

    async def _rebuilding(self, running: Awaitable[T]) -> T:
        try:
            return await running
        except StorageLostError:
            await self._rebuild()
            raise

    async def _rebuild(self) -> None:
        await self._database.reopen(self._enter)

    def _prune(self, connection: Connection) -> None:
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
        if not self.leases.own.mark_sent(connection, token, now, target.timeout):
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
