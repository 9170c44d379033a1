"""Exceptions of a request -> the failure that describes them."""

import errno
import os
import socket
from typing import Any

import aiohttp
from yarl import URL

from exporter.model import Failure, Operation, Reason
from exporter.wolkvox.connection import family
from exporter.wolkvox.encoding import TooLargeError, UndecodableError
from exporter.wolkvox.exchange import Exchange, LateError
from exporter.wolkvox.framing import FramingError
from exporter.wolkvox.proxy import parse_proxy
from exporter.wolkvox.request import VendorRequest
from exporter.wolkvox.tls_contexts import CAFileError

_ALLOW_LIST = "check that the vendor's firewall allows this address, then server or base_url, and proxy_url"
_UNDECODABLE = "the answer is not encoded as its Content-Encoding says: ask the vendor, or the operator of the proxy"
_NAMES = "check server or base_url, proxy_url, and the DNS"
_KINDS = {socket.AF_INET: " to an IPv4 address", socket.AF_INET6: " to an IPv6 address"}


class BrokenError(Exception):
    """Stands for its cause, a connection that failed, where aiohttp would retry by itself."""


def failure(error: Exception, operation: Operation, exchange: Exchange, request: VendorRequest[Any]) -> Failure | None:
    """The failure that an exception stands for, or None if it is a bug of this program.

    Args:
        error: What was raised on the way to a whole answer.
        operation: The operation that it was sent for.
        exchange: How far the request had come.
        request: What was asked.
    """
    server = operation.base_url
    match error:
        case UndecodableError():
            return _unreadable(request, exchange.status, _UNDECODABLE)
        case TimeoutError() | LateError():
            reason, text = Reason.TIMEOUT, _late(operation, exchange)
        case TooLargeError():
            reason, text = Reason.TOO_LARGE, f"the answer of {server} is over 10 MiB: check server or base_url"
        case CAFileError():
            reason, text = Reason.CONNECT, str(error)
        case BrokenError():
            reason, text = Reason.CONNECT, _connection(error.__cause__, operation, exchange)
        case aiohttp.ClientHttpProxyError():
            reason, text = Reason.CONNECT, f"the proxy refuses to connect (HTTP {error.status}): check proxy_url"
        case FramingError():
            why = f"the answer of {server} is not readable HTTP: {error}"
            return _unreadable(request, exchange.status, f"{why}; check server or base_url, and proxy_url")
        case aiohttp.ClientResponseError():
            reason, text = Reason.INVALID_RESPONSE, f"{server} does not speak HTTP: check server or base_url"
        case aiohttp.ClientPayloadError() | aiohttp.ClientConnectionError() | aiohttp.InvalidURL():
            reason, text = Reason.CONNECT, _connection(error, operation, exchange)
        case _:
            return None
    return Failure(reason, text, exchange.status)


def _unreadable(request: VendorRequest[Any], status: int | None, text: str) -> Failure:
    """An answer whose status alone refuses needs no body to be understood."""
    outcome = None if status is None else request.parse(status, b"")
    if isinstance(outcome, Failure) and outcome.reason is not Reason.INVALID_RESPONSE:
        return outcome
    return Failure(Reason.INVALID_RESPONSE, text, status)


def _late(operation: Operation, exchange: Exchange) -> str:
    """What was waited for when the request's time was over."""
    if not exchange.resolved:
        return f"{_host(operation)} was not resolved in time: {_NAMES}"
    if exchange.sent_at is None:
        return f"no connection to {_host(operation)} in time: {_ALLOW_LIST}"
    return f"no complete answer from {operation.base_url} in time: a longer timeout may help"


def _host(operation: Operation) -> str | None:
    """The name or address that connections are made to."""
    proxy = operation.proxy_url
    return (URL(operation.base_url) if proxy is None else parse_proxy(proxy.get_secret_value()).url).host


def _connection(error: BaseException | None, operation: Operation, exchange: Exchange) -> str:
    """What happened to a connection, in words of our own: an exception's text might hold a URL or headers."""
    match error:
        case aiohttp.InvalidURL():
            text = f"{operation.base_url} cannot be used: check server or base_url, and proxy_url"
        case aiohttp.ClientConnectorDNSError():
            text = f"cannot resolve {error.host}{_KINDS.get(family(operation), '')}: {_NAMES}"
        case aiohttp.ClientConnectorCertificateError():
            why = getattr(error.certificate_error, "verify_message", "unusable")
            text = f"the certificate of {error.host} is not trusted ({why}): check base_url, or set ca_file"
        case aiohttp.ClientSSLError():
            why = getattr(error.os_error, "reason", None) or "closed in the handshake"
            text = f"no TLS with {error.host} ({why}): check base_url and proxy_url"
        case aiohttp.ClientConnectorError():
            text = _refused(error, operation)
        case aiohttp.ConnectionTimeoutError() if not exchange.resolved:
            text = f"{_host(operation)} was not resolved within 15 s: {_NAMES}"
        case aiohttp.ConnectionTimeoutError():
            text = f"no connection to {operation.base_url} within 15 s: {_ALLOW_LIST}"
        case _:
            text = f"{operation.base_url} closed the connection before its answer was complete: {_ALLOW_LIST}"
    return text


def _refused(error: aiohttp.ClientConnectorError, operation: Operation) -> str:
    # The library's own text repeats the address in Python's spelling.
    number = error.os_error.errno or 0
    why = os.strerror(number) if number > 0 else type(error.os_error).__name__
    if number == errno.EADDRNOTAVAIL and operation.source_address is not None:
        return f"cannot connect from source_address {operation.source_address} ({why}): set an address of this machine"
    return f"cannot connect to {error.host}:{error.port} ({why}): {_ALLOW_LIST}"
