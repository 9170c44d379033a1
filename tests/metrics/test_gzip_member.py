import gzip
import zlib

from hypothesis import given
from hypothesis import strategies as st

from exporter.metrics.chunk import Chunk, deflate, pack
from exporter.metrics.gzip_member import GzipCache

texts = st.lists(st.binary(max_size=200), max_size=40)


def single_member(body: bytes) -> bytes:
    """What a reader of only the first member sees; nothing may come after it."""
    reader = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
    text = reader.decompress(body)
    assert reader.eof
    assert reader.unused_data == b""
    return text


@given(texts, st.binary(max_size=200))
def test_one_member_of_all_pieces(parts: list[bytes], end: bytes) -> None:
    body = GzipCache().member([Chunk(part) for part in parts]).ended(end)
    assert single_member(body) == gzip.decompress(body) == b"".join(parts) + end


@given(texts, st.lists(st.tuples(st.integers(min_value=0), st.binary(max_size=50)), max_size=10))
def test_a_press_follows_changes(parts: list[bytes], changes: list[tuple[int, bytes]]) -> None:
    press = GzipCache()
    pieces = [Chunk(b"first"), *map(Chunk, parts)]
    for place, text in changes:
        pieces[place % len(pieces)] = Chunk(text)
        body = press.member(list(pieces)).ended(b"end")
        assert single_member(body) == b"".join(piece.text for piece in pieces) + b"end"


def test_only_what_changed_is_to_pack() -> None:
    press = GzipCache()
    pieces = [Chunk(b"%d" % number * 10) for number in range(10)]
    assert press.to_pack(pieces) == 100
    press.member(pieces)
    assert press.to_pack(pieces) == 0
    changed = [*pieces[:4], Chunk(b"changed"), *pieces[5:]]
    assert press.to_pack(changed) == 7


def test_an_empty_piece_takes_no_bytes() -> None:
    assert pack([Chunk(b""), Chunk(b"")]).deflated == b""
    assert Chunk(b"").to_pack == 0


def test_a_piece_is_packed_once() -> None:
    piece = Chunk(b"text")
    assert piece.packed is piece.packed


def test_members_over_4_gib_wrap_their_size_as_the_format_says() -> None:
    press = GzipCache()
    part = pack([Chunk(b"\0" * 1000)])
    member = press.member([Chunk(b"a")])
    big = type(member)(member.pieces, member.deflated, type(part.digest)(part.digest.crc, 2**32 - 1))
    assert big.ended(b"abc")[-4:] == (2).to_bytes(4, "little")


def test_pieces_do_not_look_back() -> None:
    text = b"the same words again and again " * 20
    first, second = deflate(text, zlib.Z_SYNC_FLUSH), deflate(text, zlib.Z_SYNC_FLUSH)
    assert first == second
    assert zlib.decompressobj(wbits=-zlib.MAX_WBITS).decompress(second) == text
