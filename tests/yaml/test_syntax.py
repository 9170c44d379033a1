"""What libyaml and PyYAML's own parser say of a text, as a person needs it: the line to look at, and what to do."""

import pytest
import yaml

from exporter.yaml import composer
from exporter.yaml.composer import compose
from exporter.yaml.issue import ParseError
from exporter.yaml.syntax import explain

NOT_CLOSED = "the {} that opens here with {} is not closed{}: did not find ',' or '{}', close it with {}"
AND_LINE_2 = ", and line 2 does not continue it"
LIST = ("list", "[", "", "]", "]")
MAPPING = ("mapping", "{", "", "}", "}")
INDENTATION = "its indentation fits none of the lines above, align it with the keys or the - that it belongs to"
DEEPER = "it is indented deeper than the line above it, which has a value already; align the keys"
SECOND_COLON = "there is a second colon in the line, put a value that contains a colon and a space in quotes"
NO_SPACE = "a space is missing after the colon, write for example interval: 5m"
NO_COLON = "did not find ':' after a key in this line, write a key, a colon and a space"
AFTER_QUOTE = "text follows the closing quote, put the whole value in quotes; within single quotes write '' for '"
TAB = "it is indented with a tab, YAML allows spaces only"
ESCAPE = r"a \ in double quotes begins an escape that YAML does not know, write \\ or use single quotes"

CASES = [
    (
        "windows: [1h, today\ninterval: 5m\n",
        1,
        NOT_CLOSED.format("list", "[", AND_LINE_2, *"]]"),
    ),
    ("a: {x: 1\nb: 2\n", 1, NOT_CLOSED.format("mapping", "{", AND_LINE_2, *"}}")),
    ("a:\n  - {id: 1, name: x\n  - {id: 2}\n", 2, "the mapping that opens here with { is not closed, and line 3"),
    ("a: [1h, 2h\n", 1, NOT_CLOSED.format(*LIST)),
    ("a: [1h,\n", 1, NOT_CLOSED.format(*LIST)),
    ("x: [1]\na: [{b: c},\n\n", 2, NOT_CLOSED.format(*LIST)),
    ("a: {b: c,\n", 1, NOT_CLOSED.format(*MAPPING)),
    ("a: [{id: 1]\n", 1, NOT_CLOSED.format(*MAPPING)),
    ("x: [1h, 2h]\n]\n", 2, "']' closes what was never opened, delete it or open it"),
    ("a: {b: c}}\n", 1, "'}' closes what was never opened, delete it or open it"),
    ("a: 1\nname: Cobranza: Norte\n", 2, SECOND_COLON),
    ("- {id: 1, name: Cobranza: Norte}\n", 1, SECOND_COLON),
    ("a: 'x' : y : z\n", 1, SECOND_COLON),
    ("x: y\ninterval:5m\n", 2, NO_SPACE),
    ("interval:5m\nx: y\n", 1, NO_SPACE),
    ("a:\n  - name:acme\n    server: x\n", 2, NO_SPACE),
    ("x: y\ninterval\n", 2, NO_COLON),
    ("a\nb\nc: d\n", 2, NO_COLON),
    ("\tname: x\n", 1, TAB),
    ("a:\n\tb: c\n", 2, TAB),
    ("a: x\n  b\n\tc: d\n", 3, TAB),
    ("a: 'x\nb: y\n", 1, "the quote ' that opens here is never closed"),
    ('a: 1\nb: ["x", "y]\n', 2, 'the quote " that opens here is never closed'),
    ('a: "x\nb: 1\n---\n', 1, 'the quote " that opens here is never closed'),
    ('a: "x\nb: "y"\n', 1, "the quote that opens here closes on line 2 only, close it on its own line"),
    ("a: 'Cobranza d'Or'\n", 1, AFTER_QUOTE),
    ('a: "x" y\n', 1, AFTER_QUOTE),
    ("a: [Cobranza] Norte\n", 1, "text follows a closing bracket, put the whole value in quotes"),
    ("a: {Cobranza} Norte\n", 1, "text follows a closing bracket, put the whole value in quotes"),
    ('a: "0013",\nb: c\n', 1, "a comma follows the value, delete it"),
    ("a:\n  -name: acme\n    server: x\n", 2, "a space is missing after the -, write for example - name: acme"),
    (
        "a:\n  - b: c\n\u00a0   d: e\n    f: g\n",
        3,
        "it holds a space that YAML takes for text (U+00A0), use plain spaces",
    ),
    ("a: b\nc:\u00a0d\ne: f\n", 2, "it holds a space that YAML takes for text (U+00A0), use plain spaces"),
    ("a: 'b'\n\u3000c: 'd'\n e: f\n", 2, "it holds a space that YAML takes for text (U+3000), use plain spaces"),
    ('a: "C:\\Users"\n', 1, ESCAPE),
    ('a: "\\q"\n', 1, ESCAPE),
    ("a: b\n   c: d\n", 2, DEEPER),
    ("a:\n  - b: 1\n   c: d\n", 3, INDENTATION),
    ("a:\n    b: 1\n  c: d\n", 3, INDENTATION),
    (" a: 1\nb: 2\n", 2, INDENTATION),
    ("a: 1\n- b\n", 2, INDENTATION),
    ("operations: - name: acme\n", 1, "a list with - begins on a line of its own, below its key"),
    ("a: ? b\n", 1, "text that begins with ? and a space must be in quotes"),
    ("a: *.prueba\n", 1, "text that begins with * must be in quotes"),
    ("a: &\n", 1, "text that begins with & must be in quotes"),
    ("a: !<x\n", 1, "text that begins with ! must be in quotes"),
    ("a: !x!y z\n", 1, "text that begins with ! must be in quotes"),
    ("%x: 1\n", 1, "text that begins with % must be in quotes"),
    ("a: |x\n", 1, "text that begins with | or > must be in quotes"),
    ("a: @x\n", 1, "'@' cannot begin a value, put the value in quotes"),
    ("a: `x`\n", 1, "'`' cannot begin a value, put the value in quotes"),
    ("a: ]\n", 1, "']' stands where a value is expected, delete it or put the value in quotes"),
    ("a: [1h,, today]\n", 1, "',' stands where a value is expected, delete it or put the value in quotes"),
]


