"""Secret files that change while the exporter runs: read again, without a reload."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog
from pydantic import SecretStr

from exporter.clock import Clock
from exporter.config.rotation import Contents, Renewal, SecretFile, read_all, renew, secrets_of
from exporter.model import Operation

_log = structlog.get_logger()

PERIOD = 4.0
"""Seconds between two looks at the files."""

CONFIRMATION = 1.0
"""Seconds between the two reads that must agree before a change counts: it may be half written at the first."""

READ_LIMIT = 3.0
"""Seconds for one read: a network file system may hang."""

Change = Callable[[tuple[Operation, ...]], tuple[Operation, ...]]
"""What a renewal makes of the operations that run."""


class SecretWatch:
    """Looks at the secret files of the operations that run, and renews what changed."""

    def __init__(self, clock: Clock, apply: Callable[[Change], Awaitable[None]]) -> None:
        """`apply` lets a change loose on the running operations, between two reloads."""
        self._clock = clock
        self._apply = apply
        self._known: dict[SecretFile, SecretStr | str | None] = {}
        self._refused: tuple[str, ...] = ()
        self._renewing = asyncio.Lock()
        self._reading: asyncio.Future[Contents] | None = None

    def begin(self, operations: tuple[Operation, ...]) -> None:
        """Know what is in force after a start or reload, which read every file."""
        self._known = dict(secrets_of(operations))
        self._refused = ()

    async def run(self, stopping: asyncio.Event) -> None:
        """Look until `stopping` is set."""
        while not stopping.is_set():
            await self._clock.wait(stopping, PERIOD)
            try:
                await self.renew()
            except Exception:  # noqa: BLE001 (whatever it is: the old secrets stay in force, and the next look may do)
                _log.exception("secret files not read by a fault of the exporter, trying again")

    async def renew(self) -> None:
        """Read the files now; what changed is in force when this returns."""
        async with self._renewing:
            if not self._known:
                return
            first = self._changes(await self._read())
            if not first:
                return
            await self._clock.wait(asyncio.Event(), CONFIRMATION)
            second = await self._read()
            changes = {file: value for file, value in self._changes(second).items() if first.get(file) == value}
            for file, value in changes.items():
                self._known[file] = value
                if isinstance(value, str):
                    _log.warning("secret file of no use, the old secret stays in force", file=str(file.path), why=value)
            if any(isinstance(value, SecretStr) for value in changes.values()):
                await self._apply(self._renewed)

    def _changes(self, found: Contents) -> Contents:
        return {file: value for file, value in found.items() if value is not None and value != self._known[file]}

    def _renewed(self, operations: tuple[Operation, ...]) -> tuple[Operation, ...]:
        renewal: Renewal = renew(operations, self._known)
        for name in renewal.changed:
            _log.info("secret file changed, the new secret is in force", operation=name)
        for name in renewal.refused:
            if name not in self._refused:
                _log.error(
                    "the changed token_file holds the token of another operation, the old token stays in force",
                    operation=name,
                    hint="list the campaigns of one token under one operation, or correct the file",
                )
        self._refused = renewal.refused
        return renewal.operations

    async def _read(self) -> Contents:
        """What the files hold; nothing where that cannot be read in time."""
        if self._reading is None:
            self._reading = asyncio.ensure_future(asyncio.to_thread(read_all, tuple(self._known)))
        done, _ = await asyncio.wait({self._reading}, timeout=READ_LIMIT)
        if not done:
            return {}
        reading, self._reading = self._reading, None
        return {file: value for file, value in reading.result().items() if file in self._known}
