import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator

import pytest
from raw_server import BOUNDS, Ask, Peer, Reply, Start, target

from exporter.clock import SystemClock
from exporter.model import Operation, Report
from exporter.wolkvox.client import Answer, Client


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    async with Client(SystemClock()) as opened:
        yield opened


@pytest.fixture
def ask(client: Client) -> Ask:
    async def asked(to: Operation, timeout: float = 10.0, campaign: str = "32841") -> Answer[Report]:
        return await client.campaign_4(to, target(campaign, timeout), BOUNDS, SystemClock().monotonic())

    return asked


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    """Starts raw servers."""
    async with contextlib.AsyncExitStack() as stack:

        async def started(reply: Reply, tls: ssl.SSLContext | None = None) -> Peer:
            peer = Peer(reply)

            def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                peer.tasks.add(asyncio.get_running_loop().create_task(peer.serve(reader, writer)))

            server = await asyncio.start_server(accept, "127.0.0.1", 0, ssl=tls)
            peer.port = server.sockets[0].getsockname()[1]

            async def stop() -> None:
                server.close()
                for task in peer.tasks:
                    task.cancel()
                await asyncio.gather(*peer.tasks)

            stack.push_async_callback(stop)
            return peer

        yield started
