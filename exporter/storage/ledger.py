"""Who may send with a token, what was sent, and what came of it. The one authority: each request asks here first."""

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from pydantic import SecretStr
from sqlalchemy import Connection, RowMapping, or_, select

from exporter.clock import Clock, Stamp, age, anchor, stamp
from exporter.model import NOTHING_KNOWN, Failure, LeaseWait, Operation, Target, TargetKey, TargetState
from exporter.storage import lease, quota, rows, statements
from exporter.storage import snapshot as text
from exporter.storage.database import Arrival, Database, StorageLostError
from exporter.storage.recovery import Memory
from exporter.storage.schema import meta, targets, tokens


class RequestRefusedError(Exception):
    """The request must not be sent now."""


class NotOwnerError(RequestRefusedError):
    """Another process holds the token's lease."""


class BudgetExhaustedError(RequestRefusedError):
    """The day's budget of the operation is used up."""


class TooEarlyError(RequestRefusedError):
    """The same campaign and window was asked for less than its interval ago."""

    def __init__(self, wait: float) -> None:
        """`wait`: seconds until it may be asked."""
        super().__init__(f"may be asked in {wait:.1f} s")
        self.wait = wait


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be sent."""

    token: str
    """The token's hash."""
    target: Target
    day: str
    """The operation's local date, ISO."""
    budget: int | None
    interval: float
    """Seconds that must lie between this and the one before; 0 for a retry."""


@dataclass(frozen=True, slots=True)
class Grant:
    """The request is on record and may leave."""

    at: Stamp
    used: int
    """Requests of the operation on that day, this one included."""


@dataclass(frozen=True, slots=True)
class StoredCooldown:
    """Why and since when a token rests."""

    failure: Failure
    since: Stamp


@dataclass(frozen=True, slots=True)
class PollResult:
    """What a poll brought, to be put down."""

    target: Target
    server: str
    known: TargetState


