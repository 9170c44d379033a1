"""What can go wrong between here and an answer: names, connections, TLS, proxies, encodings, sizes."""

import asyncio
import base64
import gzip
import os
import socket
import ssl
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme
from certificates import DAY, Kind, Made, make
from raw_server import BOUNDS, GOOD, TOKEN, Ask, Exchange, Start, always, answer, operation, target, then_close

from exporter.clock import SystemClock
from exporter.model import Failure, Reason, Report, Row
from exporter.wolkvox import client as room
from exporter.wolkvox.client import Answer

BUSY = Report((Row("busy", 3, 100.0),))
LIMIT = 10 * 2**20


def failure(found: Answer[Report], reason: Reason) -> Failure:
    assert isinstance(found.outcome, Failure), found
    assert found.outcome.reason is reason, found
    assert found.outcome.message.isprintable()
    return found.outcome


# Names and connections.


async def test_a_name_that_does_not_resolve(ask: Ask) -> None:
    found = await ask(operation("http://name.invalid"))
    assert "cannot resolve name.invalid" in failure(found, Reason.CONNECT).message
    assert found.sent_at is None


async def test_a_port_where_nobody_listens(ask: Ask) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    found = await ask(operation(f"http://127.0.0.1:{port}"))
    assert f"cannot connect to 127.0.0.1:{port}" in failure(found, Reason.CONNECT).message
    assert found.sent_at is None


@pytest.fixture
def deaf() -> Iterator[str]:
    """An address that takes no connection, as a firewall that drops packets looks like: its backlog is full."""
    with socket.socket() as listener, socket.socket() as first, socket.socket() as second:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for filler in (first, second):
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


async def test_connecting_has_a_limit_of_its_own(deaf: str, ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "CONNECT_LIMIT", 0.2)
    async with room.Client(SystemClock()) as client:
        found = await client.campaign_4(operation(deaf), target(), BOUNDS, SystemClock().monotonic())
    assert "firewall" in failure(found, Reason.CONNECT).message
    assert found.sent_at is None


async def test_a_timeout_below_that_limit_is_a_timeout(deaf: str, ask: Ask) -> None:
    found = await ask(operation(deaf), timeout=0.2)
    assert "no connection to 127.0.0.1 in time" in failure(found, Reason.TIMEOUT).message
    assert found.sent_at is None


async def test_a_body_up_to_the_connections_end_is_whole(start: Start, ask: Ask) -> None:
    peer = await start(then_close(b"HTTP/1.0 200 OK\r\n\r\n" + GOOD))
    assert (await ask(operation(peer.url))).outcome == BUSY


# Encodings and sizes.


@pytest.mark.parametrize(
    ("encoding", "encoded"),
    [("gzip", gzip.compress(GOOD)), ("deflate", zlib.compress(GOOD)), ("identity", GOOD)],
)
async def test_encoded_answers_are_read(start: Start, ask: Ask, encoding: str, encoded: bytes) -> None:
    peer = await start(always(answer(encoded, 200, f"Content-Encoding: {encoding}")))
    assert (await ask(operation(peer.url))).outcome == BUSY


async def test_a_chunked_answer_in_gzip_is_read(start: Start, ask: Ask) -> None:
    packed = gzip.compress(GOOD)
    chunks = [b"%x\r\n%s\r\n" % (len(part), part) for part in (packed[:7], packed[7:])]
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n"
    peer = await start(always(head, *chunks, b"0\r\n\r\n"))
    assert (await ask(operation(peer.url))).outcome == BUSY


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", GOOD),
        ("deflate", b"\xff" + GOOD),
        ("br", GOOD),
        ("gzip, gzip", gzip.compress(gzip.compress(GOOD))),
        ("gzip", gzip.compress(GOOD)[:-4]),
    ],
)
async def test_an_undecodable_encoding_is_an_invalid_response(
    start: Start, ask: Ask, encoding: str, body: bytes
) -> None:
    peer = await start(always(answer(body, 200, f"Content-Encoding: {encoding}")))
    found = failure(await ask(operation(peer.url)), Reason.INVALID_RESPONSE)
    assert found.status == 200
    assert "Content-Encoding" in found.message


