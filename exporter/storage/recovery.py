"""What a process knows, so that a file that was lost is made anew with it."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from pydantic import SecretStr
from sqlalchemy import Connection, select

from exporter.clock import Clock, Stamp, age
from exporter.model import ApiName, Operation, Target, TargetState
from exporter.storage import quota, rows
from exporter.storage.request import (
    NOTHING_STORED,
    NOTHING_STORED_OF_API,
    ApiRequest,
    ApiResult,
    StoredApi,
    StoredApis,
    StoredCooldown,
)
from exporter.storage.schema import targets

_DAYS = 3
"""Days with requests that are remembered of each operation: those that may still get one, and one more."""


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
        self._adopted: dict[str, frozenset[rows.Name]] = {}
        self._counts: dict[str, dict[str, int]] = {}
        self._apis: dict[str, tuple[Operation, StoredApis]] = {}
        self._rests: dict[SecretStr, StoredCooldown] = {}

    def adopt(self, operation: Operation) -> None:
        """Say which targets an operation has now; they are learnt one by one."""
        self._adopted[operation.name] = frozenset(rows.name(target) for target in operation.targets)

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
        """Remember how many requests an operation sent on a day, the latest few days of it."""
        days = self._counts.setdefault(operation, {})
        days[day] = requests
        while len(days) > _DAYS:
            del days[min(days)]

    def operations(self) -> set[str]:
        """The names of the operations that are remembered."""
        return {operation for _, _, operation in self._targets} | self._apis.keys()

    def learn_apis(self, operation: Operation, known: StoredApis) -> None:
        """Remember the APIs of an operation, as storage has them."""
        self._apis[operation.name] = operation, known

    def ask_api(self, request: ApiRequest, asked: Stamp) -> None:
        """Remember when an API is asked."""
        self._put_api(request, replace(self.api(request), asked=asked), None)

    def conclude_api(self, result: ApiResult) -> None:
        """Remember what asking an API brought."""
        self._put_api(result, result.known, result.discovery)

    def api(self, request: ApiRequest | ApiResult) -> StoredApi:
        """What is remembered of an API."""
        _, known = self._apis.get(request.operation, (None, NOTHING_STORED))
        return known.apis.get(request.api, NOTHING_STORED_OF_API)

    def apis(self) -> list[tuple[Operation, StoredApis]]:
        """What is remembered of the operations that were learnt."""
        return list(self._apis.values())

    def rest(self, token: SecretStr, rest: StoredCooldown | None) -> None:
        """Remember why a token rests, or that it does not."""
        if rest is None:
            self._rests.pop(token, None)
        else:
            self._rests[token] = rest

    def rests(self) -> dict[SecretStr, StoredCooldown]:
        """Why the tokens rest that do."""
        return dict(self._rests)

    def has(self, name: rows.Name) -> bool:
        """Whether a target is remembered."""
        return name in self._targets

    def has_api(self, operation: str, api: ApiName) -> bool:
        """Whether an API is remembered."""
        return operation in self._apis and api in self._apis[operation][1].apis

    def prune(self, clock: Clock) -> None:
        """Forget targets that no operation has any more, if they were never asked or last asked long ago."""
        present = frozenset().union(*self._adopted.values())
        for name, one in list(self._targets.items()):
            ages = [age(clock, moment) for moment in (one.known.asked, one.known.polled) if moment is not None]
            if name not in present and (not ages or min(ages) > rows.KEPT_DAYS * 86400):
                del self._targets[name]

    def _put_api(self, of: ApiRequest | ApiResult, one: StoredApi, discovery: str | None) -> None:
        if of.operation in self._apis:
            operation, known = self._apis[of.operation]
            apis = {**known.apis, of.api: one}
            self._apis[of.operation] = operation, StoredApis(apis, discovery or known.discovery)

    def restore(
        self, connection: Connection, hashed: Callable[[SecretStr], str], anchored: Callable[[Stamp], Stamp]
    ) -> None:
        """Put into a file that is new, or came back, what is known better here.

        Args:
            connection: A transaction.
            hashed: The name of a token in that file.
            anchored: A moment on the clocks of this boot.
        """
        for operation, days in self._counts.items():
            for day, count in days.items():
                quota.restore(connection, operation, day, count)
        if not self._targets:  # as at a start
            return
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
