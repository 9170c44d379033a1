"""Each request has a connection of its own: what arrives on it is its answer, or nobody's."""

import asyncio
import gzip

import pytest
from raw_server import GOOD, Ask, Exchange, Reply, Start, always, answer, operation, then_close

from exporter.model import Failure, Reason, Report, Row
from exporter.wolkvox.client import Answer

BUSY = Report((Row("busy", 3, 100.0),))
FOREIGN = GOOD.replace(b"BUSY", b"ANSWER")

BEYOND = {
    "a second whole answer": answer(FOREIGN),
    "many of them": answer(FOREIGN) * 50,
    "a time-out without a close": answer(b"", 408),
    "bytes after the length": b"}}",
    "half a head": b"HTTP/1.1 200 OK\r\nContent-",
    "an interim answer": b"HTTP/1.1 102 Processing\r\n\r\n",
}


@pytest.mark.parametrize("beyond", BEYOND.values(), ids=BEYOND)
@pytest.mark.parametrize("by_proxy", [False, True])
async def test_what_comes_after_an_answer_is_not_the_next_requests(
    start: Start, ask: Ask, beyond: bytes, by_proxy: bool
) -> None:
    answered, sent = asyncio.Event(), asyncio.Event()

    async def reply(exchange: Exchange) -> None:
        await exchange.send(answer(GOOD))
        if len(peer.heard) == 1:
            await answered.wait()
            await asyncio.sleep(0)
            exchange.writer.write(beyond)
            sent.set()

    peer = await start(reply)

    async def asked(token: str) -> Answer[Report]:
        if by_proxy:
            return await ask(operation("http://vendor.invalid", token=token, proxy_url=peer.url))
        return await ask(operation(peer.url, token=token))

    assert (await asked("first")).outcome == BUSY
    answered.set()
    await sent.wait()
    await asyncio.sleep(0.05)  # should the bytes find a way, it is not missed; without it the test still holds
    peer.reply = always(answer(GOOD.replace(b"3", b"4")))
    assert (await asked("second")).outcome == Report((Row("busy", 4, 100.0),))
    assert peer.connections == 2


@pytest.mark.parametrize("beyond", BEYOND.values(), ids=BEYOND)
async def test_what_comes_with_an_answer_is_left_unread(start: Start, ask: Ask, beyond: bytes) -> None:
    peer = await start(always(answer(GOOD) + beyond))
    assert (await ask(operation(peer.url))).outcome == BUSY


async def test_the_server_is_told_that_no_other_request_follows(start: Start, ask: Ask) -> None:
    peer = await start(always(answer(GOOD)))
    await ask(operation(peer.url))
    assert peer.heard[0].headers["connection"] == "close"


