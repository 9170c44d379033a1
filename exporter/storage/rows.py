"""Targets as rows of storage, and back."""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, and_, bindparam, func, select

from exporter.clock import Clock, Stamp, age
from exporter.model import NOTHING_KNOWN, Operation, Target, TargetKey, TargetState, merge_seen
from exporter.storage import snapshot as text
from exporter.storage.schema import targets, tokens

KEPT_DAYS = 40
"""How long an abandoned campaign is kept; a window reaches back 31 days at most."""

Name = tuple[str, str, str]
"""Campaign, span and operation: what an interval counts for, whatever the token."""

Place = tuple[str, str, str, str, str]
"""These, the token's hash and the server: the primary key, and whose a report is."""


@dataclass(frozen=True, slots=True)
class Owners:
    """The operations of the present configuration: what belongs to one of them is not another one's."""

    names: frozenset[str] = frozenset()
    tokens: frozenset[str] = frozenset()
    """Hashes."""


def span(target: Target) -> str:
    """The window's name in storage: by its length, however that is written."""
    if target.window.length is None:
        return "yesterday" if target.window.days_ago else "today"
    return str(target.window.length)


def name(target: Target) -> Name:
    """What the target's interval counts for."""
    return (target.key.campaign, span(target), target.key.operation)


def place_of(row: Mapping[Any, Any]) -> Place:
    """The primary key of a row that was read."""
    return (row["campaign"], row["span"], row["operation"], row["token"], row["server"])


def parameters(place: Place) -> dict[str, object]:
    """The parameters of a statement that say where the row is."""
    return dict(zip(("the_campaign", "the_span", "the_operation", "the_token", "the_server"), place, strict=True))


def blank(token: str, server: str, target: Target) -> dict[str, object]:
    """The row of a target of which nothing is known."""
    campaign, length, operation = name(target)
    return {
        "campaign": campaign,
        "span": length,
        "operation": operation,
        "token": token,
        "asked": None,
        "server": server,
        "reading": target.query_key,
    }


def match(
    operation: Operation, token: str, rows: Iterable[Mapping[Any, Any]], owners: Owners
) -> dict[TargetKey, TargetState]:
    """What the rows, found by the operation's name or by its token, tell of each of its targets.

    The moments in the rows must be of this boot of the machine.

    When a target was last asked is true whatever was edited since. Its reports are not: those of another server are of
    another campaign, those of another zone or delay of another window. A report goes over to a new name or a new token
    of its operation, unless that one was or is another operation's: who swaps two of them begins anew.
    """
    rows = list(rows)
    rotated = all(row["operation"] == operation.name for row in rows if row["token"] == token)
    asked: dict[tuple[str, str], list[Stamp | None]] = {}
    own: dict[tuple[str, str], list[_Read]] = {}
    seen: dict[str, tuple[str, ...]] = {}
    for row in rows:
        place = row["campaign"], row["span"]
        asked.setdefault(place, []).append(row["asked"])
        state = _state(row) if is_of(row, operation, token, owners, rotated=rotated) else None
        if state is not None:
            own.setdefault(place, []).append(_Read(row, state))
            seen[row["campaign"]] = merge_seen(seen.get(row["campaign"], ()), state.seen)
    known = {}
    for target in operation.targets:
        place = target.key.campaign, span(target)
        found = _known(operation, target, own[place]) if place in own else NOTHING_KNOWN
        if results := seen.get(target.key.campaign, ()):
            found = replace(found, seen=results)
        if place in asked or results:
            latest = max((one for one in asked.get(place, ()) if one is not None), key=_youth, default=None)
            known[target.key] = replace(found, asked=latest)
    return known


@dataclass(frozen=True, slots=True)
class _Read:
    """A row with what it tells, but for its moments."""

    row: Mapping[Any, Any]
    state: TargetState


def is_of(row: Mapping[Any, Any], operation: Operation, token: str, owners: Owners, *, rotated: bool) -> bool:
    """Whether the report in a row is the operation's, also under an earlier name or token of it.

    `rotated`: nobody else ever had the token, so it may well be the operation's new one.
    """
    if row["server"] != operation.base_url:
        return False
    if row["token"] == token:
        return row["operation"] == operation.name or row["operation"] not in owners.names
    return rotated and row["token"] not in owners.tokens


