"""Stretches of the page that change together, each with its packed form.

Each piece is compressed by itself and ended on a byte boundary (Z_SYNC_FLUSH); a compressor of its own refers to
nothing before it. So packed pieces can be joined in any order into one stream of deflate (RFC 1951).
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

from exporter.metrics.checksum import EMPTY, Crc, digest, join

_LEVEL = 1
"""The lines of a page repeat so much that higher levels save a tenth of the bytes and cost four times the work."""


def deflate(text: bytes, mode: int) -> bytes:
    """`text` as a raw stream of deflate, ended by a flush of this mode."""
    compressor = zlib.compressobj(_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    return compressor.compress(text) + compressor.flush(mode)


@dataclass(frozen=True, slots=True)
class Packed:
    """Some text as gzip needs it."""

    deflated: bytes
    digest: Crc


NOTHING = Packed(b"", EMPTY)


class Chunk:
    """Bytes that never change, and their packed form once someone asked for it."""

    __slots__ = ("_packed", "text")

    def __init__(self, text: bytes) -> None:
        self.text = text
        self._packed: Packed | None = None if text else NOTHING

    @property
    def to_pack(self) -> int:
        """Bytes that are still to be compressed."""
        return len(self.text) if self._packed is None else 0

    @property
    def packed(self) -> Packed:
        """The packed form. Two threads that ask at once do the work twice, with the same result."""
        if self._packed is None:
            self._packed = Packed(deflate(self.text, zlib.Z_SYNC_FLUSH), digest(self.text))
        return self._packed


def pack(pieces: Sequence[Chunk]) -> Packed:
    """Several pieces, one after the other, packed as one."""
    parts = [piece.packed for piece in pieces]
    return Packed(b"".join([part.deflated for part in parts]), reduce(join, [part.digest for part in parts]))
