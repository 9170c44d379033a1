"""Takes, renews and gives up the leases of tokens. Each method is one transaction."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from typing import Protocol, TypeVar

from sqlalchemy import Connection

from exporter.clock import Clock
from exporter.model import LeaseWait
from exporter.storage import lease
from exporter.storage.anchors import Anchors
from exporter.storage.lease import Leases
from exporter.storage.replicas import Moves, Replicas
from exporter.storage.request import StoredCooldown

T = TypeVar("T")

PRUNE_SECONDS = 86_400.0
"""How often what nothing depends on any more is forgotten."""


class Transaction(Protocol):
    """Runs work in a transaction of storage."""

    def __call__(self, work: Callable[[Connection], T]) -> Awaitable[T]:
        """The result of `work`; raises `StorageError`."""
        ...


class LeaseKeeper:
    """The leases of this process, and those that it waits for."""

    def __init__(  # noqa: PLR0913 (what the leases are kept with)
        self,
        clock: Clock,
        owner: str,
        *,
        run: Transaction,
        run_again: Transaction,
        run_first: Transaction,
        replicas: Replicas,
        anchors: Anchors,
        prune: Callable[[Connection], None],
    ) -> None:
        """`run_again` makes a file that was lost anew, and so does `run_first`, before all that waits.

        `prune` forgets what nothing depends on any more.
        """
        self._clock = clock
        self._run = run
        self._run_again = run_again
        self._run_first = run_first
        self._replicas = replicas
        self._anchors = anchors
        self._prune = prune
        self._pruned_at = clock.monotonic()
        self._waits: dict[str, LeaseWait] = {}
        self.own = Leases(clock, owner)
        """For transactions that do more."""

    def forget(self) -> None:
        """Begin anew, with another file."""
        self.own.forget()
        self._replicas.forget()
        self._waits.clear()

    async def acquire(self, token: str, longest: float) -> bool:
        """Take the lease of a token hash if nobody alive holds it; True where this process holds it now.

        A holder is dead when it was silent for `LEASE_SECONDS`, or is known to have died; its last request must be past
        its time limit too. Where it is not free, `waiting` tells why.

        Args:
            token: The token's hash.
            longest: The longest time limit of the token's requests, in seconds.
        """
        wait = self._replicas.obstacle(token)
        if wait is None:
            wait = await self._run_again(lambda connection: self.own.acquire(connection, token, longest))
        if wait is None:
            self._waits.pop(token, None)
        else:
            self._waits[token] = wait
        return wait is None

    def waiting(self, token: str) -> LeaseWait | None:
        """Why the lease of a token hash was not free when it was asked for last; None where it was."""
        return self._waits.get(token)

    async def rest(self, token: str) -> StoredCooldown | None:
        """Why the token rests, as stored by whoever held its lease last."""
        rest = await self._run(lambda connection: lease.rest(connection, token))
        return None if rest is None else replace(rest, since=self._anchors.moment(rest.since))

    async def renew(self) -> frozenset[str]:
        """Show that this process lives; the token hashes whose leases it still holds."""

        def work(connection: Connection) -> frozenset[str]:
            if self._clock.monotonic() - self._pruned_at > PRUNE_SECONDS:
                self._pruned_at = self._clock.monotonic()
                self._prune(connection)
            return self.own.renew(connection)

        return await self._run_first(work)  # who makes the file anew must not be the only one that is in it

    async def release(self, held: Iterable[str]) -> frozenset[str]:
        """Give up the leases of those token hashes that have no request in flight; which these are."""
        names = list(held)
        given = await self._run(lambda connection: self.own.release(connection, names))
        self._replicas.released(given)
        return given

    async def look(self) -> Moves:
        """Take part in the spread of a shared storage's tokens: to be called every `LOOK_SECONDS` by who polls."""
        self._replicas.joined = True
        return self._replicas.take_in(await self._run_first(self._replicas.look))
