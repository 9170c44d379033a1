"""Nodes -> plain values, and the line of each: aliases followed, merge keys merged, repeated keys found."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from exporter.config.mistake import Path
from exporter.config.node import DEEPEST, DocumentError, Leaf, Mapping, Node, Sequence, compose
from exporter.config.scalar import Plain, read_plain

Value: TypeAlias = "str | Plain | list[Value] | dict[str, Value] | None"
"""None stands in place of a value that turned out wrong; what is empty in the file is a `Plain`."""

_MERGE = read_plain("<<")
_MOST = 500_000


@dataclass(frozen=True, slots=True)
class Flaw:
    """A mistake that readers of YAML let pass in silence."""

    path: Path
    line: int
    text: str


@dataclass(slots=True)
class Document:
    """A parsed file. Its values may be secret."""

    root: dict[str, Value] = field(default_factory=dict, repr=False)
    lines: dict[Path, int] = field(default_factory=dict, repr=False)
    flaws: list[Flaw] = field(default_factory=list)


def parse(text: str) -> Document:
    """The document in `text`.

    Raises:
        DocumentError: where nothing in the text can be used.
    """
    node = compose(text)
    if node is None or (isinstance(node, Leaf) and isinstance(node.value, Plain) and not node.value.reading):
        raise DocumentError(1, "is empty, at least the key operations is needed")
    if not isinstance(node, Mapping):
        raise DocumentError(node.line, "is not a mapping, keys such as interval: 5m and operations: are needed")
    document = Document()
    document.root = _Expansion(document).mapping(node, ())
    return document


class _Expansion:
    """Counts what it makes: a few lines of aliases of aliases can stand for billions of values."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._made = 0

    def value(self, node: Node, path: Path) -> Value:
        self._count(node, len(path))
        if isinstance(node, Leaf):
            return node.value
        if isinstance(node, Mapping):
            return self.mapping(node, path)
        for place, item in enumerate(node.items):
            self._document.lines[*path, place] = item.line
        return [self.value(item, (*path, place)) for place, item in enumerate(node.items)]

    def mapping(self, node: Mapping, path: Path) -> dict[str, Value]:
        own: dict[str, tuple[int, Node]] = {}
        merged: dict[str, tuple[int, Node]] = {}
        for key, value in node.pairs:
            name = key.value if isinstance(key, Leaf) else None
            if isinstance(name, str):
                if name in own:
                    text = f"is given twice, first on line {own[name][0]}; keep one of them"
                    self._flaw((*path, name), key.line, text)
                own.setdefault(name, (key.line, value))
            elif name == _MERGE:
                for other, pair in self._merged(value, path, len(path)):
                    merged.setdefault(other, pair)
            else:
                self._flaw(path, key.line, "has a key that is not text, keys are words such as interval")
        values: dict[str, Value] = {}
        for name, (line, value) in (merged | own).items():
            self._document.lines[*path, name] = line
            values[name] = self.value(value, (*path, name))
        return values

    def _merged(self, node: Node, path: Path, depth: int) -> Iterator[tuple[str, tuple[int, Node]]]:
        """The pairs that `<<` brings; the first mapping that has a key wins, as in YAML's definition of merge."""
        sources = node.items if isinstance(node, Sequence) else (node,)
        for source in sources:
            self._count(source, depth)
            if not isinstance(source, Mapping):
                self._flaw(path, node.line, "merges with << what is not a mapping, << takes an alias of a mapping")
                continue
            for key, value in source.pairs:
                self._count(key, depth)
                if isinstance(key, Leaf) and isinstance(key.value, str):
                    yield key.value, (key.line, value)
            for key, value in source.pairs:
                if isinstance(key, Leaf) and key.value == _MERGE:
                    yield from self._merged(value, path, depth + 1)

    def _count(self, node: Node, depth: int) -> None:
        self._made += 1
        if self._made > _MOST:
            raise DocumentError(node.line, f"makes more than {_MOST} values with its aliases, which no plan here needs")
        if depth > DEEPEST:
            raise DocumentError(node.line, f"is nested deeper than {DEEPEST} levels, which no key here needs")

    def _flaw(self, path: Path, line: int, text: str) -> None:
        self._document.flaws.append(Flaw(path, line, text))
