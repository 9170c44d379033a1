import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.wolkvox.framing import HEAD_LIMIT, Framing, FramingError

BODY = b'{"code": 200, "data": []}'
OK = b"HTTP/1.1 200 OK"
LENGTH = b"Content-Length: 25"
CHUNKED = b"Transfer-Encoding: chunked"
PLAIN = b"HTTP/1.1 200 \r\nContent-Length: 25\r\n\r\n" + BODY
PLAIN_CHUNKS = b"HTTP/1.1 200 \r\nTransfer-Encoding: chunked\r\n\r\n19\r\n" + BODY + b"\r\n0\r\n\r\n"


def framed(*pieces: bytes) -> bytes:
    framing = Framing()
    return b"".join(map(framing.feed, pieces))


def message(*lines: bytes, body: bytes = BODY, end: bytes = b"\r\n") -> bytes:
    return end.join([*lines, b"", body])


READ = {
    "a length": message(OK, LENGTH),
    "a header of 9,000 bytes": message(OK, b"Set-Cookie: a=" + b"x" * 9_000, LENGTH),
    "a header of 300,000 bytes": message(OK, b"X: " + b"x" * 300_000, LENGTH),
    "a thousand headers": message(OK, *(b"X-%d: 1" % number for number in range(1_000)), LENGTH),
    "a length twice": message(OK, LENGTH, b"X: y", LENGTH.lower()),
    "a length twice in one header": message(OK, b"Content-Length: 25, 25"),
    "a length with zeros and a sign": message(OK, b"Content-Length: +025 "),
    "a length beside its wrong coding": message(OK, b"Transfer-Encoding: identity", LENGTH),
    "blanks before the colon": message(OK, b"Content-Length : 25", b"X \t: y"),
    "names that are none": message(OK, b"X Foo[1]: y", b": y", b"\xf1: y", LENGTH),
    "values that are none": message(OK, b"X: a\rb\x01\xff", LENGTH),
    "a folded header": message(OK, b"X: a", b" Content-Length: 3", b"\tContent-Length: 4", LENGTH),
    "line feeds alone": message(OK, LENGTH, end=b"\n"),
    "blank lines before it": b"\r\n\n" + message(OK, LENGTH),
    "no reason": message(b"HTTP/1.1 200", LENGTH),
    "more blanks and bytes of a reason": message(b"HTTP/1.0  200 \xf1\xff", LENGTH),
    "a newer version": message(b"HTTP/2 200", LENGTH),
    "an offer of HTTP/2": message(OK, b"Upgrade: h2,h2c", b"Connection: Upgrade, close", LENGTH),
    "interim answers": message(b"HTTP/1.1 100 Continue", body=b"") + message(b"HTTP/1.1 103", b"Link: x", body=b"")
    + message(OK, LENGTH),
    "another answer after it": message(OK, LENGTH) + message(OK, LENGTH),
    "garbage after it": message(OK, LENGTH) + b"}}\0",
}  # fmt: skip

READ_CHUNKS = {
    "one chunk": b"19\r\n" + BODY + b"\r\n0\r\n\r\n",
    "zeros, blanks, extensions": b" 0019 ;a=b\r\n" + BODY + b"\r\n000;c\r\n\r\n",
    "line feeds alone": b"19\n" + BODY + b"\n0\n\n",
    "trailers": b"19\r\n" + BODY + b"\r\n0\r\nX: " + b"y" * 9_000 + b"\r\nno colon\r\n\r\n",
    "garbage after it": b"19\r\n" + BODY + b"\r\n0\r\n\r\nHTTP/1.1 408",
}

UNREADABLE = {
    "does not begin with HTTP/": b"SSH-2.0-OpenSSH_9.2\r\n",
    "does not begin with": b'{"code": 200}',
    "speaks TLS": b"\x15\x03\x01\x00\x02\x02\x28",
    "first line": message(b"HTTP/1.1 two hundred"),
    "no HTTP version": message(b"HTTP/1.2 200 OK"),
    "and status": message(b"HTTP/1.1 2000 OK"),
    "status": message(b"HTTP/1.1 099"),
    "Content-Length is not a number": message(OK, b"Content-Length: many"),
    "is not a number": message(OK, b"Content-Length:"),
    "not a number": message(OK, b"Content-Length: -1"),
    "a number": message(OK, b"Content-Length: 1" + b"0" * 18),
    "two different Content-Length": message(OK, LENGTH, b"Content-Length: 26"),
    "two different": message(OK, b"Content-Length: 25, 26"),
    "Transfer-Encoding was not asked for": message(OK, b"Transfer-Encoding: gzip, chunked"),
    "no colon": message(OK, b"no colon", LENGTH),
    "NUL": message(OK, b"X: a\0b", LENGTH),
    "headers are over 300 KiB": message(OK, b"X: " + b"x" * HEAD_LIMIT),
    "over 300 KiB": message(OK, *[b"Many: x"] * 40_000),
    "300 KiB": message(b"HTTP/1.1 102 Processing", body=b"") * 20_000,
    "300": b"\r\n" * 200_000,
    "begin with its size": message(OK, CHUNKED, body=b"zz\r\n"),
    "not begin with its size": message(OK, CHUNKED, body=b"\r\n"),
    "its size": message(OK, CHUNKED, body=b"1" + b"0" * 15 + b"\r\n"),
    "longer than the size": message(OK, CHUNKED, body=b"2\r\nabc\r\n"),
    "line before a chunk": message(OK, CHUNKED, body=b"2;" + b"x" * 10_000),
    "headers are over": message(OK, CHUNKED, body=b"0\r\n" + b"X: yyyyyyyy\r\n" * 40_000),
    "headers": message(OK, CHUNKED, body=b"0\r\nX: " + b"y" * HEAD_LIMIT + b"y"),
}


