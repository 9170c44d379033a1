import re
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.duration import format_duration, parse_duration

VALID = {
    "0": 0,
    "0s": 0,
    "500ms": 0.5,
    "1s": 1,
    "1m30s": 90,
    "5m": 300,
    "90m": 5_400,
    "1h30m": 5_400,
    "1d": 86_400,
    "1w": 604_800,
    "1y": 31_536_000,
    "1w2d3h4m5s6ms": 788_645.006,
    "007s": 7,
}
INVALID = [
    "",
    "s",
    "1",
    "1.5h",
    "-1m",
    "+1m",
    "1m1h",
    "1h1h",
    "5 m",
    " 5m",
    "5m ",
    "5M",
    "1min",
    "٣m",
    "5m\n",
    "1h-5m",
    "0x5m",
]


@pytest.mark.parametrize(("text", "seconds"), VALID.items())
def test_what_prometheus_writes_is_read(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", INVALID)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"duration"):
        parse_duration(text)


def test_a_bare_number_is_told_to_take_a_unit() -> None:
    with pytest.raises(ValueError, match="bare number without a unit"):
        parse_duration("300")


@pytest.mark.parametrize("text", ["101y", "9" * 39 + "s", "9" * 10_000 + "s"])
def test_what_no_clock_reaches_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="duration"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"),
        (0.0004, "0s"),
        (1.5, "1s500ms"),
        (60, "1m"),
        (5_400, "1h30m"),
        (86_400, "1d"),
        (129_600, "36h"),
        (1_209_600, "2w"),
    ],
)
def test_spans_are_written_as_prometheus_does(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text


@settings(deadline=None, max_examples=60)
@given(st.integers(min_value=0, max_value=100 * 365 * 86_400_000))
def test_what_is_written_is_read_as_the_same(milliseconds: int) -> None:
    assert parse_duration(format_duration(milliseconds / 1_000)) == milliseconds / 1_000


def _is_duration(text: str) -> bool:
    try:
        return parse_duration(text) >= 0
    except ValueError:
        return False


@settings(deadline=None, max_examples=60)
@given(st.from_regex(r"(\d{1,2}(y|w|d|h|m|s|ms)){1,7}", fullmatch=True))
def test_units_come_once_and_in_order(text: str) -> None:
    units = re.findall("ms|[ywdhms]", text)
    in_order = units == sorted(set(units), key=["y", "w", "d", "h", "m", "s", "ms"].index)
    assert _is_duration(text) == (in_order and text.isascii())


def _prometheus_reads(folder: Path, texts: list[str]) -> bool:
    rules = "".join(
        f'  - {{alert: A, expr: up, for: "{text}", labels: {{n: "{n}"}}}}\n' for n, text in enumerate(texts)
    )
    file = folder / "rules.yml"
    file.write_text(f"groups:\n- name: durations\n  rules:\n{rules}", encoding="utf-8")
    result = subprocess.run(["promtool", "check", "rules", str(file)], capture_output=True, check=False)
    return result.returncode == 0


def test_prometheus_itself_agrees(tmp_path: Path) -> None:
    assert _prometheus_reads(tmp_path, list(VALID))
    for text in ("5", "1.5h", "-1m", "1m1h", "5 m", "5M"):
        assert not _prometheus_reads(tmp_path, [text]), text
