"""A short piece of an answer that may be shown and logged: printable, on one line, without secrets."""

from collections.abc import Iterable

from exporter.wolkvox.redaction import hide

EXCERPT_LENGTH = 200
"""Characters at most."""

_READ = 8192
"""Bytes looked at; enough to fill an excerpt of any answer that is not blank for pages."""


def excerpt(body: bytes, secrets: Iterable[str] = ()) -> str:
    """The beginning of `body`.

    Blanks are collapsed, secrets replaced; what cannot be printed, such as bidirectional overrides, is escaped.
    """
    text = hide(body[:_READ].decode("utf-8", "backslashreplace"), secrets)
    text = "".join(_printable(character) for character in " ".join(text.split()))
    return text if len(text) <= EXCERPT_LENGTH else f"{text[: EXCERPT_LENGTH - 1]}…"


def _printable(character: str) -> str:
    return character if character.isprintable() else character.encode("unicode_escape").decode("ascii")
