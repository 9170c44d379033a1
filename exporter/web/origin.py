"""Whether a browser's request comes from a page of this server: a foreign page must not make it do anything.

A browser says so itself, in `Origin` and `Sec-Fetch-Site` (https://www.w3.org/TR/fetch-metadata/). `Host` proves
nothing: under DNS rebinding a foreign name leads to this server, and `Origin` and `Host` both bear that name.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address

from exporter.listen_address import MAX_PORT

_PORTS = {"http": 80, "https": 443}
_ORIGIN = re.compile(r"(https?)://(\[[0-9A-Fa-f:.]+\]|[^\s\[\]/?#@:\\]+)(?::([1-9][0-9]{0,4}))?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Origin:
    """Scheme, host and port (RFC 6454), each in the one spelling that is compared."""

    scheme: str
    host: str
    port: int


def parse_origin(text: str) -> Origin | None:
    """The origin that `text` names, or None: `null`, and whatever a browser would not write."""
    found = _ORIGIN.fullmatch(text)
    if found is None:
        return None
    scheme = found[1].lower()
    port = int(found[3]) if found[3] else _PORTS[scheme]
    host = _canonical(found[2].removeprefix("[").removesuffix("]"))
    return Origin(scheme, host, port) if host and port <= MAX_PORT else None


def local_origins(scheme: str, address: str, port: int) -> frozenset[Origin]:
    """The origins of a page that came from this local address of a connection.

    `localhost` is one of them on loopback: browsers never ask a DNS server for it (RFC 6761, 6.3).
    """
    plain = ip_address(address.partition("%")[0])
    if isinstance(plain, IPv6Address) and plain.ipv4_mapped is not None:
        plain = plain.ipv4_mapped
    hosts = {str(plain), "localhost"} if plain.is_loopback else {str(plain)}
    return frozenset(Origin(scheme, host, port) for host in hosts)


def is_foreign(
    *, origins: Sequence[str], sites: Sequence[str], hosts: Sequence[str], scheme: str, own: frozenset[Origin]
) -> bool:
    """Whether a browser sent this from a page that is not one of ours; a program sends neither header.

    `origins`, `sites` and `hosts` are the values of `Origin`, `Sec-Fetch-Site` and `Host`; `own` are our origins.
    """
    if any(site != "same-origin" for site in sites):
        return True
    claimed = list(origins)
    if sites and not origins:  # all that is left to say under which name the page was reached
        claimed = [f"{scheme}://{host}" for host in hosts] or [""]
    return len(claimed) > 1 or any(parse_origin(text) not in own for text in claimed)


def _canonical(host: str) -> str:
    """Lower case, names as DNS writes them (RFC 5890), addresses in their shortest spelling; empty where it is none."""
    try:
        return str(ip_address(host))
    except ValueError:
        pass
    try:
        return "" if ":" in host else host.lower().encode("ascii" if host.isascii() else "idna").decode()
    except UnicodeError:
        return ""
