"""The check asks a real server on loopback."""

import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
import trustme

from exporter import healthcheck


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


def test_healthy(serve: Serve, capsys: pytest.CaptureFixture[str]) -> None:
    assert healthcheck.main([serve()]) == 0
    assert capsys.readouterr().out == "healthy\n"


def test_unhealthy_says_why(serve: Serve, capsys: pytest.CaptureFixture[str]) -> None:
    assert healthcheck.main([serve(503, b"the polling of acme does not turn\n")]) == 1
    assert capsys.readouterr().err == "healthcheck: 503 the polling of acme does not turn\n"


def test_a_certificate_for_another_name_will_do(serve: Serve) -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("exporter.example").configure_cert(tls)
    assert healthcheck.main([serve(tls=tls)]) == 0


def test_nobody_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert healthcheck.main(["http://127.0.0.1:9/-/healthy"]) == 1
    said = capsys.readouterr().err
    assert "http://127.0.0.1:9/-/healthy" in said
    assert "refused" in said
    assert said.count("\n") == 1


def test_something_else_there(serve: Serve, capsys: pytest.CaptureFixture[str]) -> None:
    url = serve(tls=ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)).replace("https", "http")
    assert healthcheck.main([url]) == 1
    assert capsys.readouterr().err.count("\n") == 1


def test_proxies_of_the_environment_are_not_used(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert healthcheck.main([serve()]) == 0


@pytest.mark.parametrize("url", ["127.0.0.1:10965", "file:///etc/passwd"])
def test_what_is_no_url_of_the_web(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert healthcheck.main([url]) == 1
    assert "http://HOST:PORT" in capsys.readouterr().err


def test_without_an_argument_it_asks_the_default_port(monkeypatch: pytest.MonkeyPatch, serve: Serve) -> None:
    monkeypatch.setattr(healthcheck, "DEFAULT", serve())
    assert healthcheck.main([]) == 0