@pytest.mark.parametrize(
    ("status", "reason"),
    [(500, Reason.SERVER_ERROR), (401, Reason.AUTH), (403, Reason.FORBIDDEN), (404, Reason.NOT_FOUND)],
)
async def test_a_refusal_in_an_undecodable_encoding_is_still_that(
    start: Start, ask: Ask, status: int, reason: Reason
) -> None:
    peer = await start(always(answer(b"plain", status, "Content-Encoding: gzip")))
    assert failure(await ask(operation(peer.url)), reason).status == status


async def test_gzip_that_is_cut_by_the_connections_end_is_a_lost_connection(start: Start, ask: Ask) -> None:
    peer = await start(then_close(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + gzip.compress(GOOD)[:-4]))
    assert failure(await ask(operation(peer.url)), Reason.CONNECT).status == 200


async def test_a_body_of_10_mib_is_read_and_one_byte_more_is_too_large(start: Start, ask: Ask) -> None:
    whole = GOOD + b" " * (LIMIT - len(GOOD))
    peer = await start(always(answer(whole)))
    assert (await ask(operation(peer.url))).outcome == BUSY
    peer.reply = always(answer(whole + b" "))
    assert failure(await ask(operation(peer.url)), Reason.TOO_LARGE).status == 200


async def test_the_size_counts_after_decompression(start: Start, ask: Ask) -> None:
    peer = await start(always(answer(gzip.compress(bytes(LIMIT + 1)), 200, "Content-Encoding: gzip")))
    failure(await ask(operation(peer.url)), Reason.TOO_LARGE)