async def test_an_answer_that_comes_before_the_request_is_its_answer(start: Start, ask: Ask) -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer(b"", 503))
        await reader.read()
        writer.close()
        closed.set()

    closed = asyncio.Event()
    server = await asyncio.start_server(refuse, "127.0.0.1", 0)
    found = await ask(operation(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"))
    assert failure(found).reason is Reason.SERVER_ERROR
    await closed.wait()
    server.close()


# Answers that curl reads, and those that nobody can.


def failure(found: Answer[Report]) -> Failure:
    assert isinstance(found.outcome, Failure), found
    assert found.outcome.message.isprintable()
    return found.outcome


def head(*lines: str) -> bytes:
    return "\r\n".join(["HTTP/1.1 200 OK", *lines, "", ""]).encode()


CHUNKED = "Transfer-Encoding: chunked"
CHUNKS = b"%x\r\n%b\r\n0\r\n\r\n" % (len(GOOD), GOOD)
LENGTH = f"Content-Length: {len(GOOD)}"


@pytest.mark.parametrize(
    "sent",
    [
        head("Set-Cookie: a=" + "x" * 9_000, LENGTH) + GOOD,
        head("Content-Security-Policy: " + "x" * 200_000, LENGTH) + GOOD,
        head(*(f"X-{number}: 1" for number in range(500)), LENGTH) + GOOD,
        head(LENGTH, LENGTH) + GOOD,
        head(LENGTH, CHUNKED) + CHUNKS,
        head("Content-Length : 5, 5", CHUNKED, "X Y: z") + CHUNKS.replace(b"\r\n", b"\n"),
        head("Content-Encoding: none", LENGTH) + GOOD,
        b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + answer(GOOD),
    ],
)
async def test_what_curl_reads_is_read(start: Start, ask: Ask, sent: bytes) -> None:
    peer = await start(always(sent))
    assert (await ask(operation(peer.url))).outcome == BUSY


async def test_a_large_head_of_a_proxy_is_read_too(start: Start, ask: Ask) -> None:
    proxy = await start(always(answer(b"", 407, "Proxy-Authenticate: Negotiate " + "x" * 20_000)))
    found = failure(await ask(operation("https://vendor.invalid", proxy_url=proxy.url)))
    assert "HTTP 407" in found.message


def slowly(*pieces: bytes) -> Reply:
    """Sends them one by one, and leaves the connection open."""

    async def reply(exchange: Exchange) -> None:
        for piece in pieces:
            await exchange.send(piece)
            await asyncio.sleep(0.02)

    return reply


@pytest.mark.parametrize(
    ("why", "reply"),
    [
        ("does not begin with HTTP/", always(b"SSH-2.0-OpenSSH_9.2\r\n")),
        ("speaks TLS", always(b"\x15\x03\x01\x00\x02\x02\x28")),
        ("first line", always(b"HTTP/1.1 two hundred\r\n\r\n")),
        ("Content-Length is not a number", always(head("Content-Length: many"))),
        ("two different Content-Length", always(head(LENGTH, "Content-Length: 1") + GOOD)),
        ("no colon", always(head("no colon", LENGTH) + GOOD)),
        ("over 300 KiB", always(head("Long: " + "x" * 2**20))),
        ("over 300 KiB", always(head(*["Many: x"] * 50_000))),
        ("over 300 KiB", always(b"HTTP/1.1 102 Processing\r\n\r\n" * 50_000)),
        ("begin with its size", slowly(head(CHUNKED), b"1\r\n{\r\n", b"no size\r\n")),
        ("longer than the size", then_close(head(CHUNKED) + b"1\r\n{}")),
        ("does not speak HTTP", always(head("Content-Encoding: " + "x" * 9_000))),
    ],
)
async def test_what_nobody_can_read_is_told_at_once(start: Start, ask: Ask, why: str, reply: Reply) -> None:
    peer = await start(reply)
    found = failure(await ask(operation(peer.url), timeout=60.0))
    assert found.reason is Reason.INVALID_RESPONSE
    assert why in found.message
    assert len(peer.heard) == 1


async def test_a_proxy_that_speaks_something_else_is_told_too(start: Start, ask: Ask) -> None:
    proxy = await start(always(b"220 smtp.example ESMTP\r\n"))
    found = failure(await ask(operation("https://vendor.invalid", proxy_url=proxy.url)))
    assert found.reason is Reason.INVALID_RESPONSE
    assert "proxy_url" in found.message


async def test_a_refusal_needs_no_readable_body(start: Start, ask: Ask) -> None:
    peer = await start(slowly(b"HTTP/1.1 401 No\r\n" + CHUNKED.encode() + b"\r\n\r\n", b"no size\r\n"))
    assert failure(await ask(operation(peer.url), timeout=60.0)).reason is Reason.AUTH


async def test_a_chunked_answer_that_trickles_is_read(start: Start, ask: Ask) -> None:
    sent = head(CHUNKED, "Content-Encoding: gzip")
    packed = gzip.compress(GOOD)
    sent += b"".join(b"1\r\n%b\r\n" % packed[at : at + 1] for at in range(len(packed))) + b"0\r\n\r\n"
    peer = await start(always(*(sent[at : at + 7] for at in range(0, len(sent), 7))))
    assert (await ask(operation(peer.url))).outcome == BUSY
