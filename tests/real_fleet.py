"""Replicas of the real command on one real PostgreSQL: started, watched, killed."""

import re
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from patience import PATIENCE, patiently
from real_exporter import Exporter, write_config
from real_postgresql import PostgreSQL

from exporter.clock import SystemClock
from exporter.simulator.request_log import fingerprint

_HELD = re.compile(r'^wolkvox_token_lease_held\{operation="([^"]*)"\} 1(?:\.0)?$', re.MULTILINE)

_CLOCK = SystemClock()


def token_of(name: str) -> str:
    """The token of an operation of a fleet."""
    return f"token-of-{name}"


def printed(name: str) -> str:
    """As the simulated API's log has the operation's token."""
    return fingerprint(token_of(name))


def write_fleet_config(
    folder: Path, api: str, names: Iterable[str], campaigns: Sequence[str], settings: Mapping[str, Any]
) -> None:
    """A configuration of operations with one token and the same campaigns each."""
    operations = [
        {"name": name, "base_url": api, "token": token_of(name), "campaigns": [{"id": one} for one in campaigns]}
        for name in names
    ]
    write_config(folder, {**settings, "operations": operations})


@dataclass
class Fleet:
    """Replicas with the configuration in one folder, on one database."""

    folder: Path
    session: aiohttp.ClientSession
    server: PostgreSQL
    names: Sequence[str]
    """The operations."""
    database: str
    replicas: list[Exporter] = field(default_factory=list)
    """Those that take part: not those that a test stopped or cut off."""
    deaths: list[float] = field(default_factory=list)
    """When one was killed, by the monotonic clock."""
    _started: list[Exporter] = field(default_factory=list)

    async def start(self, port: int | None = None) -> Exporter:
        """One replica more; it reaches the database at its own port, or at another one."""
        url = self.server.url(self.database, port=port)
        flags = ("run", "--web.listen-address=127.0.0.1:0", f"--storage.url={url}")
        one = Exporter(self.session, self.folder, *flags)
        self.replicas.append(one)
        self._started.append(one)
        await one.serves()
        return one

    async def kill(self, one: Exporter) -> None:
        """One replica less, as a crash would end it."""
        self.deaths.append(_CLOCK.monotonic())
        self.replicas.remove(one)
        await one.kill()

    async def stop(self, one: Exporter) -> None:
        """One replica less, as an operator would end it."""
        self.replicas.remove(one)
        assert await one.stop() == 0, one.stderr

    async def held(self, one: Exporter) -> set[str]:
        """The operations that a replica polls, as it says itself."""
        return set(_HELD.findall((await one.ask("/metrics")).text))

    async def spreads(self, within: float = PATIENCE, look_again: float = 0.05) -> None:
        """Wait until each token is polled by one replica, and none has more than an even share."""
        last: list[int] = []
        share = -(-len(self.names) // len(self.replicas))

        async def probe() -> bool:
            last[:] = [len(await self.held(one)) for one in self.replicas]
            return sum(last) == len(self.names) and max(last) <= share

        await patiently(probe, lambda: f"tokens held: {last}", within, look_again)

    async def end(self) -> None:
        """Kill whatever still runs, also what sleeps or takes no part."""
        for one in self._started:
            await one.kill()


@asynccontextmanager
async def fleet(folder: Path, server: PostgreSQL, names: Sequence[str]) -> AsyncIterator[Fleet]:
    """A fleet on a new database, without replicas yet; at the end of the block they end."""
    async with aiohttp.ClientSession() as session:
        made = Fleet(folder, session, server, names, server.database())
        try:
            yield made
        finally:
            await made.end()
