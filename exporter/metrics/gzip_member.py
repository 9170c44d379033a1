"""The gzip member (RFC 1952) that a page is sent as: one header, the packed pieces, one checksum.

Most pieces are those of the scrape before. What was made of them is remembered by groups, so that a changed piece
costs its group and not the whole page.
"""

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

from exporter.metrics.checksum import Crc, Total
from exporter.metrics.chunk import Chunk, Packed, deflate, pack

_GROUP = 8
_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x04\xff"
"""RFC 1952, section 2.3: deflate, no name, no time, fastest compression, unknown operating system."""


@dataclass(frozen=True, slots=True)
class GzipMember:
    """A gzip member that lacks its last part."""

    pieces: Sequence[Chunk]
    deflated: Sequence[bytes]
    digest: Crc

    def ended(self, text: bytes) -> bytes:
        """The whole member, with `text` as its last part."""
        crc = zlib.crc32(text, self.digest.crc)
        size = (self.digest.length + len(text)) & 0xFFFFFFFF
        return b"".join((_HEADER, *self.deflated, deflate(text, zlib.Z_FINISH), struct.pack("<II", crc, size)))


class GzipCache:
    """Makes members of pieces, remembering what it made of each group. What it remembers is swapped whole."""

    def __init__(self) -> None:
        self._groups: dict[tuple[Chunk, ...], Packed] = {}
        self._total = Total()

    def to_pack(self, pieces: Sequence[Chunk]) -> int:
        """Bytes that `member` would have to compress."""
        fresh = (group for group in _grouped(pieces) if group not in self._groups)
        return sum(piece.to_pack for group in fresh for piece in group)

    def member(self, pieces: Sequence[Chunk]) -> GzipMember:
        """Begin a member with `pieces`."""
        known = self._groups
        groups = {group: known.get(group) or pack(group) for group in _grouped(pieces)}
        self._groups = groups
        return GzipMember(
            pieces=pieces,
            deflated=[packed.deflated for packed in groups.values()],
            digest=self._total.of([packed.digest for packed in groups.values()]),
        )


def _grouped(pieces: Sequence[Chunk]) -> list[tuple[Chunk, ...]]:
    return [tuple(pieces[start : start + _GROUP]) for start in range(0, len(pieces), _GROUP)]
