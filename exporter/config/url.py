"""The addresses of the configuration. No message quotes one: a URL may hold a password."""

import re
import unicodedata
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import SplitResult, unquote, urlsplit

from yarl import URL

_PRINTABLE = re.compile(r"[!-~]+")
_HOST = re.compile(
    r"(?:[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\.)*[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\.?"
)
_NUMBERS = re.compile(r"[0-9.]+")
_BRACKETS = re.compile(r"\[[0-9A-Fa-f:.]+\](?::[0-9]+)?")
_LONGEST = 2_048


def parse_base_url(text: str) -> str:
    """`text` with scheme and host in lower case and no slash at its end.

    Raises:
        ValueError: one line that does not quote the URL.
    """
    parts = _split(text)
    if "@" in parts.netloc:
        raise ValueError("holds a user name or password, which the API does not take; the token goes into token_file")
    if "?" in text or "#" in text:
        raise ValueError("holds a query or fragment, only scheme, host, port and path are allowed")
    return f"{parts.scheme}://{parts.netloc.lower()}{parts.path.rstrip('/')}"


def check_proxy_url(text: str) -> str:
    """`text` as it is, where an HTTP client can use it as the URL of a proxy.

    Raises:
        ValueError: one line that does not quote the URL.
    """
    parts = _split(text)
    if parts.path.rstrip("/") or "?" in text or "#" in text:
        raise ValueError(
            "continues after the port, only scheme, user, password, host and port are allowed;"
            " write / ? # and @ in a password as %2F %3F %23 and %40"
        )
    _check_credentials(parts.netloc.rpartition("@")[0])
    return text


def travels_in_clear(url: str) -> bool:
    """Whether what is sent to `url` can be read on the way: plain HTTP to another machine."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme != "http" or host == "localhost" or host.endswith(".localhost"):
        return False
    try:
        return not ip_address(host).is_loopback
    except ValueError:  # a name
        return True


def _split(text: str) -> SplitResult:
    if not _PRINTABLE.fullmatch(text) or "\\" in text or len(text) > _LONGEST:
        raise ValueError(
            f"is not a URL, allowed are at most {_LONGEST} printable ASCII characters without spaces or backslashes"
        )
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:  # a port that is not a number, brackets that do not match
        raise ValueError("is not a URL, check the host, its brackets and the port (1 to 65535)") from None
    if parts.scheme not in {"http", "https"}:
        raise ValueError("is not an HTTP URL, write http://host:port or https://host")
    if port == 0 or parts.netloc.endswith(":") or not _is_host(parts):
        raise ValueError(
            "has no usable host and port, write http://host:port or https://host, with a port of 1 to 65535"
        )
    return parts


def _is_host(parts: SplitResult) -> bool:
    host, place = parts.hostname or "", parts.netloc.rpartition("@")[2]
    try:
        if "[" in place or "]" in place:
            # an interface of this machine means nothing in a URL
            return _BRACKETS.fullmatch(place) is not None and IPv6Address(host).scope_id is None
        if _NUMBERS.fullmatch(host):
            return str(IPv4Address(host)) == host
        # the last two are how the HTTP client and the look-up read a name that begins with xn--
        return _HOST.fullmatch(host) is not None and bool((URL(f"//{place}").host or "").encode("idna"))
    except ValueError:
        return False


def _check_credentials(written: str) -> None:
    """See that user and password can be sent to a proxy (RFC 7617, 2)."""
    user, _, password = written.partition(":")
    try:
        texts = unquote(user, errors="strict"), unquote(password, errors="strict")
    except UnicodeDecodeError:  # it quotes the bytes, so what is raised below must not chain to it
        problem = "holds a user or password that is not UTF-8, write every byte of its characters, such as %C3%B1"
    else:
        if not any(unicodedata.category(character) == "Cc" for text in texts for character in text):
            if ":" not in texts[0]:
                return
            problem = "holds a user name with a colon (%3A), which a proxy takes for the start of the password"
        else:
            problem = "holds a control character in user or password, which cannot be sent to a proxy"
    raise ValueError(problem)
