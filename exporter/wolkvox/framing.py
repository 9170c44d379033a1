"""Where one answer begins and ends (RFC 9112): read as leniently as curl reads it, passed on as strictly as can be."""

import re
from collections.abc import Callable

HEAD_LIMIT = 300 * 1024
"""Bytes of an answer's heads together, interim ones and trailers included: curl's own limit."""

_SIZE_LINE_LIMIT = 4096
"""Bytes of the line before a chunk."""

_KEPT = frozenset({b"content-encoding", b"content-type", b"date", b"retry-after"})
"""Headers that are passed on. Nobody reads the others, so they may be as odd and as long as they like."""

_HEAD_END = re.compile(rb"\r?\n\r?\n")
_LINE_END = re.compile(rb"\r?\n")
_FOLD = re.compile(rb"\r?\n[ \t]+")
_STATUS = re.compile(rb"HTTP/(?:1\.[01]|[23](?:\.0)?)[ \t]+([1-9][0-9]{2})(?:[ \t].*)?", re.DOTALL)
_LENGTH = re.compile(rb"\+?[0-9]{1,18}")
_CHUNK_SIZE = re.compile(rb"[ \t]*([0-9A-Fa-f]{1,15})(?![0-9A-Fa-f])")
_PROTOCOL = b"HTTP/"
_TLS = (b"\x15\x03", b"\x16\x03")
_NO_BODY = (101, 204, 304)
_SWITCHING = 101
_FIRST_FINAL = 200


class FramingError(Exception):
    """What came is not an answer in HTTP. The text says why, and quotes nothing of it."""


class Framing:
    """Takes the bytes of one connection and gives those of its first answer, in the plainest spelling.

    Interim answers, headers that nobody reads, trailers and whatever follows the answer are left out.
    """

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._plain = bytearray()
        self._step: Callable[[], bool] = self._head
        self._seen = 0
        self._heads = 0
        self._left = 0

    def feed(self, data: bytes) -> bytes:
        """What the next bytes add to the answer. Raises FramingError."""
        self._buffer += data
        while self._step():
            pass
        plain, self._plain = bytes(self._plain), bytearray()
        return plain

    def _head(self) -> bool:
        blank = len(self._buffer) - len(self._buffer.lstrip(b"\r\n"))
        self._count(blank)
        del self._buffer[:blank]
        _check_protocol(self._buffer)
        end = _HEAD_END.search(self._buffer, max(0, self._seen - blank - 3))
        self._seen = len(self._buffer)
        if end is None:
            self._check_size(self._heads + len(self._buffer))
            return False
        head = bytes(self._buffer[: end.start()])
        self._count(end.end())
        del self._buffer[: end.end()]
        self._seen = 0
        self._begin(head)
        return True

    def _begin(self, head: bytes) -> None:
        line, *headers = _LINE_END.split(_FOLD.sub(b" ", head))
        status = _status(line)
        if status < _FIRST_FINAL and status != _SWITCHING:
            return
        fields = _fields(headers)
        kept = [name + b": " + value for name, values in fields.items() if name in _KEPT for value in values]
        self._step, framing = self._until_the_end, []
        length = _length(fields.get(b"content-length", []))
        if status in _NO_BODY:
            self._step = self._beyond
        elif _chunked(fields.get(b"transfer-encoding", [])):
            self._step, framing = self._chunk_size, [b"Transfer-Encoding: chunked"]
        elif length is not None:
            self._step, framing, self._left = self._counted, [b"Content-Length: %d" % length], length
        self._plain += b"\r\n".join([b"HTTP/1.1 %d " % status, *kept, *framing, b"", b""])

    def _counted(self) -> bool:
        self._plain += self._take()
        if not self._left:
            self._step = self._beyond
        return not self._left

    def _chunk_size(self) -> bool:
        line = self._line(_SIZE_LINE_LIMIT, "the line before a chunk is too long")
        if line is None:
            return False
        size = _CHUNK_SIZE.match(line)
        if size is None:
            raise FramingError("a chunk of its body does not begin with its size")
        self._left = int(size[1], 16)
        self._step = self._chunk if self._left else self._trailer
        return True

    def _chunk(self) -> bool:
        part = self._take()
        if part:
            self._plain += b"%x\r\n%b\r\n" % (len(part), part)
        if not self._left:
            self._step = self._chunk_end
        return not self._left

    def _chunk_end(self) -> bool:
        if bytes(self._buffer[:2]) in (b"", b"\r"):
            return False
        end = _LINE_END.match(self._buffer)
        if end is None:
            raise FramingError("a chunk of its body is longer than the size before it")
        del self._buffer[: end.end()]
        self._step = self._chunk_size
        return True

    def _trailer(self) -> bool:
        line = self._line(HEAD_LIMIT, _TOO_LONG)
        if line is None:
            return False
        self._count(len(line))
        if not line:
            self._plain += b"0\r\n\r\n"
            self._step = self._beyond
        return True

    def _until_the_end(self) -> bool:
        self._plain += self._buffer
        self._buffer.clear()
        return False

    def _beyond(self) -> bool:
        self._buffer.clear()
        return False

    def _take(self) -> bytes:
        part = bytes(self._buffer[: self._left])
        del self._buffer[: len(part)]
        self._left -= len(part)
        return part

    def _line(self, limit: int, too_long: str) -> bytes | None:
        end = self._buffer.find(b"\n")
        if max(end, len(self._buffer) if end < 0 else 0) > limit:
            raise FramingError(too_long)
        if end < 0:
            return None
        line = bytes(self._buffer[:end]).removesuffix(b"\r")
        del self._buffer[: end + 1]
        return line

    def _count(self, size: int) -> None:
        self._heads += size
        self._check_size(self._heads)

    def _check_size(self, size: int) -> None:
        if size > HEAD_LIMIT:
            raise FramingError(_TOO_LONG)


