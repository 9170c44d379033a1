"""A program behind the server, and servers of it on free ports."""

import gzip
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from aiohttp import web

from exporter.metrics.format import Encoding, Exposition
from exporter.web.routes import Routes
from exporter.web.server import Server, start

LOOPBACK = "127.0.0.1:0"


@dataclass
class FakeExporter:
    """Answers what the test tells it to."""

    body: bytes = b"# HELP wolkvox_up Made up.\n# TYPE wolkvox_up gauge\nwolkvox_up 1\n"
    trouble: str | None = None
    missing: str | None = None
    mistakes: tuple[str, ...] = ()
    reloads: int = 0
    fault: Exception | None = None
    asked: list[tuple[Exposition, Encoding]] = field(default_factory=list)
    hold: Callable[[], Awaitable[None]] | None = None

    async def page(self, exposition: Exposition, encoding: Encoding) -> bytes:
        self.asked.append((exposition, encoding))
        if self.hold is not None:
            await self.hold()
        if self.fault is not None:
            raise self.fault
        return gzip.compress(self.body) if encoding is Encoding.GZIP else self.body

    def unhealthy(self) -> str | None:
        return self.trouble

    def unready(self) -> str | None:
        return self.missing

    async def reload(self) -> tuple[str, ...]:
        self.reloads += 1
        return self.mistakes


def add_home(application: web.Application) -> None:
    """Stands for the pages for people."""

    async def home(_request: web.Request) -> web.Response:
        return web.Response(text="<p>home", content_type="text/html")

    application.router.add_get("/", home)


@pytest.fixture
def program() -> FakeExporter:
    return FakeExporter()


@pytest.fixture
async def serve(program: FakeExporter) -> AsyncIterator[Callable[..., Awaitable[Server]]]:
    started: list[Server] = []

    async def run(*addresses: str, **options: Any) -> Server:
        routes = options.pop("routes", Routes())
        if routes.pages is None:
            routes = replace(routes, pages=add_home)
        server = await start(program, addresses or (LOOPBACK,), routes, **options)
        started.append(server)
        return server

    yield run
    for server in started:
        await server.stop()
