"""YAML text -> PyYAML's nodes, which know their lines; or the line and the words of what is wrong."""

import re
from typing import Any

import yaml
from yaml.composer import Composer
from yaml.events import AliasEvent, ScalarEvent

from exporter.yaml.issue import ParseError
from exporter.yaml.syntax import explain

DEEPEST = 16
_TAGS = frozenset({None, "!", "tag:yaml.org,2002:str", "tag:yaml.org,2002:seq", "tag:yaml.org,2002:map"})
_HALF_CHARACTER = re.compile("[\ud800-\udfff]")


class _Checks:
    """What PyYAML's composer would let pass. Older versions have no limit of depth: nesting could end the process."""

    _depth = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        event = self.peek_event()  # type: ignore[attr-defined]
        if isinstance(event, AliasEvent):
            return super().compose_node(parent, index)  # type: ignore[misc]
        if self._depth > DEEPEST:
            raise ParseError(_line(event), f"is nested deeper than {DEEPEST} levels, which no key here needs")
        if event.tag not in _TAGS:
            raise ParseError(_line(event), "bears a YAML tag that is not allowed, quote text that begins with !")
        self.anchors.pop(event.anchor, None)  # type: ignore[attr-defined]  # YAML allows a name to be used again
        self._depth += 1
        node = super().compose_node(parent, index)  # type: ignore[misc]
        self._depth -= 1
        if isinstance(event, ScalarEvent):
            if _HALF_CHARACTER.search(node.value):
                raise ParseError(_line(event), "holds half a character, no escape from \\ud800 to \\udfff is allowed")
            node.style = node.style or event.tag  # a tag makes text, as quotes do
        return node


def _loader_on(parser: Any) -> Any:
    """PyYAML's composer on `parser`: libyaml's own composer can neither be asked to check nor to reuse a name."""

    def start(loader: Any, stream: str) -> None:
        parser.__init__(loader, stream)
        Composer.__init__(loader)

    bases = (parser,) if issubclass(parser, Composer) else (Composer, parser)
    return type("Loader", (_Checks, *bases), {"__init__": start})


_LOADER = _loader_on(yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader)


def compose(text: str) -> yaml.Node | None:
    """The only document in `text`; None where there is nothing in it.

    Raises:
        ParseError: with the line, and without anything of the text that may be a secret.
    """
    # the mistake is raised after the handlers, so that no traceback chains to an error that quotes the text
    try:
        node: yaml.Node | None = yaml.compose(text, Loader=_LOADER)
    except yaml.YAMLError as error:
        line, words = explain(text, error)
    else:
        return node
    raise ParseError(line, words)


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1
