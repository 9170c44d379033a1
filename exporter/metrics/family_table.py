"""A part of the page: entries in order, and for each metric family the lines of all of them."""

from array import array
from bisect import bisect_left
from collections.abc import Sequence

from exporter.metrics.chunk import Chunk

Entry = tuple[str, ...]
"""Label values: what an entry is known by, and its place in the order."""


class _Block:
    """Some neighbouring entries, and for each family how many bytes of the block's piece belong to whom."""

    __slots__ = ("entries", "lengths")

    def __init__(self, entries: list[Entry], lengths: list["array[int]"]) -> None:
        self.entries = entries
        self.lengths = lengths

    def insert(self, place: int, entry: Entry) -> None:
        """Make room for an entry that has no lines yet."""
        self.entries.insert(place, entry)
        for lengths in self.lengths:
            lengths.insert(place, 0)

    def remove(self, place: int) -> None:
        """Forget an entry whose lines are gone."""
        del self.entries[place]
        for lengths in self.lengths:
            del lengths[place]

    def split(self, half: int) -> "_Block":
        """Move the entries from `half` on to a new block."""
        upper = _Block(self.entries[half:], [lengths[half:] for lengths in self.lengths])
        del self.entries[half:]
        for lengths in self.lengths:
            del lengths[half:]
        return upper


class FamilyTable:
    """Entries in order, in blocks. A change makes new pieces of one block; all others stay the same objects."""

    def __init__(self, families: int, capacity: int) -> None:
        """`capacity` entries make a block: more compress better, and cost more to compress again when one changes."""
        self._capacity = capacity
        self._blocks: list[_Block] = []
        self._columns: list[list[Chunk]] = [[] for _ in range(families)]

    def set(self, entry: Entry, chunks: Sequence[bytes]) -> None:
        """Put the lines of an entry in its place, one chunk for each family, instead of those it had."""
        number = self._block_of(entry)
        if number == len(self._blocks):
            number = self._room_at_the_end()
        block = self._blocks[number]
        place = bisect_left(block.entries, entry)
        if block.entries[place : place + 1] != [entry]:
            block.insert(place, entry)
        self._splice(number, place, chunks)
        if len(block.entries) > self._capacity:
            self._split(number)

    def drop(self, entry: Entry) -> None:
        """Take the lines of an entry away, if it has any."""
        number = self._block_of(entry)
        if number == len(self._blocks):
            return
        block = self._blocks[number]
        place = bisect_left(block.entries, entry)
        if block.entries[place] != entry:
            return
        self._splice(number, place, [b""] * len(self._columns))
        block.remove(place)
        if not block.entries:
            del self._blocks[number]
            for column in self._columns:
                del column[number]

    def column(self, family: int) -> Sequence[Chunk]:
        """The lines of one family, all entries in order. Valid until the next change."""
        return self._columns[family]

    def _block_of(self, entry: Entry) -> int:
        """The first block that ends at or after `entry`; one past the last where there is none."""
        return bisect_left(self._blocks, entry, key=lambda block: block.entries[-1])

    def _room_at_the_end(self) -> int:
        """The last block, or a new one behind it: entries that come in order fill each block wholly."""
        if not self._blocks or len(self._blocks[-1].entries) == self._capacity:
            self._blocks.append(_Block([], [array("I") for _ in self._columns]))
            for column in self._columns:
                column.append(Chunk(b""))
        return len(self._blocks) - 1

    def _splice(self, number: int, place: int, chunks: Sequence[bytes]) -> None:
        """Replace the lines of one entry. A family whose lines stay the same keeps its piece."""
        for column, lengths, chunk in zip(self._columns, self._blocks[number].lengths, chunks, strict=True):
            text = column[number].text
            start = sum(lengths[:place])
            end = start + lengths[place]
            if text[start:end] != chunk:
                column[number] = Chunk(b"".join((text[:start], chunk, text[end:])))
                lengths[place] = len(chunk)

    def _split(self, number: int) -> None:
        block = self._blocks[number]
        half = len(block.entries) // 2
        for column, lengths in zip(self._columns, block.lengths, strict=True):
            text = column[number].text
            cut = sum(lengths[:half])
            column[number : number + 1] = [Chunk(text[:cut]), Chunk(text[cut:])]
        self._blocks.insert(number + 1, block.split(half))
