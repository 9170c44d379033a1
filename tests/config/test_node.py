import subprocess
import sys

import pytest
import yaml

from exporter.config import node
from exporter.config.node import DocumentError, Leaf, Mapping, Sequence, compose
from exporter.config.scalar import Plain

CASES = [
    ("a: [\n", 2),
    ("a: 'x\n\nb: 1\n", 3),
    ("a: 1\nb: \x07\n", 2),
    ("é: 1\nb: \x07\n", 2),
    ("a: *nothing\n", 1),
    ("a: &a\n  b: *a\n", 2),
    ("a: 1\n---\nb: 1\n", 2),
    ("a:\n  !!set {x}\n", 2),
    ("a: !!int 5\n", 1),
    ("a: &x 1\nb: *x : 2\n", 2),
    ("%YAML 3.0\n---\na: 1\n", 1),
    ("a: " + "[" * 17 + "]" * 17, 1),
]


@pytest.fixture(params=["CSafeLoader", "SafeLoader"])
def _loader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(node, "_LOADER", getattr(yaml, request.param))


def test_lines_are_kept() -> None:
    root = compose("# first\na:\n  - x\n  - 'y'\n")
    assert root == Mapping(2, ((Leaf(2, "a"), Sequence(3, (Leaf(3, "x"), Leaf(4, "y")))),))


def test_quotes_and_tags_make_text() -> None:
    root = compose("- 0013\n- '0013'\n- !!str 0013\n- ! '1'\n- \"no\"\n- |-\n  0013\n")
    assert isinstance(root, Sequence)
    values = [item.value for item in root.items if isinstance(item, Leaf)]
    assert values[0] == Plain("0013", "the number 11")
    assert values[1:] == ["0013", "0013", "1", "no", "0013"]


def test_aliases_stand_for_what_they_name() -> None:
    root = compose("- &a {x: 1}\n- *a\n- &a y\n- *a\n")
    assert isinstance(root, Sequence)
    assert root.items[0] is root.items[1]
    assert root.items[2] is root.items[3]
    assert root.items[2] == Leaf(3, "y")


@pytest.mark.usefixtures("_loader")
@pytest.mark.parametrize(("text", "line"), CASES)
def test_what_is_no_document_is_refused_with_its_line(text: str, line: int) -> None:
    with pytest.raises(DocumentError) as caught:
        compose(text)
    assert abs(caught.value.line - line) <= 1  # the two parsers differ in where they notice
    assert caught.value.text.isprintable()


@pytest.mark.usefixtures("_loader")
@pytest.mark.parametrize(
    "text",
    ["a: *secret", "a: !secret!x y", "a: %secret", "a: '\\secret", 'a: "\\secret"', "secret\n: x: y", "a: @secret"],
)
def test_nothing_of_the_text_is_quoted(text: str) -> None:
    with pytest.raises(DocumentError) as caught:
        compose(text)
    assert "secret" not in caught.value.text
    assert caught.value.__context__ is None


@pytest.mark.usefixtures("_loader")
@pytest.mark.parametrize("text", ["", "# comment\n", "---\n"])
def test_nothing_is_nothing(text: str) -> None:
    root = compose(text)
    assert root is None or (isinstance(root, Leaf) and root.value == Plain("", ""))


def test_half_a_character_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(node, "_LOADER", yaml.SafeLoader)  # libyaml refuses it by itself
    with pytest.raises(DocumentError, match="half a character"):
        compose(r'a: "\ud800"')


@pytest.mark.parametrize("text", ["[", "? ", "- ", "{a: "])
def test_no_depth_ends_the_process(text: str) -> None:
    # in a process of its own: libyaml's composer, which recurses, would end this one with a segmentation fault
    program = f"""
from exporter.config.node import DocumentError, compose
try:
    compose({text!r} * 500_000)
except DocumentError as error:
    print(error.text)
"""
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout.startswith("is nested deeper than 16 levels")
