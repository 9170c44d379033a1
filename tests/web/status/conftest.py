from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from exporter.model import Status
from exporter.web.status import add_routes

Client = TestClient[web.Request, web.Application]


@pytest.fixture
async def serve() -> AsyncIterator[Callable[[Status], Awaitable[Client]]]:
    """Serve a state on loopback and give a client for it."""
    async with AsyncExitStack() as stack:

        async def start(status: Status) -> Client:
            application = web.Application()
            add_routes(application, lambda: status, "/deep/metrics")
            return await stack.enter_async_context(TestClient(TestServer(application)))

        yield start
