"""A server made of nothing but a socket, and what to ask of it."""

import asyncio
import contextlib
import socket
import ssl
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from zoneinfo import ZoneInfo

from pydantic import SecretStr

from exporter.model import Operation, Report, Target, TargetKey, TimeRange, Window
from exporter.wolkvox.client import Answer

BOGOTA = ZoneInfo("America/Bogota")
BOUNDS = TimeRange(start=1_769_000_000, end=1_769_003_600, date_ini="20260121075320", date_end="20260121085320")
TOKEN = "7b69645f-Marked/Token_0001"

GOOD = (
    b'{"code": "200", "error": null, "msg": "1 records", "data": [{"result": "BUSY", "records": "3", "percent": ""}]}'
)

Reply = Callable[["Exchange"], Awaitable[None]]


@dataclass
class Exchange:
    """One request as a raw server sees it, and the connection to answer on."""

    head: bytes
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    @property
    def path(self) -> str:
        return self.head.split(b" ")[1].decode()

    @property
    def headers(self) -> dict[str, str]:
        lines = self.head.decode("latin-1").split("\r\n")[1:-2]
        return {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}

    async def send(self, *pieces: bytes) -> None:
        for piece in pieces:
            self.writer.write(piece)
            await self.writer.drain()

    def reset(self) -> None:
        sock = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


@dataclass
class Peer:
    """A server made of nothing but a socket: what it says is up to the test, what it heard is counted."""

    reply: Reply
    heard: list[Exchange] = field(default_factory=list)
    connections: int = 0
    port: int = 0
    tasks: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError, ssl.SSLError, asyncio.CancelledError):
            while not writer.is_closing():
                exchange = Exchange(await reader.readuntil(b"\r\n\r\n"), reader, writer)
                self.heard.append(exchange)
                await self.reply(exchange)
        writer.close()


def answer(body: bytes, status: int = 200, *headers: str) -> bytes:
    lines = (f"HTTP/1.1 {status} Whatever", *headers, f"Content-Length: {len(body)}", "", "")
    return "\r\n".join(lines).encode() + body


def always(*pieces: bytes) -> Reply:
    async def reply(exchange: Exchange) -> None:
        await exchange.send(*pieces)

    return reply


def then_close(*pieces: bytes) -> Reply:
    async def reply(exchange: Exchange) -> None:
        await exchange.send(*pieces)
        exchange.writer.close()

    return reply


def operation(
    base_url: str, token: str = TOKEN, proxy_url: str | None = None, ca_file: Path | None = None
) -> Operation:
    return Operation(
        name="acme",
        base_url=base_url,
        token=SecretStr(token),
        proxy_url=None if proxy_url is None else SecretStr(proxy_url),
        ca_file=ca_file,
        zone=BOGOTA,
        budget=None,
        targets=(),
    )


def target(campaign: str = "32841", timeout: float = 10.0) -> Target:
    return Target(
        key=TargetKey("acme", campaign, "1h"),
        name="",
        window=Window("1h", 3600),
        zone=BOGOTA,
        interval=300.0,
        delay=0.0,
        timeout=timeout,
        stale_after=960.0,
    )


Ask = Callable[..., Awaitable[Answer[Report]]]
Start = Callable[..., Awaitable[Peer]]
