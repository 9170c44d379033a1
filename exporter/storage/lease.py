"""Which process may send with a token, and until when a request of another one may be under way: the table `tokens`."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, RowMapping, and_, bindparam, null, select

from exporter.clock import Clock, Stamp, age, stamp
from exporter.model import LATEST_DEPARTURE, LeaseWait, WaitCause
from exporter.storage import snapshot as text
from exporter.storage.owner import is_dead
from exporter.storage.request import StoredCooldown
from exporter.storage.schema import meta, tokens

LEASE_SECONDS = 30.0
"""An owner that was silent for so long counts as dead."""

RENEWAL_SECONDS = 8.0
"""How often a living owner shows itself: three may fail before it counts as dead."""

FLIGHT_MARGIN = 0.5
"""Seconds added to the time limit of a request whose end is not known: it left a little after it was recorded."""

MISSED_SECONDS = RENEWAL_SECONDS + 2.0
"""Seconds of silence in which a living owner would have shown itself."""

_UNSETTLED = "unsettled"
"""Name in `meta` of the moment at which the file was made while a process had an earlier one open."""


_MINE = and_(
    tokens.c.token == bindparam("the_token"),
    tokens.c.holder == bindparam("the_owner"),
    tokens.c.epoch == bindparam("the_epoch"),
)
"""Under the row's lock: who slept and lost the lease finds another owner or epoch there."""

# Built once: every few seconds for as long as the process lives, and before and after each request.
_RENEW = (
    tokens.update()
    .where(tokens.c.holder == bindparam("the_owner"))
    .values(beat=bindparam("the_moment"))
    .returning(tokens.c.token)
)

_MARK_SENT = (
    tokens.update()
    .where(_MINE)
    .values(beat=bindparam("the_moment"), flight=bindparam("the_moment"), flight_timeout=bindparam("the_timeout"))
)

_MARK_DONE = (
    tokens.update()
    .where(_MINE)
    .values(
        flight=null(),
        flight_timeout=null(),
        rest=bindparam("the_rest"),
        rest_since=bindparam("the_rest_since"),
        version=tokens.c.version + 1,
    )
    .returning(tokens.c.version)
)


def departure_seconds(timeout: float) -> float:
    """Seconds from its record in which a request with that time limit leaves, or never does."""
    return min(timeout, LATEST_DEPARTURE)


def flight_seconds(timeout: float) -> float:
    """Seconds from its record after which a request with that time limit can no longer be in flight.

    The vendor has `timeout` for it from its departure, and only its record is known of a request without an end.
    """
    return departure_seconds(timeout) + timeout


def unsettle(connection: Connection, moment: Stamp) -> None:
    """Note that a process may have a request in flight of which a file made at that moment knows nothing."""
    connection.execute(meta.delete().where(meta.c.name == _UNSETTLED))
    value = json.dumps([moment.wall, moment.boot, moment.monotonic])
    connection.execute(meta.insert().values(name=_UNSETTLED, value=value))


def _rest_columns(rest: StoredCooldown | None) -> dict[str, Any]:
    if rest is None:
        return {"rest": None, "rest_since": None}
    return {"rest": text.failure_to_text(rest.failure), "rest_since": rest.since}


def rest(connection: Connection, token: str) -> StoredCooldown | None:
    """Why the token rests, as stored by whoever held its lease last."""
    row = connection.execute(select(tokens.c.rest, tokens.c.rest_since).where(tokens.c.token == token)).first()
    return None if row is None or row.rest is None else StoredCooldown(text.failure_from_text(row.rest), row.rest_since)


@dataclass(frozen=True, slots=True)
class _Observation:
    """A lease of another process, as last seen."""

    row: dict[str, object]
    since: float
    """Monotonic seconds of this process when it first looked like this."""


