"""The APIs that are asked for a whole operation: when, and what they said; and what is known of its campaigns.

The tables `companions` and `discoveries`. Who owns a row is decided as for the targets, see `rows.match`.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from pydantic import SecretStr
from sqlalchemy import Connection, and_, bindparam, or_, select

from exporter.clock import Clock, Stamp, age
from exporter.model import ApiName, Operation
from exporter.storage import lease, rows
from exporter.storage import snapshot as text
from exporter.storage.anchors import Anchors
from exporter.storage.recovery import Memory
from exporter.storage.request import (
    NOTHING_STORED_OF_API,
    ApiRequest,
    ApiResult,
    StoredApi,
    StoredApis,
    TooEarlyError,
)
from exporter.storage.schema import companions, discoveries

_OWNER = ("operation", "token", "server")

_MOMENTS = ("asked", "polled")

_PLACE = and_(*(companions.c[name] == bindparam(f"the_{name}") for name in (*_OWNER, "api")))

_ASK = companions.update().where(_PLACE).values(asked=bindparam("the_moment"))

_ASKED = select(companions.c.asked, companions.c.polled).where(
    companions.c.api == bindparam("the_api"),
    or_(companions.c.operation == bindparam("the_operation"), companions.c.token == bindparam("the_token")),
    companions.c.asked.is_not(None),
)


class Companions:
    """The APIs as one process sees them. Each method with a connection runs in a transaction of the caller's."""

    def __init__(self, clock: Clock, memory: Memory, anchors: Anchors, hashed: Callable[[SecretStr], str]) -> None:
        """`hashed` names a token as the file that is open does."""
        self._clock = clock
        self._memory = memory
        self._anchors = anchors
        self._hash = hashed
        self._owners = rows.Owners()

    def apply_config(self, owners: rows.Owners) -> None:
        """Say which operations there are."""
        self._owners = owners

    def adopt(self, connection: Connection, operation: Operation) -> None:
        """Make a place for each API that the operation asks, and remember when it was asked under any name.

        What is known goes along: after another edit before the next answer nothing would lead back to where it was
        stored.
        """
        token = self._hash(operation.token)
        key = {"operation": operation.name, "token": token, "server": operation.base_url}
        stored = self._rows(connection, companions, operation, token)
        for api in _asked_by(operation):
            found = [row for row in stored if row["api"] == api]
            if not any(_is_at(row, key) for row in found):
                asked = [row for row in found if row["asked"] is not None]
                last = max(asked, key=lambda row: row["asked"].monotonic, default={})
                mine = last in self._owned(operation, token, stored)
                kept = _MOMENTS if not mine else (*_MOMENTS, "succeeded", "failure", "answer")
                place = key | {"api": api.value}
                connection.execute(companions.insert().values(**place, **{name: last.get(name) for name in kept}))
        states = self._rows(connection, discoveries, operation, token)
        state = self._latest_state(operation, token, states)
        if state is not None and not any(_is_at(row, key) for row in states):
            connection.execute(discoveries.insert().values(**key, state=state["state"], stored=state["stored"]))
        self.read(connection, operation, -1)

    def read(self, connection: Connection, operation: Operation, since: int) -> StoredApis | None:
        """What storage knows of the operation's APIs; None where nothing of it was stored after version `since`."""
        token = self._hash(operation.token)
        answers = self._rows(connection, companions, operation, token)
        states = self._rows(connection, discoveries, operation, token)
        if not any(row["version"] > since for row in (*answers, *states)):
            return None
        found = StoredApis(self._apis(operation, token, answers), self._state(operation, token, states))
        self._memory.learn_apis(operation, found)
        return found

    def check_interval(self, connection: Connection, request: ApiRequest, interval: float, token: str) -> None:
        """Hold to what is on record, whichever process, name and token it was asked with; raises `TooEarlyError`."""
        waits = []
        remembered = self._memory.api(request).asked
        if remembered is not None:
            waits.append(interval - age(self._clock, remembered))
        where = {"the_api": request.api.value, "the_operation": request.operation, "the_token": token}
        for asked, polled in connection.execute(_ASKED, where):
            left = interval - age(self._clock, asked)
            if polled is None or age(self._clock, polled) > age(self._clock, asked):
                left += lease.departure_seconds(request.timeout)  # it never ended, so when it left is not on record
            waits.append(left)
        if waits and max(waits) > 0:
            raise TooEarlyError(max(waits))

    def ask(self, connection: Connection, request: ApiRequest, token: str, moment: Stamp) -> None:
        """Record that an API is asked."""
        row = {"operation": request.operation, "token": token, "server": request.server, "api": request.api.value}
        where = {f"the_{name}": value for name, value in row.items()}
        if connection.execute(_ASK, where | {"the_moment": moment}).rowcount == 0:
            connection.execute(companions.insert().values(**row, asked=moment))

    def asked(self, result: ApiResult) -> Stamp | None:
        """When an API was asked last, by its result or by what is on record."""
        recorded, asked = self._memory.api(result).asked, result.known.asked
        if recorded is not None and (asked is None or asked.monotonic < recorded.monotonic):
            return recorded
        return asked

    def _rows(self, connection: Connection, table: Any, operation: Operation, token: str) -> list[dict[str, Any]]:
        found = or_(table.c.token == token, table.c.operation == operation.name)
        return self._anchors.rows(connection.execute(select(table).where(found)).mappings().all())

    def _apis(self, operation: Operation, token: str, stored: list[dict[str, Any]]) -> dict[ApiName, StoredApi]:
        known = {}
        for api in ApiName:
            found = [row for row in stored if row["api"] == api]
            if not found:
                continue
            asked = [row["asked"] for row in found if row["asked"] is not None]
            own = [row for row in self._owned(operation, token, stored) if row["api"] == api and _is_filled(row)]
            latest = max(own, key=lambda row: row["polled"].monotonic, default=None)
            one = NOTHING_STORED_OF_API if latest is None else _stored(latest)
            known[api] = replace(one, asked=max(asked, key=lambda moment: moment.monotonic, default=None))
        return known

    def _state(self, operation: Operation, token: str, stored: list[dict[str, Any]]) -> str | None:
        latest = self._latest_state(operation, token, stored)
        return None if latest is None else str(latest["state"])

    def _latest_state(self, operation: Operation, token: str, stored: list[dict[str, Any]]) -> dict[str, Any] | None:
        own = self._owned(operation, token, stored)
        return max(own, key=lambda row: row["stored"].monotonic, default=None)

    def _owned(self, operation: Operation, token: str, stored: list[dict[str, Any]]) -> list[dict[str, Any]]:
        rotated = all(row["operation"] == operation.name for row in stored if row["token"] == token)
        return [row for row in stored if rows.is_of(row, operation, token, self._owners, rotated=rotated)]


