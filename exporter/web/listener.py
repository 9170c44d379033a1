"""Accepts connections, knows all that are open, and decides which one goes when there are too many."""

import asyncio
import errno
import socket
import ssl
from collections import Counter
from collections.abc import Callable, Sequence

import structlog
from aiohttp import web

from exporter.web.connection import Connection
from exporter.web.limits import Limits
from exporter.web.reserve import Reserve

_log = structlog.get_logger(__name__)

_ACCEPT_RETRY = 0.1
"""Seconds until the next try after the system could not give a connection, as when no file may be opened any more."""

Admits = Callable[[asyncio.Transport], bool]


class Listener:
    """The open sockets and connections of the server.

    It accepts on its own, not through asyncio's servers, because these neither count connections that shake hands nor
    take a new TLS context without a new socket.
    """

    def __init__(
        self,
        server: web.Server,
        sockets: Sequence[socket.socket],
        limits: Limits,
        *,
        tls: Callable[[], ssl.SSLContext | None],
        allows: Admits,
    ) -> None:
        self._server = server
        self._sockets = tuple(sockets)
        self._limits = limits
        self._tls = tls
        self._admits = allows
        self._loop = asyncio.get_running_loop()
        self._connections: dict[Connection, _Client] = {}  # oldest first
        self._reserve = Reserve()
        self._reserve.fill(0)
        self._accepting = [asyncio.create_task(self._accept(listening)) for listening in self._sockets]
        self._sweep = self._loop.call_later(limits.sweep, self._sweep_overdue)

    @property
    def connections(self) -> int:
        """How many are open, those that still shake hands included."""
        return len(self._connections)

    def close(self) -> None:
        """Accept no more. The open connections stay."""
        for task in self._accepting:
            task.cancel()
        for listening in self._sockets:
            listening.close()

    async def abort(self) -> None:
        """Drop every connection that is still open, and wait until all are gone."""
        self._sweep.cancel()
        clients = list(self._connections.values())
        for client in clients:
            client.abort()
        await asyncio.gather(*self._accepting, *(client.handshake for client in clients), return_exceptions=True)
        self._reserve.close()

    async def _accept(self, listening: socket.socket) -> None:
        told = None
        while True:
            try:
                accepted, peer = await self._loop.sock_accept(listening)
            except OSError as error:
                if error.errno == errno.EMFILE and self._reserve.give():
                    continue
                if error.errno != told:  # once, not ten times a second for as long as it lasts
                    _log.warning("cannot accept connections", error=error.strerror, open=self.connections)
                told = error.errno
                self._make_room()
                await asyncio.sleep(_ACCEPT_RETRY)
                continue
            told = None
            while self.connections >= self._limits.connections:
                self._make_room()
            self._open(accepted, str(peer[0]) if peer else "")
            await asyncio.sleep(0)  # a flood of connections does not hold up the rest of the program

    def _open(self, accepted: socket.socket, address: str) -> None:
        connection = Connection(self._server, self._loop, self._limits, allows=self._admits, left=self._forget)
        handshake = self._loop.create_task(self._shake_hands(connection, accepted))
        self._connections[connection] = _Client(connection, handshake, address)
        handshake.add_done_callback(lambda _: self._settle(connection, accepted))

    async def _shake_hands(self, connection: Connection, accepted: socket.socket) -> None:
        tls = self._tls()
        try:
            if tls is None:
                await self._loop.connect_accepted_socket(lambda: connection, accepted)
            else:
                await self._loop.connect_accepted_socket(
                    lambda: connection,
                    accepted,
                    ssl=tls,
                    ssl_handshake_timeout=self._limits.handshake,
                    ssl_shutdown_timeout=self._limits.closing,
                )
        except OSError as error:  # ssl.SSLError is one
            _log.debug("a client did not get through the handshake", error=str(error) or type(error).__name__)

    def _settle(self, connection: Connection, accepted: socket.socket) -> None:
        """After the handshake, however it ended: without a transport nobody else closes the socket."""
        if not connection.established:
            self._forget(connection)
            accepted.close()

    def _forget(self, connection: Connection) -> None:
        self._connections.pop(connection, None)
        # The socket is closed right after this, and polls wait for its descriptor too.
        self._loop.call_soon(self._refill)

    def _refill(self) -> None:
        self._reserve.fill(self.connections)

    def _make_room(self) -> None:
        """Close one connection: a waiting one, never answered before answered, of the busiest address, the oldest."""
        crowd = Counter(client.address for client in self._connections.values())
        victim = max(
            self._connections.values(),
            key=lambda client: (client.connection.waiting, not client.connection.answered, crowd[client.address]),
            default=None,
        )
        if victim is not None:
            victim.abort()
            self._forget(victim.connection)

    def _sweep_overdue(self) -> None:
        now = self._loop.time()
        for client in list(self._connections.values()):
            if client.connection.overdue(now):
                client.abort()
        self._refill()
        self._sweep = self._loop.call_later(self._limits.sweep, self._sweep_overdue)


class _Client:
    """A connection, the task that agrees on TLS for it, and where it comes from."""

    __slots__ = ("address", "connection", "handshake")

    def __init__(self, connection: Connection, handshake: "asyncio.Task[None]", address: str) -> None:
        self.connection = connection
        self.handshake = handshake
        self.address = address

    def abort(self) -> None:
        self.handshake.cancel()
        self.connection.abort()