_TOO_LONG = f"its headers are over {HEAD_LIMIT // 1024} KiB"


def _check_protocol(start: bytearray) -> None:
    """Fail at the first bytes: what speaks another protocol may wait for us to speak first."""
    if start[:2] in _TLS:
        raise FramingError("it speaks TLS, so the address must begin with https://")
    if not _PROTOCOL.startswith(start[: len(_PROTOCOL)]):
        raise FramingError("it does not begin with HTTP/")


def _status(line: bytes) -> int:
    found = _STATUS.fullmatch(line)
    if found is None:
        raise FramingError("its first line holds no HTTP version and status")
    return int(found[1])


def _fields(lines: list[bytes]) -> dict[bytes, list[bytes]]:
    """Values by name in lower case. Blanks before the colon are no part of the name."""
    fields: dict[bytes, list[bytes]] = {}
    for line in lines:
        name, colon, value = line.partition(b":")
        if not colon:
            raise FramingError("a header has no colon")
        if b"\0" in line:
            raise FramingError("a header holds a NUL byte")
        fields.setdefault(name.strip().lower(), []).append(value.strip())
    return fields


def _tokens(values: list[bytes]) -> list[bytes]:
    return [token.strip().lower() for value in values for token in value.split(b",")]


def _length(values: list[bytes]) -> int | None:
    """A length that is repeated counts once (RFC 9110, 8.6)."""
    tokens = _tokens(values)
    if not all(_LENGTH.fullmatch(token) for token in tokens):
        raise FramingError("its Content-Length is not a number")
    lengths = {int(token) for token in tokens}
    if len(lengths) > 1:
        raise FramingError("it has two different Content-Length headers")
    return next(iter(lengths), None)


def _chunked(values: list[bytes]) -> bool:
    codings = {*_tokens(values)} - {b"", b"identity"}
    if codings - {b"chunked"}:
        raise FramingError("its Transfer-Encoding was not asked for")
    return bool(codings)
