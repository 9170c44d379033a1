import pytest

from exporter.yaml.document import Document, find_secrets, parse
from exporter.yaml.issue import ConfigIssue, ParseError
from exporter.yaml.scalar import Plain


def test_values_and_their_lines() -> None:
    document = parse("a: x\nb:\n  - c: y\n    d: 0013\n  - z\n")
    assert document.root == {"a": "x", "b": [{"c": "y", "d": Plain("0013", "the number 11")}, "z"]}
    assert document.lines == {
        ("a",): 1,
        ("b",): 2,
        ("b", 0): 3,
        ("b", 0, "c"): 3,
        ("b", 0, "d"): 4,
        ("b", 1): 5,
    }
    assert document.issues == []


def test_own_keys_win_over_merged_ones_wherever_they_stand() -> None:
    document = parse(
        "- &unused 1\n".replace("- &unused 1\n", "a: &a {x: 1x, y: 1y}\nb: {x: 2x, <<: *a}\nc: {<<: *a, x: 3x}\n")
    )
    assert document.root["b"] == {"x": "2x", "y": "1y"}
    assert document.root["c"] == {"x": "3x", "y": "1y"}
    assert document.lines["b", "y"] == 1


def test_merges_nest() -> None:
    document = parse("a: &a {x: 1x, y: 1y}\nb: &b {<<: *a, x: 2x}\nc: {<<: [*b]}\nd: {<<: {<<: *b, 5: z}}\n")
    assert document.root["c"] == document.root["d"] == {"x": "2x", "y": "1y"}
    assert document.issues == []


def test_what_other_readers_let_pass() -> None:
    document = parse("a: x\na: y\n1: z\n? [k]\n: v\n<<: [{b: z}, 5]\n")
    assert document.root == {"a": "x", "b": "z"}
    assert [(issue.path, issue.line) for issue in document.issues] == [(("a",), 2), ((), 3), ((), 4), ((), 6)]
    assert document.issues[0] == ConfigIssue(2, ("a",), "is given twice, first on line 1; keep one of them")


def test_a_quoted_sign_of_merging_is_a_key() -> None:
    assert parse('"<<": {a: b}').root == {"<<": {"a": "b"}}


@pytest.mark.parametrize("text", ["", "null\n", "~", "# nothing", "--- \n..."])
def test_nothing_is_an_empty_document(text: str) -> None:
    assert parse(text).empty
    assert not parse("{}").empty


@pytest.mark.parametrize("text", ["x", "5", "[a]", "- a: b"])
def test_what_is_no_mapping_is_refused(text: str) -> None:
    with pytest.raises(ParseError, match="is not a mapping"):
        parse(text)


def test_merges_of_merges_are_counted_too() -> None:
    lines = ["a0: &a0 {x: y}", *(f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 10)}]}}" for n in range(1, 9))]
    with pytest.raises(ParseError, match="more than 500000 values"):
        parse("\n".join(lines))


def test_chains_of_aliases_are_as_deep_as_they_expand() -> None:
    lines = ["a0: &a0 x", *(f"a{n}: &a{n} [*a{n - 1}]" for n in range(1, 2_000))]
    with pytest.raises(ParseError, match="nested deeper than 16 levels"):
        parse("\n".join(lines))


@pytest.mark.parametrize("text", ["a: &a [*a]", "a: &a {b: *a}", "a: &a {b: [x, {c: *a}]}"])
def test_what_holds_itself_is_refused(text: str) -> None:
    with pytest.raises(ParseError, match="never end"):
        parse(text)


def test_what_merges_itself_is_refused() -> None:
    with pytest.raises(ParseError, match="nested deeper"):
        parse("a: &a {<<: *a}")


def test_secrets_are_found_wherever_they_stand_below_their_key() -> None:
    root = parse("a: [{token: first}]\ntoken: {b: 12, c: [third]}\nother: fourth\n").root
    assert list(find_secrets(root)) == ["first", "12", "third"]
    assert list(find_secrets({"token": None})) == []  # turned out wrong: its message quotes nothing


def test_the_repr_shows_no_values() -> None:
    assert "made-up" not in repr(parse("token: made-up\nother: 1_made-up\n"))
    assert "0013" not in repr(parse("token: 0013\n").root)
    assert repr(Document()) == "Document(empty=False, issues=[])"
