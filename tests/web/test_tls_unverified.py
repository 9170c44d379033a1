"""A client that takes any certificate of the server, against the server that takes any of the client."""

import asyncio
import socket
import ssl
import subprocess
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import trustme

from exporter.web.limits import Limits
from exporter.web.server import Server
from exporter.web.tls_unverified import UnverifiedError, unverified

Serve = Callable[..., Awaitable[Server]]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    issued = trustme.CA().issue_cert("127.0.0.1")
    issued.cert_chain_pems[0].write_to_path(tmp_path / "server.crt")
    issued.private_key_pem.write_to_path(tmp_path / "server.key")
    path = tmp_path / "web.yml"
    configure(path, "client_auth_type: RequestClientCert")
    return path


def configure(file: Path, *lines: str) -> None:
    section = ("cert_file: server.crt", "key_file: server.key", *lines)
    file.write_text("tls_server_config:\n" + "".join(f"  {line}\n" for line in section))


def client() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


async def dial(server: Server) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    port = int(server.urls[0].rstrip("/").rpartition(":")[2])
    return await asyncio.open_connection("127.0.0.1", port, ssl=client())


async def test_a_long_page_arrives_whole_over_one_connection(serve: Serve, file: Path, program: Any) -> None:
    program.body = b"wolkvox_up 1\n" * 300_000
    url = (await serve(config_file=file)).urls[0] + "metrics"
    connector = aiohttp.TCPConnector(ssl=client())
    async with aiohttp.ClientSession(connector=connector) as session:
        for _ in range(3):
            async with session.get(url, headers={"Accept-Encoding": "identity"}) as answer:
                assert await answer.read() == program.body


async def test_a_goodbye_is_answered(serve: Serve, file: Path) -> None:
    server = await serve(config_file=file)
    reader, writer = await dial(server)
    writer.write(b"GET /metrics HTTP/1.1\r\nHost: exporter\r\nConnection: close\r\n\r\n")
    assert b"wolkvox_up 1" in await reader.read()  # no SSLError: the server said goodbye
    writer.close()
    await writer.wait_closed()
    await gone(server)


async def test_who_leaves_without_a_goodbye_is_forgotten(serve: Serve, file: Path) -> None:
    server = await serve(config_file=file)
    _reader, writer = await dial(server)
    writer.transport.abort()
    await gone(server)


async def test_what_is_no_handshake_is_cut_off(serve: Serve, file: Path) -> None:
    server = await serve(config_file=file, limits=Limits(handshake=0.1, sweep=0.01))
    port = int(server.urls[0].rstrip("/").rpartition(":")[2])
    for sent in (b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x00", b""):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(sent)
        writer.write_eof()
        assert b"wolkvox" not in await reader.read()
        writer.close()
    await gone(server)


async def gone(server: Server) -> None:
    async with asyncio.timeout(30):
        while server.connections:
            await asyncio.sleep(0.01)


async def test_a_key_as_openssl_writes_it_will_do(serve: Serve, file: Path) -> None:
    make = ["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-out", "server.key"]  # parameters before the key
    sign = ["openssl", "req", "-x509", "-key", "server.key", "-subj", "/CN=server", "-out", "server.crt"]
    for command in (make, sign):
        subprocess.run(command, cwd=file.parent, check=True, capture_output=True)
    server = await serve(config_file=file)
    async with aiohttp.ClientSession() as session, session.get(server.urls[0], ssl=client()) as answer:
        assert answer.status == 200


async def test_a_certificate_without_names_has_none_that_is_allowed(serve: Serve, file: Path) -> None:
    make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=client"]
    command = [*make, "-keyout", "client.key", "-out", "client.crt"]
    subprocess.run(command, cwd=file.parent, check=True, capture_output=True)
    bearing = client()
    bearing.load_cert_chain(file.parent / "client.crt", file.parent / "client.key")
    configure(file, "client_auth_type: RequireAnyClientCert")
    server = await serve(config_file=file)
    async with aiohttp.ClientSession() as session:
        async with session.get(server.urls[0], ssl=bearing) as answer:
            assert answer.status == 200
        configure(file, "client_auth_type: RequireAnyClientCert", "client_allowed_sans: [client]")
        for _ in range(2):
            await server.access.look()
    async with aiohttp.ClientSession() as session:
        with pytest.raises((aiohttp.ClientError, OSError)):
            await session.get(server.urls[0], ssl=bearing)


async def test_who_hangs_up_in_the_middle_is_forgotten(serve: Serve, file: Path) -> None:
    server = await serve(config_file=file)
    port = int(server.urls[0].rstrip("/").rpartition(":")[2])

    def hang_up() -> None:
        with socket.create_connection(("127.0.0.1", port)) as plain, client().wrap_socket(plain) as wrapped:
            wrapped.sendall(b"GET /metrics HTTP/1.1\r\n")  # closed without a goodbye

    await asyncio.to_thread(hang_up)
    await gone(server)


def test_a_key_that_cannot_be_used_is_said(file: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.maximum_version = ssl.TLSVersion.TLSv1_3
    with pytest.raises(UnverifiedError, match="this certificate or key cannot be used"):
        unverified(context, str(file.parent / "server.crt"), str(file), required=True, curve=None)