@pytest.fixture(params=["CSafeLoader", "SafeLoader"])
def _loader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(composer, "_LOADER", composer._loader_on(getattr(yaml, request.param)))


@pytest.mark.usefixtures("_loader")
@pytest.mark.parametrize(("text", "line", "words"), CASES)
def test_the_usual_mistakes_are_told_with_their_cause(text: str, line: int, words: str) -> None:
    with pytest.raises(ParseError) as caught:
        compose(text)
    assert caught.value.line == line
    assert caught.value.text.startswith(f"is not valid YAML: {words}")


@pytest.mark.usefixtures("_loader")
@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("a: 1\n---\nb: 2\n", 2, "is a second document, only one is allowed in the file"),
        ("a: *b\n", 1, "is an alias of nothing, quote text that begins with *"),
        ("a: \x07\n", 1, "holds the control character U+0007, only printable text, tabs and line breaks are allowed"),
        ("é: 1\na: \x9d\n", 2, "holds the control character U+009D, only printable text, tabs and line breaks are"),
    ],
)
def test_what_is_yaml_but_no_configuration(text: str, line: int, words: str) -> None:
    with pytest.raises(ParseError) as caught:
        compose(text)
    assert caught.value.line == line
    assert caught.value.text.startswith(words)


def test_an_error_that_nobody_foresaw_keeps_its_signs_and_loses_what_may_be_secret() -> None:
    mark = yaml.Mark("", 4, 1, 0, None, 0)
    error = yaml.MarkedYAMLError(None, None, "found ',' and \"x\" but no ('made-up') 'made-up'", mark)
    assert explain("a: b\nc", error) == (
        2,
        (
            "is not valid YAML: found ',' and \"x\" but no; check the indentation and put text with special characters"
            " in quotes"
        ),
    )
    assert explain("", yaml.YAMLError("made-up")) == (1, "is not valid YAML: it cannot be parsed")
