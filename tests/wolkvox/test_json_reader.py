import json
import tracemalloc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.wolkvox.json_reader import VALUE_LIMIT, JsonError, JsonReader

LONG = VALUE_LIMIT + 2**17
"""Characters of a value that is not decoded whole, wherever it begins."""


def read(body: bytes) -> object:
    reader = JsonReader(body)
    value = reader.value()
    reader.end()
    return value


def listed(body: bytes) -> list[object]:
    reader = JsonReader(body)
    values = list(reader.items())
    reader.end()
    return values


def keyed(body: bytes) -> dict[str, object]:
    reader = JsonReader(body)
    values = {key: reader.value() for key in reader.members()}
    reader.end()
    return values


VALUES: list[Any] = [
    None, True, 0, -12.5e3, "", 'ñ\u20ac\N{GRINNING FACE}"\\\n', [], {}, [1, [2]], {"a": {"b": "c"}},
    "x" * VALUE_LIMIT, "€" * 40_000, list(range(20_000)),
]  # fmt: skip


@pytest.mark.parametrize("ascii_only", [True, False])
@pytest.mark.parametrize("value", VALUES)
def test_values_are_read_as_json_reads_them(value: Any, ascii_only: bool) -> None:
    body = json.dumps(value, ensure_ascii=ascii_only).encode()
    assert read(body) == value
    assert read(b"\xef\xbb\xbf \t\r\n" + body + b" " * 100_000) == value


@given(
    st.recursive(
        st.none() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_lists_and_objects_are_read_one_value_at_a_time(value: Any) -> None:
    body = json.dumps(value, ensure_ascii=False, indent=1).encode("utf-8", "surrogatepass")
    try:
        body.decode()
    except UnicodeDecodeError:
        return
    assert read(body) == value
    if isinstance(value, list):
        assert listed(body) == value
    if isinstance(value, dict):
        assert keyed(body) == value


@pytest.mark.parametrize("before", range(2**16 - 9, 2**16 + 2))
def test_values_may_lie_across_the_pieces_that_are_decoded(before: int) -> None:
    body = b" " * before + '[12345, "ñ€", {"a": true}, -1.5e3]'.encode() + b" " * 2**16
    assert listed(body) == [12345, "ñ€", {"a": True}, -1500.0]


@pytest.mark.parametrize("unit", ["x", "\N{GRINNING FACE}", r"\u00e9", r"\n", r"\""])
def test_a_long_string_reads_as_empty_and_takes_no_memory(unit: str) -> None:
    body = b'["' + unit.encode() * 2**20 + b'", 1]'
    tracemalloc.start()
    assert listed(body) == ["", 1]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 * 2**20


@pytest.mark.parametrize(
    "body",
    [
        b"", b" ", b"nope", b"[1 2]", b"[1,]", b"[,1]", b"[1", b"[", b'{"a" 1}', b'{"a":1,}', b"{1:2}", b'{"a":}', b"{",
        b'{"a":1', b"1 2", b"[1]]", b'"a', b'"\\x"', b'"a\nb"', b"01", b"[" * 5_000, b"1" * 5_000, b"[" * LONG,
        b'"' + b"x" * LONG, b'"' + b"x" * LONG + b"\n" + b"x" * 10 + b'"',
        b'"' + b"x" * LONG + b"\\x" + b"x" * 10 + b'"', b'"' + b"x" * LONG + b"\\u12",
    ],
)  # fmt: skip
def test_what_is_not_json_is_refused(body: bytes) -> None:
    for reading in (read, listed, keyed):
        with pytest.raises(JsonError, match=r"^it is not JSON$"):
            reading(body)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b'{"a":1,"a":2}', "a key is repeated"),
        (b"[NaN]", "NaN"),
        (b"-Infinity", "-Infinity"),
        (b"\xff", "not UTF-8"),
        (b'"\xc3', "not UTF-8"),
        (b'"' + b"x" * LONG + b"\xff" * 2**17 + b'"', "not UTF-8"),
        (b"[" + b"0," * LONG + b"0]", f"more than {VALUE_LIMIT} characters"),
        (b"[1" + b" " * LONG + b"nope", f"more than {VALUE_LIMIT} characters"),
    ],
)
def test_it_is_said_what_is_wrong(body: bytes, why: str) -> None:
    with pytest.raises(JsonError, match=why):
        read(body)
