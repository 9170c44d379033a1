import asyncio
import resource
import time
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest

from exporter.web.limits import Limits, system_limits
from exporter.web.reserve import CONNECTIONS
from exporter.web.server import Server

Serve = Callable[..., Awaitable[Server]]

REQUEST = b"GET /metrics HTTP/1.1\r\nHost: exporter\r\n\r\n"
SOON = 10.0
"""Seconds after which what must happen at once has not happened."""


async def dial(server: Server) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    where = urlsplit(server.urls[0])
    return await asyncio.open_connection(where.hostname, where.port)


async def rest(reader: asyncio.StreamReader) -> bytes:
    """All that still comes until the server closes."""
    try:
        async with asyncio.timeout(SOON):
            return await reader.read()
    except ConnectionResetError:
        return b""


async def talk(server: Server, sent: bytes) -> bytes:
    """What the server answers to these bytes before it closes."""
    reader, writer = await dial(server)
    writer.write(sent)
    try:
        return await rest(reader)
    finally:
        writer.close()


async def scrape(server: Server) -> int:
    async with aiohttp.ClientSession() as session, session.get(server.urls[0] + "metrics") as answer:
        await answer.read()
        return answer.status


@pytest.mark.parametrize("sent", [b"", b"GET", b"GET /metrics HTTP/1.1\r\nHost:"])
async def test_who_does_not_send_a_request_is_cut_off(serve: Serve, sent: bytes) -> None:
    server = await serve(limits=Limits(head=0.05, sweep=0.01))
    assert await talk(server, sent) == b""
    assert server.connections == 0


async def test_who_trickles_a_request_is_cut_off(serve: Serve) -> None:
    server = await serve(limits=Limits(head=0.2, sweep=0.01))
    reader, writer = await dial(server)

    async def trickle() -> None:
        for byte in REQUEST * 1000:
            writer.write(bytes([byte]))
            await asyncio.sleep(0.02)

    trickling = asyncio.create_task(trickle())
    assert await rest(reader) == b""
    trickling.cancel()
    writer.close()


async def test_who_trickles_a_second_request_is_cut_off(serve: Serve) -> None:
    server = await serve(limits=Limits(head=0.1, sweep=0.01))
    reader, writer = await dial(server)
    writer.write(REQUEST)
    assert await reader.readuntil(b"wolkvox_up 1\n")
    writer.write(b"GET /metrics HTTP/1.1\r\n")
    assert await rest(reader) == b""
    writer.close()


async def test_a_connection_kept_alive_is_closed_in_the_end(serve: Serve) -> None:
    server = await serve(limits=Limits(idle=0.1, sweep=0.01))
    answer = await talk(server, REQUEST * 2)
    assert answer.count(b"HTTP/1.1 200 OK") == 2


async def test_an_idle_connection_is_not_taken_for_a_slow_request(serve: Serve) -> None:
    server = await serve(limits=Limits(head=0.05, sweep=0.01))
    reader, writer = await dial(server)
    for _ in range(2):
        writer.write(REQUEST)
        assert await reader.readuntil(b"wolkvox_up 1\n")
        await asyncio.sleep(0.15)
    assert not reader.at_eof()
    writer.close()


async def test_a_page_that_takes_its_time_is_not_cut_off(serve: Serve, program: Any) -> None:
    async def hold() -> None:
        await asyncio.sleep(0.2)

    program.hold = hold
    server = await serve(limits=Limits(head=0.05, write=0.05, sweep=0.01))
    assert await scrape(server) == 200


async def test_who_does_not_read_the_answer_is_cut_off(serve: Serve, program: Any) -> None:
    program.body = b"wolkvox_up 1\n" * 2_000_000
    server = await serve(limits=Limits(write=0.1, sweep=0.01))
    _reader, writer = await dial(server)
    writer.transport.pause_reading()  # type: ignore[attr-defined]
    writer.write(REQUEST)
    await gone(server)
    writer.transport.abort()


async def test_who_closes_only_after_long_is_cut_off(serve: Serve, program: Any) -> None:
    program.body = b"wolkvox_up 1\n" * 300_000
    server = await serve(limits=Limits(write=60, closing=0.1, sweep=0.01))
    _reader, writer = await dial(server)
    writer.transport.pause_reading()  # type: ignore[attr-defined]
    writer.write(REQUEST.replace(b"1.1\r\n", b"1.0\r\n", 1))
    (connection,) = await opened(server, 1)
    connection._wire.close()
    await gone(server)
    writer.transport.abort()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(SOON):
        while not condition():
            await asyncio.sleep(0.01)


async def gone(server: Server) -> None:
    await opened(server, 0)