async def test_an_endless_body_is_too_large(start: Start, ask: Ask) -> None:
    async def endless(exchange: Exchange) -> None:
        await exchange.send(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            await exchange.send(b" " * 2**16)

    peer = await start(endless)
    failure(await ask(operation(peer.url)), Reason.TOO_LARGE)


# TLS.


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def tls(authority: trustme.CA, name: str = "127.0.0.1") -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return context


async def test_a_ca_file_is_trusted_beside_the_systems_authorities(
    start: Start, ask: Ask, authority: trustme.CA, tmp_path: Path
) -> None:
    peer = await start(always(answer(GOOD)), tls(authority))
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    for _ in range(2):
        found = await ask(operation(f"https://127.0.0.1:{peer.port}", ca_file=tmp_path / "ca.pem"))
        assert found.outcome == BUSY


async def test_an_unknown_authority_is_not_trusted_and_hears_nothing(
    start: Start, ask: Ask, authority: trustme.CA
) -> None:
    peer = await start(always(answer(GOOD)), tls(authority))
    found = await ask(operation(f"https://127.0.0.1:{peer.port}"))
    assert "not trusted" in failure(found, Reason.CONNECT).message
    assert (found.sent_at, peer.heard) == (None, [])


async def test_a_certificate_of_another_name_is_not_trusted(
    start: Start, ask: Ask, authority: trustme.CA, tmp_path: Path
) -> None:
    peer = await start(always(answer(GOOD)), tls(authority, "elsewhere.example"))
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    found = await ask(operation(f"https://127.0.0.1:{peer.port}", ca_file=tmp_path / "ca.pem"))
    assert "not trusted" in failure(found, Reason.CONNECT).message
    assert peer.heard == []


async def test_a_changed_ca_file_counts_from_the_next_request_on(
    start: Start, ask: Ask, authority: trustme.CA, tmp_path: Path
) -> None:
    peer = await start(always(answer(GOOD)), tls(authority))
    path = tmp_path / "ca.pem"
    trustme.CA().cert_pem.write_to_path(path)
    asked = operation(f"https://127.0.0.1:{peer.port}", ca_file=path)
    failure(await ask(asked), Reason.CONNECT)
    authority.cert_pem.write_to_path(path)
    os.utime(path, ns=(1, 1))
    assert (await ask(asked)).outcome == BUSY


async def test_many_operations_read_a_ca_file_once(
    start: Start, ask: Ask, authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []
    make = ssl.create_default_context

    def counted() -> ssl.SSLContext:
        made.append(1)
        return make()

    monkeypatch.setattr(ssl, "create_default_context", counted)
    peer = await start(always(answer(GOOD)), tls(authority))
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    asked = operation(f"https://127.0.0.1:{peer.port}", ca_file=tmp_path / "ca.pem")
    found = await asyncio.gather(*(ask(asked) for _ in range(5)))
    assert [each.outcome for each in found] == [BUSY] * 5
    assert made == [1]


async def test_a_ca_file_that_is_gone_or_holds_none_is_named(start: Start, ask: Ask, tmp_path: Path) -> None:
    peer = await start(always(answer(GOOD)))
    gone, empty = tmp_path / "gone.pem", tmp_path / "empty.pem"
    empty.write_text("not a certificate")
    assert f"{gone} cannot be read" in failure(await ask(operation(peer.url, ca_file=gone)), Reason.CONNECT).message
    assert f"{empty} holds no" in failure(await ask(operation(peer.url, ca_file=empty)), Reason.CONNECT).message
    assert peer.connections == 0


async def test_a_server_that_does_not_speak_tls(start: Start, ask: Ask) -> None:
    peer = await start(always(answer(GOOD)))

    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(plain, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    found = await ask(operation(f"https://127.0.0.1:{port}"))
    assert "no TLS with 127.0.0.1" in failure(found, Reason.CONNECT).message
    assert peer.connections == 0
    server.close()


# Proxies.


async def test_a_proxy_gets_its_credentials_and_the_whole_address(start: Start, ask: Ask) -> None:
    proxy = await start(always(answer(GOOD)))
    for _ in range(2):
        found = await ask(operation("http://name.invalid", proxy_url=f"http://me:p%40ss@127.0.0.1:{proxy.port}"))
        assert found.outcome == BUSY
    for heard in proxy.heard:
        assert heard.path.startswith("http://name.invalid/api/v2/reports_manager.php?api=campaign_4&")
        assert heard.headers["proxy-authorization"] == "Basic bWU6cEBzcw=="
        assert heard.headers["wolkvox-token"] == TOKEN


async def test_a_proxy_before_tls_never_sees_the_token(
    start: Start, ask: Ask, authority: trustme.CA, tmp_path: Path
) -> None:
    peer = await start(always(answer(GOOD)), tls(authority))
    passed = bytearray()

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while piece := await reader.read(2**16):
            passed.extend(piece)
            writer.write(piece)
            await writer.drain()

    async def tunnel(exchange: Exchange) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", peer.port)
        await exchange.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
        try:
            await asyncio.gather(pump(exchange.reader, writer), pump(reader, exchange.writer))
        finally:
            writer.close()

    proxy = await start(tunnel)
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    asked = operation(
        f"https://127.0.0.1:{peer.port}",
        proxy_url=f"http://me:secret@127.0.0.1:{proxy.port}",
        ca_file=tmp_path / "ca.pem",
    )
    assert (await ask(asked)).outcome == BUSY
    [heard] = proxy.heard
    assert heard.head.startswith(f"CONNECT 127.0.0.1:{peer.port} HTTP/1.1".encode())
    assert heard.headers["proxy-authorization"] == "Basic bWU6c2VjcmV0"
    assert "wolkvox-token" not in heard.headers
    assert TOKEN.encode() not in passed
    assert peer.heard[0].headers["wolkvox-token"] == TOKEN
    assert "proxy-authorization" not in peer.heard[0].headers


async def test_a_proxy_that_refuses_the_tunnel(start: Start, ask: Ask) -> None:
    proxy = await start(always(answer(b"", 407)))
    found = await ask(operation("https://name.invalid", proxy_url=f"http://me:s3cr3t@127.0.0.1:{proxy.port}"))
    assert "HTTP 407" in failure(found, Reason.CONNECT).message
    assert found.sent_at is None
    assert "s3cr3t" not in repr(found)


async def test_a_proxy_that_is_not_there(ask: Ask) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    found = await ask(operation("http://name.invalid", proxy_url=f"http://me:s3cr3t@127.0.0.1:{port}"))
    assert f"cannot connect to 127.0.0.1:{port}" in failure(found, Reason.CONNECT).message
    assert "s3cr3t" not in repr(found)


async def test_a_proxys_echo_of_its_credentials_is_hidden(start: Start, ask: Ask) -> None:
    async def echo(exchange: Exchange) -> None:
        await exchange.send(answer(exchange.headers["proxy-authorization"].encode() + b" s3cr3t", 407))

    proxy = await start(echo)
    found = await ask(operation("http://name.invalid", proxy_url=f"http://me:s3cr3t@127.0.0.1:{proxy.port}"))
    assert not failure(found, Reason.HTTP).excerpt


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("me:p%E2%82%AC", "me:p€"),
        ("se%C3%B1or:contrase%C3%B1a", "señor:contraseña"),
        ("me:%F0%9F%94%91", "me:\U0001f511"),
        ("me", "me:"),
        (":alone", ":alone"),
        ("me:a:b%3A", "me:a:b:"),
    ],
)
async def test_a_proxys_credentials_leave_in_utf_8(start: Start, ask: Ask, written: str, sent: str) -> None:
    async def refuse(exchange: Exchange) -> None:
        await exchange.send(answer(b"", 502))
        exchange.writer.close()

    proxy = await start(refuse)
    for scheme in ("http", "https"):
        await ask(operation(f"{scheme}://name.invalid", proxy_url=f"http://{written}@127.0.0.1:{proxy.port}"))
    expected = f"Basic {base64.b64encode(sent.encode()).decode()}"
    assert [heard.headers["proxy-authorization"] for heard in proxy.heard] == [expected] * 2
    assert [heard.head.split()[0] for heard in proxy.heard] == [b"GET", b"CONNECT"]


# Which certificates are trusted.


@pytest.fixture(params=["as this Python does", "as Python 3.13 does", "as Python 3.11 does"])
def defaults(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each version's own defaults of verification."""
    make = ssl.create_default_context
    newer = ssl.VERIFY_X509_STRICT | ssl.VERIFY_X509_PARTIAL_CHAIN

    def made(*arguments: object, **more: object) -> ssl.SSLContext:
        context = make(*arguments, **more)  # type: ignore[arg-type]
        if "3.13" in request.param:
            context.verify_flags |= newer
        elif "3.11" in request.param:
            context.verify_flags &= ~newer
        return context

    monkeypatch.setattr(ssl, "create_default_context", made)


ROOT = make("root")
LOOSE = make("root without critical basicConstraints", Kind(critical=False))
MIDDLE = make("intermediate", issuer=ROOT)
LEAF = Kind(authority=False, hosts=("127.0.0.1",))


@pytest.mark.usefixtures("defaults")
@pytest.mark.parametrize(
    ("trusted", "server"),
    [
        (ROOT, make("of the root", LEAF, ROOT)),
        (ROOT, make("of the intermediate", LEAF, MIDDLE)),
        (LOOSE, make("of a loose root", LEAF, LOOSE)),
        (MIDDLE, make("of the intermediate alone", LEAF, MIDDLE)),
        (make("itself", LEAF), None),
    ],
)
async def test_what_curl_trusts_is_trusted_by_every_python(
    start: Start, ask: Ask, tmp_path: Path, trusted: Made, server: Made | None
) -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain((server or trusted).write_chain(tmp_path / "chain.pem"))
    peer = await start(always(answer(GOOD)), tls)
    (tmp_path / "ca.pem").write_bytes(trusted.pem)
    found = await ask(operation(f"https://127.0.0.1:{peer.port}", ca_file=tmp_path / "ca.pem"))
    assert found.outcome == BUSY


@pytest.mark.usefixtures("defaults")
@pytest.mark.parametrize(
    ("trusted", "server"),
    [
        (make("another root"), make("of the root", LEAF, ROOT)),
        (ROOT, make("expired", Kind(authority=False, hosts=("127.0.0.1",), age=9 * DAY, left=-DAY), ROOT)),
        (ROOT, make("another host", Kind(authority=False, hosts=("127.0.0.2",)), ROOT)),
        (make("no authority", LEAF), make("of no authority", LEAF, make("no authority", LEAF))),
    ],
)
async def test_what_may_not_be_trusted_is_not(
    start: Start, ask: Ask, tmp_path: Path, trusted: Made, server: Made
) -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(server.write_chain(tmp_path / "chain.pem"))
    peer = await start(always(answer(GOOD)), tls)
    (tmp_path / "ca.pem").write_bytes(trusted.pem)
    for ca_file in (tmp_path / "ca.pem", None):
        found = await ask(operation(f"https://127.0.0.1:{peer.port}", ca_file=ca_file))
        assert "is not trusted" in failure(found, Reason.CONNECT).message
    assert not peer.heard