@pytest.mark.parametrize("sent", READ.values(), ids=READ)
def test_what_curl_reads_is_read(sent: bytes) -> None:
    assert framed(sent) == PLAIN


@pytest.mark.parametrize("chunks", READ_CHUNKS.values(), ids=READ_CHUNKS)
@pytest.mark.parametrize("coding", [b"Chunked", b"chunked, chunked", b"identity\r\nTransfer-Encoding: chunked"])
def test_chunks_that_curl_reads_are_read_and_a_length_beside_them_is_not(chunks: bytes, coding: bytes) -> None:
    assert framed(message(OK, b"Content-Length: 3", b"Transfer-Encoding: " + coding, body=chunks)) == PLAIN_CHUNKS


@pytest.mark.parametrize("sent", [READ["interim answers"], READ["line feeds alone"], READ["blank lines before it"]])
def test_pieces_do_not_matter(sent: bytes) -> None:
    assert framed(*(sent[at : at + 1] for at in range(len(sent)))) == PLAIN


def test_chunks_in_pieces_are_passed_on_in_pieces() -> None:
    sent = message(OK, CHUNKED, body=READ_CHUNKS["trailers"])
    body = b"".join(b"1\r\n" + BODY[at : at + 1] + b"\r\n" for at in range(len(BODY)))
    expected = b"HTTP/1.1 200 \r\nTransfer-Encoding: chunked\r\n\r\n" + body + b"0\r\n\r\n"
    assert framed(*(sent[at : at + 1] for at in range(len(sent)))) == expected


def test_a_body_without_a_length_goes_to_the_end() -> None:
    assert framed(message(OK, body=b"{"), b"}") == b"HTTP/1.1 200 \r\n\r\n{}"


@pytest.mark.parametrize("status", [b"101", b"204", b"304"])
def test_statuses_without_a_body(status: bytes) -> None:
    assert framed(message(b"HTTP/1.1 " + status, LENGTH)) == b"HTTP/1.1 " + status + b" \r\n\r\n"


def test_what_is_read_is_passed_on() -> None:
    kept = [b"content-encoding: a", b"content-encoding: b", b"content-type: c", b"date: d", b"retry-after: 5"]
    assert framed(message(OK, *kept, b"Server: nobody asks", body=b"")) == message(OK[:-2], *kept, body=b"")


@pytest.mark.parametrize(("why", "sent"), UNREADABLE.items(), ids=UNREADABLE)
def test_what_cannot_be_read_is_said(why: str, sent: bytes) -> None:
    with pytest.raises(FramingError, match=why):
        framed(sent)


@pytest.mark.parametrize(
    ("sent", "known"),
    [
        (b"", b""),
        (b"HT", b""),
        (OK, b""),
        (message(OK, LENGTH, body=b"{"), PLAIN[:-24]),
        (message(OK, CHUNKED, body=b"19\r"), PLAIN_CHUNKS[:45]),
        (message(OK, CHUNKED, body=b"1\r\n{\r"), PLAIN_CHUNKS[:45] + b"1\r\n{\r\n"),
    ],
)
def test_what_is_not_whole_is_waited_for(sent: bytes, known: bytes) -> None:
    assert framed(sent) == known


@given(st.lists(st.sampled_from([OK, b"\r\n", b"\r", b"\n", LENGTH, CHUNKED, b":", b" ", b"19", b"0", BODY, b"\0"])))
def test_any_bytes_are_framed_or_refused_whatever_the_pieces(pieces: list[bytes]) -> None:
    def told(*sent: bytes) -> str:
        try:
            return "chunked" if b"chunked" in (found := framed(*sent)) else repr(found)
        except FramingError as error:
            return str(error)

    assert told(*pieces) == told(b"".join(pieces))
