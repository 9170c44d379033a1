"""`python -m exporter.healthcheck`: exit 0 if the exporter is alive. For images without curl.

It takes the flags and the environment of `run` and asks `/-/healthy` where a `run` with them serves, or the path that
it is given, such as `/-/ready`; or it asks the URL that it is given.
"""

import os
import socket
import ssl
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import urlsplit

from exporter.listen_address import DEFAULT_ADDRESS, ListenError, parse_address
from exporter.options import parse
from exporter.terminal import print_anything
from exporter.web.paths import HEALTHY, RouteError, parse_paths

TIMEOUT = 3.0
"""Seconds that a connection, a handshake and an answer may take."""

_EVERYWHERE = {"", "::", "0.0.0.0"}  # noqa: S104 - compared with, not bound to
_TLS_RECORDS = {b"\x15", b"\x16"}
"""What an alert and a handshake begin with (RFC 8446, 5.1)."""
_ALIVE = {HTTPStatus.UNAUTHORIZED: "asks for a password", HTTPStatus.TOO_MANY_REQUESTS: "limits its requests"}
"""Answers to an unauthenticated client by a process that is alive."""


@dataclass(frozen=True, slots=True)
class ProbeTarget:
    """Where to ask."""

    host: str
    port: int
    path: str
    schemes: tuple[str, ...]
    """To be tried in this order: a web configuration file may switch TLS on."""


class _AskedForACertificateError(Exception):
    """The server ended the handshake, or the connection after it."""


def target(argv: Sequence[str], environ: Mapping[str, str]) -> ProbeTarget:
    """Where a `run` with these flags and this environment serves; ends the program where the flags are wrong.

    Raises:
        ValueError: one line that says why that is not known.
    """
    page = HEALTHY
    if argv and argv[0].startswith("/"):
        page, argv = argv[0], argv[1:]
    elif argv and not argv[0].startswith("-") and argv[0] not in {"run", "demo"}:
        return _by_url(argv[0])
    command = [] if argv and not argv[0].startswith("-") else ["run"]
    flags = parse([*command, *argv], environ)
    try:
        address = parse_address((flags.web_listen_address or [DEFAULT_ADDRESS])[0])
        paths = parse_paths(flags.web_external_url, flags.web_route_prefix)
    except (ListenError, RouteError) as error:
        raise ValueError(str(error)) from None
    if not address.port:
        raise ValueError("--web.listen-address has port 0: only the exporter's log says which port it took; give a URL")
    host = "127.0.0.1" if address.host in _EVERYWHERE else address.host
    return ProbeTarget(
        host, address.port, paths.prefix + page, ("https", "http") if flags.web_config_file else ("http",)
    )


def main(argv: Sequence[str], environ: Mapping[str, str]) -> int:
    """Ask, and say in one line how it stands."""
    print_anything()
    try:
        alive, said = _look(target(argv, environ))
    except ValueError as error:
        alive, said = False, str(error)
    (sys.stdout if alive else sys.stderr).write(f"{said}\n" if alive else f"healthcheck: {said}\n")
    return 0 if alive else 1


def _look(where: ProbeTarget) -> tuple[bool, str]:
    """Whether it lives, and how that is known."""
    host = f"[{where.host}]" if ":" in where.host else where.host
    said = ""
    for scheme in where.schemes:
        url = f"{scheme}://{host}:{where.port}{where.path}"
        try:
            return _judge(url, *_ask(where, scheme))
        except _AskedForACertificateError:
            return True, f"{url} asks for a client certificate"
        except HTTPException:
            said = f"{url}: what answers there does not speak HTTP"
        except ssl.SSLError as error:  # no TLS there
            said = f"{url}: {error.reason or error}"
        except OSError as error:
            return False, f"{url}: {error}"
    return False, said


def _judge(url: str, status: int, text: str) -> tuple[bool, str]:
    if status in _ALIVE:
        return True, f"{url} {_ALIVE[HTTPStatus(status)]}"
    return (True, text.strip()) if status == HTTPStatus.OK else (False, f"{status} {text.strip()}")


def _by_url(url: str) -> ProbeTarget:
    hint = "write http://HOST:PORT/-/healthy"
    try:
        parts = urlsplit(url)
        port = parts.port or {"http": 80, "https": 443}[parts.scheme]
    except (ValueError, KeyError):
        raise ValueError(f"{url!r} is not a URL; {hint}") from None
    if not parts.hostname:
        raise ValueError(f"{url!r} is not a URL; {hint}")
    query = f"?{parts.query}" if parts.query else ""
    return ProbeTarget(parts.hostname, port, (parts.path or "/") + query, (parts.scheme,))


def _ask(where: ProbeTarget, scheme: str) -> tuple[int, str]:
    tls = _unverified() if scheme == "https" else None
    connection = (
        HTTPConnection(where.host, where.port, timeout=TIMEOUT)
        if tls is None
        else HTTPSConnection(where.host, where.port, timeout=TIMEOUT, context=tls)
    )
    shaken = False
    try:
        connection.connect()
        shaken = tls is not None
        connection.request("GET", where.path)
        answer = connection.getresponse()
        return answer.status, answer.read(1000).decode(errors="replace")
    except (ssl.SSLError, ConnectionError) as error:
        # With TLS 1.3 the server looks at the certificate after the client is through. Many close without a word.
        if shaken or (tls is not None and _speaks_tls(where, tls)):
            raise _AskedForACertificateError from error
        raise
    finally:
        connection.close()


def _speaks_tls(where: ProbeTarget, tls: ssl.SSLContext) -> bool:
    """Whether the server answers a client's hello with TLS, whatever comes of the handshake."""
    received, sent = ssl.MemoryBIO(), ssl.MemoryBIO()
    with suppress(ssl.SSLWantReadError):
        tls.wrap_bio(received, sent).do_handshake()
    with socket.create_connection((where.host, where.port), TIMEOUT) as connection:
        connection.sendall(sent.read())
        return connection.recv(1) in _TLS_RECORDS


def _unverified() -> ssl.SSLContext:
    """It asks its own machine, under a name that no certificate bears."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
