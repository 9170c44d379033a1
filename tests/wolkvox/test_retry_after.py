import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.wolkvox.retry_after import LONGEST, parse_retry_after

NOW = 1_790_000_000.0
"""Monday, 21 September 2026, 14:13:20 UTC."""


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120.0),
        (" 7 ", 7.0),
        ("007", 7.0),
        ("0" * 5_000 + "5", 5.0),
        ("86401", LONGEST),
        ("9" * 5_000, LONGEST),
        ("Mon, 21 Sep 2026 14:14:20 GMT", 60.0),
        ("Mon, 21 Sep 2026 16:14:20 +0200", 60.0),
        ("Monday, 21-Sep-26 14:14:20 GMT", 60.0),
        ("Mon Sep 21 14:14:20 2026", 60.0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", LONGEST),
    ],
)
def test_seconds_and_dates(value: str, seconds: float) -> None:
    assert parse_retry_after([value], None, NOW) == seconds


@pytest.mark.parametrize(
    "value",
    [
        "",
        "0",
        "-5",
        "1.5",
        "1e3",
        "\u00b2",
        "soon",
        "120, 60",
        "Mon, 21 Sep 2026 14:13:20 GMT",
        "Sun, 06 Nov 1994 08:49:37 GMT",
        "Mon, 99 Zzz 2026 77:00:00",
        "Mon, 21 Sep 99999 14:00:00 GMT",
        "Mon, 21 Sep 2026 14:00:00 +99999999999999999999",
    ],
)
def test_what_asks_for_nothing(value: str) -> None:
    assert parse_retry_after([value], None, NOW) is None


def test_the_servers_own_clock_counts() -> None:
    until, sent = "Mon, 21 Sep 2026 14:10:00 GMT", "Mon, 21 Sep 2026 14:00:00 GMT"
    assert parse_retry_after([until], sent, NOW) == 600.0
    assert parse_retry_after([until], "nonsense", NOW - 3_600.0) == 3_400.0


def test_of_several_the_longest_counts() -> None:
    assert parse_retry_after(["3", "nonsense", "9", "4"], None, NOW) == 9.0
    assert parse_retry_after([], None, NOW) is None


@given(st.text() | st.text("0123456789:,MonSepGMT +-"))
def test_anything_may_stand_there(text: str) -> None:
    seconds = parse_retry_after([text], text, NOW)
    assert seconds is None or 0 < seconds <= LONGEST
