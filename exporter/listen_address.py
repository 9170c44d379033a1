"""`--web.listen-address` and its like: where to listen, as Prometheus and its exporters write it."""

import errno
import socket
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass

DEFAULT_ADDRESS = ":10965"
"""All interfaces; the port that the exporter has in Prometheus' list of default ports."""

MAX_PORT = 65_535

_BACKLOG = 1024

_FLAG = "--web.listen-address"


class ListenError(Exception):
    """Nothing can listen there. The text is one line for the operator."""


@dataclass(frozen=True, slots=True)
class ListenAddress:
    """A host, empty for all interfaces, and a port, 0 for any free one."""

    host: str
    port: int

    def __str__(self) -> str:
        """As it is written on the command line."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def read_address(text: str) -> ListenAddress:
    """Read `host:port`, `[::1]:port` or `:port`; raises ValueError that says what is allowed."""
    host, colon, port = text.rpartition(":")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host or "[" in host or "]" in host:
        raise ValueError("an IPv6 address stands in brackets; allowed: host:port, [::1]:port, :port")
    if not colon or any(character.isspace() or character == "/" for character in host):
        raise ValueError("is not an address; allowed: host:port, [::1]:port, :port")
    if not (port.isascii() and port.isdigit() and int(port[:6]) <= MAX_PORT and len(port) <= len(str(MAX_PORT))):
        raise ValueError(f"{port!r} is not a port; allowed: 0 to {MAX_PORT}")
    return ListenAddress(host, int(port))


def parse_address(text: str) -> ListenAddress:
    """Read the value of `--web.listen-address`; raises `ListenError` that names the flag."""
    try:
        return read_address(text)
    except ValueError as error:
        raise ListenError(f"{_FLAG} {text!r}: {error}") from error


def bind(addresses: Sequence[ListenAddress], flag: str = _FLAG) -> tuple[socket.socket, ...]:
    """Open a listening socket for each address, or none at all; raises `ListenError`.

    Args:
        addresses: Where to listen.
        flag: Where the user wrote them, for messages.
    """
    with ExitStack() as opened:
        sockets = tuple(opened.enter_context(_bind(address, flag)) for address in addresses)
        opened.pop_all()
        return sockets


def url(listening: socket.socket, scheme: str) -> str:
    """Where a client on this machine finds the socket, with the port that it really has."""
    host, port = listening.getsockname()[:2]
    if host in {"::", "0.0.0.0"}:  # noqa: S104 - compared with, not bound to
        host = "localhost"
    return f"{scheme}://[{host}]:{port}/" if ":" in host else f"{scheme}://{host}:{port}/"


def _bind(address: ListenAddress, flag: str) -> socket.socket:
    try:
        opened = _bind_all(address.port) if address.host in {"", "::"} else _bind_one(address)
    except socket.gaierror as error:
        raise ListenError(f"cannot listen on {address}: the host name is unknown ({error.strerror})") from error
    except OSError as error:
        raise ListenError(f"cannot listen on {address}: {_explain(error, flag)}") from error
    opened.setblocking(False)
    return opened


def _bind_all(port: int) -> socket.socket:
    """IPv6 and IPv4 on one socket; IPv4 alone where the kernel has IPv6 switched off."""
    if socket.has_dualstack_ipv6():
        try:
            return socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True, backlog=_BACKLOG)
        except OSError as error:
            if error.errno not in {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT}:
                raise
    return socket.create_server(("0.0.0.0", port), backlog=_BACKLOG)  # noqa: S104 - all interfaces is what was asked


def _bind_one(address: ListenAddress) -> socket.socket:
    """The host's first address, an IPv4 one if it has any, as Go's net.Listen chooses."""
    found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    family, _type, _protocol, _name, where = min(found, key=lambda item: item[0] != socket.AF_INET)
    return socket.create_server(where, family=family, backlog=_BACKLOG)


def _explain(error: OSError, flag: str) -> str:
    match error.errno:
        case errno.EADDRINUSE:
            return f"the port is in use; stop the other program or choose another {flag}"
        case errno.EACCES:
            return "not permitted; ports under 1024 need a privilege, choose a higher one"
        case errno.EADDRNOTAVAIL:
            return "this machine has no such address"
        case _:
            return error.strerror or str(error)
