"""CRC-32 of joined pieces, from the CRC-32 of each and without reading their bytes again.

A CRC is a remainder of polynomials over GF(2): appending n bytes multiplies what stands before by x^(8n), modulo the
polynomial of gzip (RFC 1952, section 8). As in zlib, bit 31 of a number is the coefficient of x^0.
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

_ONES = 0xFFFFFFFF
_ODD = int.from_bytes(b"\x01" * 64, "big")
_DIGITS = int.from_bytes(b"0" * 64, "big")


def _spread(polynomial: int) -> int:
    """Each coefficient in a byte of its own, so that sums of 32 of them do not run into each other."""
    return int.from_bytes(format(polynomial, "032b").encode("ascii"), "big") & _ODD


def multiply(left: int, right: int) -> int:
    """The product of two polynomials modulo that of gzip: one big multiplication instead of 32 shifts in Python."""
    sums = _spread(left) * _spread(right)
    product = int((sums & _ODD | _DIGITS).to_bytes(64, "big"), 2)
    high_powers = (product & 0x7FFFFFFF) << 1
    # zlib knows how to take x^32 modulo the polynomial: that is what four zero bytes do to its register
    return product >> 31 ^ zlib.crc32(b"\0\0\0\0", high_powers ^ _ONES) ^ _ONES


def _squares() -> tuple[int, ...]:
    """x^8, x^16, x^32 and so on: each is the square of the one before. Enough for lengths below 2^40."""
    powers = [1 << 23]
    for _ in range(39):
        powers.append(multiply(powers[-1], powers[-1]))
    return tuple(powers)


_SQUARES = _squares()


def power(length: int) -> int:
    """x^(8 * length): what appending `length` bytes multiplies by."""
    bits = (square for place, square in enumerate(_SQUARES) if length >> place & 1)
    return reduce(multiply, bits, 1 << 31)


@dataclass(frozen=True, slots=True, eq=False)
class Digest:
    """What the checksum of a whole needs to know of one part. Two digests are the same only if they are one object."""

    crc: int
    power: int
    length: int


EMPTY = Digest(crc=0, power=1 << 31, length=0)


def digest(text: bytes) -> Digest:
    """The digest of `text`."""
    return Digest(zlib.crc32(text), power(len(text)), len(text))


def join(left: Digest, right: Digest) -> Digest:
    """The digest of two parts, one after the other."""
    return Digest(
        crc=multiply(left.crc, right.power) ^ right.crc,
        power=multiply(left.power, right.power),
        length=left.length + right.length,
    )


class Total:
    """The digest of many parts in a row, remembered by groups: a changed part costs its groups, not the whole row."""

    def __init__(self, group: int = 8) -> None:
        self._group = group
        self._levels: list[dict[tuple[Digest, ...], Digest]] = []

    def of(self, parts: Sequence[Digest]) -> Digest:
        """The digest of `parts` joined. Safe to call from several threads: what is remembered is swapped whole."""
        known = self._levels
        levels: list[dict[tuple[Digest, ...], Digest]] = []
        while len(parts) > 1:
            before = known[len(levels)] if len(levels) < len(known) else {}
            groups = [tuple(parts[start : start + self._group]) for start in range(0, len(parts), self._group)]
            parts = [before.get(group) or reduce(join, group) for group in groups]
            levels.append(dict(zip(groups, parts, strict=True)))
        self._levels = levels
        return parts[0] if parts else EMPTY
