"""Keeping an operation's secrets out of whatever comes back from the network."""

import re
from collections.abc import Iterable
from functools import lru_cache

from exporter.model import Operation
from exporter.wolkvox.proxy import parse_proxy

HIDDEN = "[secret]"

_TELLING = 6, 16
"""Characters from which a token is looked for in a result, and up to which a secret is looked for anywhere: the rest of
it may be cut."""


def secrets(operation: Operation) -> tuple[str, ...]:
    """The texts that must not be seen: the token, and what the proxy is told about who asks."""
    token = operation.token.get_secret_value()
    proxy = operation.proxy_url
    return (token,) if proxy is None else (token, *parse_proxy(proxy.get_secret_value()).secrets)


def hide(text: str, hidden: Iterable[str]) -> str:
    """`text` with every secret replaced, in any case, plain or with characters escaped as JSON, a URL or HTML would.

    Of a long secret the beginning is enough: who repeats it may cut it.
    """
    for secret in hidden:
        text = _pattern(secret).sub(HIDDEN, text)
    return text


def shows(texts: Iterable[str], token: str) -> bool:
    """Whether a text that would be published holds the token, or the beginning of a long one."""
    least, most = _TELLING
    mark = _plain(token[:most])
    return len(mark) >= least and any(mark in _plain(text) for text in texts)


def _plain(text: str) -> str:
    """As a result is spelled."""
    return text.lower().replace("_", "-").replace(" ", "-")


@lru_cache(maxsize=1024)
def _pattern(secret: str) -> re.Pattern[str]:
    whole = "".join(map(_forms, secret))
    _, most = _TELLING
    if len(secret) > most:
        beginning, rest = "".join(map(_forms, secret[:most])), "|".join(map(_forms, sorted(set(secret[most:]))))
        whole = f"{whole}|{beginning}(?:{rest})*"
    return re.compile(whole, re.IGNORECASE)


def _forms(character: str) -> str:
    code = ord(character)
    quoted = "".join(f"%{byte:02x}" for byte in character.encode("utf-8", "surrogatepass"))
    return rf"(?:\\?{re.escape(character)}|\\u{code:04x}|{quoted}|&#(?:x0*{code:x}|0*{code});)"
