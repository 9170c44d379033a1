"""The processes that share a database, as one of them saw them last: read for all tokens at once, every few seconds.

A process that does not poll with a token asks nothing more of the database for it: that is what a replica costs.

A look runs in the storage's thread and changes nothing here. What it found is taken in by the event loop, as a whole
and only once its transaction is over: nobody reads half of a look, and one that failed leaves no trace.
"""

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, String, and_, bindparam, or_, select, type_coerce

from exporter.clock import Clock, age, stamp
from exporter.model import LeaseWait, WaitCause
from exporter.storage.lease import LEASE_SECONDS
from exporter.storage.schema import replicas, stamp_of, targets, tokens, usage
from exporter.storage.spread import assign

LOOK_SECONDS = 2.0
"""How often it is read."""

_UNWANTED_SECONDS = 20.0
"""A token that nobody took for so long is anybody's: the one that was to take it may not be able to."""

_FORGOTTEN_SECONDS = 600.0

_DAY_SECONDS = 60.0
"""The counts of a day that nobody asked for in so long are read no more."""

_CHUNK = 32

_CHANGED = select(targets).where(
    or_(*(
        and_(targets.c.token == bindparam(f"token_{n}"), targets.c.version > bindparam(f"since_{n}"))
        for n in range(_CHUNK)
    ))
)  # fmt: skip

_TOKENS = select(
    tokens.c.token, tokens.c.holder, type_coerce(tokens.c.beat, String).label("beat"), tokens.c.version
)  # fmt: skip

_USED = select(usage).where(usage.c.day >= bindparam("since"))


@dataclass(frozen=True, slots=True)
class Moves:
    """What this process is to do about the leases."""

    take: frozenset[str] = frozenset()
    """Tokens that it may take, or of which there is news."""
    give: frozenset[str] = frozenset()
    """Tokens that it polls with and another replica should."""
    counted: frozenset[str] = frozenset()
    """Operations that have sent a request since."""


@dataclass(frozen=True, slots=True)
class News:
    """What others stored of a token and its worker has not read yet."""

    base: int
    """The version before."""
    version: int
    """The version now."""
    rows: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class View:
    """What a look found. The event loop notes in the latest one what it does itself until the next."""

    at: float = -math.inf
    """When, in monotonic seconds."""
    generation: int = 0
    """Of which tables."""
    living: dict[str, str | None] = field(default_factory=dict)
    """Each token with the living process that polls with it."""
    alive: dict[str, frozenset[str]] = field(default_factory=dict)
    """Each living replica with the tokens of its configuration."""
    holders: dict[str, str | None] = field(default_factory=dict)
    """The same, but for tokens that a process polls with that takes no share: there is nothing to spread."""
    assigned: dict[str, str] = field(default_factory=dict)
    """Each token with the replica that is to poll with it."""
    free_since: dict[str, float] = field(default_factory=dict)
    versions: dict[str, int] = field(default_factory=dict)
    """Of the tokens that others poll with."""
    news: dict[str, News] = field(default_factory=dict)
    used: dict[tuple[str, str], int] = field(default_factory=dict)
    """Requests of each operation on each day that was read."""
    read_since: str | None = None
    """The first of those days."""


@lru_cache(maxsize=32)
def _names(text: str) -> frozenset[str]:
    """The tokens of a replica; they seldom change, and may be thousands."""
    return frozenset(json.loads(text))


@lru_cache(maxsize=2)
def _text(names: frozenset[str]) -> str:
    return json.dumps(sorted(names))


