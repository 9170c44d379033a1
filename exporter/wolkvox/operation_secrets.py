"""The secrets of an operation, and whether a result of its campaigns repeats one."""

from collections.abc import Iterable

from exporter.model import Operation
from exporter.redaction import TELLING
from exporter.wolkvox.proxy import parse_proxy

_LEAST = 6
"""Characters from which a token is looked for in a result."""


def secrets(operation: Operation) -> tuple[str, ...]:
    """The texts that must not be seen: the token, and what the proxy is told about who asks."""
    token = operation.token.get_secret_value()
    proxy = operation.proxy_url
    return (token,) if proxy is None else (token, *parse_proxy(proxy.get_secret_value()).secrets)


def shows(texts: Iterable[str], token: str) -> bool:
    """Whether a text that would be published holds the token, or the beginning of a long one."""
    mark = _plain(token[:TELLING])
    return len(mark) >= _LEAST and any(mark in _plain(text) for text in texts)


def _plain(text: str) -> str:
    """As a result is spelled."""
    return text.lower().replace("_", "-").replace(" ", "-")
