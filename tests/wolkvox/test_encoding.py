import gzip
import tracemalloc
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.wolkvox.encoding import TooLargeError, UndecodableError, UnfinishedError, body

LIMIT = 1000
TEXT = b"attempt by attempt " * 20


def raw_deflate(data: bytes) -> bytes:
    return zlib.compress(data, wbits=-zlib.MAX_WBITS)


def decoded(encoding: str, *pieces: bytes, limit: int = LIMIT) -> bytes:
    collected = body(encoding, limit)
    for piece in pieces:
        more = collected.feed(piece)
        while more:
            more = collected.feed(b"")
    return collected.whole()


@pytest.mark.parametrize(
    ("encoding", "encoded"),
    [
        ("", TEXT),
        ("identity", TEXT),
        ("none", TEXT),
        ("identity, ", TEXT),
        ("gzip, identity", gzip.compress(TEXT, mtime=0)),
        (" GZip ", gzip.compress(TEXT, mtime=0)),
        ("x-gzip", gzip.compress(TEXT, mtime=0)),
        ("deflate", zlib.compress(TEXT)),
        ("deflate", raw_deflate(TEXT)),
    ],
)
def test_known_encodings_arrive_whole_in_whatever_pieces(encoding: str, encoded: bytes) -> None:
    assert decoded(encoding, encoded) == TEXT
    assert decoded(encoding, *(encoded[at : at + 1] for at in range(len(encoded)))) == TEXT


def test_no_bytes_are_an_empty_body_in_any_encoding() -> None:
    assert decoded("gzip") == decoded("deflate", b"") == decoded("") == b""


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, gzip", "aes128gcm"])
def test_an_encoding_that_was_not_asked_for_is_undecodable(encoding: str) -> None:
    with pytest.raises(UndecodableError):
        body(encoding, LIMIT)


@pytest.mark.parametrize(
    ("encoding", "encoded"),
    [
        ("gzip", TEXT),
        ("gzip", zlib.compress(TEXT)),
        ("gzip", gzip.compress(TEXT, mtime=0)[:-8] + b"\x00" * 8),
        ("gzip", gzip.compress(TEXT, mtime=0) + b"more"),
        ("gzip", gzip.compress(TEXT, mtime=0) + gzip.compress(TEXT, mtime=0)),
        ("deflate", b"\xff" + TEXT),
        ("deflate", zlib.compress(TEXT) + b"more"),
    ],
)
def test_what_is_not_encoded_as_declared_is_undecodable(encoding: str, encoded: bytes) -> None:
    with pytest.raises(UndecodableError):
        decoded(encoding, encoded)


def test_bytes_after_the_streams_end_are_undecodable_in_a_piece_of_their_own_too() -> None:
    with pytest.raises(UndecodableError):
        decoded("gzip", gzip.compress(TEXT, mtime=0), b"more")


@pytest.mark.parametrize("cut", [1, 5, 12, 30])
def test_a_cut_stream_is_unfinished(cut: int) -> None:
    with pytest.raises(UnfinishedError):
        decoded("gzip", gzip.compress(TEXT, mtime=0)[:cut])


@pytest.mark.parametrize(("encoding", "encode"), [("", bytes), ("gzip", gzip.compress), ("deflate", zlib.compress)])
def test_the_limit_counts_decoded_bytes(encoding: str, encode: object) -> None:
    assert callable(encode)
    assert len(decoded(encoding, encode(b"x" * LIMIT))) == LIMIT
    with pytest.raises(TooLargeError):
        decoded(encoding, encode(b"x" * (LIMIT + 1)))


def test_a_bomb_takes_no_more_memory_than_the_limit() -> None:
    packer = zlib.compressobj(9, wbits=zlib.MAX_WBITS | 16)
    bomb = b"".join(packer.compress(bytes(2**20)) for _ in range(64)) + packer.flush()
    tracemalloc.start()
    with pytest.raises(TooLargeError):
        decoded("gzip", bomb, limit=2**20)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 * 2**20


@given(st.sampled_from(["gzip", "deflate"]), st.lists(st.binary(max_size=50), max_size=5))
def test_any_bytes_are_decoded_or_refused(encoding: str, pieces: list[bytes]) -> None:
    try:
        assert len(decoded(encoding, *pieces)) <= LIMIT
    except (UndecodableError, UnfinishedError, TooLargeError) as error:
        assert type(error).__module__ == "exporter.wolkvox.encoding"  # noqa: PT017 - any of the three will do
