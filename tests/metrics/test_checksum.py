import zlib
from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.metrics.checksum import EMPTY, Total, digest, join


@given(st.binary(), st.binary())
def test_joins_two_as_zlib_reads_them(left: bytes, right: bytes) -> None:
    joined = join(digest(left), digest(right))
    assert joined.crc == zlib.crc32(left + right)
    assert joined.length == len(left + right)


def test_the_empty_digest_is_neutral() -> None:
    some = digest(b"some")
    assert join(EMPTY, some).crc == join(some, EMPTY).crc == some.crc


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 9, 27, 28, 100])
def test_total_of_many(count: int) -> None:
    parts = [bytes([number]) * number for number in range(count)]
    assert Total(group=3).of([digest(part) for part in parts]).crc == zlib.crc32(b"".join(parts))


def test_total_counts_a_part_that_stands_twice() -> None:
    part = digest(b"again")
    assert Total(group=2).of([part] * 6).crc == zlib.crc32(b"again" * 6)


@given(st.lists(st.tuples(st.integers(min_value=0, max_value=19), st.binary(max_size=8))))
def test_total_follows_changes(changes: list[tuple[int, bytes]]) -> None:
    total = Total(group=3)
    digests = [digest(b"x" * number) for number in range(20)]
    for place, text in changes:
        digests[place] = digest(text)
        assert total.of(digests).crc == reduce(join, digests).crc


def test_total_of_what_it_knows_is_the_same_object() -> None:
    total = Total()
    digests = [digest(b"x" * number) for number in range(100)]
    assert total.of(digests) is total.of(digests)
