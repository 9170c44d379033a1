"""Stretches of the page that change together, and the gzip member that is made of them.

Each piece is compressed by itself and ended on a byte boundary (Z_SYNC_FLUSH); a compressor of its own refers to
nothing before it. So pieces can be joined in any order into one stream of deflate (RFC 1951), under one header and one
checksum.
"""

import struct
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from exporter.metrics.checksum import Digest, Total, digest

_LEVEL = 1
"""The lines of a page repeat so much that higher levels save a tenth of the bytes and cost four times the work."""
_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x04\xff"
"""RFC 1952, 2.3: deflate, no name, no time, fastest compression, any operating system."""


def _compressor() -> "zlib._Compress":
    return zlib.compressobj(_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)


@dataclass(frozen=True, slots=True)
class Packed:
    """A piece as gzip needs it."""

    deflated: bytes
    digest: Digest


class Piece:
    """Bytes that never change, and their packed form once someone asked for it."""

    __slots__ = ("_packed", "text")

    def __init__(self, text: bytes) -> None:
        self.text = text
        self._packed: Packed | None = None

    @property
    def is_packed(self) -> bool:
        """Whether `packed` costs nothing."""
        return self._packed is not None

    @property
    def packed(self) -> Packed:
        """The packed form. Two threads that ask at once do the work twice, with the same result."""
        if self._packed is None:
            compressor = _compressor()
            deflated = compressor.compress(self.text) + compressor.flush(zlib.Z_SYNC_FLUSH)
            self._packed = Packed(deflated, digest(self.text))
        return self._packed


@dataclass(frozen=True, slots=True)
class Member:
    """A gzip member that is complete but for its last part."""

    pieces: Sequence[Piece]
    start: bytes
    digest: Digest

    def ended(self, text: bytes) -> bytes:
        """The whole member, with `text` as its last part."""
        compressor = _compressor()
        end = compressor.compress(text) + compressor.flush(zlib.Z_FINISH)
        crc = zlib.crc32(text, self.digest.crc)
        size = (self.digest.length + len(text)) & 0xFFFFFFFF
        return b"".join((self.start, end, struct.pack("<II", crc, size)))


def member(pieces: Sequence[Piece], total: Total) -> Member:
    """Begin a member with `pieces`, packing those that are not packed yet."""
    packed = [piece.packed for piece in pieces]
    return Member(
        pieces=pieces,
        start=b"".join((_HEADER, *(part.deflated for part in packed))),
        digest=total.of([part.digest for part in packed]),
    )


def unpacked_bytes(pieces: Iterable[Piece]) -> int:
    """How much text is still to be compressed."""
    return sum(len(piece.text) for piece in pieces if not piece.is_packed)
