import pytest
import yaml

from exporter.yaml.composer import compose
from exporter.yaml.scalar import Plain, read_scalar


def read(source: str) -> str | Plain:
    """A scalar without quotes."""
    node = compose(f"- {source}")
    assert isinstance(node, yaml.SequenceNode)
    return read_scalar(node.value[0])


@pytest.mark.parametrize(
    "source", ["acme", "5m", "1h30m", "0013x", "a:b", "wolkvox-token", "e3", "1-2", "=x", "http://x:1/"]
)
def test_text(source: str) -> None:
    assert read(source) == source


@pytest.mark.parametrize(
    ("source", "reading"),
    [
        ("0013", "the number 11"),
        ("32841", "the number 32841"),
        ("0x1F", "the number 31"),
        ("0b11", "the number 3"),
        ("1_000", "the number 1000"),
        ("12:30", "the number 750"),
        ("-5", "the number -5"),
        ("0089", "a number"),
        ("0o17", "a number"),
        ("12e3", "a number"),
        ("1.5", "a number"),
        (".inf", "a number"),
        ("9" * 5_000, "a number"),
        ("0x_", "a number"),
        ("no", "a yes or no"),
        ("On", "a yes or no"),
        ("2024-01-01", "a date"),
        ("<<", "a sign of its own"),
        ("=", "a sign of its own"),
        ("", ""),
        ("~", ""),
        ("null", ""),
    ],
)
def test_what_is_not_text_to_everybody(source: str, reading: str) -> None:
    assert read(source) == Plain(source, reading)


@pytest.mark.parametrize(
    ("source", "decimal"), [("0", True), ("32841", True), ("0013", False), ("1_000", False), ("+5", False)]
)
def test_numbers_that_everybody_reads_alike(source: str, decimal: bool) -> None:
    assert Plain(source, "a number").decimal is decimal


def test_the_source_is_not_in_the_repr() -> None:
    assert "0013" not in repr(Plain("0013", "a number"))
