"""The processes that share a database, as one of them saw them last: read for all tokens at once, every few seconds.

A process that does not poll with a token asks nothing more of the database for it: that is what a replica costs.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
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
    rows: tuple[Any, ...]


@lru_cache(maxsize=32)
def _names(text: str) -> frozenset[str]:
    """The tokens of a replica; they seldom change, and may be thousands."""
    return frozenset(json.loads(text))


class Replicas:
    """What the others do. Each method with a connection runs in a transaction of the caller's."""

    def __init__(self, clock: Clock, owner: str) -> None:
        self._clock = clock
        self._owner = owner
        self._own: frozenset[str] = frozenset()
        self._written: frozenset[str] | None = None
        self._looked_at: float | None = None
        self._versions: dict[str, int] = {}
        self._news: dict[str, News] = {}
        self._living: dict[str, str | None] = {}
        self._assigned: dict[str, str] = {}
        self._assigned_for: object = None
        self._free_since: dict[str, float] = {}
        self._used: dict[tuple[str, str], int] = {}
        self._days: dict[str, float] = {}  # those that are asked for, and when they were last
        self._read_since: str | None = None  # the first of the days that are read
        self.joined = False
        """Whether this process takes its share of the tokens."""

    def configure(self, own: Iterable[str]) -> None:
        """Say with which token hashes this process could poll."""
        self._own = frozenset(own)

    def forget(self) -> None:
        """Begin anew, with other tables."""
        self._written = None
        self._looked_at = None
        self._versions.clear()
        self._news.clear()

    def look(self, connection: Connection) -> Moves:
        """Show that this process lives, and see what the others do."""
        self._show(connection)
        rows = connection.execute(_TOKENS).all()
        replicas_alive = self._alive(connection)
        now = self._clock.monotonic()
        others = {token: version for token, holder, _, version in rows if holder != self._owner and token in self._own}
        news = self._read(connection, others)
        # Far fewer moments than tokens: a holder shows itself at the same one for all of its own.
        beats = {beat for _, _, beat, _ in rows}
        dead = {beat for beat in beats if age(self._clock, stamp_of(beat)) >= LEASE_SECONDS}
        living: dict[str, str | None] = dict.fromkeys(self._own)
        living |= {token: None if beat in dead else holder for token, holder, beat, _ in rows}
        self._living = living
        self._assign(living, replicas_alive)
        free = {token for token in self._own if living[token] is None}
        self._free_since = {token: self._free_since.get(token, now) for token in free}
        counted = self._count(connection)
        self._looked_at = now
        mine = [token for token, owner in living.items() if owner == self._owner]
        give = frozenset(token for token in mine if self._assigned.get(token, self._owner) != self._owner)
        return Moves(frozenset(token for token in free if self._may_take(token)) | news, give, counted)

    def obstacle(self, token: str) -> LeaseWait | None:
        """Why this process need not even ask for a token's lease; None where it is to ask."""
        if not self._is_fresh() or token not in self._living:
            return None
        holder = self._living[token]
        if holder == self._owner or (holder is None and self._may_take(token)):
            return None
        return LeaseWait(WaitCause.PROCESS, None)

    def news(self, token: str, since: int) -> tuple[int, tuple[Any, ...]] | None:
        """The version of a token and its targets' rows that were stored after `since`; None where that is not known."""
        if not self._is_fresh() or token not in self._versions:
            return None
        now = self._versions[token]
        if since == now:
            return now, ()
        found = self._news.get(token)
        if found is None or found.base > since:
            return None
        return now, tuple(row for row in found.rows if row["version"] > since)

    def used(self, operation: str, day: str) -> int | None:
        """Requests of the operation on that day; None where that is not known."""
        self._days[day] = self._clock.monotonic()
        is_read = self._read_since is not None and self._read_since <= day and self._is_fresh()
        return self._used.get((operation, day), 0) if is_read else None

    def released(self, names: Iterable[str]) -> None:
        """Note that this process has just given up these leases: it must not take them back at once."""
        for token in names:
            self._living[token] = None
            self._free_since[token] = self._clock.monotonic()

    def leave(self, connection: Connection) -> None:
        """Take no share any more."""
        connection.execute(replicas.delete().where(replicas.c.owner == self._owner))

    def _is_fresh(self) -> bool:
        return self._looked_at is not None and self._clock.monotonic() - self._looked_at < 3 * LOOK_SECONDS

    def _may_take(self, token: str) -> bool:
        """Whether a token that is free is this process's to take."""
        unwanted = self._clock.monotonic() - self._free_since.get(token, self._clock.monotonic())
        return self._assigned.get(token) == self._owner or unwanted > _UNWANTED_SECONDS

    def _show(self, connection: Connection) -> None:
        values: dict[str, Any] = {"beat": stamp(self._clock)}
        if self._written != self._own:
            values["tokens"] = json.dumps(sorted(self._own))
        mine = replicas.update().where(replicas.c.owner == self._owner)
        if connection.execute(mine.values(**values)).rowcount == 0:
            row = {"owner": self._owner, "tokens": json.dumps(sorted(self._own))}
            connection.execute(replicas.insert().values(**values | row))
        self._written = self._own

    def _alive(self, connection: Connection) -> dict[str, frozenset[str]]:
        alive = {}
        for row in connection.execute(select(replicas)).all():
            silent = age(self._clock, row.beat)
            if silent < LEASE_SECONDS:
                alive[row.owner] = self._own if row.owner == self._owner else _names(row.tokens)
            elif silent > _FORGOTTEN_SECONDS:
                connection.execute(replicas.delete().where(replicas.c.owner == row.owner))
        return alive

    def _assign(self, living: Mapping[str, str | None], alive: Mapping[str, frozenset[str]]) -> None:
        """Spread the tokens again where there is another holder or replica than the last time."""
        # Where a process that takes no share polls with it, there is nothing to spread.
        holders = {token: holder for token, holder in living.items() if holder is None or holder in alive}
        if self._assigned_for != (holders, alive):
            self._assigned_for, self._assigned = (holders, alive), assign(holders, alive)

    def _count(self, connection: Connection) -> frozenset[str]:
        """Read the counts of the days that are asked for and of later ones: at a midnight the new day is one of them.

        Returns:
            The operations whose count is another one.
        """
        now, before = self._clock.monotonic(), self._used
        self._days = {day: at for day, at in dict(self._days).items() if now - at < _DAY_SECONDS}
        self._read_since = min(self._days, default=None)
        found = connection.execute(_USED, {"since": self._read_since}).all() if self._days else ()
        self._used = {(operation, day): requests for operation, day, requests in found}
        return frozenset(
            operation for (operation, day), one in self._used.items() if before.get((operation, day)) != one
        )

    def _read(self, connection: Connection, versions: Mapping[str, int]) -> frozenset[str]:
        """Read what is new of tokens with these versions; those with news for their workers, or not seen before.

        What was stored of the latter since their workers read it nobody knows.
        """
        changed, unseen = [], versions.keys() - self._versions.keys()
        for token, version in versions.items():
            before = self._versions.get(token)
            if before is not None and version > before:
                kept = self._news.get(token)
                changed.append((token, before if kept is None else kept.base))
        found: dict[str, list[Any]] = {token: [] for token, _ in changed}
        for start in range(0, len(changed), _CHUNK):
            chunk = changed[start : start + _CHUNK]
            chunk += [chunk[0]] * (_CHUNK - len(chunk))  # the same statement for any number: SQLAlchemy keeps it
            values: dict[str, str | int] = {}
            for number, (token, since) in enumerate(chunk):
                values |= {f"token_{number}": token, f"since_{number}": since}
            for row in connection.execute(_CHANGED, values).mappings():
                found[row["token"]].append(row)
        for token, base in changed:
            self._news[token] = News(base, tuple(found[token]))
        self._versions.update(versions)  # after the news: workers may read meanwhile
        return frozenset(unseen | (self._news.keys() & versions.keys()))

    def consumed(self, token: str) -> None:
        """Forget the news of a token: its worker has read them."""
        self._news.pop(token, None)
