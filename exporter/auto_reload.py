"""Reloads the configuration when its file changes: `--config.auto-reload-interval`, as in Prometheus."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import structlog

from exporter.clock import Clock
from exporter.rotation import CONFIRMATION, READ_LIMIT
from exporter.yaml import checksum_of, read_start

_log = structlog.get_logger()


class ConfigWatch:
    """Looks at the file, and reloads when its content is not what is in force.

    A content that cannot be used is tried again at each look: a secret that it names may be mounted a minute later.
    """

    def __init__(
        self,
        clock: Clock,
        file: Path,
        in_force: Callable[[], str | None],
        reload: Callable[[], Awaitable[object]],
    ) -> None:
        """`in_force` is the checksum of the file in force, None if the last reload failed."""
        self._clock = clock
        self._file = file
        self._in_force = in_force
        self._reload = reload
        self._reading: asyncio.Future[str] | None = None

    async def run(self, interval: float, stopping: asyncio.Event) -> None:
        """Look every `interval` seconds until `stopping` is set."""
        while not stopping.is_set():
            await self._clock.wait(stopping, interval)
            if stopping.is_set():
                return
            try:
                await self._look(stopping)
            except Exception:  # noqa: BLE001 (whatever it is: the next look may do)
                _log.exception("configuration file not looked at because of an internal error, trying again")

    async def _look(self, stopping: asyncio.Event) -> None:
        first = await self._read()
        if first is None or first == self._in_force():
            return
        # It may be half written at the first read.
        await self._clock.wait(stopping, CONFIRMATION)
        if not stopping.is_set() and await self._read() == first:
            await self._reload()

    async def _read(self) -> str | None:
        """What the file holds; an empty text if it cannot be read, None while reading hangs."""
        if self._reading is None:
            self._reading = asyncio.ensure_future(asyncio.to_thread(_checksum, self._file))
        done, _ = await asyncio.wait({self._reading}, timeout=READ_LIMIT)
        if not done:
            return None
        reading, self._reading = self._reading, None
        return reading.result()


def _checksum(file: Path) -> str:
    try:
        return checksum_of(read_start(file)[0])
    except OSError:
        return ""
