"""A configured proxy: where it is, and what it is told about who asks."""

import base64
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import unquote_to_bytes, urlsplit

from yarl import URL


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy as a request needs it. Bytes that are not UTF-8 stand in its texts as lone surrogates."""

    url: URL
    """Scheme, host and port."""
    authorization: str | None = field(default=None, repr=False)
    """Value of the header Proxy-Authorization (RFC 7617, in UTF-8)."""
    secrets: tuple[str, ...] = field(default=(), repr=False)
    """What must not be seen: the password, and the credentials decoded, in Base64 and as they stand in the URL."""


@lru_cache(maxsize=64)
def parse_proxy(proxy_url: str) -> Proxy:
    """The parts of a `proxy_url` that the configuration has accepted."""
    parts = urlsplit(proxy_url)
    written, mark, place = parts.netloc.rpartition("@")
    url = URL(f"{parts.scheme}://{place}")
    if not mark:
        return Proxy(url)
    user, _, password = written.partition(":")
    credentials = unquote_to_bytes(user) + b":" + unquote_to_bytes(password)
    encoded = base64.b64encode(credentials).decode()
    texts = (unquote_to_bytes(password), credentials, base64.b64encode(credentials), f"{user}:{password}".encode())
    secrets = dict.fromkeys(text.decode("utf-8", "surrogateescape") for text in texts if credentials != b":" and text)
    return Proxy(url, f"Basic {encoded}", tuple(secrets))
