"""Secrets struck out of texts: of those that came over the network, of the log and of messages about files."""

import json
import re
from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import quote

HIDDEN = "<secret>"
"""What stands in place of a secret."""

SHORTEST = 5
"""Characters; no vendor gives out a shorter secret, and striking it out of every text would garble them."""

TELLING = 16
"""Characters of a secret that count as all of it: the rest may be cut."""


class Redactor:
    """Strikes known secrets out of text: the last line of defence, for texts of libraries that quote what they got.

    It is for every line of the log, with hundreds of secrets, and so knows only the forms that our own formats have.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._secrets: tuple[str, ...] = ()
        self.keep(secrets)

    def keep(self, secrets: Iterable[str]) -> None:
        """Strike out these from now on, besides those known: a line about an old token may still come."""
        known = {*self._secrets, *(form for secret in secrets if len(secret) >= SHORTEST for form in _written(secret))}
        self._secrets = tuple(sorted(known, key=len, reverse=True))

    def clean(self, text: str) -> str:
        """The text without the secrets."""
        for secret in self._secrets:
            text = text.replace(secret, HIDDEN)
        return text


def hide(text: str, hidden: Iterable[str]) -> str:
    """`text` with every secret replaced, in any case, plain or with characters escaped as JSON, a URL or HTML would.

    It is for what a stranger wrote. Of a long secret the beginning is enough: who repeats it may cut it.
    """
    for secret in hidden:
        text = _pattern(secret).sub(HIDDEN, text)
    return text


def _written(secret: str) -> tuple[str, ...]:
    """As it is, and as JSON, Python and URLs write it."""
    return secret, json.dumps(secret)[1:-1], repr(secret)[1:-1], quote(secret, safe="")


@lru_cache(maxsize=1024)
def _pattern(secret: str) -> re.Pattern[str]:
    whole = "".join(map(_forms, secret))
    if len(secret) > TELLING:
        beginning, rest = "".join(map(_forms, secret[:TELLING])), "|".join(map(_forms, sorted(set(secret[TELLING:]))))
        whole = f"{whole}|{beginning}(?:{rest})*"
    return re.compile(whole, re.IGNORECASE)


def _forms(character: str) -> str:
    code = ord(character)
    quoted = "".join(f"%{byte:02x}" for byte in character.encode("utf-8", "surrogatepass"))
    return rf"(?:\\?{re.escape(character)}|\\u{code:04x}|{quoted}|&#(?:x0*{code:x}|0*{code});)"
