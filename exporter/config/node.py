"""YAML text -> nodes with their lines.

Built from the parser's events, because libyaml's composer recurses without a limit: deep nesting would end the process.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import yaml
from yaml import events

from exporter.config.scalar import Plain, read_plain

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
DEEPEST = 16
_TEXT_TAGS = frozenset({None, "!", "tag:yaml.org,2002:str"})
_COLLECTION_TAGS = frozenset({None, "!", "tag:yaml.org,2002:seq", "tag:yaml.org,2002:map"})
_HALF_CHARACTER = re.compile("[\ud800-\udfff]")
_QUOTATION = re.compile(r"""\s*\(?(?:'[^']*'|"[^"]*")\)?""")


@dataclass(frozen=True, slots=True)
class Leaf:
    """A scalar."""

    line: int
    value: str | Plain


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list."""

    line: int
    items: "tuple[Node, ...]"


@dataclass(frozen=True, slots=True)
class Mapping:
    """Keys and values in the order of the file; `<<` and repeated keys are still there."""

    line: int
    pairs: "tuple[tuple[Node, Node], ...]"


Node: TypeAlias = Leaf | Sequence | Mapping


class DocumentError(Exception):
    """A text that is no usable YAML document."""

    def __init__(self, line: int, text: str) -> None:
        super().__init__(text)
        self.line = line
        self.text = text


def compose(text: str) -> Node | None:
    """The only document in `text`; None where there is nothing in it.

    Raises:
        DocumentError: with the line, and without anything of the text: it may be a secret.
    """
    # the mistake is raised after the handlers, so that no traceback chains to an error that quotes the text
    try:
        return _Composer(yaml.parse(text, Loader=_LOADER)).document()
    except yaml.reader.ReaderError as error:
        line = _line_of(text, error)
        problem = "holds a control character, only printable text, tabs and line breaks are allowed"
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = 1 if mark is None else mark.line + 1
        words = _QUOTATION.sub("", error.problem or "it cannot be parsed")
        problem = f"is not valid YAML: {words}; check the indentation and quote text with special characters"
    raise DocumentError(line, problem)


def _line_of(text: str, error: yaml.reader.ReaderError) -> int:
    # libyaml counts bytes, PyYAML's own reader counts characters
    head = text[: error.position].encode() if _LOADER is yaml.SafeLoader else text.encode()[: error.position]
    return head.count(b"\n") + 1


class _Composer:
    """Takes the parser's events one by one; remembers what anchors name."""

    def __init__(self, stream: Iterator[Any]) -> None:
        self._stream = stream
        self._anchors: dict[str, Node | None] = {}

    def document(self) -> Node | None:
        root: Node | None = None
        for event in self._stream:
            if isinstance(event, events.DocumentStartEvent):
                if root is not None:
                    raise DocumentError(_line(event), "is a second document, only one is allowed in the file")
                root = self._node(next(self._stream), depth=0)
        return root

    def _node(self, event: Any, depth: int) -> Node:
        if isinstance(event, events.AliasEvent):
            return self._named(event)
        if depth > DEEPEST:
            raise DocumentError(_line(event), f"is nested deeper than {DEEPEST} levels, which no key here needs")
        if event.anchor is not None:
            self._anchors[event.anchor] = None
        node = self._content(event, depth)
        if event.anchor is not None:
            self._anchors[event.anchor] = node
        return node

    def _named(self, event: events.AliasEvent) -> Node:
        if event.anchor not in self._anchors:
            raise DocumentError(_line(event), "is an alias of nothing, quote text that begins with *")
        node = self._anchors[event.anchor]
        if node is None:
            raise DocumentError(_line(event), "is an alias of what it stands in, which would never end")
        return node

    def _content(self, event: Any, depth: int) -> Node:
        line = _line(event)
        if isinstance(event, events.ScalarEvent):
            return Leaf(line, _scalar(event))
        _check_tag(event, _COLLECTION_TAGS)
        children = self._children(depth)
        if isinstance(event, events.SequenceStartEvent):
            return Sequence(line, tuple(children))
        return Mapping(line, tuple(zip(children, children, strict=True)))

    def _children(self, depth: int) -> Iterator[Node]:
        while not isinstance(event := next(self._stream), events.CollectionEndEvent):
            yield self._node(event, depth + 1)


def _scalar(event: events.ScalarEvent) -> str | Plain:
    if event.tag is None and not event.style:
        return read_plain(event.value)
    _check_tag(event, _TEXT_TAGS)
    if _HALF_CHARACTER.search(event.value):
        raise DocumentError(_line(event), "holds half a character, no escape from \\ud800 to \\udfff is allowed")
    return event.value


def _check_tag(event: Any, allowed: frozenset[str | None]) -> None:
    if event.tag not in allowed:
        raise DocumentError(_line(event), "bears a YAML tag that is not allowed, quote text that begins with !")


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1
