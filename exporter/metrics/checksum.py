"""CRC-32 of joined pieces, from the CRC-32 of each and without reading their bytes again.

A CRC is a remainder of polynomials over GF(2): appending n bytes multiplies what stands before by x^(8n), modulo the
polynomial of gzip (RFC 1952, section 8). As in zlib, bit 31 of a number is the coefficient of x^0.
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

_ONES = 0xFFFFFFFF
"""zlib inverts its register on the way in and out."""
_ONE = 1 << 31
"""x^0."""
_ODD = int.from_bytes(b"\x01" * 128, "big")
_DIGITS = int.from_bytes(b"0" * 128, "big")


def _spread(digits: str) -> int:
    """Each coefficient in a byte of its own, so that sums of 32 of them do not run into each other."""
    return int.from_bytes(digits.encode("ascii"), "big") & _ODD


def _reduced(product: int) -> int:
    """The remainder of a product of two polynomials, which has 63 coefficients."""
    high_powers = (product & 0x7FFFFFFF) << 1
    # zlib knows how to take x^32 modulo the polynomial: that is what four zero bytes do to its register
    return product >> 31 ^ zlib.crc32(b"\0\0\0\0", high_powers ^ _ONES) ^ _ONES


def multiply(first: int, second: int, by: int) -> tuple[int, int]:
    """`first * by` and `second * by`, modulo the polynomial: one big multiplication instead of 64 shifts in Python."""
    sums = _spread(f"{first:064b}{second:064b}") * _spread(f"{by:032b}")
    products = int((sums & _ODD | _DIGITS).to_bytes(128, "big"), 2)
    return _reduced(products >> 64), _reduced(products & 0xFFFFFFFFFFFFFFFF)


def power(length: int) -> int:
    """x^(8 * length): what appending `length` bytes multiplies by. Zero bytes do just that to zlib's register."""
    return zlib.crc32(bytes(length), _ONE ^ _ONES) ^ _ONES


@dataclass(frozen=True, slots=True, eq=False)
class Crc:
    """What the checksum of a whole needs to know of one part. Two digests are the same only if they are one object."""

    crc: int
    power: int
    length: int


EMPTY = Crc(crc=0, power=_ONE, length=0)


def digest(text: bytes) -> Crc:
    """The digest of `text`."""
    return Crc(zlib.crc32(text), power(len(text)), len(text))


def join(left: Crc, right: Crc) -> Crc:
    """The digest of two parts, one after the other."""
    crc, shift = multiply(left.crc, left.power, right.power)
    return Crc(crc ^ right.crc, shift, left.length + right.length)


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
