"""Decoding of an answer's Content-Encoding (RFC 9110, 8.4), bounded however much a few bytes expand to."""

import zlib
from typing import Protocol

ACCEPTED = "gzip, deflate"
"""What `Accept-Encoding` says."""


_NO_CODINGS = ("", "identity", "none")
"""Names for no encoding at all; the last is no standard's, yet sent."""


class UndecodableError(Exception):
    """The body is not encoded as its header says, or in a way that was not asked for."""


class TooLargeError(Exception):
    """The decoded body exceeds the limit."""


class UnfinishedError(Exception):
    """The encoded stream stops before its end."""


class Body(Protocol):
    """A body that arrives in pieces."""

    def feed(self, piece: bytes) -> None:
        """Take the next piece. Raises TooLargeError or UndecodableError."""
        ...

    def whole(self) -> bytes:
        """All of it, decoded, once the last piece was fed. Raises UnfinishedError."""
        ...


def body(encoding: str, limit: int) -> Body:
    """A body encoded as the header `Content-Encoding` says, of at most `limit` bytes once decoded."""
    codings = [coding for token in encoding.split(",") if (coding := token.strip().lower()) not in _NO_CODINGS]
    match codings:
        case []:
            return _Plain(limit)
        case ["gzip" | "x-gzip"]:
            return _Compressed(zlib.MAX_WBITS | 16, limit)
        case ["deflate"]:
            return _Compressed(zlib.MAX_WBITS, limit)
        case _:
            raise UndecodableError


class _Plain:
    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._size = 0
        self._pieces: list[bytes] = []

    def feed(self, piece: bytes) -> None:
        self._size += len(piece)
        if self._size > self._limit:
            raise TooLargeError
        self._pieces.append(piece)

    def whole(self) -> bytes:
        return b"".join(self._pieces)


class _Compressed:
    """One stream: more after its end is refused, as readers differ on what that means."""

    def __init__(self, window: int, limit: int) -> None:
        self._window = window
        self._limit = limit
        self._decoded = _Plain(limit)
        self._room = limit + 1
        self._stream: zlib._Decompress | None = None

    def feed(self, piece: bytes) -> None:
        if not piece:
            return
        if self._stream is None:
            self._stream = zlib.decompressobj(self._format(piece[0]))
        try:
            decoded = self._stream.decompress(piece, self._room)
        except zlib.error:
            raise UndecodableError from None
        if self._stream.unused_data:
            raise UndecodableError
        self._room -= len(decoded)
        self._decoded.feed(decoded)

    def whole(self) -> bytes:
        if self._stream is not None and not self._stream.eof:
            raise UnfinishedError
        return self._decoded.whole()

    def _format(self, first: int) -> int:
        """`deflate` is zlib's format (RFC 1950), whose first byte ends in 8; some servers send RFC 1951 instead."""
        bare = self._window == zlib.MAX_WBITS and first & 0x0F != 8  # noqa: PLR2004 - CM of RFC 1950
        return -zlib.MAX_WBITS if bare else self._window
