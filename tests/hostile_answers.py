"""Answers of almost 10 MiB that are made to take memory: most of them pack into some kilobytes."""

from collections.abc import Iterator
from itertools import count

SIZE = 10 * 2**20 - 100
"""Bytes of each, decoded."""

_HEAD, _TAIL = b'{"code":200,"data":[', b"{}]}"


def _filled(unit: bytes, head: bytes = _HEAD, tail: bytes = _TAIL) -> bytes:
    times = (SIZE - len(head) - len(tail)) // len(unit)
    return head + unit * times + tail


def _numbered(unit: bytes, head: bytes, tail: bytes) -> bytes:
    def units() -> Iterator[bytes]:
        size = len(head) + len(tail)
        for number in count():
            made = unit % number
            size += len(made)
            if size > SIZE:
                return
            yield made

    return head + b"".join(units()) + tail


HOSTILE = {
    "empty-rows": _filled(b"{},"),
    "rows-of-lists": _filled(b'{"a":[]},'),
    "rows-before-the-code": _filled(b"{},", b'{"data":[', b'{}],"code":200}'),
    "numbers": _filled(b"1,", tail=b"1]}"),
    "lists": _filled(b"[],"),
    "deep": _filled(b"[", tail=b"]}"),
    "deep-objects": _filled(b'{"a":', tail=b"}"),
    "ignored-rows": _filled(b"{},", b'{"code":200,"more":[', b'{}],"data":[]}'),
    "ignored-lists": _numbered(b'"k%d":[' + b"[]," * 30_000 + b"[]],", b'{"code":200,', b'"data":[]}'),
    "keys": _numbered(b'"k%d":0,', b'{"code":200,', b'"data":[]}'),
    "keys-of-a-row": _numbered(b'"k%d":0,', b'{"code":200,"data":[{', b'"result":"x","records":1}]}'),
    "long-text": _filled("\N{GRINNING FACE}".encode(), b'{"code":200,"msg":"', b'","data":[]}'),
    "long-result": _filled("\N{GRINNING FACE}".encode(), b'{"code":200,"data":[{"result":"', b'","records":1}]}'),
    "escapes": _filled(rb"\u0041", b'{"code":200,"msg":"', b'","data":[]}'),
    "wide-escapes": _filled(rb"\ud83d\ude00", b'{"code":200,"data":[{"result":"', b'","records":1}]}'),
    "long-number": _filled(b"1", b'{"code":', b',"data":[]}'),
    "good-rows": _filled(b'{"result":"a","records":1},', tail=b'{"result":"a","records":1}]}'),
    "good-rows-of-many-results": _numbered(
        b'{"result":"\xf0\x9f\x98\x80%07d","records":1},', _HEAD, b'{"result":"a","records":1}]}'
    ),
    "blanks": _filled(b" ", tail=b"]}"),
    "too-large": b"\0" * 2**26,
    "a-page": _filled(b"<p>", b"<html>", b"</html>"),
}  # fmt: skip

READ = frozenset({"good-rows", "blanks", "long-text", "escapes", "ignored-lists"})
"""Those that are reports nevertheless."""
