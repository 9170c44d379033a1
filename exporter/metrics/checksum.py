"""CRC-32 of joined pieces, from the CRC-32 of each and without reading their bytes again."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

from zlib_ng.zlib_ng import crc32_combine


@dataclass(frozen=True, slots=True, eq=False)
class Crc:
    """What the checksum of a whole needs to know of one part. Two digests are the same only if they are one object."""

    crc: int
    length: int


EMPTY = Crc(crc=0, length=0)


def digest(text: bytes) -> Crc:
    """The digest of `text`."""
    return Crc(zlib.crc32(text), len(text))


def join(left: Crc, right: Crc) -> Crc:
    """The digest of two parts, one after the other."""
    return Crc(crc32_combine(left.crc, right.crc, right.length), left.length + right.length)


class Total:
    """The digest of many parts in a row, remembered by groups: a changed part costs its groups, not the whole row."""

    def __init__(self, group: int = 8) -> None:
        self._group = group
        self._levels: list[dict[tuple[Crc, ...], Crc]] = []

    def of(self, parts: Sequence[Crc]) -> Crc:
        """The digest of `parts` joined. Safe to call from several threads: what is remembered is swapped whole."""
        known = self._levels
        levels: list[dict[tuple[Crc, ...], Crc]] = []
        while len(parts) > 1:
            before = known[len(levels)] if len(levels) < len(known) else {}
            groups = [tuple(parts[start : start + self._group]) for start in range(0, len(parts), self._group)]
            parts = [before.get(group) or reduce(join, group) for group in groups]
            levels.append(dict(zip(groups, parts, strict=True)))
        self._levels = levels
        return parts[0] if parts else EMPTY
