"""Who may send with a token, what was sent, and what came of it. The one authority: each request asks here first."""

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from pydantic import SecretStr
from sqlalchemy import Connection, RowMapping, and_, or_, select

from exporter.clock import Clock, Stamp, age, anchor, stamp
from exporter.model import Failure, Key, Operation, Target
from exporter.storage import rows, statements
from exporter.storage import snapshot as text
from exporter.storage.database import Database, StorageLostError
from exporter.storage.holder import is_dead
from exporter.storage.rows import Known
from exporter.storage.schema import meta, targets, tokens, usage

LEASE_SECONDS = 30.0
"""A holder that was silent for so long counts as dead."""

RENEWAL_SECONDS = 8.0
"""How often a living holder shows itself: three may fail before it counts as dead."""

FLIGHT_MARGIN = 0.5
"""Seconds added to the time limit of a request whose end is not known: it left a little after it was recorded."""


class Refusal(Exception):  # noqa: N818 (an answer of the ledger, not a fault)
    """The request must not be sent now."""


class NotHolder(Refusal):
    """Another process holds the token's lease."""


class BudgetGone(Refusal):
    """The day's budget of the operation is used up."""


class TooEarly(Refusal):
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
class Rest:
    """Why and since when a token rests."""

    failure: Failure
    since: Stamp


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a poll brought, to be put down."""

    target: Target
    server: str
    known: Known


@dataclass(frozen=True, slots=True)
class _Sighting:
    """A lease of another process, as last seen."""

    row: dict[str, object]
    since: float
    """Monotonic seconds of this process when it first looked like this."""


class Ledger:
    """The storage of one process, under an identity of its own."""

    def __init__(self, database: Database, clock: Clock, holder: str) -> None:
        """`holder` names this process; unique among all processes that ever use the storage."""
        self._database = database
        self._clock = clock
        self._holder = holder
        self._hash_key = b""
        self._owners = rows.Owners()
        self._held: set[str] = set()
        self._sightings: dict[str, _Sighting] = {}
        self._anchors: dict[Stamp, Stamp] = {}  # moments of earlier boots by this one's clock, as first seen
        self._shaken: set[str] = set()  # tokens whose next request is refused, because the file was lost
        # What must survive the loss of the file, small: when each target was asked, and the days' counts.
        self._asked: dict[tuple[str, str, str], dict[str, object]] = {}
        self._used: dict[tuple[str, str], int] = {}

    async def open(self) -> None:
        """Open storage; raises `StorageError`."""
        await self._database.open()
        await self._database.run(lambda connection: rows.prune(connection, self._clock.now()))
        self._hash_key = await self._database.run(self._read_key)

    async def close(self) -> None:
        """Close storage."""
        await self._database.close()

    def hash(self, token: SecretStr) -> str:
        """The name of a token in storage: HMAC-SHA-256 under a key that only this storage has."""
        return hmac.new(self._hash_key, token.get_secret_value().encode(), hashlib.sha256).hexdigest()

    def arrange(self, operations: Iterable[Operation]) -> None:
        """Say which operations there are: what one of them left behind under its name and token stays its own."""
        present = list(operations)
        self._owners = rows.Owners(
            frozenset(one.name for one in present), frozenset(self.hash(one.token) for one in present)
        )

    async def adopt(self, operation: Operation) -> dict[Key, Known]:
        """Make a place for each target of the operation, and tell what is known of it."""
        token = self.hash(operation.token)
        return await self._database.run(lambda connection: self._adopt(connection, operation, token))

    async def read(self, operation: Operation, since: int) -> tuple[int, dict[Key, Known]]:
        """What another process put down after version `since`, and the version now."""
        token = self.hash(operation.token)

        def work(connection: Connection) -> tuple[int, dict[Key, Known]]:
            now = connection.execute(select(tokens.c.version).where(tokens.c.token == token)).scalar() or 0
            if now == since:
                return now, {}
            changed = select(targets).where(targets.c.token == token, targets.c.version > since)
            found = self._anchored(connection.execute(changed).mappings().all())
            return now, rows.match(operation, token, found, self._owners)

        return await self._database.run(work)

    async def used(self, operation: str, day: str) -> int:
        """Requests of the operation on that day, by any process."""

        def work(connection: Connection) -> int:
            found = select(usage.c.requests).where(usage.c.operation == operation, usage.c.day == day)
            return connection.execute(found).scalar() or 0

        count = await self._database.run(work)
        self._used[operation, day] = count
        return count

    async def acquire(self, token: str) -> bool:
        """Take the lease of a token hash if nobody alive holds it; True where this process holds it now.

        A holder is dead when it was silent for `LEASE_SECONDS`, or is known to have died; its last request must be past
        its time limit too.
        """
        try:
            return await self._database.run(lambda connection: self._acquire(connection, token))
        except StorageLostError:
            await self._rebuild()
            raise

    async def rest(self, token: str) -> Rest | None:
        """Why the token rests, as put down by whoever held its lease last."""

        def work(connection: Connection) -> Rest | None:
            row = connection.execute(select(tokens.c.rest, tokens.c.rest_since).where(tokens.c.token == token)).first()
            if row is None or row.rest is None:
                return None
            return Rest(text.failure_from_text(row.rest), self._anchor(row.rest_since))

        return await self._database.run(work)

    async def renew(self) -> frozenset[str]:
        """Show that this process lives; the token hashes whose leases it still holds."""
        try:
            held = await self._database.run(self._renew)
        except StorageLostError:  # who makes the file anew must not be the only one that is in it
            await self._rebuild()
            raise
        self._held = set(held)
        return held

    async def begin(self, request: Request) -> Grant:
        """Put a request on record before it leaves; when this returns, the record is durable.

        After the file was lost each token's next request is refused, whoever noticed the loss: it is to be seen.

        Raises:
            NotHolder, BudgetGone, TooEarly: it must not leave.
            StorageError: it cannot be recorded, so it must not leave.
        """
        try:
            grant = await self._database.run(lambda connection: self._begin(connection, request))
        except StorageLostError:
            if request.token not in self._shaken:
                await self._rebuild()
            self._shaken.discard(request.token)
            raise
        self._used[request.target.key.operation, request.day] = grant.used
        self._asked[rows.name(request.target)] |= {"asked": grant.at, "token": request.token}
        return grant

    async def finish(self, token: str, outcome: Outcome, rest: Rest | None) -> None:
        """Put down that the token's request is over, and what the poll brought."""
        # A poll that ended by a fault need not know that its request left; what is on record stays there.
        recorded, asked = self._asked[rows.name(outcome.target)]["asked"], outcome.known.asked
        if isinstance(recorded, Stamp) and (asked is None or asked.monotonic < recorded.monotonic):
            asked = recorded
        known = replace(outcome.known, asked=asked)

        def work(connection: Connection) -> None:
            if self._land(connection, token, rest):
                rows.write(connection, token, outcome.server, outcome.target, known)

        self._asked[rows.name(outcome.target)]["asked"] = asked
        await self._database.run(work)

    async def put_rest(self, token: str, rest: Rest | None) -> None:
        """Put down that the token rests, and that its request is over, before its poll is."""
        await self._database.run(lambda connection: self._land(connection, token, rest))

    async def release(self, held: Iterable[str]) -> None:
        """Give up the leases of those token hashes that have no request in flight."""
        names = list(held)
        self._held.difference_update(names)
        mine = and_(tokens.c.token.in_(names), tokens.c.holder == self._holder, tokens.c.flight.is_(None))
        await self._database.run(lambda connection: connection.execute(tokens.update().where(mine).values(holder=None)))

    def _read_key(self, connection: Connection) -> bytes:
        return bytes.fromhex(connection.execute(select(meta.c.value).where(meta.c.name == "hash_key")).scalar_one())

    def _adopt(self, connection: Connection, operation: Operation, token: str) -> dict[Key, Known]:
        found = or_(targets.c.token == token, targets.c.operation == operation.name)
        read = connection.execute(select(targets).where(found)).mappings().all()
        stored = self._anchored(read)
        for before, row in zip(read, stored, strict=True):
            if row["asked"] != before["asked"]:  # of an earlier boot; each restart would take it as now once more
                statements.ASK.run(connection, rows.parameters(rows.place_of(row)) | {"the_moment": row["asked"]})
        known = rows.match(operation, token, stored, self._owners)
        present = {rows.place_of(row) for row in stored}
        missing = []
        for target in operation.targets:
            asked = known[target.key].asked if target.key in known else None
            row = rows.blank(token, operation.base_url, target) | {"asked": asked}
            self._asked[rows.name(target)] = row
            if rows.place_of(row) not in present:
                missing.append(row)
        if missing:
            connection.execute(targets.insert(), missing)
        return known

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

    def _acquire(self, connection: Connection, token: str) -> bool:
        row = connection.execute(select(tokens).where(tokens.c.token == token)).mappings().first()
        if row is None:
            connection.execute(tokens.insert().values(token=token, holder=self._holder, beat=stamp(self._clock)))
        elif row["holder"] != self._holder:
            if not self._is_free(token, row):
                return False
            taken = {"holder": self._holder, "beat": stamp(self._clock), "flight": None, "flight_timeout": None}
            connection.execute(tokens.update().where(tokens.c.token == token).values(**taken))
        self._sightings.pop(token, None)
        self._held.add(token)
        return True

    def _is_free(self, token: str, row: RowMapping) -> bool:
        """Whether the holder is dead and its last request over.

        The stored ages may be wrong where the wall clock stepped between boots; what this process saw unchanged for
        long enough on its own monotonic clock is old in any case.
        """
        now = self._clock.monotonic()
        sighting = self._sightings.get(token)
        if sighting is None or sighting.row != dict(row):
            sighting = self._sightings[token] = _Sighting(dict(row), now)
        watched = now - sighting.since
        silent = max(watched, age(self._clock, row["beat"]))
        held = row["holder"] is not None and silent < LEASE_SECONDS
        if held and not is_dead(row["holder"], self._clock.boot):
            return False
        if row["flight"] is None:
            return True
        return max(watched, age(self._clock, row["flight"])) >= float(row["flight_timeout"]) + FLIGHT_MARGIN

    def _renew(self, connection: Connection) -> frozenset[str]:
        mine = tokens.c.holder == self._holder
        connection.execute(tokens.update().where(mine).values(beat=stamp(self._clock)))
        return frozenset(connection.execute(select(tokens.c.token).where(mine)).scalars())

    def _begin(self, connection: Connection, request: Request) -> Grant:
        if request.token in self._shaken:
            raise self._database.lost()
        now = stamp(self._clock)
        target = request.target
        mine = {"the_token": request.token, "the_holder": self._holder}
        flight = {"the_moment": now, "the_timeout": target.timeout}
        if statements.TAKE_OFF.run(connection, mine | flight).rowcount == 0:
            raise NotHolder
        if request.interval > 0:
            self._check_interval(request)
        used = rows.count(connection, target.key.operation, request.day)
        if request.budget is not None and used > request.budget:
            raise BudgetGone
        row = self._asked[rows.name(target)] | {"asked": now, "token": request.token}
        if statements.ASK.run(connection, rows.parameters(rows.place_of(row)) | {"the_moment": now}).rowcount == 0:
            connection.execute(targets.insert().values(**row))
        return Grant(now, used)

    def _check_interval(self, request: Request) -> None:
        """Only the holder of the lease asks, and whoever becomes it adopts the targets: what is known here is true."""
        asked = self._asked[rows.name(request.target)]["asked"]
        if not isinstance(asked, Stamp):
            return
        waited = age(self._clock, asked)
        if waited < request.interval:
            raise TooEarly(request.interval - waited)

    def _land(self, connection: Connection, token: str, rest: Rest | None) -> bool:
        """Put down the end of the request; False where another process has taken over and knows better."""
        landed = {
            "the_token": token,
            "the_holder": self._holder,
            "the_rest": None if rest is None else text.failure_to_text(rest.failure),
            "the_rest_since": None if rest is None else rest.since,
        }
        return statements.LAND.run(connection, landed).rowcount == 1

    async def _rebuild(self) -> None:
        await self._database.reopen(self._restore)
        self._shaken |= self._held

    def _restore(self, connection: Connection) -> None:
        """Put into a file that is new, or came back, what this process knows better."""
        connection.execute(meta.update().where(meta.c.name == "hash_key").values(value=self._hash_key.hex()))
        present = {row["token"] for row in connection.execute(select(tokens.c.token)).mappings()}
        for token in self._held - present:
            connection.execute(tokens.insert().values(token=token, holder=self._holder, beat=stamp(self._clock)))
        for token, sighting in self._sightings.items():
            if token not in present:
                connection.execute(tokens.insert().values(**sighting.row))
        for (operation, day), count in self._used.items():
            place = and_(usage.c.operation == operation, usage.c.day == day)
            stored = connection.execute(select(usage.c.requests).where(place)).scalar()
            if stored is None:
                connection.execute(usage.insert().values(operation=operation, day=day, requests=count))
            elif stored < count:
                connection.execute(usage.update().where(place).values(requests=count))
        places = {rows.place_of(row) for row in connection.execute(select(targets)).mappings()}
        missing = [row for row in self._asked.values() if rows.place_of(row) not in places]
        if missing:
            connection.execute(targets.insert(), missing)
        later = [
            rows.parameters(rows.place_of(row)) | {"the_moment": row["asked"]}
            for row in self._asked.values()
            if row["token"] in self._held
        ]
        if later:
            connection.execute(statements.ASK.statement, later)
