"""Connections to the server or a proxy: to and from which addresses, and each for one answer only."""

import asyncio
import socket
from contextvars import ContextVar
from functools import partial

import aiohttp
from aiohttp.client_proto import ResponseHandler

from exporter.model import AddressFamily, Operation
from exporter.wolkvox.exchange import Exchange
from exporter.wolkvox.framing import Framing, FramingError

UNDER_WAY: ContextVar[Exchange] = ContextVar("UNDER_WAY")
"""The exchange that the current task is at: aiohttp makes sockets and protocols without saying for whom."""


_FAMILIES = {
    AddressFamily.ANY: socket.AF_UNSPEC,
    AddressFamily.IPV4: socket.AF_INET,
    AddressFamily.IPV6: socket.AF_INET6,
}


def family(operation: Operation) -> socket.AddressFamily:
    """The addresses that the operation connects to: those of its `address_family`, or of its `source_address`."""
    if operation.address_family is AddressFamily.ANY and operation.source_address is not None:
        return socket.AF_INET6 if ":" in operation.source_address else socket.AF_INET
    return _FAMILIES[operation.address_family]


def connector(family: socket.AddressFamily, source: str | None) -> aiohttp.TCPConnector:
    """Makes connections to addresses of `family`, from the address `source` of this machine where one is given.

    None is used again. So whatever arrives after an answer (a second one, a late 408, bytes beyond the length) meets
    nobody. At a request every few minutes nothing is lost by it: the vendor closes an idle connection after 5 seconds.
    """
    made = aiohttp.TCPConnector(
        limit=0,
        force_close=True,
        family=family,
        local_addr=None if source is None else (source, 0),
        socket_factory=_socket,
    )
    made._factory = partial(_protocol, asyncio.get_running_loop())  # noqa: SLF001 - there is no public way
    return made


def _socket(address: aiohttp.AddrInfoType) -> socket.socket:
    UNDER_WAY.get().resolved = True
    family, kind, protocol, _, _ = address
    return socket.socket(family, kind, protocol)


def _protocol(loop: asyncio.AbstractEventLoop) -> ResponseHandler:
    return _Protocol(loop, UNDER_WAY.get())


class _Protocol(ResponseHandler):
    """aiohttp's end of a connection, which hands it one answer in its plainest spelling and nothing else.

    Its own parser refuses what curl reads, and waits for the time-out where a body goes wrong half-way.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, exchange: Exchange) -> None:
        super().__init__(loop)
        self._exchange = exchange
        self._framing = Framing()

    def data_received(self, data: bytes) -> None:
        """Take bytes off the network, or again what aiohttp kept until it had made its parser."""
        if self._parser is None or not data:
            super().data_received(data)
        elif self._exchange.flaw is None:
            self._read(data)

    def _read(self, data: bytes) -> None:
        try:
            plain = self._framing.feed(data)
        except FramingError as flaw:
            self._exchange.flaw = flaw
            self.set_exception(flaw)
            if self.transport is not None:
                self.transport.abort()
            return
        if plain:
            super().data_received(plain)