async def opened(server: Server, number: int) -> list[Any]:
    """Wait until the server holds so many connections."""
    await until(lambda: server.connections == number)
    return list(server._listener._connections)


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\nCookie: " + b"a" * 70_000 + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 11_000 + b"\r\n", 431),
        (b"GET / HTTP/1.1\r\n" + (b"A: " + b"b" * 1000 + b"\r\n") * 66 + b"\r\n", 431),
        (b"GET /" + b"a" * 70_000, 431),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
        (b"BREW / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\nabc", 400),
        (b"GET / HTTP/1.1\r\nA\x00B: c\r\n\r\n", 400),
        (b"GET / HTTP/1.1\nHost: a\n b: c\n\n", 400),
        (b"\r\n\r\n\r\nhello\r\n\r\n", 400),
    ],
)
async def test_what_is_no_fair_request_gets_a_plain_refusal(
    serve: Serve, sent: bytes, status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = await talk(await serve(), sent)
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.split(b" ")[1] == b"%d" % status
    assert b"Python" not in answer
    assert b"aiohttp" not in answer
    assert body == {400: b"400: Bad Request\n", 431: b"431: Request Header Fields Too Large\n"}[status]
    assert "Traceback" not in capsys.readouterr().out


@pytest.mark.parametrize(
    "head",
    [
        b"GET /metrics?" + b"a" * 16_000 + b" HTTP/1.1\r\nHost: exporter\r\n",
        b"GET /metrics HTTP/1.1\r\nHost: exporter\r\nCookie: " + b"a" * 16_000 + b"\r\n",
        b"GET /metrics HTTP/1.1\r\nHost: exporter\r\n" + b"A: b\r\n" * 2_700,
        b"GET /metrics HTTP/1.1\r\nHost: exporter\r\n" + (b"A: " + b"b" * 1000 + b"\r\n") * 16,
        b"GET /metrics HTTP/1.1\r\nHost: exporter\r\nA" + b"a" * 8_000 + b": " + b"b" * 8_000 + b"\r\n",
    ],
)
async def test_a_head_of_sixteen_kibibytes_is_read(serve: Serve, head: bytes) -> None:
    head += b"Connection: close\r\nPadding: " + b"x" * (16_384 - len(head) - 32) + b"\r\n\r\n"
    assert len(head) == 16_384
    server = await serve()
    assert (await talk(server, head)).startswith(b"HTTP/1.1 200 OK")
    reader, writer = await dial(server)
    for start in range(0, len(head), 4_000):  # in pieces, as a network brings it
        writer.write(head[start : start + 4_000])
        await writer.drain()
        await asyncio.sleep(0)
    assert (await rest(reader)).startswith(b"HTTP/1.1 200 OK")
    writer.close()


async def test_a_head_of_more_than_sixty_four_kibibytes_is_refused_however_it_arrives(serve: Serve) -> None:
    server = await serve()
    reader, writer = await dial(server)
    writer.write(b"GET /metrics HTTP/1.1\r\nHost: exporter\r\nPadding: ")
    for _ in range(200):
        writer.write(b"x" * 1024)
        await asyncio.sleep(0)
    assert (await rest(reader)).startswith(b"HTTP/1.1 431 ")
    writer.close()


async def test_an_expectation_that_is_none_is_refused(serve: Serve) -> None:
    answer = await talk(
        await serve(), b"GET / HTTP/1.1\r\nHost: exporter\r\nExpect: the best\r\nConnection: close\r\n\r\n"
    )
    assert answer.startswith(b"HTTP/1.1 417 ")
    assert b"aiohttp" not in answer


async def test_a_body_that_nobody_needs_is_refused(serve: Serve, program: Any) -> None:
    server = await serve(limits=Limits(lingering=0.05))
    request = b"POST /-/reload HTTP/1.1\r\nHost: exporter\r\nContent-Length: 99999999\r\n\r\n"
    assert (await talk(server, request + b"x" * 1000)).startswith(b"HTTP/1.1 413 ")
    assert (await talk(server, request + b"x" * 100_000)).startswith(b"HTTP/1.1 4")


async def test_a_body_without_end_is_cut_off(serve: Serve) -> None:
    server = await serve(limits=Limits(lingering=0.05))
    endless = (
        b"POST /-/reload HTTP/1.1\r\nHost: exporter\r\nTransfer-Encoding: chunked\r\n\r\n" + b"5\r\nhello\r\n" * 10
    )
    assert (await talk(server, endless)).startswith(b"HTTP/1.1 403 ")


async def test_requests_sent_all_at_once_are_answered_up_to_the_limit(serve: Serve) -> None:
    server = await serve(limits=Limits(request=len(REQUEST) * 5))
    reader, writer = await dial(server)
    writer.write(REQUEST * 5)
    for _ in range(5):
        assert await reader.readuntil(b"wolkvox_up 1\n")
    writer.write(REQUEST)
    assert await reader.readuntil(b"wolkvox_up 1\n")
    writer.close()


async def test_more_than_the_limit_behind_a_request_ends_the_connection_after_its_answer(
    serve: Serve, program: Any
) -> None:
    arrived, release = asyncio.Event(), asyncio.Event()

    async def hold() -> None:
        arrived.set()
        await release.wait()

    program.hold = hold
    server = await serve(limits=Limits(request=1000, lingering=0.05))
    reader, writer = await dial(server)
    writer.write(REQUEST)
    await arrived.wait()
    (connection,) = await opened(server, 1)
    writer.write(b"x" * 2000)
    await until(lambda: connection._received > 1000)
    release.set()
    assert (await rest(reader)).count(b"HTTP/1.1 200 OK") == 1
    writer.close()


async def test_a_full_house_closes_who_never_asked_for_anything(serve: Serve) -> None:
    server = await serve(limits=Limits(connections=8))
    kept_reader, kept_writer = await dial(server)
    kept_writer.write(REQUEST)
    assert await kept_reader.readuntil(b"wolkvox_up 1\n")
    silent = [await dial(server) for _ in range(20)]
    assert await scrape(server) == 200
    assert server.connections <= 8
    assert await rest(silent[0][0]) == b""
    kept_writer.write(REQUEST)
    assert await kept_reader.readuntil(b"wolkvox_up 1\n")
    for _reader, writer in [*silent, (kept_reader, kept_writer)]:
        writer.close()


async def test_a_house_full_of_busy_ones_has_room_too(serve: Serve, program: Any) -> None:
    release = asyncio.Event()

    async def hold() -> None:
        await release.wait()

    program.hold = hold
    server = await serve(limits=Limits(connections=4))
    busy = [await dial(server) for _ in range(4)]
    for _reader, writer in busy:
        writer.write(REQUEST)
    await until(lambda: len(program.asked) == 4)
    program.hold = None
    assert await scrape(server) == 200
    release.set()
    for _reader, writer in busy:
        writer.close()


async def test_500_connections_that_never_finish_hold_up_nobody(serve: Serve) -> None:
    server = await serve()
    hanging = []
    for number in range(500):
        reader, writer = await dial(server)
        writer.write(REQUEST[: number % len(REQUEST)])
        hanging.append((reader, writer))
    began = time.monotonic()
    assert await scrape(server) == 200
    assert time.monotonic() - began < SOON  # the bound of a second is measured by the benchmark, not by a test
    assert server.connections <= Limits().connections
    for _reader, writer in hanging:
        writer.close()


async def test_stopping_waits_for_nobody(program: Any, serve: Serve) -> None:
    async def hold() -> None:
        await asyncio.Event().wait()

    server = await serve()
    idle_reader, idle_writer = await dial(server)
    idle_writer.write(REQUEST)
    await idle_reader.readuntil(b"wolkvox_up 1\n")
    program.hold = hold
    hung = [await dial(server) for _ in range(3)]
    hung[0][1].write(REQUEST)
    hung[1][1].write(REQUEST[:10])
    await until(lambda: len(program.asked) == 2)
    async with asyncio.timeout(SOON):
        await server.stop()
    assert server.connections == 0
    assert not [task for task in asyncio.all_tasks() if "_accept" in repr(task) or "RequestHandler" in repr(task)]
    for reader, writer in [*hung, (idle_reader, idle_writer)]:
        assert await rest(reader) == b""
        writer.close()
    with pytest.raises(ConnectionRefusedError):
        await dial(server)


async def test_an_answer_under_way_may_end_while_stopping(program: Any, serve: Serve) -> None:
    arrived, release = asyncio.Event(), asyncio.Event()

    async def hold() -> None:
        arrived.set()
        await release.wait()

    program.hold = hold
    server = await serve()
    reader, writer = await dial(server)
    writer.write(REQUEST)
    await arrived.wait()
    stopping = asyncio.create_task(server.stop())
    await asyncio.sleep(0)
    release.set()
    assert (await rest(reader)).endswith(program.body)
    await stopping
    writer.close()


async def test_a_system_without_room_is_waited_for(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    loop = asyncio.get_running_loop()
    accept = loop.sock_accept
    failures = iter([OSError(24, "Too many open files")] * (CONNECTIONS + 1))  # what is kept for the page goes first

    async def sometimes(listening: Any) -> Any:
        for failure in failures:
            raise failure
        return await accept(listening)

    monkeypatch.setattr(loop, "sock_accept", sometimes)
    assert await scrape(await serve()) == 200
    assert "Too many open files" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("files", "connections"), [(resource.RLIM_INFINITY, 256), (1_000_000, 256), (256, 128), (4, 8)]
)
def test_few_open_files_mean_few_connections(files: int, connections: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _which: (files, files))
    assert system_limits() == Limits(connections=connections)
