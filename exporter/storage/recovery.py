"""What a process knows, so that a file that was lost is made anew with it."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from pydantic import SecretStr
from sqlalchemy import Connection, select

from exporter.clock import Stamp
from exporter.model import Operation, Target, TargetState
from exporter.storage import quota, rows
from exporter.storage.schema import targets


@dataclass(frozen=True, slots=True)
class Remembered:
    """A target as it stands in storage."""

    token: SecretStr
    server: str
    target: Target
    known: TargetState


class Memory:
    """What was last written to storage or read from it."""

    def __init__(self) -> None:
        self._targets: dict[rows.Name, Remembered] = {}
        self._counts: dict[tuple[str, str], int] = {}

    def learn(self, operation: Operation, target: Target, known: TargetState) -> None:
        """Remember a target of an operation."""
        remembered = Remembered(operation.token, operation.base_url, target, known)
        self._targets[rows.name(target)] = remembered

    def ask(self, target: Target, asked: Stamp) -> None:
        """Remember when a target that was learnt is asked for."""
        one = self.target(target)
        self._targets[rows.name(target)] = replace(one, known=replace(one.known, asked=asked))

    def conclude(self, target: Target, server: str, known: TargetState) -> None:
        """Remember what is known of a target that was learnt, after a poll of that server."""
        self._targets[rows.name(target)] = replace(self.target(target), server=server, target=target, known=known)

    def target(self, target: Target) -> Remembered:
        """What is remembered of a target that was learnt."""
        return self._targets[rows.name(target)]

    def count(self, operation: str, day: str, requests: int) -> None:
        """Remember how many requests an operation sent on a day."""
        self._counts[operation, day] = requests

    def operations(self) -> set[str]:
        """The names of the operations that are remembered."""
        return {operation for _, _, operation in self._targets}

    def restore(
        self, connection: Connection, hashed: Callable[[SecretStr], str], anchored: Callable[[Stamp], Stamp]
    ) -> None:
        """Put into a file that is new, or came back, what is known better here.

        Args:
            connection: A transaction.
            hashed: The name of a token in that file.
            anchored: A moment on the clocks of this boot.
        """
        for (operation, day), count in self._counts.items():
            quota.restore(connection, operation, day, count)
        stored = {rows.place_of(row): row for row in connection.execute(select(targets)).mappings()}
        for name, one in self._targets.items():
            token = hashed(one.token)
            row = stored.get((*name, token, one.server))
            if row is None or _is_behind(one.known, *(row[it] and anchored(row[it]) for it in ("asked", "polled"))):
                rows.write(connection, token, one.server, one.target, one.known)


def _is_behind(known: TargetState, asked: Stamp | None, polled: Stamp | None) -> bool:
    """Whether storage knows less of a target than this process. All moments are of this boot."""
    mine, theirs = _moment(known.asked), _moment(asked)
    return mine > theirs or (mine == theirs and _moment(known.polled) > _moment(polled))


def _moment(stamp: Stamp | None) -> float:
    return -math.inf if stamp is None else stamp.monotonic
