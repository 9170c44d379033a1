"""A part of the page: entries in order, and for each metric family the lines of all of them."""

from array import array
from bisect import bisect_left
from collections.abc import Sequence

from exporter.metrics.piece import Piece

Entry = tuple[str, ...]
"""Label values as the page writes them: what an entry is known by, and its place in the order."""

CAPACITY = 64
"""Entries of a block. More compress better and cost more to compress again when one of them changes."""


class _Block:
    """Some neighbouring entries: for each family one piece with their lines, and how many bytes belong to whom."""

    def __init__(self, families: int) -> None:
        self.entries: list[Entry] = []
        self.pieces = [Piece(b"") for _ in range(families)]
        self._lengths = [array("I") for _ in range(families)]

    def set(self, place: int, chunks: Sequence[bytes]) -> None:
        """Give the entry at `place` other lines. A family whose lines stay the same keeps its piece."""
        for family, chunk in enumerate(chunks):
            self._splice(family, place, chunk)

    def insert(self, place: int, entry: Entry, chunks: Sequence[bytes]) -> None:
        self.entries.insert(place, entry)
        for lengths in self._lengths:
            lengths.insert(place, 0)
        self.set(place, chunks)

    def remove(self, place: int) -> None:
        for family, lengths in enumerate(self._lengths):
            self._splice(family, place, b"")
            del lengths[place]
        del self.entries[place]

    def split(self) -> "_Block":
        """Move the upper half to a new block."""
        half = len(self.entries) // 2
        upper = _Block(len(self.pieces))
        upper.entries = self.entries[half:]
        del self.entries[half:]
        for family, lengths in enumerate(self._lengths):
            cut = sum(lengths[:half])
            text = self.pieces[family].text
            self.pieces[family] = Piece(text[:cut])
            upper.pieces[family] = Piece(text[cut:])
            upper._lengths[family] = lengths[half:]
            del lengths[half:]
        return upper

    def _splice(self, family: int, place: int, chunk: bytes) -> None:
        lengths = self._lengths[family]
        text = self.pieces[family].text
        start = sum(lengths[:place])
        end = start + lengths[place]
        if text[start:end] != chunk:
            self.pieces[family] = Piece(b"".join((text[:start], chunk, text[end:])))
            lengths[place] = len(chunk)


class Section:
    """Entries in order, in blocks. A change makes new pieces of one block; all others stay the same objects."""

    def __init__(self, families: int) -> None:
        self._families = families
        self._blocks: list[_Block] = []

    def set(self, entry: Entry, chunks: Sequence[bytes]) -> None:
        """Put the lines of an entry in its place, one chunk for each family, instead of those it had."""
        number = self._block_of(entry)
        if number == len(self._blocks):
            number = self._room_at_the_end()
        block = self._blocks[number]
        place = bisect_left(block.entries, entry)
        if block.entries[place : place + 1] == [entry]:
            block.set(place, chunks)
            return
        block.insert(place, entry, chunks)
        if len(block.entries) > CAPACITY:
            self._blocks.insert(number + 1, block.split())

    def drop(self, entry: Entry) -> None:
        """Take the lines of an entry away, if it has any."""
        number = self._block_of(entry)
        if number == len(self._blocks):
            return
        block = self._blocks[number]
        place = bisect_left(block.entries, entry)
        if block.entries[place] != entry:
            return
        block.remove(place)
        if not block.entries:
            del self._blocks[number]

    def column(self, family: int) -> list[Piece]:
        """The lines of one family, all entries in order."""
        return [piece for block in self._blocks if (piece := block.pieces[family]).text]

    def _block_of(self, entry: Entry) -> int:
        """The first block that ends at or after `entry`; one past the last where there is none."""
        return bisect_left(self._blocks, entry, key=lambda block: block.entries[-1])

    def _room_at_the_end(self) -> int:
        """The last block, or a new one behind it: entries that come in order fill each block wholly."""
        if not self._blocks or len(self._blocks[-1].entries) == CAPACITY:
            self._blocks.append(_Block(self._families))
        return len(self._blocks) - 1
