"""Targets as rows of storage, and back."""

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, select

from exporter.clock import Stamp
from exporter.model import Key, Operation, Snapshot, Target
from exporter.storage import snapshot as text
from exporter.storage import statements
from exporter.storage.schema import targets, usage

KEPT_DAYS = 40
"""How long the count of a day and an abandoned campaign are kept; a window reaches back 31 days at most."""

Name = tuple[str, str, str]
"""Campaign, span and operation: the primary key."""


@dataclass(frozen=True, slots=True)
class Known:
    """What storage knows of one target."""

    snapshot: Snapshot
    asked: Stamp | None
    """When the latest request left."""
    succeeded: Stamp | None
    """When the data of the snapshot came."""
    polled: Stamp | None
    """When the latest poll ended, sent or not."""


NOTHING_KNOWN = Known(Snapshot(), asked=None, succeeded=None, polled=None)


def span(target: Target) -> str:
    """The window's name in storage: by its length, however that is written."""
    return "today" if target.window.length is None else str(target.window.length)


def name(target: Target) -> Name:
    """The primary key of a target's row."""
    return (target.key.campaign, span(target), target.key.operation)


def name_of(row: Mapping[Any, Any]) -> Name:
    """The primary key of a row that was read."""
    return (row["campaign"], row["span"], row["operation"])


def place(key: Name) -> dict[str, object]:
    """The parameters of a statement that say where the row is."""
    campaign, length, operation = key
    return {"the_campaign": campaign, "the_span": length, "the_operation": operation}


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
        "reading": reading(target),
    }


def reading(target: Target) -> str:
    """What a report of the window depends on besides its length."""
    delay = 0.0 if target.window.length is None else target.delay
    return json.dumps([target.zone.key, delay])


def match(operation: Operation, rows: Iterable[Mapping[Any, Any]]) -> dict[Key, Known]:
    """What the rows, found by the operation's name or by its token, tell of each of its targets.

    The moments in the rows must be of this boot of the machine.

    When a target was last asked is true whatever was edited since. Its reports are not: those of another server are of
    another campaign, those of another zone or delay of another window.
    """
    found: dict[tuple[str, str], list[Mapping[Any, Any]]] = {}
    for row in rows:
        found.setdefault((row["campaign"], row["span"]), []).append(row)
    known = {}
    for target in operation.targets:
        candidates = found.get((target.key.campaign, span(target)))
        if candidates:
            known[target.key] = _known(operation, target, candidates)
    return known


def _known(operation: Operation, target: Target, rows: list[Mapping[Any, Any]]) -> Known:
    asked = max((row["asked"] for row in rows if row["asked"] is not None), key=_youth, default=None)
    # Under several names, as after a renaming, the name's own row counts unless another was polled since.
    own = sorted(rows, key=lambda row: row["operation"] != operation.name)
    row = max(own, key=lambda row: -math.inf if row["polled"] is None else _youth(row["polled"]))
    if row["server"] != operation.base_url or row["snapshot"] is None:
        return replace(NOTHING_KNOWN, asked=asked)
    try:
        snapshot = text.from_text(row["snapshot"])
    except ValueError:  # of another version of the program: as good as none
        return replace(NOTHING_KNOWN, asked=asked)
    if row["reading"] != reading(target):
        snapshot = replace(snapshot, data=None)
    return Known(snapshot, asked, row["succeeded"], row["polled"])


def _youth(moment: Stamp) -> float:
    """The younger the greater. All moments here are of this boot; the wall clock may have stepped between them."""
    return moment.monotonic


def write(connection: Connection, token: str, server: str, target: Target, known: Known) -> None:
    """Put down what is known of a target."""
    parameters = place(name(target)) | {
        "the_token": token,
        "the_asked": known.asked,
        "the_succeeded": known.succeeded,
        "the_polled": known.polled,
        "the_server": server,
        "the_reading": reading(target),
        "the_snapshot": text.to_text(known.snapshot),
    }
    if statements.WRITE.run(connection, parameters).rowcount == 0:
        connection.execute(targets.insert(), blank(token, server, target))
        statements.WRITE.run(connection, parameters)


def count(connection: Connection, operation: str, day: str) -> int:
    """Count one more request of the operation on that day; how many there are with it."""
    counted = statements.COUNT.run(connection, {"the_operation": operation, "the_day": day}).fetchone()
    if counted is None:
        connection.execute(usage.insert().values(operation=operation, day=day, requests=1))
        return 1
    return int(counted[0])


def prune(connection: Connection, now: float) -> None:
    """Forget days and campaigns that nothing depends on any more."""
    oldest = now - KEPT_DAYS * 86400
    connection.execute(usage.delete().where(usage.c.day < datetime.fromtimestamp(oldest, UTC).date().isoformat()))
    asked = select(targets.c.campaign, targets.c.span, targets.c.operation, targets.c.asked)
    for row in connection.execute(asked.where(targets.c.asked.is_not(None))).mappings().all():
        if row["asked"].wall < oldest:
            statements.FORGET.run(connection, place(name_of(row)))
