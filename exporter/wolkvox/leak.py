"""Whether a text repeats a part of a secret, however that part is written."""

import base64
import html
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from urllib.parse import unquote

PART = 8
"""Characters of a secret that must not be shown in a row. A shorter secret counts whole."""

_CODECS = ("utf-8", "utf-16-le", "utf-16-be")
_WIDE = (("utf-16-le", 2), ("utf-16-be", 2), ("utf-32-le", 4), ("utf-32-be", 4))
"""Encodings and bytes a character: a text may begin at any byte of one."""

_LEAST_ENCODED = 4
"""Characters of Base64 or hexadecimal digits; fewer stand in many a text by chance."""

_ROUNDS = 3
"""How often escapes are undone: what was escaped twice is found, too."""

_BASE64_BITS = 6

_ESCAPE = re.compile(r"\\u\{0*([0-9A-Fa-f]{1,6})\}|\\u([0-9A-Fa-f]{4})|\\x([0-9A-Fa-f]{2})|=([0-9A-Fa-f]{2})")
_TAG = re.compile(r"<[^<>]*>")
_NUMBER = re.compile(r"[0-9]{1,7}")
_PREFIX = re.compile(r"0x|\\x", re.IGNORECASE)

Needles = dict[int, dict[str, tuple[str, ...]]]
"""What to look for, by its first `PART` characters, and those by their number: fewer where all of it is shorter."""


def repeats(content: bytes, secrets: Iterable[str]) -> bool:
    """Whether `content` holds any `PART` characters in a row of any of `secrets`.

    They are found plain, in any case, divided by white space, line ends, tags or signs, escaped for HTML, JSON, URLs or
    mail, and as UTF-16, UTF-32, Base64 (wherever in the encoded bytes they stand), hexadecimal or decimal numbers.
    """
    needles = _needles(tuple(secret for secret in secrets if secret))
    return bool(needles) and any(_holds(form, needles) for form in _forms(content))


def _holds(text: str, needles: Needles) -> bool:
    return any(
        text.startswith(needles[length][text[start : start + length]], start)
        for length in needles
        for start in range(len(text) - length + 1)
        if text[start : start + length] in needles[length]
    )


def _forms(content: bytes) -> frozenset[str]:
    """What a reader may understand, each once in full and once without anything but letters and digits."""
    readings = set(_readings(content))
    return frozenset(map(_close, readings)) | frozenset(map(_bare, readings))


def _readings(content: bytes) -> Iterator[str]:
    text = content.decode("utf-8", "surrogateescape")
    yield from _unescaped(text)
    yield from _unescaped(content.decode("latin-1"))
    yield _PREFIX.sub("", text)
    yield "".join(chr(int(number)) for number in _NUMBER.findall(text) if int(number) <= sys.maxunicode)
    # What was escaped byte by byte may be UTF-8 or UTF-16 once the escapes are undone.
    undone = _undone(text).encode("latin-1", "ignore")
    yield undone.decode("utf-8", "ignore")
    for octets in (content, undone):
        for codec, width in _WIDE:
            for offset in range(width):
                yield octets[offset:].decode(codec, "ignore")


def _unescaped(text: str) -> Iterator[str]:
    """The text, and what it is once tags are left out and escapes are undone, again and again."""
    yield text
    yield _TAG.sub("", text)
    for _ in range(_ROUNDS):
        text, before = _undone(text), text
        if text == before:
            return
        yield text
        yield _TAG.sub("", text)


def _undone(text: str) -> str:
    return _ESCAPE.sub(_character, unquote(html.unescape(text), errors="surrogateescape")).replace("\\", "")


def _character(match: re.Match[str]) -> str:
    code = int(next(group for group in match.groups() if group is not None), 16)
    return chr(code) if code <= sys.maxunicode else ""


def _close(text: str) -> str:
    """Without white space and what nobody sees, in one case."""
    return "".join(character for character in text if character.isprintable() and not character.isspace()).casefold()


def _bare(text: str) -> str:
    """Letters and digits only, in one case: what divides them does not matter."""
    return "".join(character for character in text if character.isalnum()).casefold()


@lru_cache(maxsize=64)
def _needles(secrets: tuple[str, ...]) -> Needles:
    found: Needles = {}
    for needle in {needle for secret in secrets for needle in _needles_of(secret)}:
        begun = found.setdefault(min(PART, len(needle)), {})
        begun[needle[:PART]] = (*begun.get(needle[:PART], ()), needle)
    return found


def _needles_of(secret: str) -> Iterator[str]:
    bare = _bare(secret)
    if len(bare) >= PART:
        yield from _parts(bare, PART)
    for part in _parts(secret, PART):
        if plain := _close(part):
            yield plain
        yield from _encoded(part)


def _parts(text: str, length: int) -> Iterator[str]:
    """Every `length` characters of `text` in a row; all of it where it is shorter."""
    for start in range(max(1, len(text) - length + 1)):
        yield text[start : start + length]


def _encoded(part: str) -> Iterator[str]:
    """The part as others would write its bytes, as `_close` and `_bare` leave that."""
    writers: tuple[Callable[[bytes], Iterator[str]], ...] = (_hexadecimal, _base64)
    for codec in _CODECS:
        for write in writers:
            for text in write(part.encode(codec, "surrogatepass")):
                if len(text) >= _LEAST_ENCODED:
                    yield text


def _hexadecimal(content: bytes) -> Iterator[str]:
    yield content.hex()


def _base64(content: bytes) -> Iterator[str]:
    """The characters that depend on `content` alone, wherever in the encoded bytes it stands, in both alphabets."""
    for before in range(3):
        first = -(-8 * before // _BASE64_BITS)
        last = 8 * (before + len(content)) // _BASE64_BITS
        text = base64.b64encode(bytes(before) + content + bytes(2)).decode()[first:last].casefold()
        yield text
        yield text.replace("+", "-").replace("/", "_")
        yield _bare(text)