class Ledger:
    """The storage of one process, under an identity of its own."""

    def __init__(self, database: Database, clock: Clock, owner: str) -> None:
        """`holder` names this process; unique among all processes that ever use the storage."""
        self._database = database
        self._clock = clock
        self._hash_key = b""
        self._operations: tuple[Operation, ...] = ()
        self._owners = rows.Owners()
        self._leases = lease.Leases(clock, owner)
        self._waits: dict[str, LeaseWait] = {}
        self._anchors: dict[Stamp, Stamp] = {}  # moments of earlier boots by this one's clock, as first seen
        self._refuse_once: set[str] = set()  # operations whose next request is refused, because the file was lost
        self._memory = Memory()
        self.generation = 0
        """Grows with each file that is opened: what was held in the one before is not held in it."""

    async def open(self) -> None:
        """Open storage; raises `StorageError`."""
        await self._database.open(self._enter)
        await self._database.run(self._prune)

    async def close(self) -> None:
        """Close storage."""
        await self._database.close()

    def hash(self, token: SecretStr) -> str:
        """The name of a token in storage: HMAC-SHA-256 under a key that only this storage has.

        It changes where the file is replaced by one with another key.
        """
        return hmac.new(self._hash_key, token.get_secret_value().encode(), hashlib.sha256).hexdigest()

    def apply_config(self, operations: Iterable[Operation]) -> None:
        """Say which operations there are: what one of them left behind under its name and token stays its own."""
        self._operations = tuple(operations)
        self._owners = rows.Owners(
            frozenset(one.name for one in self._operations), frozenset(self.hash(one.token) for one in self._operations)
        )

    async def adopt(self, operation: Operation) -> dict[TargetKey, TargetState]:
        """Make a place for each target of the operation, and tell what is known of it."""
        return await self._database.run(lambda connection: self._adopt(connection, operation))

    async def read(self, operation: Operation, since: int) -> tuple[int, dict[TargetKey, TargetState]]:
        """What another process put down after version `since`, and the version now."""
        token = self.hash(operation.token)

        def work(connection: Connection) -> tuple[int, dict[TargetKey, TargetState]]:
            now = connection.execute(select(tokens.c.version).where(tokens.c.token == token)).scalar() or 0
            if now == since:
                return now, {}
            changed = select(targets).where(targets.c.token == token, targets.c.version > since)
            found = self._anchored(connection.execute(changed).mappings().all())
            known = rows.match(operation, token, found, self._owners)
            self._learn(operation, known)
            return now, known

        return await self._database.run(work)

    async def known(self, operation: Operation, target: Target) -> TargetState:
        """What storage knows of one target of the operation by its present name."""
        token = self.hash(operation.token)

        def work(connection: Connection) -> TargetState:
            campaign, span, name = rows.name(target)
            place = targets.c.campaign == campaign, targets.c.span == span, targets.c.operation == name
            found = self._anchored(connection.execute(select(targets).where(*place)).mappings().all())
            known = rows.match(operation, token, found, self._owners)
            self._learn(operation, known)
            return known.get(target.key, NOTHING_KNOWN)

        return await self._database.run(work)

    async def used(self, operation: str, day: str) -> int:
        """Requests of the operation on that day, by any process."""
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
        try:
            wait = await self._database.run(lambda connection: self._leases.acquire(connection, token, longest))
        except StorageLostError:
            await self._rebuild()
            raise
        if wait is None:
            self._waits.pop(token, None)
        else:
            self._waits[token] = wait
        return wait is None

    def waiting(self, token: str) -> LeaseWait | None:
        """Why the lease of a token hash was not free when it was asked for last; None where it was."""
        return self._waits.get(token)

    async def rest(self, token: str) -> StoredCooldown | None:
        """Why the token rests, as put down by whoever held its lease last."""

        def work(connection: Connection) -> StoredCooldown | None:
            row = connection.execute(select(tokens.c.rest, tokens.c.rest_since).where(tokens.c.token == token)).first()
            if row is None or row.rest is None:
                return None
            return StoredCooldown(text.failure_from_text(row.rest), self._anchor(row.rest_since))

        return await self._database.run(work)

    async def renew(self) -> frozenset[str]:
        """Show that this process lives; the token hashes whose leases it still holds."""
        try:
            return await self._database.run(self._leases.renew)
        except StorageLostError:  # who makes the file anew must not be the only one that is in it
            await self._rebuild()
            raise

    async def begin(self, request: Request) -> Grant:
        """Put a request on record before it leaves; when this returns, the record is durable.

        After the file was lost each operation's next request is refused, whoever noticed the loss: it is to be seen.

        Raises:
            NotOwnerError, BudgetExhaustedError, TooEarlyError: it must not leave.
            StorageError: it cannot be recorded, so it must not leave.
        """
        operation = request.target.key.operation
        try:
            grant = await self._database.run(lambda connection: self._begin(connection, request))
        except StorageLostError:
            if operation not in self._refuse_once:
                await self._rebuild()
            self._refuse_once.discard(operation)
            raise
        self._memory.count(operation, request.day, grant.used)
        self._memory.ask(request.target, grant.at)
        return grant

    async def finish(self, token: str, outcome: PollResult, rest: StoredCooldown | None) -> None:
        """Put down that the token's request is over, and what the poll brought."""
        # A poll that ended by a fault need not know that its request left; what is on record stays there.
        recorded, asked = self._memory.target(outcome.target).known.asked, outcome.known.asked
        if recorded is not None and (asked is None or asked.monotonic < recorded.monotonic):
            asked = recorded
        known = replace(outcome.known, asked=asked)

        def work(connection: Connection) -> None:
            if self._mark_done(connection, token, rest):
                rows.write(connection, token, outcome.server, outcome.target, known)

        self._memory.conclude(outcome.target, outcome.server, known)
        await self._database.run(work)

    async def put_rest(self, token: str, rest: StoredCooldown | None) -> None:
        """Put down that the token rests, and that its request is over, before its poll is."""
        await self._database.run(lambda connection: self._mark_done(connection, token, rest))

    async def release(self, held: Iterable[str]) -> None:
        """Give up the leases of those token hashes that have no request in flight."""
        names = list(held)
        await self._database.run(lambda connection: self._leases.release(connection, names))

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
        self._waits.clear()
        self._refuse_once |= self._memory.operations()
        self._memory.restore(connection, self.hash, self._anchor)
        self.generation += 1

    async def _rebuild(self) -> None:
        await self._database.reopen(self._enter)

    def _prune(self, connection: Connection) -> None:
        rows.prune(connection, self._clock)
        quota.prune(connection)

    def _adopt(self, connection: Connection, operation: Operation) -> dict[TargetKey, TargetState]:
        token = self.hash(operation.token)
        found = or_(targets.c.token == token, targets.c.operation == operation.name)
        read = connection.execute(select(targets).where(found)).mappings().all()
        stored = self._anchored(read)
        for before, row in zip(read, stored, strict=True):
            if row["asked"] != before["asked"]:  # of an earlier boot; each restart would take it as now once more
                statements.ASK.run(connection, rows.parameters(rows.place_of(row)) | {"the_moment": row["asked"]})
        known = rows.match(operation, token, stored, self._owners)
        present = {rows.place_of(row) for row in stored}
        latest: dict[tuple[str, str], dict[str, Any]] = {}  # also under an earlier name of the operation
        for one in sorted((one for one in stored if one["asked"] is not None), key=lambda one: one["asked"].monotonic):
            latest[one["campaign"], one["span"]] = one
        missing = []
        for target in operation.targets:
            blank = rows.blank(token, operation.base_url, target)
            if rows.place_of(blank) not in present:
                last = latest.get((target.key.campaign, rows.span(target)), blank)
                missing.append(blank | {"asked": last["asked"], "polled": last.get("polled")})
        if missing:
            connection.execute(targets.insert(), missing)
        self._learn(operation, {target.key: known.get(target.key, NOTHING_KNOWN) for target in operation.targets})
        return known

    def _learn(self, operation: Operation, known: dict[TargetKey, TargetState]) -> None:
        for target in operation.targets:
            if target.key in known:
                self._memory.learn(operation, target, known[target.key])

    def _anchored(self, stored: Iterable[RowMapping]) -> list[dict[str, Any]]:
        """The rows with their moments on the clocks of this boot."""
        return [
            {name: self._anchor(value) if isinstance(value, Stamp) else value for name, value in row.items()}
            for row in stored
        ]

    def _anchor(self, moment: Stamp) -> Stamp:
        if moment.boot == self._clock.boot:
            return moment
        return self._anchors.setdefault(moment, anchor(self._clock, moment))

    def _begin(self, connection: Connection, request: Request) -> Grant:
        target = request.target
        if target.key.operation in self._refuse_once:
            raise self._database.lost()
        now = stamp(self._clock)
        if not self._leases.mark_sent(connection, request.token, now, target.timeout):
            raise NotOwnerError
        if request.interval > 0:
            self._check_interval(connection, request)
        used = quota.count(connection, target.key.operation, request.day)
        if request.budget is not None and used > request.budget:
            raise BudgetExhaustedError
        row = rows.blank(request.token, self._memory.target(target).server, target) | {"asked": now}
        if statements.ASK.run(connection, rows.parameters(rows.place_of(row)) | {"the_moment": now}).rowcount == 0:
            connection.execute(targets.insert().values(**row))
        return Grant(now, used)

    def _mark_done(self, connection: Connection, token: str, rest: StoredCooldown | None) -> bool:
        """Put down the end of the request; False where another process has taken over and knows better."""
        failure = None if rest is None else text.failure_to_text(rest.failure)
        return self._leases.mark_done(connection, token, failure, None if rest is None else rest.since)

    def _check_interval(self, connection: Connection, request: Request) -> None:
        """Hold to what is on record, whichever process and token it was asked with.

        What was asked for under another name of the operation is known here, since the target was adopted.
        """
        waits = []
        remembered = self._memory.target(request.target).known.asked
        if remembered is not None:
            waits.append(request.interval - age(self._clock, remembered))
        for asked, polled in rows.asked(connection, request.target):
            left = request.interval - age(self._clock, asked)
            if polled is None or age(self._clock, polled) > age(self._clock, asked):
                # It never ended, so when it left is not on record.
                left += lease.departure_seconds(request.target.timeout)
            waits.append(left)
        if waits and max(waits) > 0:
            raise TooEarlyError(max(waits))
