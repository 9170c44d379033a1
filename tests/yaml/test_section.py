"""Located mistakes of a model, all at once; the two configuration files show the rest."""

from typing import Annotated, ClassVar, Literal

import pytest
from pydantic import BeforeValidator, Field

from exporter.yaml import UNQUOTED, Issues, Plain, Section, validate
from exporter.yaml.document import parse


class Leaf(Section):
    place: ClassVar[str] = "in a leaf"
    example: ClassVar[str] = "colour: green"

    colour: Literal["green", "yellow"] = "green"
    size: Annotated[int, BeforeValidator(lambda value: getattr(value, "source", value)), Field(ge=1)] = 1


class Tree(Section):
    place: ClassVar[str] = "at the top"

    name: Annotated[str, Field(max_length=3, description="at most 3 characters")] = ""
    secret: Annotated[str, Field(max_length=3, description="at most 3 characters"), UNQUOTED] = ""
    leaves: Annotated[tuple[Leaf | None, ...], Field(min_length=1, examples=["- colour: green"])] = ()
    words: tuple[Literal["a", "b"], ...] = ()
    numbers: dict[str, Literal["1"]] = Field(default_factory=dict)


def read(text: str) -> tuple[Tree, list[str]]:
    document = parse(text)
    issues = Issues("f", document.lines)
    tree = validate(Tree, document.root, issues)
    return tree, [line.removeprefix("f:") for line in issues.errors]


def test_what_is_right_has_no_issues() -> None:
    tree, issues = read("name: oak\nleaves: [{colour: yellow, size: 3}]\nwords: [a, b]\nnumbers: {x: '1'}\n")
    assert issues == []
    assert tree == Tree(name="oak", leaves=(Leaf(colour="yellow", size=3),), words=("a", "b"), numbers={"x": "1"})


ALLOWED_IN_A_LEAF = "allowed in a leaf are colour, size"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("name: beech", "1: name: 'beech' is not valid, allowed: at most 3 characters"),
        ("secret: beech", "1: secret: the value is not valid, allowed: at most 3 characters"),
        ("leaves: x", "1: leaves: must be a list, such as - colour: green"),
        ("leaves: []", "1: leaves: must be a list of at least one entry, such as - colour: green"),
        ("leaves: [x]", "1: leaves[0]: must be a mapping of keys and values, such as colour: green"),
        (
            "leaves: [colour:green]",
            "1: leaves[0]: a space is missing after the colon, write colour: and then the value",
        ),
        ("leaves: [made:up]", "1: leaves[0]: must be a mapping of keys and values, such as colour: green"),
        (
            "leaves: [{colour: Yelow}]",
            "1: leaves[0].colour: unknown value 'Yelow' (did you mean yellow?), allowed: green, yellow",
        ),
        ("leaves: [{colour: 5}]", "1: leaves[0].colour: unknown value '5', allowed: green, yellow"),
        (
            "leaves: [{size: 0}]",
            "1: leaves[0].size: '0' is not valid, allowed: Input should be greater than or equal to 1",
        ),
        ("leaves: [{size:3}]", "1: leaves[0].?: a space is missing after the colon, write size: and then the value"),
        (
            "leaves: [{collour: x}]",
            f"1: leaves[0].collour: unknown key (did you mean colour?), {ALLOWED_IN_A_LEAF}",
        ),
        (
            "leaves: [{name: x}]",
            f"1: leaves[0].name: does not belong in a leaf, its place is at the top; {ALLOWED_IN_A_LEAF}",
        ),
        (
            "words: [x, b, y]",
            "1: words[0]: unknown value 'x', allowed: a, b\n1: words[2]: unknown value 'y', allowed: a, b",
        ),
        ("numbers: x", "1: numbers: must be a mapping of keys and values"),
        ("numbers: {x: '2', y: '1'}", "1: numbers.x: unknown value '2', allowed: 1"),
    ],
)
def test_what_is_wrong_is_told_with_what_is_allowed(text: str, expected: str) -> None:
    assert read(text)[1] == expected.splitlines()


def test_what_is_right_beside_a_mistake_is_kept() -> None:
    tree, issues = read(
        "nam: x\nleaves:\n  - colour: red\n    size: 2\n  - x\n  - {}\nwords: [a, c]\nnumbers: {x: '1', y: x}"
    )
    assert len(issues) == 5
    assert tree == Tree(leaves=(Leaf(size=2), None, Leaf()), numbers={"x": "1"})


def test_a_misspelt_key_counts_as_given_and_wrong() -> None:
    issues = Issues("f", {})
    validate(Tree, {"nam": "x", "secre": "y", "secret": "z"}, issues)
    assert issues.wrong(("name",))
    assert not issues.wrong(("secret",))


def test_values_are_never_in_an_error_of_pydantic() -> None:
    assert "made-up" not in repr(Plain("made-up", "a number"))
    with pytest.raises(ValueError, match="colour") as caught:
        Leaf.model_validate({"colour": "made-up"})
    assert "made-up" not in str(caught.value)
