"""A short piece of an answer that may be shown and logged: printable, on one line, without secrets."""

from collections.abc import Iterable

from exporter.wolkvox.leak import repeats

EXCERPT_LENGTH = 200
"""Characters at most."""

_READ = 8192
"""Bytes looked at; enough to fill an excerpt of any answer that is not blank for pages."""


def excerpt(body: bytes, secrets: Iterable[str] = ()) -> str:
    """The beginning of `body`; nothing where that repeats a part of a secret in any form.

    Blanks are collapsed; what cannot be printed, such as bidirectional overrides, is escaped.
    """
    read = body[:_READ]
    # Twice as much as is shown, so that a form which is cut is found as well.
    looked_at = " ".join(read.decode("utf-8", "surrogateescape").split())[: 2 * EXCERPT_LENGTH]
    if repeats(looked_at.encode("utf-8", "surrogateescape"), secrets):
        return ""
    text = "".join(_printable(character) for character in " ".join(read.decode("utf-8", "backslashreplace").split()))
    return text if len(text) <= EXCERPT_LENGTH else f"{text[: EXCERPT_LENGTH - 1]}…"


def _printable(character: str) -> str:
    return character if character.isprintable() else character.encode("unicode_escape").decode("ascii")
