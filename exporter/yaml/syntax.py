"""A parser's error -> the line that is wrong and what usually causes it, without anything that may be a secret.

libyaml and PyYAML's own parser word their errors differently; what is looked for here stands in both. Of the text
single punctuation marks are shown at most.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeAlias

import yaml

_QUOTATION = re.compile(r"""\s*\(?(?:'([^']*)'|"([^"]*)")\)?""")
_NO_SPACE = re.compile(r"\s*(?:- +)?[\w-]+:[^\s/:]")
"""A key, a colon and at once its value."""
_NO_SPACE_DASH = re.compile(r"\s*-[^\s-]")
_ODD_SPACE = re.compile("[\u00a0\u2000-\u200b\u202f\u3000]")
"""Spaces to the eye, text to YAML."""

_STARTS = (yaml.FlowSequenceStartToken, yaml.FlowMappingStartToken)
_ENDS = (yaml.FlowSequenceEndToken, yaml.FlowMappingEndToken)
_PARSER = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader


@dataclass(frozen=True, slots=True)
class _Spot:
    """Where the parser gave up."""

    text: str
    line: int
    """Where it noticed; the first line is 1."""
    at: int
    """The same as a position in the text."""
    began: int
    """The line of what it was reading then."""
    began_at: int

    @property
    def char(self) -> str:
        return self.text[self.at : self.at + 1]

    @property
    def opened(self) -> str:
        """The character with which the thing began that the parser was reading."""
        return self.text[self.began_at : self.began_at + 1]

    @property
    def head(self) -> str:
        """The line up to where the parser noticed."""
        return self.text[self.text.rfind("\n", 0, self.at) + 1 : self.at]

    @property
    def above(self) -> str:
        """The line before."""
        return self.text[: self.at - len(self.head)].rstrip("\n").rpartition("\n")[2]

    @property
    def first(self) -> str:
        """The line in which the thing began that the parser was reading, from there on."""
        return self.text[self.began_at :].partition("\n")[0]


_Explanation: TypeAlias = Callable[[_Spot], tuple[int, str]]

_SPACE_AFTER_COLON = "a space is missing after the colon, write for example interval: 5m"
_INDENTATION = "its indentation fits none of the lines above, align it with the keys or the - that it belongs to"
_NO_COLON = "did not find ':' after a key in this line, write a key, a colon and a space"
_COLON_IN_VALUE = "there is a second colon in the line, put a value that contains a colon and a space in quotes"


def explain(text: str, error: yaml.YAMLError) -> tuple[int, str]:
    """The line of `error` in `text`, the first one being 1, and what is wrong there."""
    if isinstance(error, yaml.reader.ReaderError):
        return _line_of(text, error), _control_character(error.character)
    if not isinstance(error, yaml.MarkedYAMLError) or not (mark := error.problem_mark or error.context_mark):
        return 1, "is not valid YAML: it cannot be parsed"
    start = error.context_mark or mark
    spot = _Spot(text, mark.line + 1, mark.index, start.line + 1, start.index)
    problem = error.problem or ""
    for pattern, explanation in _RULES.items():
        if re.search(pattern, f"{error.context or ''}: {problem}"):
            line, words = explanation(spot)
            return line, words if words.startswith("is ") else f"is not valid YAML: {words}"
    advice = "check the indentation and put text with special characters in quotes"
    return spot.line, f"is not valid YAML: {_QUOTATION.sub(_single, problem)}; {advice}"


def _line_of(text: str, error: yaml.reader.ReaderError) -> int:
    # libyaml counts bytes, PyYAML's own reader counts characters
    native = isinstance(error.character, int) and error.encoding == "utf-8"
    head = text.encode()[: error.position] if native else text[: error.position].encode()
    return head.count(b"\n") + 1


def _control_character(character: object) -> str:
    number = character if isinstance(character, int) else ord(str(character))
    return f"holds the control character U+{number:04X}, only printable text, tabs and line breaks are allowed"


def _unclosed(spot: _Spot) -> tuple[int, str]:
    if spot.char == ":" and re.search(r":\s", re.split(r"[,\[{]", spot.head)[-1]):
        return spot.line, _COLON_IN_VALUE
    goes_on = spot.line > spot.began and spot.text[spot.at :].strip()
    return _open(spot.began, spot.opened, f", and line {spot.line} does not continue it" if goes_on else "")


def _open(line: int, opened: str, noticed: str = "") -> tuple[int, str]:
    thing, closing = ("list", "]") if opened == "[" else ("mapping", "}")
    return line, (
        f"the {thing} that opens here with {opened} is not closed{noticed}:"
        f" did not find ',' or '{closing}', close it with {closing}"
    )


def _colon(spot: _Spot) -> tuple[int, str]:
    if re.search(r":\s", spot.head):
        return spot.line, _COLON_IN_VALUE
    if odd := _odd_space(spot):
        return odd
    if _NO_SPACE.match(spot.above):
        return spot.line - 1, _SPACE_AFTER_COLON
    if _NO_SPACE_DASH.match(spot.above):
        return spot.line - 1, "a space is missing after the -, write for example - name: acme"
    if spot.above and ":" not in spot.above:
        return spot.line - 1, _NO_COLON
    return spot.line, "it is indented deeper than the line above it, which has a value already; align the keys"


