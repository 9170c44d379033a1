"""Decoding of an answer's Content-Encoding (RFC 9110, 8.4), bounded however much a few bytes expand to."""

import zlib
from io import BytesIO
from typing import Protocol

ACCEPTED = "gzip, deflate"
"""What `Accept-Encoding` says."""


_STEP = 2**16
"""Bytes decoded at once: a thousandth of that may hold them."""

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

    @property
    def size(self) -> int:
        """Bytes decoded so far."""
        ...

    def feed(self, piece: bytes) -> bool:
        """Take the next piece, and decode at most 64 KiB more than that is long.

        Raises TooLargeError or UndecodableError.

        Returns:
            Whether more can be decoded of what was fed: by feeding nothing.
        """
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
        self._decoded = BytesIO()  # which gives away its bytes without a copy

    @property
    def size(self) -> int:
        return self._decoded.tell()

    def feed(self, piece: bytes) -> bool:
        if self.size + len(piece) > self._limit:
            raise TooLargeError
        self._decoded.write(piece)
        return False

    def whole(self) -> bytes:
        return self._decoded.getvalue()


class _Compressed:
    """One stream: more after its end is refused, as readers differ on what that means."""

    def __init__(self, window: int, limit: int) -> None:
        self._window = window
        self._plain = _Plain(limit)
        self._stream: zlib._Decompress | None = None

    @property
    def size(self) -> int:
        return self._plain.size

    def feed(self, piece: bytes) -> bool:
        if self._stream is None:
            if not piece:
                return False
            self._stream = zlib.decompressobj(self._format(piece[0]))
        try:
            decoded = self._stream.decompress(self._stream.unconsumed_tail + piece, _STEP)
        except zlib.error:
            raise UndecodableError from None
        if self._stream.unused_data:
            raise UndecodableError
        self._plain.feed(decoded)
        return len(decoded) == _STEP

    def whole(self) -> bytes:
        if self._stream is not None and not self._stream.eof:
            raise UnfinishedError
        return self._plain.whole()

    def _format(self, first: int) -> int:
        """`deflate` is zlib's format (RFC 1950), whose first byte ends in 8; some servers send RFC 1951 instead."""
        bare = self._window == zlib.MAX_WBITS and first & 0x0F != 8  # noqa: PLR2004 - CM of RFC 1950
        return -zlib.MAX_WBITS if bare else self._window
