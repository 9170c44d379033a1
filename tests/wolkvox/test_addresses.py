"""To and from which addresses connections are made, and what is said of a name that does not resolve in time."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
import structlog
from raw_server import BOUNDS, GOOD, Ask, Exchange, Start, always, answer, operation, target

from exporter.clock import SystemClock
from exporter.model import AddressFamily, Failure, Reason, Report, Row
from exporter.wolkvox import client as room
from exporter.wolkvox.client import Answer

BUSY = Report((Row("busy", 3, 100.0),))
NAME = "vendor.invalid"


@pytest.mark.parametrize("url", ["http://127.1", "nowhere"])
async def test_an_address_that_the_client_does_not_take_is_no_fault_of_our_own(ask: Ask, url: str) -> None:
    with structlog.testing.capture_logs() as logged:
        assert f"{url} cannot be used" in failure(await ask(operation(url)), Reason.CONNECT)
    assert logged == []


def failure(found: Answer[Report], reason: Reason) -> str:
    assert isinstance(found.outcome, Failure), found
    assert found.outcome.reason is reason, found
    return found.outcome.message


@pytest.fixture
def both(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that has an IPv6 address and an IPv4 address, in that order."""
    kinds = {socket.AF_INET6: ("::1", 0, 0), socket.AF_INET: ("127.0.0.1",)}

    def look_up(host: str, port: int, family: int = 0, *_: Any, **__: Any) -> list[Any]:
        assert host == NAME
        return [
            (kind, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (address[0], port, *address[1:]))
            for kind, address in kinds.items()
            if family in (0, kind)
        ]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)


@contextlib.asynccontextmanager
async def resetting(port: int) -> AsyncIterator[list[bytes]]:
    """An IPv6 route to the same port that takes connections and resets them once a request came."""
    heard: list[bytes] = []

    async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.read(2**16))
        Exchange(b"", reader, writer).reset()

    server = await asyncio.start_server(reset, "::1", port)
    yield heard
    server.close()
    await server.wait_closed()


@pytest.mark.usefixtures("both")
async def test_a_route_of_the_other_family_eats_no_request(start: Start, ask: Ask) -> None:
    peer = await start(always(answer(GOOD)))
    url = f"http://{NAME}:{peer.port}"
    async with resetting(peer.port) as eaten:
        failure(await ask(operation(url)), Reason.CONNECT)
        assert (len(eaten), peer.connections) == (1, 0)
        for _ in range(5):
            asked = replace(operation(url), address_family=AddressFamily.IPV4)
            assert (await ask(asked)).outcome == BUSY
        failure(await ask(replace(operation(url), address_family=AddressFamily.IPV6)), Reason.CONNECT)
        assert len(eaten) == 2


@pytest.mark.usefixtures("both")
async def test_the_same_holds_on_the_way_to_a_proxy(start: Start, ask: Ask) -> None:
    proxy = await start(always(answer(GOOD)))
    asked = operation("http://name.invalid", proxy_url=f"http://{NAME}:{proxy.port}")
    async with resetting(proxy.port) as eaten:
        assert (await ask(replace(asked, address_family=AddressFamily.IPV4))).outcome == BUSY
        assert eaten == []


@pytest.mark.usefixtures("both")
@pytest.mark.parametrize("family", [AddressFamily.ANY, AddressFamily.IPV4])
async def test_connections_come_from_the_source_address(start: Start, ask: Ask, family: AddressFamily) -> None:
    async def reply(exchange: Exchange) -> None:
        sources.append(exchange.writer.get_extra_info("peername")[0])
        await exchange.send(answer(GOOD))

    sources: list[str] = []
    peer = await start(reply)
    for source in ("127.0.0.2", "127.0.0.3"):
        asked = replace(operation(f"http://{NAME}:{peer.port}"), source_address=source, address_family=family)
        assert (await ask(asked)).outcome == BUSY
    assert sources == ["127.0.0.2", "127.0.0.3"]


async def test_a_source_address_of_another_machine_is_named(start: Start, ask: Ask) -> None:
    peer = await start(always(answer(GOOD)))
    found = await ask(replace(operation(peer.url), source_address="203.0.113.7"))
    assert "source_address 203.0.113.7" in failure(found, Reason.CONNECT)
    assert found.sent_at is None


async def test_a_name_without_an_address_of_the_family_is_named(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    def look_up(*_: Any, **__: Any) -> list[Any]:
        raise socket.gaierror(socket.EAI_NONAME, "none")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    found = await ask(replace(operation(f"http://{NAME}"), address_family=AddressFamily.IPV6))
    assert f"cannot resolve {NAME} to an IPv6 address" in failure(found, Reason.CONNECT)
    found = await ask(replace(operation(f"http://{NAME}"), source_address="127.0.0.1"))
    assert f"cannot resolve {NAME} to an IPv4 address" in failure(found, Reason.CONNECT)


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """A DNS that does not answer until the event is set; the end of the event loop waits for its threads."""
    released = threading.Event()

    def look_up(*_: Any, **__: Any) -> list[Any]:
        released.wait(60.0)
        raise socket.gaierror(socket.EAI_AGAIN, "late")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return released


@pytest.mark.parametrize("proxy_url", [None, f"http://me:s3cr3t@{NAME}:3128"])
async def test_a_name_that_does_not_resolve_in_time_is_told(
    ask: Ask, monkeypatch: pytest.MonkeyPatch, silent: threading.Event, proxy_url: str | None
) -> None:
    asked = operation(f"http://{NAME}" if proxy_url is None else "http://name.invalid", proxy_url=proxy_url)
    assert f"{NAME} was not resolved in time" in failure(await ask(asked, timeout=0.1), Reason.TIMEOUT)
    monkeypatch.setattr(room, "CONNECT_LIMIT", 0.1)
    async with room.Client(SystemClock()) as client:
        found = await client.campaign_4(asked, target(), BOUNDS, SystemClock().monotonic())
    assert f"{NAME} was not resolved within 15 s" in failure(found, Reason.CONNECT)
    assert found.sent_at is None
    silent.set()
