import asyncio
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import trustme

from exporter.config import ConfigError
from exporter.web.limits import Limits
from exporter.web.server import Server

Serve = Callable[..., Awaitable[Server]]

AUTHORITY, STRANGERS = trustme.CA(), trustme.CA()
REFUSALS = (aiohttp.ClientError, OSError)


class Certificates:
    """Certificates of one server in a folder, and a web configuration that names them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "web.yml"
        AUTHORITY.cert_pem.write_to_path(folder / "ca.crt")
        self.issue("127.0.0.1")

    def issue(self, name: str) -> None:
        issued = AUTHORITY.issue_cert("127.0.0.1", name)
        issued.cert_chain_pems[0].write_to_path(self.folder / "server.crt")
        issued.private_key_pem.write_to_path(self.folder / "server.key")

    def configure(self, *lines: str, rest: str = "") -> Path:
        section = ("cert_file: server.crt", "key_file: server.key", *lines)
        self.file.write_text("tls_server_config:\n" + "".join(f"  {line}\n" for line in section) + rest)
        return self.file


@pytest.fixture
def certificates(tmp_path: Path) -> Certificates:
    return Certificates(tmp_path)


def client(certificate: trustme.LeafCert | None = None) -> ssl.SSLContext:
    context = ssl.create_default_context()
    AUTHORITY.configure_trust(context)
    if certificate is not None:
        certificate.configure_cert(context)
    return context


async def scrape(server: Server, context: ssl.SSLContext) -> int:
    connector = aiohttp.TCPConnector(ssl=context)
    async with aiohttp.ClientSession(connector=connector) as session, session.get(server.urls[0] + "metrics") as answer:
        await answer.read()
        return answer.status


async def names(server: Server) -> set[str]:
    """The names in the certificate that a new connection gets."""
    port = int(server.urls[0].rstrip("/").rpartition(":")[2])
    _reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=client())
    found = {name for _kind, name in writer.get_extra_info("peercert")["subjectAltName"]}
    writer.close()
    await writer.wait_closed()
    return found


async def test_a_scrape_over_tls(serve: Serve, certificates: Certificates) -> None:
    server = await serve(config_file=certificates.configure())
    assert server.urls[0].startswith("https://127.0.0.1:")
    assert await scrape(server, client()) == 200


@pytest.mark.parametrize(
    ("auth_type", "bearer", "admitted"),
    [
        ("NoClientCert", None, True),
        ("NoClientCert", STRANGERS, True),
        ("VerifyClientCertIfGiven", None, True),
        ("VerifyClientCertIfGiven", AUTHORITY, True),
        ("VerifyClientCertIfGiven", STRANGERS, False),
        ("RequireAndVerifyClientCert", None, False),
        ("RequireAndVerifyClientCert", AUTHORITY, True),
        ("RequireAndVerifyClientCert", STRANGERS, False),
        ("RequestClientCert", None, True),
        ("RequestClientCert", AUTHORITY, True),
        ("RequestClientCert", STRANGERS, True),
        ("RequireAnyClientCert", None, False),
        ("RequireAnyClientCert", AUTHORITY, True),
        ("RequireAnyClientCert", STRANGERS, True),
        ("RequireClientCert", None, False),
        ("RequireClientCert", STRANGERS, True),
    ],
)
@pytest.mark.parametrize("version", ["TLS12", "TLS13"])
async def test_clients_show_certificates(  # noqa: PLR0917 - one for each column of the table
    serve: Serve, certificates: Certificates, auth_type: str, bearer: trustme.CA | None, admitted: bool, version: str
) -> None:
    authority = ("client_ca_file: ca.crt",) if "Verify" in auth_type else ()
    versions = (f"min_version: {version}", f"max_version: {version}")
    file = certificates.configure(f"client_auth_type: {auth_type}", *authority, *versions)
    server = await serve(config_file=file)
    context = client(bearer.issue_cert("scraper.example") if bearer else None)
    if admitted:
        assert await scrape(server, context) == 200
    else:
        with pytest.raises(REFUSALS):
            await scrape(server, context)


@pytest.mark.parametrize(
    ("name", "admitted"),
    [
        ("scraper.example", True),
        ("::1", True),
        ("ops@scraper.example", True),
        ("other.example", False),
        ("127.0.0.1", False),
        ("SCRAPER.example.org", False),
    ],
)
async def test_clients_bear_an_allowed_name(
    serve: Serve, certificates: Certificates, name: str, admitted: bool
) -> None:
    allowed = 'client_allowed_sans: [scraper.example, "0:0::1", ops@scraper.example]'
    require = "client_auth_type: RequireAndVerifyClientCert"
    server = await serve(config_file=certificates.configure(require, "client_ca_file: ca.crt", allowed))
    context = client(AUTHORITY.issue_cert(name))
    if admitted:
        assert await scrape(server, context) == 200
    else:
        with pytest.raises(REFUSALS):
            await scrape(server, context)


@pytest.mark.parametrize("auth_type", ["RequestClientCert", "RequireAnyClientCert", "VerifyClientCertIfGiven"])
@pytest.mark.parametrize(
    ("name", "admitted"),
    [("scraper.example", True), ("::1", True), ("ops@scraper.example", True), ("other.example", False), (None, False)],
)
async def test_an_allowed_name_is_asked_of_any_certificate(
    serve: Serve, certificates: Certificates, auth_type: str, name: str | None, admitted: bool
) -> None:
    authority = ("client_ca_file: ca.crt",) if "Verify" in auth_type else ()
    allowed = 'client_allowed_sans: [scraper.example, "0:0::1", ops@scraper.example]'
    server = await serve(config_file=certificates.configure(f"client_auth_type: {auth_type}", allowed, *authority))
    context = client(AUTHORITY.issue_cert(name) if name else None)
    if admitted:
        assert await scrape(server, context) == 200
    else:
        with pytest.raises(REFUSALS):
            await scrape(server, context)


@pytest.mark.parametrize("auth_type", ["VerifyClientCertIfGiven", "RequireAndVerifyClientCert"])
async def test_without_an_authority_the_systems_are_trusted(
    serve: Serve, certificates: Certificates, auth_type: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates.folder / "ca.crt"))  # where OpenSSL looks for the system's
    server = await serve(config_file=certificates.configure(f"client_auth_type: {auth_type}"))
    assert await scrape(server, client(AUTHORITY.issue_cert("scraper.example"))) == 200
    with pytest.raises(REFUSALS):
        await scrape(server, client(STRANGERS.issue_cert("scraper.example")))


@pytest.mark.parametrize(
    ("lines", "version"),
    [
        (("max_version: TLS12",), "TLSv1.2"),
        (("max_version: TLS12", "client_auth_type: RequestClientCert"), "TLSv1.2"),
        (("min_version: TLS13", "client_auth_type: RequestClientCert"), "TLSv1.3"),
        (("min_version: TLS13",), "TLSv1.3"),
        (("cipher_suites: [TLS_AES_128_GCM_SHA256, TLS_AES_256_GCM_SHA384, TLS_CHACHA20_POLY1305_SHA256]",), "TLSv1.3"),
    ],
)
async def test_versions(serve: Serve, certificates: Certificates, lines: tuple[str, ...], version: str) -> None:
    server = await serve(config_file=certificates.configure(*lines))
    assert await negotiated(server, client()) == version
    other = client()
    if version == "TLSv1.2":
        other.minimum_version = ssl.TLSVersion.TLSv1_3
    else:
        other.maximum_version = ssl.TLSVersion.TLSv1_2
    with pytest.raises(REFUSALS):
        await negotiated(server, other)


async def negotiated(server: Server, context: ssl.SSLContext, what: int = 1) -> str:
    """The version of TLS, or with `what` 0 the suite, that a new connection gets."""
    port = int(server.urls[0].rstrip("/").rpartition(":")[2])
    _reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
    found: str = writer.get_extra_info("cipher")[what]
    writer.close()
    await writer.wait_closed()
    return found


@pytest.mark.parametrize(
    ("name", "openssl"),
    [
        ("TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "ECDHE-ECDSA-AES256-GCM-SHA384"),
        ("TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-ECDSA-CHACHA20-POLY1305"),
        ("TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", "ECDHE-ECDSA-AES128-SHA"),
    ],
)
async def test_suites_go_by_their_names_in_go(
    serve: Serve, certificates: Certificates, name: str, openssl: str
) -> None:
    server = await serve(config_file=certificates.configure("max_version: TLS12", f"cipher_suites: [{name}]"))
    context = client()
    context.set_ciphers("ALL")
    assert await negotiated(server, context, 0) == openssl


@pytest.mark.parametrize("auth_type", ["NoClientCert", "RequestClientCert"])
@pytest.mark.parametrize(("prefer", "chosen"), [("true", "128"), ("false", "256")])
async def test_whose_order_of_suites_counts(
    serve: Serve, certificates: Certificates, prefer: str, chosen: str, auth_type: str
) -> None:
    suites = "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"
    lines = ("max_version: TLS12", f"cipher_suites: [{suites}]", f"prefer_server_cipher_suites: {prefer}")
    server = await serve(config_file=certificates.configure(*lines, f"client_auth_type: {auth_type}"))
    context = client()
    context.set_ciphers("ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES128-GCM-SHA256")
    assert chosen in await negotiated(server, context, 0)


@pytest.mark.parametrize(
    ("curve", "other", "auth_type"),
    [
        ("CurveP256", "secp384r1", "NoClientCert"),
        ("CurveP521", "prime256v1", "NoClientCert"),
        ("X25519", "prime256v1", "NoClientCert"),
        ("CurveP384", "prime256v1", "RequestClientCert"),
    ],
)
async def test_the_curve_is_the_one_that_was_chosen(
    serve: Serve, certificates: Certificates, curve: str, other: str, auth_type: str
) -> None:
    lines = (f"curve_preferences: [{curve}]", f"client_auth_type: {auth_type}")
    server = await serve(config_file=certificates.configure(*lines))
    assert await scrape(server, client()) == 200
    context = client()
    context.set_ecdh_curve(other)
    with pytest.raises(REFUSALS):
        await scrape(server, context)


@pytest.mark.parametrize("auth_type", ["NoClientCert", "RequestClientCert"])
async def test_http2_is_not_offered(serve: Serve, certificates: Certificates, auth_type: str) -> None:
    server = await serve(config_file=certificates.configure(f"client_auth_type: {auth_type}"))
    context = client()
    context.set_alpn_protocols(["h2", "http/1.1"])
    port = int(server.urls[0].rstrip("/").rpartition(":")[2])
    _reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
    assert writer.get_extra_info("ssl_object").selected_alpn_protocol() == "http/1.1"
    writer.close()
    await writer.wait_closed()


async def settled(server: Server) -> None:
    """Let the server see twice what the files now hold."""
    for _ in range(2):
        await server.access.look()


async def test_new_certificates_are_taken_up_as_they_appear(
    serve: Serve, certificates: Certificates, capsys: pytest.CaptureFixture[str]
) -> None:
    server = await serve(config_file=certificates.configure())
    certificates.issue("second.example")
    assert "second.example" not in await names(server)
    await settled(server)
    assert "second.example" in await names(server)
    (certificates.folder / "server.crt").write_text("broken")
    for _ in range(3):
        await settled(server)
        assert "second.example" in await names(server)
    assert capsys.readouterr().out.count("the last good one stays in force") == 1
    (certificates.folder / "server.crt").unlink()
    await settled(server)
    assert "second.example" in await names(server)
    certificates.issue("third.example")
    await settled(server)
    assert "third.example" in await names(server)


async def test_a_certificate_that_comes_after_its_configuration(serve: Serve, certificates: Certificates) -> None:
    server = await serve(config_file=certificates.configure())
    certificates.file.write_text(certificates.file.read_text().replace("server.", "later."))
    await settled(server)
    assert await scrape(server, client()) == 200
    issued = AUTHORITY.issue_cert("127.0.0.1", "later.example")
    issued.private_key_pem.write_to_path(certificates.folder / "later.key")
    await settled(server)
    assert "later.example" not in await names(server)
    issued.cert_chain_pems[0].write_to_path(certificates.folder / "later.crt")
    await settled(server)
    assert "later.example" in await names(server)


async def test_client_authority_is_taken_up_too(serve: Serve, certificates: Certificates) -> None:
    server = await serve(config_file=certificates.configure())
    assert await scrape(server, client()) == 200
    certificates.configure("client_auth_type: RequireAndVerifyClientCert", "client_ca_file: ca.crt")
    await settled(server)
    with pytest.raises(REFUSALS):
        await scrape(server, client())
    assert await scrape(server, client(AUTHORITY.issue_cert("scraper.example"))) == 200


async def test_tls_is_never_switched_off_while_running(
    serve: Serve, certificates: Certificates, capsys: pytest.CaptureFixture[str]
) -> None:
    server = await serve(config_file=certificates.configure())
    certificates.file.write_text("")
    await settled(server)
    assert await scrape(server, client()) == 200
    assert "needs a restart" in capsys.readouterr().out
    certificates.file.unlink()
    await settled(server)
    assert await scrape(server, client()) == 200


@pytest.mark.parametrize("auth_type", ["NoClientCert", "RequestClientCert"])
async def test_a_head_beyond_the_limit_is_refused_over_tls_too(
    serve: Serve, certificates: Certificates, auth_type: str
) -> None:
    server = await serve(config_file=certificates.configure(f"client_auth_type: {auth_type}"))
    port = int(server.urls[0].rstrip("/").rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=client())
    writer.write(b"GET /metrics HTTP/1.1\r\nPadding: " + b"x" * 100_000)
    async with asyncio.timeout(30):
        assert (await reader.readline()).startswith(b"HTTP/1.1 431 ")
    writer.transport.abort()


async def test_who_does_not_shake_hands_is_cut_off(serve: Serve, certificates: Certificates) -> None:
    server = await serve(config_file=certificates.configure(), limits=Limits(handshake=0.1, sweep=0.01))
    port = int(server.urls[0].rstrip("/").rpartition(":")[2])
    for sent in (b"", b"\x16\x03\x01", b"GET /metrics HTTP/1.1\r\n\r\n"):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(sent)
        async with asyncio.timeout(10):
            assert b"wolkvox" not in await reader.read()
        writer.close()
    assert await scrape(server, client()) == 200


async def test_a_full_house_of_handshakes_lets_a_scraper_in(serve: Serve, certificates: Certificates) -> None:
    server = await serve(config_file=certificates.configure(), limits=Limits(connections=8))
    port = int(server.urls[0].rstrip("/").rpartition(":")[2])
    silent = [await asyncio.open_connection("127.0.0.1", port) for _ in range(20)]
    assert await scrape(server, client()) == 200
    assert server.connections <= 8
    async with asyncio.timeout(10):
        await server.stop()
    assert server.connections == 0
    for _reader, writer in silent:
        writer.close()


async def test_stopping_waits_for_no_client_over_tls(serve: Serve, certificates: Certificates, program: Any) -> None:
    program.body = b"wolkvox_up 1\n" * 500_000
    server = await serve(config_file=certificates.configure())
    port = int(server.urls[0].rstrip("/").rpartition(":")[2])
    _reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=client())
    writer.transport.pause_reading()  # type: ignore[attr-defined]
    writer.write(b"GET /metrics HTTP/1.1\r\nHost: exporter\r\n\r\n")
    async with asyncio.timeout(10):
        while not program.asked:
            await asyncio.sleep(0.01)
        await server.stop()
    assert server.connections == 0
    writer.transport.abort()


async def test_a_bad_configuration_does_not_start(serve: Serve, certificates: Certificates) -> None:
    certificates.configure("max_version: TLS10", rest="basic_auth_users: {alice: secret}\n")
    with pytest.raises(ConfigError) as caught:
        await serve(config_file=certificates.file)
    assert len(caught.value.mistakes) == 2
    assert all(line.startswith(f"{certificates.file}:") for line in caught.value.mistakes)
