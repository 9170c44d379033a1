"""Nodes -> plain values, and the line of each: aliases followed, merge keys merged, repeated keys found."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from exporter.yaml.composer import DEEPEST, compose
from exporter.yaml.issue import SECRET_KEYS, ConfigIssue, ParseError, Path
from exporter.yaml.scalar import Plain, read_scalar

Value: TypeAlias = "str | Plain | list[Value] | dict[str, Value] | None"
"""None stands in place of a value that turned out wrong; what is empty in the file is a `Plain`."""

_MERGE = Plain("<<", "a sign of its own")
_MOST = 500_000
_SUBSTITUTION = re.compile(r"\$\{[A-Za-z_]")


@dataclass(slots=True)
class Document:
    """A parsed file. Its values may be secret."""

    root: dict[str, Value] = field(default_factory=dict, repr=False)
    empty: bool = False
    """Whether the file holds nothing at all."""
    lines: dict[Path, int] = field(default_factory=dict, repr=False)
    modified_at: float = field(default=0.0, repr=False)
    """When the file was changed last."""
    checksum: str = field(default="", repr=False)
    """The first digits of its SHA-256, enough to tell two edits apart."""
    issues: list[ConfigIssue] = field(default_factory=list)
    """What other readers of YAML let pass in silence."""


def parse(text: str, keys: str = "key: value") -> Document:
    """The document in `text`, a mapping of keys such as `keys`.

    Raises:
        ParseError: where nothing in the text can be used.
    """
    node = compose(text)
    if node is None or (isinstance(node, ScalarNode) and read_scalar(node) == Plain(node.value, "")):
        return Document(empty=True)
    if not isinstance(node, MappingNode):
        hint = ", with a space after the colon" if isinstance(node, ScalarNode) and ":" in node.value else ""
        raise ParseError(_line(node), f"is not a mapping, keys such as {keys} are needed{hint}")
    document = Document()
    document.root = _Expansion(document).mapping(node, ())
    return document


def find_substitutions(value: Value) -> Iterator[Path]:
    """Where a text holds something like `${NAME}`, which other programs substitute."""
    return (path for path, text in _scalars(value) if isinstance(text, str) and _SUBSTITUTION.search(text))


def find_secrets(value: Value) -> Iterator[str]:
    """The values of secret keys, as they are written."""
    for path, found in _scalars(value):
        if not SECRET_KEYS.isdisjoint(path):
            yield found if isinstance(found, str) else found.source


def _scalars(value: Value, path: Path = ()) -> Iterator[tuple[Path, str | Plain]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _scalars(inner, (*path, key))
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from _scalars(inner, (*path, place))
    elif value is not None:
        yield path, value


class _Expansion:
    """Counts what it makes: a few lines of aliases of aliases can stand for billions of values."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._made = 0
        self._inside: set[Node] = set()

    def mapping(self, node: MappingNode, path: Path) -> dict[str, Value]:
        own: dict[str, tuple[int, Node]] = {}
        merged: dict[str, tuple[int, Node]] = {}
        for key, value in node.value:
            name = read_scalar(key) if isinstance(key, ScalarNode) else None
            if isinstance(name, str):
                if name in own:
                    text = f"is given twice, first on line {own[name][0]}; keep one of them"
                    self._note((*path, name), _line(key), text)
                own.setdefault(name, (_line(key), value))
            elif name == _MERGE:
                for other, pair in self._merged(value, path, len(path)):
                    merged.setdefault(other, pair)
            else:
                self._note(path, _line(key), "has a key that is not text, keys are words such as interval")
        values: dict[str, Value] = {}
        for name, (line, value) in (merged | own).items():
            self._document.lines[*path, name] = line
            values[name] = self._value(value, (*path, name))
        return values

    def _value(self, node: Node, path: Path) -> Value:
        self._count(node, len(path))
        if isinstance(node, ScalarNode):
            return read_scalar(node)
        if node in self._inside:
            raise ParseError(_line(node), "is an alias of what it stands in, which would never end")
        self._inside.add(node)
        value = self.mapping(node, path) if isinstance(node, MappingNode) else self._items(node, path)
        self._inside.remove(node)
        return value

    def _items(self, node: Node, path: Path) -> Value:
        for place, item in enumerate(node.value):
            self._document.lines[*path, place] = _line(item)
        return [self._value(item, (*path, place)) for place, item in enumerate(node.value)]

    def _merged(self, node: Node, path: Path, depth: int) -> Iterator[tuple[str, tuple[int, Node]]]:
        """The pairs that `<<` brings; the first mapping that has a key wins, as in YAML's definition of merge."""
        sources = node.value if isinstance(node, SequenceNode) else (node,)
        for source in sources:
            self._count(source, depth)
            if not isinstance(source, MappingNode):
                self._note(path, _line(node), "merges with << what is not a mapping, << takes an alias of a mapping")
                continue
            for key, value in source.value:
                self._count(key, depth)
                name = read_scalar(key) if isinstance(key, ScalarNode) else None
                if isinstance(name, str):
                    yield name, (_line(key), value)
            for key, value in source.value:
                if isinstance(key, ScalarNode) and read_scalar(key) == _MERGE:
                    yield from self._merged(value, path, depth + 1)

    def _count(self, node: Node, depth: int) -> None:
        self._made += 1
        if self._made > _MOST:
            raise ParseError(_line(node), f"makes more than {_MOST} values with its aliases, which no plan here needs")
        if depth > DEEPEST:
            raise ParseError(_line(node), f"is nested deeper than {DEEPEST} levels, which no key here needs")

    def _note(self, path: Path, line: int, text: str) -> None:
        self._document.issues.append(ConfigIssue(line, path, text))


def _line(node: Node) -> int:
    return int(node.start_mark.line) + 1
