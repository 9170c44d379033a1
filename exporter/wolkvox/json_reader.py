"""JSON in UTF-8 (RFC 8259) read value by value, so that memory is bound by one value and not by what all make."""

import codecs
import json
import re
from collections.abc import Container, Iterator
from typing import NoReturn

VALUE_LIMIT = 2**18
"""Characters of one value that is decoded whole. A row of a report has some sixty."""

_STEP = 2**16
_BLANKS = re.compile(r"[ \t\n\r]*")
_STRING_PART = re.compile(r'(?:[^"\\\x00-\x1f]++|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*+')
"""As much of a string as there is, without its quotes. Nothing is tried twice, so nothing is remembered for that."""

_LONGEST_ESCAPE = 6
_NO_JSON = "it is not JSON"


class JsonError(Exception):
    """The text is not JSON, or more than a program should decode. The message says what of both."""


class _LongError(JsonError):
    """A value that is not a string has more than `VALUE_LIMIT` characters. The reader still stands before it."""


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise JsonError("a key is repeated")
    return value


def _constant(name: str) -> NoReturn:
    raise JsonError(f"it holds {name}, which is not JSON")


_JSON = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_constant)


class JsonReader:
    """Walks through a body. A byte order mark is ignored, as RFC 8259, 8.1 allows.

    A repeated key is refused: nobody knows which value is meant.
    """

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._read = len(codecs.BOM_UTF8) if body.startswith(codecs.BOM_UTF8) else 0
        self._decode = codecs.getincrementaldecoder("utf-8")().decode
        self._text = ""
        self._at = 0

    def peek(self) -> str:
        """The next character that is not blank; empty at the end."""
        while True:
            found = _BLANKS.match(self._text, self._at)
            self._at = found.end() if found else self._at
            if self._at < len(self._text) or not self._fill():
                return self._text[self._at : self._at + 1]

    def take(self, characters: str) -> str:
        """The next character that is not blank, which has to be one of these. It is left behind."""
        found = self.peek()
        if not found or found not in characters:
            raise JsonError(_NO_JSON)
        self._at += 1
        return found

    def end(self) -> None:
        """See that nothing but blanks is left."""
        if self.peek():
            raise JsonError(_NO_JSON)

    def value(self) -> object:
        """The next value.

        A string of much more than `VALUE_LIMIT` characters reads as empty, any other such value is refused.
        """
        self.peek()
        while True:
            found = self._decoded()
            if (found is None or found[1] == len(self._text)) and self._fill():
                if len(self._text) - self._at > VALUE_LIMIT + _STEP:
                    return self._long()
                continue
            if found is None:
                raise JsonError(_NO_JSON)
            value, self._at = found
            return value

    def row(self, fields: Container[str]) -> object:
        """The next value. Of an object that is too long to be decoded whole, these members."""
        try:
            return self.value()
        except _LongError:
            if self.peek() != "{":
                raise
            return {key: value for key in self.members() if (value := self.value()) is not None and key in fields}

    def items(self, fields: Container[str] | None = None) -> Iterator[object]:
        """The values of the list that comes next, each read as `row` reads it where `fields` are given."""
        self.take("[")
        if self.peek() == "]":
            self.take("]")
            return
        yield self.value() if fields is None else self.row(fields)
        while self.take(",]") == ",":
            yield self.value() if fields is None else self.row(fields)

    def members(self) -> Iterator[str]:
        """The keys of the object that comes next. The caller reads the value after each."""
        self.take("{")
        if self.peek() == "}":
            self.take("}")
            return
        yield self._key()
        while self.take(",}") == ",":
            yield self._key()

    def _key(self) -> str:
        key = self.value()
        self.take(":")
        if not isinstance(key, str):
            raise JsonError(_NO_JSON)
        return key

    def _decoded(self) -> tuple[object, int] | None:
        """The next value and where it ends in what is read so far; None where that is not enough, or not JSON."""
        try:
            return _JSON.raw_decode(self._text, self._at)
        except json.JSONDecodeError:
            return None
        except (ValueError, RecursionError):  # a number of thousands of digits, a thousand lists in each other
            raise JsonError(_NO_JSON) from None

    def _long(self) -> str:
        """Skip a long string."""
        if self._text[self._at] != '"':
            raise _LongError(f"it is not JSON, or one of its values has more than {VALUE_LIMIT} characters")
        self._at += 1
        while True:
            found = _STRING_PART.match(self._text, self._at)
            self._at = found.end() if found else self._at
            if self._text[self._at : self._at + 1] == '"':
                self._at += 1
                return ""
            if len(self._text) - self._at >= _LONGEST_ESCAPE or not self._fill():
                raise JsonError(_NO_JSON)

    def _fill(self) -> bool:
        """Decode some more of the body in place of what was passed. False at its end."""
        if self._read >= len(self._body):
            return False
        piece = self._body[self._read : self._read + _STEP]
        self._read += len(piece)
        try:
            decoded = self._decode(piece, final=self._read >= len(self._body))
        except UnicodeDecodeError:
            raise JsonError("it is not UTF-8") from None
        self._text = self._text[self._at :] + decoded
        self._at = 0
        return True
