"""From whatever stopped a request to the failure that says so."""

import os

import aiohttp

from exporter.model import Failure, Reason
from exporter.wolkvox.authorities import AuthoritiesError
from exporter.wolkvox.encoding import TooLargeError, UndecodableError
from exporter.wolkvox.report import judge

_ALLOW_LIST = "check that the vendor's firewall allows this address, then server or base_url, and proxy_url"


class LateError(Exception):
    """The connection came up when the request's time was over."""


class BrokenError(Exception):
    """Stands for its cause, a connection that failed, where aiohttp would send again by itself."""


def failure(error: Exception, server: str, status: int | None) -> Failure | None:
    """The failure that an exception stands for, or None where it is a fault of our own.

    Args:
        error: What was raised on the way to a whole answer.
        server: The API's address, as it may be shown.
        status: HTTP status, if one had come.
    """
    match error:
        case UndecodableError():
            return _undecodable(status)
        case TimeoutError() | LateError():
            reason, text = Reason.TIMEOUT, f"no whole answer from {server} in time: a longer timeout may help"
        case TooLargeError():
            reason, text = Reason.TOO_LARGE, f"the answer of {server} is over 10 MiB: check server or base_url"
        case AuthoritiesError():
            reason, text = Reason.CONNECT, str(error)
        case BrokenError():
            reason, text = Reason.CONNECT, _connection(error.__cause__, server)
        case aiohttp.ClientHttpProxyError():
            reason, text = Reason.CONNECT, f"the proxy lets nobody through (HTTP {error.status}): check proxy_url"
        case aiohttp.ClientResponseError():
            reason, text = Reason.INVALID_RESPONSE, f"{server} does not answer in HTTP: check server or base_url"
        case aiohttp.ClientPayloadError() | aiohttp.ClientConnectionError():
            reason, text = Reason.CONNECT, _connection(error, server)
        case _:
            return None
    return Failure(reason, text, status)


def _undecodable(status: int | None) -> Failure:
    """An answer whose status alone refuses needs no body to be understood."""
    outcome = None if status is None else judge(status, b"")
    if isinstance(outcome, Failure) and outcome.reason is not Reason.INVALID_RESPONSE:
        return outcome
    text = "the answer is not encoded as its Content-Encoding says: ask the vendor, or whoever runs the proxy"
    return Failure(Reason.INVALID_RESPONSE, text, status)


def _connection(error: BaseException | None, server: str) -> str:
    """What happened to a connection, in words of our own: an exception's text might hold a URL or headers."""
    match error:
        case aiohttp.ClientConnectorDNSError():
            text = f"cannot resolve {error.host}: check server or base_url, proxy_url, and the DNS"
        case aiohttp.ClientConnectorCertificateError():
            why = getattr(error.certificate_error, "verify_message", "unusable")
            text = f"the certificate of {error.host} is not trusted ({why}): check base_url, or set ca_file"
        case aiohttp.ClientSSLError():
            why = getattr(error.os_error, "reason", None) or "closed in the handshake"
            text = f"no TLS with {error.host} ({why}): check base_url and proxy_url"
        case aiohttp.ClientConnectorError():
            # The library's own text repeats the address in Python's spelling.
            number = error.os_error.errno or 0
            why = os.strerror(number) if number > 0 else type(error.os_error).__name__
            text = f"cannot connect to {error.host}:{error.port} ({why}): {_ALLOW_LIST}"
        case aiohttp.ConnectionTimeoutError():
            text = f"no connection to {server} within 15 s: {_ALLOW_LIST}"
        case _:
            text = f"{server} closed the connection before its answer was whole: {_ALLOW_LIST}"
    return text