def _odd_space(spot: _Spot) -> tuple[int, str] | None:
    """A space that is none, in the line of the spot or the one above: web pages and word processors leave them."""
    for line, text in ((spot.line, spot.head), (spot.line - 1, spot.above)):
        if found := _ODD_SPACE.search(text):
            return line, f"it holds a space that YAML takes for text (U+{ord(found[0]):04X}), use plain spaces"
    return None


def _no_colon(spot: _Spot) -> tuple[int, str]:
    if odd := _odd_space(spot):
        return odd
    if _NO_SPACE.match(spot.first):
        return spot.began, _SPACE_AFTER_COLON
    return spot.began, _NO_COLON


def _bad_start(spot: _Spot) -> tuple[int, str]:
    if spot.char == "\t":
        return _tab(spot)
    return spot.line, f"'{spot.char}' cannot begin a value, put the value in quotes"


def _tab(spot: _Spot) -> tuple[int, str]:
    return spot.line, "it is indented with a tab, YAML allows spaces only"


def _open_quote(spot: _Spot) -> tuple[int, str]:
    return spot.began, f"the quote {spot.opened} that opens here is never closed"


def _escape(spot: _Spot) -> tuple[int, str]:
    return spot.line, r"a \ in double quotes begins an escape that YAML does not know, write \\ or use single quotes"


def _does_not_fit(spot: _Spot) -> tuple[int, str]:
    if spot.char in "]}" and spot.char:
        return spot.line, f"'{spot.char}' closes what was never opened, delete it or open it"
    if spot.char == ",":
        return spot.line, "a comma follows the value, delete it"
    return _odd_space(spot) or _after_value(spot) or (spot.line, _INDENTATION)


def _after_value(spot: _Spot) -> tuple[int, str] | None:
    """Text that goes on where a value has ended."""
    before = _token_before(spot)
    if isinstance(before, _ENDS):
        return spot.line, "text follows a closing bracket, put the whole value in quotes"
    if isinstance(before, yaml.ScalarToken) and before.style:
        first, last = before.start_mark.line + 1, before.end_mark.line + 1
        if first < last:
            return first, f"the quote that opens here closes on line {last} only, close it on its own line"
        return spot.line, (
            "text follows the closing quote, put the whole value in quotes; within single quotes write '' for '"
        )
    return None


def _token_before(spot: _Spot) -> yaml.Token | None:
    """What ends right before the spot, in the same line."""
    for token in [token for token in _tokens(spot) if isinstance(token, (yaml.ScalarToken, *_ENDS))][-1:]:
        if not spot.text[token.end_mark.index : spot.at].strip(" "):
            return token
    return None


def _tokens(spot: _Spot) -> Iterator[yaml.Token]:
    """What stands before the spot."""
    with suppress(yaml.YAMLError):
        for token in yaml.scan(spot.text, Loader=_PARSER):
            if token.end_mark.index > spot.at:
                break
            yield token


def _list_in_line(spot: _Spot) -> tuple[int, str]:
    return spot.line, "a list with - begins on a line of its own, below its key"


def _quote_it(what: str) -> _Explanation:
    return lambda spot: (spot.began, f"text that begins with {what} must be in quotes")


def _no_value(spot: _Spot) -> tuple[int, str]:
    if spot.text[spot.at :].strip():
        return spot.line, f"'{spot.char}' stands where a value is expected, delete it or put the value in quotes"
    opened: list[yaml.Token] = []
    for token in _tokens(spot):
        if isinstance(token, _STARTS):
            opened.append(token)
        elif isinstance(token, _ENDS):
            opened.pop()
    return _open(opened[-1].start_mark.line + 1, "[" if isinstance(opened[-1], _STARTS[0]) else "{")


def _second_document(spot: _Spot) -> tuple[int, str]:
    return spot.line, "is a second document, only one is allowed in the file"


def _too_deep(spot: _Spot) -> tuple[int, str]:
    return spot.line, "is nested deeper than any key here needs"


def _unknown_alias(spot: _Spot) -> tuple[int, str]:
    return spot.line, "is an alias of nothing, quote text that begins with *"


_RULES: Mapping[str, _Explanation] = {
    r"undefined alias": _unknown_alias,
    r"another document": _second_document,
    r"nesting depth": _too_deep,
    r"expected ',' or '[\]}]'": _unclosed,
    r"mapping values are not allowed": _colon,
    r"could not find expected ':'": _no_colon,
    r"cannot start any token": _bad_start,
    r"tab character": _tab,
    r"quoted scalar: found unexpected (end of stream|document)": _open_quote,
    r"quoted scalar: .*(escape|hexdec|Unicode)": _escape,
    r"entries are not allowed": _list_in_line,
    r"mapping keys are not allowed": _quote_it("? and a space"),
    r"scanning an alias": _quote_it("*"),
    r"scanning an anchor": _quote_it("&"),
    r"directive": _quote_it("%"),
    r"(scanning|parsing) a tag|tag handle": _quote_it("!"),
    r"block scalar": _quote_it("| or >"),
    r"node content": _no_value,
    r"expected key|expected '-'|block end|document start": _does_not_fit,
}


def _single(quotation: re.Match[str]) -> str:
    """A quotation of the text as it may be shown: single characters are needed to understand, and no secret."""
    return quotation[0] if len(quotation[1] or quotation[2] or "") == 1 else ""
