"""What storage knows of the targets of an operation, by whichever name and token it was stored: the table `targets`."""

from collections.abc import Callable, Iterable
from typing import Any

from pydantic import SecretStr
from sqlalchemy import Connection, RowMapping, or_, select

from exporter.clock import Clock, Stamp, age
from exporter.model import NOTHING_KNOWN, Operation, Target, TargetKey, TargetState
from exporter.storage import lease, rows
from exporter.storage.anchors import Anchors
from exporter.storage.recovery import Memory
from exporter.storage.request import Changes, PollResult, TooEarlyError
from exporter.storage.schema import targets, tokens
from exporter.storage.snapshot import to_text


class Targets:
    """The targets as one process sees them. Each method with a connection runs in a transaction of the caller's."""

    def __init__(self, clock: Clock, memory: Memory, anchors: Anchors, hashed: Callable[[SecretStr], str]) -> None:
        """`hashed` names a token as the file that is open does."""
        self._clock = clock
        self._memory = memory
        self._anchors = anchors
        self._hash = hashed
        self._owners = rows.Owners()

    def apply_config(self, owners: rows.Owners) -> None:
        """Say which operations there are: what one of them left behind under its name and token stays its own."""
        self._owners = owners

    def adopt(self, connection: Connection, operation: Operation) -> dict[TargetKey, TargetState]:
        """Make a place for each target of the operation, and tell what is known of it."""
        token = self._hash(operation.token)
        found = or_(targets.c.token == token, targets.c.operation == operation.name)
        read = connection.execute(select(targets).where(found)).mappings().all()
        stored = self._anchors.rows(read)
        for before, row in zip(read, stored, strict=True):
            if row["asked"] != before["asked"]:  # of an earlier boot; each restart would take it as now once more
                rows.ask(connection, rows.place_of(row), row["asked"])
        known = rows.match(operation, token, stored, self._owners)
        missing = _missing(operation, token, stored, known)
        if missing:
            connection.execute(targets.insert(), missing)
        self._memory.adopt(operation)
        self._learn(operation, {target.key: known.get(target.key, NOTHING_KNOWN) for target in operation.targets})
        return known

    def read(self, connection: Connection, operation: Operation, since: int) -> Changes:
        """What another process stored after version `since`, and the version now.

        All that is known where that is negative, also what was stored with an earlier token of the operation.
        """
        token = self._hash(operation.token)
        now = connection.execute(select(tokens.c.version).where(tokens.c.token == token)).scalar() or 0
        if now == since:
            return Changes(now, {})
        if since < 0:
            of_operation = or_(targets.c.token == token, targets.c.operation == operation.name)
            return Changes(now, self._match(connection, operation, of_operation))
        changed = select(targets).where(targets.c.token == token, targets.c.version > since)
        return Changes(now, self.match_news(operation, connection.execute(changed).mappings().all()))

    def known(self, connection: Connection, operation: Operation, target: Target) -> TargetState:
        """What storage knows of one target of the operation by its present name."""
        campaign, span, name = rows.name(target)
        place = targets.c.campaign == campaign, targets.c.span == span, targets.c.operation == name
        return self._match(connection, operation, *place).get(target.key, NOTHING_KNOWN)

    def check_interval(self, connection: Connection, target: Target, interval: float) -> None:
        """Hold to what is on record, whichever process and token it was asked with; raises `TooEarlyError`.

        What was asked for under another name of the operation is known here, since the target was adopted.
        """
        waits = []
        remembered = self._memory.target(target).known.asked
        if remembered is not None:
            waits.append(interval - age(self._clock, remembered))
        for asked, polled in rows.asked(connection, target):
            left = interval - age(self._clock, asked)
            if polled is None or age(self._clock, polled) > age(self._clock, asked):
                # It never ended, so when it left is not on record.
                left += lease.departure_seconds(target.timeout)
            waits.append(left)
        if waits and max(waits) > 0:
            raise TooEarlyError(max(waits))

    def ask(self, connection: Connection, target: Target, token: str, moment: Stamp) -> None:
        """Record that a target that was adopted is asked for."""
        row = rows.blank(token, self._memory.target(target).server, target)
        if not rows.ask(connection, rows.place_of(row), moment):
            connection.execute(targets.insert().values(**row | {"asked": moment}))

    def asked(self, result: PollResult) -> Stamp | None:
        """When a target was asked for last, by what its poll tells or by what is on record.

        A poll that ended by a fault need not know that its request left.
        """
        recorded, asked = self._memory.target(result.target).known.asked, result.known.asked
        if recorded is not None and (asked is None or asked.monotonic < recorded.monotonic):
            return recorded
        return asked

    def _match(self, connection: Connection, operation: Operation, *where: Any) -> dict[TargetKey, TargetState]:
        known = self._matched(operation, connection.execute(select(targets).where(*where)).mappings().all())
        self._learn(operation, known)
        return known

    def match_news(self, operation: Operation, stored: Iterable[RowMapping]) -> dict[TargetKey, TargetState]:
        """What rows that were stored since tell of the operation's targets.

        Where another process knows the token by another operation's name, they tell nothing of this one's reports.
        """
        known = {key: one for key, one in self._matched(operation, stored).items() if one.polled is not None}
        self._learn(operation, known)
        return known

    def _matched(self, operation: Operation, stored: Iterable[RowMapping]) -> dict[TargetKey, TargetState]:
        return rows.match(operation, self._hash(operation.token), self._anchors.rows(stored), self._owners)

    def _learn(self, operation: Operation, known: dict[TargetKey, TargetState]) -> None:
        for target in operation.targets:
            if target.key in known:
                self._memory.learn(operation, target, known[target.key])


def _missing(
    operation: Operation, token: str, stored: list[dict[str, Any]], known: dict[TargetKey, TargetState]
) -> list[dict[str, object]]:
    """The rows that the operation's targets still need; each was asked when any row of its campaign and window was.

    What is known goes along: after another edit before the next poll nothing would lead back to where it was stored.
    """
    present = {rows.place_of(row) for row in stored}
    latest: dict[tuple[str, str], dict[str, Any]] = {}  # also under an earlier name of the operation
    for one in sorted((one for one in stored if one["asked"] is not None), key=lambda one: one["asked"].monotonic):
        latest[one["campaign"], one["span"]] = one
    missing = []
    for target in operation.targets:
        blank = rows.blank(token, operation.base_url, target)
        if rows.place_of(blank) not in present:
            last = latest.get((target.key.campaign, rows.span(target)), blank)
            row = blank | {"asked": last["asked"], "polled": last.get("polled"), "succeeded": None, "snapshot": None}
            state = known.get(target.key, NOTHING_KNOWN)
            if state.polled is not None and state.polled == row["polled"]:
                row |= {"succeeded": state.succeeded, "snapshot": to_text(state)}
            missing.append(row)
    return missing