class Leases:
    """The leases of one process, and what it saw of others'. Each method runs in a transaction of the caller's."""

    def __init__(self, clock: Clock, owner: str) -> None:
        """`owner` names this process; unique among all processes that ever use the storage."""
        self._clock = clock
        self._owner = owner
        self._observations: dict[str, _Observation] = {}
        self._epochs: dict[str, int] = {}
        self._rests: dict[str, StoredCooldown] = {}  # what a new file does not know

    def forget(self) -> None:
        """Begin anew, with another file.

        The epochs stay: they count only where the table still says that this process is the owner, and a request may be
        under way that was recorded there.
        """
        self._observations.clear()

    def restore(self, connection: Connection, rests: Mapping[str, StoredCooldown]) -> None:
        """Store why tokens rest, by their hashes, where the file is new and does not know it."""
        self._rests = dict(rests)
        for token, rest in rests.items():
            unknown = tokens.c.token == token, tokens.c.epoch == 0, tokens.c.rest.is_(None)
            connection.execute(tokens.update().where(*unknown).values(**_rest_columns(rest)))

    def acquire(self, connection: Connection, token: str, timeout: float) -> LeaseWait | None:
        """Take the lease of a token's hash if nobody alive owns it; else what has to be waited for.

        Args:
            connection: A transaction.
            token: The token's hash.
            timeout: The longest time limit of the token's requests, in seconds.
        """
        row = self._row(connection, token) or self._first(connection, token, timeout)
        if row["holder"] != self._owner:
            wait = self._obstacle(connection, token, row)
            if wait is not None:
                return wait
            taken = {"holder": self._owner, "beat": stamp(self._clock), "flight": None, "flight_timeout": None}
            taken["epoch"] = row["epoch"] + 1
            connection.execute(tokens.update().where(tokens.c.token == token).values(**taken))
            self._epochs[token] = row["epoch"] + 1
        else:  # its own, in tables that were mended, or that came back from a copy
            self._epochs[token] = row["epoch"]
        self._observations.pop(token, None)
        return None

    def renew(self, connection: Connection) -> frozenset[str]:
        """Show that this process lives; the token hashes whose leases it still owns."""
        parameters = {"the_owner": self._owner, "the_moment": stamp(self._clock)}
        return frozenset(connection.execute(_RENEW, parameters).scalars())

    def release(self, connection: Connection, names: list[str]) -> frozenset[str]:
        """Give up the leases of those token hashes that have no request in flight; which these are."""
        mine = tokens.c.token.in_(names), tokens.c.holder == self._owner, tokens.c.flight.is_(None)
        given = tokens.update().where(*mine).values(holder=None).returning(tokens.c.token)
        return frozenset(connection.execute(given).scalars())

    def mark_sent(self, connection: Connection, token: str, moment: Stamp, timeout: float) -> bool:
        """Record that a request is in flight; False where this process does not own the lease."""
        parameters = {
            "the_token": token,
            "the_owner": self._owner,
            "the_epoch": self._epochs.get(token, -1),
            "the_moment": moment,
            "the_timeout": flight_seconds(timeout),
        }
        return connection.execute(_MARK_SENT, parameters).rowcount == 1

    def mark_done(self, connection: Connection, token: str, rest: StoredCooldown | None) -> int | None:
        """Record that the request has ended, and count it.

        Returns:
            The token's version; None where another process has taken over and knows better.
        """
        parameters = {
            "the_token": token,
            "the_owner": self._owner,
            "the_epoch": self._epochs.get(token, -1),
        }
        parameters |= {f"the_{name}": value for name, value in _rest_columns(rest).items()}
        version = connection.execute(_MARK_DONE, parameters).scalar()
        if version is not None:
            return int(version)
        row = connection.execute(select(tokens.c.epoch, tokens.c.version).where(tokens.c.token == token)).first()
        if row is not None and row.epoch > 0:
            return None
        # The file is new, and nobody owned anything in it.
        self._rests.pop(token, None)
        if rest is not None:
            self._rests[token] = rest
        connection.execute(tokens.update().where(tokens.c.token == token).values(**_rest_columns(rest)))
        return 0 if row is None else int(row.version)

    def _row(self, connection: Connection, token: str) -> RowMapping | None:
        # Locked, where the engine has locks of rows: else two processes could take it from the same dead one.
        found = select(tokens).where(tokens.c.token == token).with_for_update()
        return connection.execute(found).mappings().first()

    def _first(self, connection: Connection, token: str, timeout: float) -> RowMapping:
        """A token that the file does not know, as if a request were in flight where that may be so."""
        row: dict[str, Any] = {"token": token, "beat": stamp(self._clock)}
        since = self._unsettled(connection)
        if since is not None:
            # Long enough, too, for a process that had the file before to notice and store what it knows.
            row |= {"flight": since, "flight_timeout": max(flight_seconds(timeout), MISSED_SECONDS)}
        if token in self._rests:
            row |= _rest_columns(self._rests[token])
        connection.execute(tokens.insert().values(**row))
        return connection.execute(select(tokens).where(tokens.c.token == token)).mappings().one()

    def _unsettled(self, connection: Connection) -> Stamp | None:
        found = connection.execute(select(meta.c.value).where(meta.c.name == _UNSETTLED)).scalar()
        return None if found is None else Stamp(*json.loads(found))

    def _obstacle(self, connection: Connection, token: str, row: RowMapping) -> LeaseWait | None:
        """What keeps the lease from being free: an owner that may live, or a request that may be in flight.

        The stored ages may be wrong where the wall clock stepped between boots; what this process saw unchanged for
        long enough on its own monotonic clock is old in any case.
        """
        now = self._clock.monotonic()
        seen = self._observations.get(token)
        if seen is None or seen.row != dict(row):
            seen = self._observations[token] = _Observation(dict(row), now)
        watched = now - seen.since
        flight = 0.0
        if row["flight"] is not None:
            flown = max(watched, age(self._clock, row["flight"]))
            flight = float(row["flight_timeout"]) + FLIGHT_MARGIN - flown
        silent = max(watched, age(self._clock, row["beat"]))
        if row["holder"] is not None and silent < LEASE_SECONDS and not is_dead(row["holder"], self._clock.boot):
            if silent <= MISSED_SECONDS:
                return LeaseWait(WaitCause.PROCESS, None)
            return self._wait(WaitCause.SILENCE, max(LEASE_SECONDS - silent, flight))
        if flight <= 0:
            return None
        new = row["flight"] == self._unsettled(connection)
        return self._wait(WaitCause.STORAGE if new else WaitCause.REQUEST, flight)

    def _wait(self, cause: WaitCause, seconds: float) -> LeaseWait:
        return LeaseWait(cause, float(math.ceil(self._clock.now() + seconds)))