def _state(row: Mapping[Any, Any]) -> TargetState | None:
    """What the row has; one of another version of the program is as good as none."""
    try:
        return None if row["snapshot"] is None else text.from_text(row["snapshot"])
    except ValueError:
        return None


def _known(operation: Operation, target: Target, found: list[_Read]) -> TargetState:
    """By the row that was polled last; by the one of the present name where that cannot be told."""
    own = sorted(found, key=lambda one: one.row["operation"] != operation.name)
    last = max(own, key=lambda one: -math.inf if one.row["polled"] is None else _youth(one.row["polled"]))
    moments = {name: last.row[name] for name in ("asked", "succeeded", "polled")}
    state = last.state if last.row["reading"] == target.query_key else last.state.without_data()
    return replace(state, **moments)


def _youth(moment: Stamp) -> float:
    """The younger the greater. All moments here are of this boot; the wall clock may have stepped between them."""
    return moment.monotonic


_NAME = and_(
    targets.c.campaign == bindparam("the_campaign"),
    targets.c.span == bindparam("the_span"),
    targets.c.operation == bindparam("the_operation"),
)

_PLACE = and_(_NAME, targets.c.token == bindparam("the_token"), targets.c.server == bindparam("the_server"))

_ASKED = select(targets.c.asked, targets.c.polled).where(_NAME, targets.c.asked.is_not(None))

_ASK = targets.update().where(_PLACE).values(asked=bindparam("the_moment"))

_WRITE = (
    targets.update()
    .where(_PLACE)
    .values(
        asked=bindparam("the_asked"),
        succeeded=bindparam("the_succeeded"),
        polled=bindparam("the_polled"),
        reading=bindparam("the_reading"),
        snapshot=bindparam("the_snapshot"),
        version=func.coalesce(
            select(tokens.c.version).where(tokens.c.token == bindparam("the_token")).scalar_subquery(), 0
        ),
    )
)
"""What is known of the target, under the present version of its token."""

_FORGET = targets.delete().where(_PLACE)


def write(connection: Connection, token: str, server: str, target: Target, known: TargetState) -> None:
    """Store what is known of a target."""
    values = parameters((*name(target), token, server)) | {
        "the_asked": known.asked,
        "the_succeeded": known.succeeded,
        "the_polled": known.polled,
        "the_reading": target.query_key,
        "the_snapshot": text.to_text(known),
    }
    if connection.execute(_WRITE, values).rowcount == 0:
        connection.execute(targets.insert(), blank(token, server, target))
        connection.execute(_WRITE, values)


def ask(connection: Connection, place: Place, moment: Stamp) -> bool:
    """Store when the target of a row was asked for last; False where there is no such row."""
    return connection.execute(_ASK, parameters(place) | {"the_moment": moment}).rowcount == 1


def asked(connection: Connection, target: Target) -> list[tuple[Stamp, Stamp | None]]:
    """When the target was last asked for with each token and server, and when the latest poll of that ended."""
    campaign, length, operation = name(target)
    where = {"the_campaign": campaign, "the_span": length, "the_operation": operation}
    return [(row[0], row[1]) for row in connection.execute(_ASKED, where)]


def prune(connection: Connection, clock: Clock, kept: Callable[[Name], bool] = lambda _: False) -> None:
    """Forget campaigns that nothing depends on any more; `kept` says of one that was never polled that it is needed.

    A row that another process still needs costs nothing to forget before its first poll: that makes it again.
    """
    columns = (*targets.primary_key, targets.c.asked, targets.c.polled)
    forgotten = []
    for row in connection.execute(select(*columns)).mappings().all():
        moment = row["asked"] or row["polled"]
        if not kept(place_of(row)[:3]) if moment is None else age(clock, moment) > KEPT_DAYS * 86400:
            forgotten.append(parameters(place_of(row)))
    if forgotten:  # at once: there may be thousands that another process is about to poll for the first time
        connection.execute(_FORGET, forgotten)
