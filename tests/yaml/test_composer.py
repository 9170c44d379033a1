"""Text -> nodes, on libyaml's parser and on PyYAML's own."""

import subprocess
import sys
from typing import Any

import pytest
import yaml

from exporter.yaml import composer
from exporter.yaml.composer import compose
from exporter.yaml.issue import ParseError
from exporter.yaml.scalar import Plain, read_scalar

CASES = [
    ("a: [\n", 1),
    ("a: 'x\n\nb: 1\n", 1),
    ("a: 1\nb: \x07\n", 2),
    ("é: 1\nb: \x07\n", 2),
    ("a: *nothing\n", 1),
    ("a: 1\n---\nb: 1\n", 2),
    ("a:\n  !!set {x}\n", 2),
    ("a: !!int 5\n", 1),
    ("a: &x 1\nb: *x : 2\n", 2),
    ("%YAML 3.0\n---\na: 1\n", 1),
    ("a: " + "[" * 18 + "]" * 18, 1),
]


@pytest.fixture(params=["CSafeLoader", "SafeLoader"])
def _loader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(composer, "_LOADER", composer._loader_on(getattr(yaml, request.param)))


def read(node: Any) -> Any:
    """Nodes with their lines, for comparison."""
    line = node.start_mark.line + 1
    if isinstance(node, yaml.ScalarNode):
        return line, read_scalar(node)
    if isinstance(node, yaml.SequenceNode):
        return line, [read(item) for item in node.value]
    return line, [(read(key), read(value)) for key, value in node.value]


@pytest.mark.usefixtures("_loader")
def test_lines_are_kept() -> None:
    root = compose("# first\na:\n  - x\n  - 'y'\n")
    assert read(root) == (2, [((2, "a"), (3, [(3, "x"), (4, "y")]))])


@pytest.mark.usefixtures("_loader")
def test_quotes_and_tags_make_text() -> None:
    _, items = read(compose("- 0013\n- '0013'\n- !!str 0013\n- ! '1'\n- \"no\"\n- |-\n  0013\n- !!str 0089\n"))
    values = [value for _, value in items]
    assert values[0] == Plain("0013", "the number 11")
    assert values[1:] == ["0013", "0013", "1", "no", "0013", "0089"]


@pytest.mark.usefixtures("_loader")
def test_aliases_stand_for_what_they_name() -> None:
    root = compose("- &a {x: 1}\n- *a\n- &a y\n- *a\n")
    assert isinstance(root, yaml.SequenceNode)
    assert root.value[0] is root.value[1]
    assert root.value[2] is root.value[3]
    assert read(root.value[2]) == (3, "y")


@pytest.mark.usefixtures("_loader")
@pytest.mark.parametrize(("text", "line"), CASES)
def test_what_is_no_document_is_refused_with_its_line(text: str, line: int) -> None:
    with pytest.raises(ParseError) as caught:
        compose(text)
    assert caught.value.line == line
    assert caught.value.text.isprintable()


@pytest.mark.usefixtures("_loader")
@pytest.mark.parametrize(
    "text",
    ["a: *secret", "a: !secret!x y", "a: %secret", "a: '\\secret", 'a: "\\secret"', "secret\n: x: y", "a: @secret"],
)
def test_nothing_of_the_text_is_quoted(text: str) -> None:
    with pytest.raises(ParseError) as caught:
        compose(text)
    assert "secret" not in caught.value.text
    assert caught.value.__context__ is None


@pytest.mark.usefixtures("_loader")
@pytest.mark.parametrize("text", ["", "# comment\n", "---\n"])
def test_nothing_is_nothing(text: str) -> None:
    root = compose(text)
    assert root is None or read(root)[1] == Plain("", "")


def test_half_a_character_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(composer, "_LOADER", composer._loader_on(yaml.SafeLoader))  # libyaml refuses it by itself
    with pytest.raises(ParseError, match="half a character"):
        compose(r'a: "\ud800"')


@pytest.mark.parametrize("text", ["[", "? ", "- ", "{a: "])
def test_no_depth_ends_the_process(text: str) -> None:
    # in a process of its own: libyaml's composer, which recurses, would end this one with a segmentation fault
    program = f"""
from exporter.yaml.composer import ParseError, compose
try:
    compose({text!r} * 500_000)
except ParseError as error:
    print(error.text)
"""
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    # newer versions of PyYAML have a limit of their own, and may reach it first
    assert result.stdout.startswith(("is nested deeper than 16 levels", "is nested deeper than any key"))