def write(connection: Connection, token: str, version: int, result: ApiResult) -> None:
    """Store what an API said, and what is known of the operation's campaigns where that is told."""
    key = {"operation": result.operation, "token": token, "server": result.server}
    known = result.known
    values = {
        "asked": known.asked,
        "polled": known.polled,
        "succeeded": known.succeeded,
        "failure": None if known.failure is None else text.failure_to_text(known.failure),
        "answer": known.answer,
        "version": version,
    }
    _put(connection, companions, key | {"api": result.api.value}, values)
    if result.discovery is not None and known.polled is not None:
        state = {"state": result.discovery, "stored": known.polled, "version": version}
        _put(connection, discoveries, key, state)


def restore(connection: Connection, operation: Operation, token: str, known: StoredApis, anchors: Anchors) -> None:
    """Put into a file that is new, or came back, what is known better here."""
    key = {"operation": operation.name, "token": token, "server": operation.base_url}
    for api, one in known.apis.items():
        where = _where(companions, key | {"api": api.value})
        row = connection.execute(select(companions.c.asked, companions.c.polled).where(*where)).first()
        if row is None or _latest(anchors, *row) < _latest(anchors, one.asked, one.polled):
            state = known.discovery if api is ApiName.CAMPAIGNS else None
            write(connection, token, 0, ApiResult(operation.name, operation.base_url, api, one, state))


def prune(connection: Connection, clock: Clock, kept: Callable[[str, ApiName], bool]) -> None:
    """Forget operations that nothing depends on any more; `kept` says of an API never asked that it is needed."""
    for table, moments in ((companions, ("asked", "polled")), (discoveries, ("stored",))):
        columns = [*table.primary_key, *(table.c[name] for name in moments)]
        for row in connection.execute(select(*columns)).mappings().all():
            ages = [age(clock, row[name]) for name in moments if row[name] is not None]
            if min(ages) > rows.KEPT_DAYS * 86400 if ages else not kept(row["operation"], row["api"]):
                place = {column.name: row[column.name] for column in table.primary_key}
                connection.execute(table.delete().where(*_where(table, place)))


def is_asked_whole(operation: Operation) -> bool:
    """Whether any API is asked for the operation as a whole."""
    return any(True for _ in _asked_by(operation))


def _asked_by(operation: Operation) -> Iterable[ApiName]:
    if operation.discovery is not None:
        yield ApiName.CAMPAIGNS
    if operation.live_interval is not None:
        yield ApiName.REAL_TIME
    if operation.quota_interval is not None:
        yield ApiName.TOKEN_INFO


def _is_at(row: Mapping[str, Any], key: Mapping[str, Any]) -> bool:
    return all(row[name] == value for name, value in key.items())


def _is_filled(row: Mapping[str, Any]) -> bool:
    """Whether a result was stored in it, and not only when the API was asked under another name or token."""
    return row["polled"] is not None and not (row["answer"] is None and row["failure"] is None)


def _stored(row: Mapping[str, Any]) -> StoredApi:
    try:
        failure = None if row["failure"] is None else text.failure_from_text(row["failure"])
    except ValueError:  # of another version of the program
        return replace(NOTHING_STORED_OF_API, polled=row["polled"])
    return StoredApi(row["asked"], row["polled"], row["succeeded"], failure, row["answer"])


def _put(connection: Connection, table: Any, key: dict[str, Any], values: dict[str, Any]) -> None:
    if connection.execute(table.update().where(*_where(table, key)).values(**values)).rowcount == 0:
        connection.execute(table.insert().values(**key, **values))


def _where(table: Any, key: dict[str, Any]) -> list[Any]:
    return [table.c[name] == value for name, value in key.items()]


def _latest(anchors: Anchors, *moments: Stamp | None) -> tuple[float, ...]:
    return tuple(-1.0 if one is None else anchors.moment(one).monotonic for one in moments)
