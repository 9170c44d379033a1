"""A client of the simulated API that understands nothing, and a clock that stands still."""

import asyncio
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from exporter.simulator.server import Simulator

NOON = 1_795_453_200.0
"""Monday 23 November 2026, 12:00 in Bogota."""


@dataclass
class FixedClock:
    """Time that passes only by assignment."""

    at: float = NOON
    boot: str = "test"

    def now(self) -> float:
        return self.at

    def monotonic(self) -> float:
        return self.at - NOON

    def awake(self) -> float:
        return self.at - NOON

    async def wait(self, event: asyncio.Event, seconds: float) -> None:
        self.at += 0 if event.is_set() else seconds


@dataclass(frozen=True)
class Wire:
    """What came over a connection until it ended."""

    head: str
    body: bytes
    end: str

    @property
    def status(self) -> int:
        return int(self.head.split(" ", 2)[1])

    @property
    def headers(self) -> dict[str, str]:
        return dict(line.split(": ", 1) for line in self.head.split("\r\n")[1:])

    @property
    def content(self) -> bytes:
        """The chunked body put together; one that is cut short raises."""
        whole, left = b"", self.body
        while True:
            size, _, left = left.partition(b"\r\n")
            length = int(size, 16)
            if left[length : length + 2] != b"\r\n":
                raise EOFError("the chunk is cut short")
            if not length:
                return whole
            whole, left = whole + left[:length], left[length + 2 :]


async def ask(
    simulator: Simulator,
    token: str | None = "known",
    patience: float = 10.0,
    method: str = "GET",
    path: str = "/api/v2/reports_manager.php",
    **query: str | None,
) -> Wire:
    """Send one request, by default for the hour before noon, and keep what comes."""
    asked = {
        "api": "campaign_4",
        "campaign_id": "32841",
        "date_ini": "20261123110000",
        "date_end": "20261123120000",
    } | query
    text = urlencode({name: value for name, value in asked.items() if value is not None})
    at = urlsplit(simulator.base_url)
    reader, writer = await asyncio.open_connection(at.hostname, at.port)
    header = "" if token is None else f"wolkvox-token: {token}\r\n"
    writer.write(f"{method} {path}?{text} HTTP/1.1\r\nHost: test\r\n{header}Connection: close\r\n\r\n".encode())
    received, end = b"", "closed"
    try:
        async with asyncio.timeout(patience):
            while piece := await reader.read(1 << 16):
                received += piece
    except TimeoutError:
        end = "open"
    except ConnectionResetError:
        end = "reset"
    finally:
        writer.transport.abort()
    head, _, body = received.partition(b"\r\n\r\n")
    return Wire(head.decode("latin-1"), body, end)