class Replicas:
    """What the others do."""

    def __init__(self, clock: Clock, owner: str) -> None:
        self._clock = clock
        self._owner = owner
        self._own: frozenset[str] = frozenset()
        self._view = View()
        self._generation = 0
        self._days: dict[str, float] = {}  # those that are asked for, and when they were last
        self.joined = False
        """Whether this process takes its share of the tokens."""

    def configure(self, own: Iterable[str]) -> None:
        """Say with which token hashes this process could poll."""
        self._own = frozenset(own)

    def forget(self) -> None:
        """Begin anew, with other tables."""
        self._generation += 1
        self._view = View(generation=self._generation)

    def look(self, connection: Connection) -> View:
        """Show that this process lives, and see what the others do. In a transaction; `take_in` is to follow."""
        before, own, days = self._view, self._own, dict(self._days)  # a reload may come meanwhile
        alive = self._show(connection, own)
        rows = connection.execute(_TOKENS).all()
        now = self._clock.monotonic()
        others = {token: version for token, holder, _, version in rows if holder != self._owner and token in own}
        # Far fewer moments than tokens: a holder shows itself at the same one for all of its own.
        beats = {beat for _, _, beat, _ in rows}
        dead = {beat for beat in beats if age(self._clock, stamp_of(beat)) >= LEASE_SECONDS}
        living: dict[str, str | None] = dict.fromkeys(own)
        living |= {token: None if beat in dead else holder for token, holder, beat, _ in rows}
        holders = {token: holder for token, holder in living.items() if holder is None or holder in alive}
        is_same = holders == before.holders and alive == before.alive
        first = min(days, default=None)
        counts = () if first is None else connection.execute(_USED, {"since": first}).all()
        return View(
            at=now,
            generation=before.generation,
            living=living,
            alive=alive,
            holders=holders,
            assigned=before.assigned if is_same else assign(holders, alive),
            free_since={token: before.free_since.get(token, now) for token in own if living[token] is None},
            versions=others,
            news=self._read(connection, others, before),
            used={(operation, day): requests for operation, day, requests in counts},
            read_since=first,
        )

    def take_in(self, view: View) -> Moves:
        """Go by what a look found from now on; what this process is to do."""
        before = self._view
        if view.generation != self._generation:
            return Moves()  # of tables that are gone
        self._view = view
        self._days = {day: at for day, at in self._days.items() if view.at - at < _DAY_SECONDS}
        unseen = view.versions.keys() - before.versions.keys()
        free = frozenset(token for token in view.free_since if self._may_take(token))
        return Moves(
            take=free | unseen | view.news.keys(),
            give=frozenset(
                token
                for token, owner in view.living.items()
                if owner == self._owner and view.assigned.get(token, self._owner) != self._owner
            ),
            counted=frozenset(
                operation for (operation, day), one in view.used.items() if before.used.get((operation, day)) != one
            ),
        )

    def obstacle(self, token: str) -> LeaseWait | None:
        """Why this process need not even ask for a token's lease; None where it is to ask."""
        if not self._is_fresh() or token not in self._view.living:
            return None
        holder = self._view.living[token]
        if holder == self._owner or (holder is None and self._may_take(token)):
            return None
        return LeaseWait(WaitCause.PROCESS, None)

    def news(self, token: str, since: int) -> tuple[int, tuple[Any, ...]] | None:
        """The version of a token and its targets' rows that were stored after `since`; None where that is not known."""
        if not self._is_fresh() or token not in self._view.versions:
            return None
        now = self._view.versions[token]
        if since == now:
            return now, ()
        found = self._view.news.get(token)
        if found is None or found.base > since:
            return None
        return now, tuple(row for row in found.rows if row["version"] > since)

    def consumed(self, token: str, version: int) -> None:
        """Forget the news of a token: its worker has read them, up to that version."""
        found = self._view.news.get(token)
        if found is not None and found.version <= version:
            del self._view.news[token]

    def used(self, operation: str, day: str) -> int | None:
        """Requests of the operation on that day; None where that is not known."""
        self._days[day] = self._clock.monotonic()
        since = self._view.read_since
        is_read = since is not None and since <= day and self._is_fresh()
        return self._view.used.get((operation, day), 0) if is_read else None

    def released(self, names: Iterable[str]) -> None:
        """Note that this process has just given up these leases: it must not take them back at once."""
        for token in names:
            self._view.living[token] = None
            self._view.free_since[token] = self._clock.monotonic()

    def leave(self, connection: Connection) -> None:
        """Take no share any more."""
        connection.execute(replicas.delete().where(replicas.c.owner == self._owner))

    def _is_fresh(self) -> bool:
        return self._clock.monotonic() - self._view.at < 3 * LOOK_SECONDS

    def _may_take(self, token: str) -> bool:
        """Whether a token that is free is this process's to take."""
        now = self._clock.monotonic()
        unwanted = now - self._view.free_since.get(token, now)
        return self._view.assigned.get(token) == self._owner or unwanted > _UNWANTED_SECONDS

    def _show(self, connection: Connection, own: frozenset[str]) -> dict[str, frozenset[str]]:
        """Store that this process lives, and with which tokens; the replicas that live, with theirs."""
        rows = {row.owner: row for row in connection.execute(select(replicas)).all()}
        mine, beat, text = rows.pop(self._owner, None), stamp(self._clock), _text(own)
        if mine is None:
            connection.execute(replicas.insert().values(owner=self._owner, beat=beat, tokens=text))
        else:
            values = {"beat": beat} if mine.tokens == text else {"beat": beat, "tokens": text}
            connection.execute(replicas.update().where(replicas.c.owner == self._owner).values(**values))
        alive = {self._owner: own}
        for owner, row in rows.items():
            silent = age(self._clock, row.beat)
            if silent < LEASE_SECONDS:
                alive[owner] = _names(row.tokens)
            elif silent > _FORGOTTEN_SECONDS:
                connection.execute(replicas.delete().where(replicas.c.owner == owner))
        return alive

    @staticmethod
    def _read(connection: Connection, versions: Mapping[str, int], before: View) -> dict[str, News]:
        """What is new of tokens with these versions, what no worker has read so far included.

        What was stored of one that was not seen before nobody knows: its worker reads it all.
        """
        news = {token: one for token, one in dict(before.news).items() if token in versions}
        changed = []
        for token, version in versions.items():
            seen = before.versions.get(token)
            if seen is not None and version > seen:
                changed.append((token, news[token].base if token in news else seen))
        found: dict[str, list[Any]] = {token: [] for token, _ in changed}
        for start in range(0, len(changed), _CHUNK):
            chunk = changed[start : start + _CHUNK]
            chunk += [chunk[0]] * (_CHUNK - len(chunk))  # the same statement for any number: SQLAlchemy keeps it
            values: dict[str, str | int] = {}
            for number, (token, since) in enumerate(chunk):
                values |= {f"token_{number}": token, f"since_{number}": since}
            for row in connection.execute(_CHANGED, values).mappings():
                found[row["token"]].append(row)
        return news | {token: News(base, versions[token], tuple(found[token])) for token, base in changed}
