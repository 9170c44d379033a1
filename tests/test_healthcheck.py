"""The check asks a real server on loopback."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
import trustme

from exporter import healthcheck
from exporter.healthcheck import ProbeTarget, target

AUTHORITY = trustme.CA()


class _Answer(BaseHTTPRequestHandler):
    status = 200
    body = b"healthy\n"

    def do_GET(self) -> None:
        self.send_response(self.status)
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    def log_request(self, code: object = "-", size: object = "-") -> None:
        """Keep quiet."""


@contextmanager
def _serving(status: int, body: bytes, tls: ssl.SSLContext | None) -> Iterator[str]:
    handler = type("Handler", (_Answer,), {"status": status, "body": body})
    with HTTPServer(("127.0.0.1", 0), handler) as server:
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"{'http' if tls is None else 'https'}://127.0.0.1:{server.server_port}/-/healthy"
        finally:
            server.shutdown()
            thread.join()


Serve = Callable[..., str]


@pytest.fixture
def serve() -> Iterator[Serve]:
    with ExitStack() as stack:

        def start(status: int = 200, body: bytes = b"healthy\n", tls: ssl.SSLContext | None = None) -> str:
            return stack.enter_context(_serving(status, body, tls))

        yield start


def check(*argv: str, **environ: str) -> int:
    return healthcheck.main(argv, {f"WOLKVOX_EXPORTER_{name}": value for name, value in environ.items()})


def at(url: str) -> str:
    """The address of a server for `--web.listen-address`."""
    return url.partition("://")[2].partition("/")[0]


def certified(tls: ssl.SSLContext | None = None) -> ssl.SSLContext:
    context = tls or ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    AUTHORITY.issue_cert("exporter.example").configure_cert(context)
    return context


def demanding(version: ssl.TLSVersion) -> ssl.SSLContext:
    """TLS that asks clients for a certificate."""
    context = certified()
    AUTHORITY.configure_trust(context)
    context.verify_mode = ssl.CERT_REQUIRED
    context.minimum_version = context.maximum_version = version
    return context


def test_healthy(serve: Serve, capsys: pytest.CaptureFixture[str]) -> None:
    assert check(serve()) == 0
    assert capsys.readouterr().out == "healthy\n"


def test_unhealthy_says_why(serve: Serve, capsys: pytest.CaptureFixture[str]) -> None:
    assert check(serve(503, b"the polling of acme does not turn\n")) == 1
    assert capsys.readouterr().err == "healthcheck: 503 the polling of acme does not turn\n"


@pytest.mark.parametrize(("status", "words"), [(401, "asks for a password"), (429, "limits its requests")])
def test_who_keeps_strangers_out_lives(
    serve: Serve, status: int, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert check(serve(status)) == 0
    assert words in capsys.readouterr().out


@pytest.mark.parametrize("status", [302, 403, 404, 500])
def test_any_other_answer_is_no_life(serve: Serve, status: int) -> None:
    assert check(serve(status)) == 1


def test_a_certificate_for_another_name_will_do(serve: Serve) -> None:
    assert check(serve(tls=certified())) == 0


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_who_asks_for_a_certificate_lives(
    serve: Serve, version: ssl.TLSVersion, capsys: pytest.CaptureFixture[str]
) -> None:
    url = serve(tls=demanding(version))
    assert check(url) == 0
    assert check(f"--web.listen-address={at(url)}", "--web.config.file=web.yml") == 0
    assert capsys.readouterr().out == f"{url} asks for a client certificate\n" * 2


def test_nobody_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert check("http://127.0.0.1:9/-/healthy") == 1
    said = capsys.readouterr().err
    assert "http://127.0.0.1:9/-/healthy" in said
    assert "refused" in said
    assert said.count("\n") == 1


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_who_accepts_and_says_nothing_is_no_life(
    scheme: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(healthcheck, "TIMEOUT", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert check(f"{scheme}://127.0.0.1:{silent.getsockname()[1]}/-/healthy") == 1
    assert "timed out" in capsys.readouterr().err


def test_something_else_there(serve: Serve, capsys: pytest.CaptureFixture[str]) -> None:
    url = serve(tls=ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)).replace("https", "http")
    assert check(url) == 1
    assert capsys.readouterr().err.count("\n") == 1


def test_what_is_no_http(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:

        def greet() -> None:
            accepted, _ = other.accept()
            with accepted:
                accepted.sendall(b"220 mail.example ESMTP\r\n")
                accepted.recv(1000)

        greeting = threading.Thread(target=greet)
        greeting.start()
        assert check(f"http://127.0.0.1:{other.getsockname()[1]}/-/healthy") == 1
        greeting.join()
    assert "does not speak HTTP" in capsys.readouterr().err


def test_proxies_of_the_environment_are_not_used(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert check(serve()) == 0


@pytest.mark.parametrize("url", ["127.0.0.1:10965", "file:///etc/passwd", "http://", "http://a:b/", "http://[::1/"])
def test_what_is_no_url_of_the_web(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert check(url) == 1
    assert "http://HOST:PORT" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("argv", "environ", "expected"),
    [
        ([], {}, ProbeTarget("127.0.0.1", 10965, "/-/healthy", ("http",))),
        (["run"], {}, ProbeTarget("127.0.0.1", 10965, "/-/healthy", ("http",))),
        (["demo"], {}, ProbeTarget("127.0.0.1", 10965, "/-/healthy", ("http",))),
        (["--config.file=a.yml", "--web.listen-address=:9"], {}, ProbeTarget("127.0.0.1", 9, "/-/healthy", ("http",))),
        (["--web.listen-address=0.0.0.0:9"], {}, ProbeTarget("127.0.0.1", 9, "/-/healthy", ("http",))),
        (["--web.listen-address=[::]:9"], {}, ProbeTarget("127.0.0.1", 9, "/-/healthy", ("http",))),
        (["--web.listen-address=[::1]:9"], {}, ProbeTarget("::1", 9, "/-/healthy", ("http",))),
        (["--web.listen-address=10.1.2.3:9"], {}, ProbeTarget("10.1.2.3", 9, "/-/healthy", ("http",))),
        (
            ["--web.listen-address=:9", "--web.listen-address=:8"],
            {},
            ProbeTarget("127.0.0.1", 9, "/-/healthy", ("http",)),
        ),
        ([], {"WEB_LISTEN_ADDRESS": ":9 :8"}, ProbeTarget("127.0.0.1", 9, "/-/healthy", ("http",))),
        (["--web.config.file=w"], {}, ProbeTarget("127.0.0.1", 10965, "/-/healthy", ("https", "http"))),
        ([], {"WEB_CONFIG_FILE": "w"}, ProbeTarget("127.0.0.1", 10965, "/-/healthy", ("https", "http"))),
        (["--web.route-prefix=/in"], {}, ProbeTarget("127.0.0.1", 10965, "/in/-/healthy", ("http",))),
        (["--web.external-url=https://a/b/"], {}, ProbeTarget("127.0.0.1", 10965, "/b/-/healthy", ("http",))),
        ([], {"WEB_EXTERNAL_URL": "https://a/b"}, ProbeTarget("127.0.0.1", 10965, "/b/-/healthy", ("http",))),
        (
            ["--web.external-url=https://a/b", "--web.route-prefix=/"],
            {},
            ProbeTarget("127.0.0.1", 10965, "/-/healthy", ("http",)),
        ),
        (["https://a/b?c=d"], {}, ProbeTarget("a", 443, "/b?c=d", ("https",))),
        (["http://[::1]:9"], {}, ProbeTarget("::1", 9, "/", ("http",))),
    ],
)
def test_it_asks_where_a_run_serves(argv: list[str], environ: dict[str, str], expected: ProbeTarget) -> None:
    assert target(argv, {f"WOLKVOX_EXPORTER_{name}": value for name, value in environ.items()}) == expected


@pytest.mark.parametrize(
    ("flag", "words"),
    [
        ("--web.listen-address=nowhere", "--web.listen-address 'nowhere'"),
        ("--web.listen-address=:0", "port 0"),
        ("--web.external-url=nowhere", "--web.external-url 'nowhere'"),
        ("--web.route-prefix=/a b", "--web.route-prefix '/a b'"),
    ],
)
def test_flags_that_name_no_place(flag: str, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert check(flag) == 1
    said = capsys.readouterr().err
    assert said.startswith("healthcheck: ")
    assert words in said
    assert said.count("\n") == 1


def test_flags_that_do_not_exist(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        check("--web.listen-adress=:9")
    assert end.value.code == 1
    assert "--web.listen-address" in capsys.readouterr().err


@pytest.mark.parametrize("tls", [None, certified()], ids=["http", "https"])
def test_a_web_configuration_may_or_may_not_switch_tls_on(serve: Serve, tls: ssl.SSLContext | None) -> None:
    assert check(f"--web.listen-address={at(serve(tls=tls))}", "--web.config.file=web.yml") == 0


def test_an_ipv6_address_is_shown_as_a_url_has_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert check("--web.listen-address=[::1]:9") == 1
    assert "http://[::1]:9/-/healthy" in capsys.readouterr().err


def test_a_path_is_asked_where_a_run_with_these_flags_serves() -> None:
    flags = ["--web.listen-address=127.0.0.1:8080", "--web.config.file=web.yml"]
    ready = ProbeTarget("127.0.0.1", 8080, "/-/ready", ("https", "http"))
    assert target(["/-/ready", *flags], {}) == ready
    assert target(["/-/ready", "run", *flags], {}) == ready
    assert target(["/-/ready"], {"WOLKVOX_EXPORTER_WEB_EXTERNAL_URL": "/wolkvox/"}).path == "/wolkvox/-/ready"
