"""Regular expressions of the configuration: what RE2 cannot compile is told in plain words."""

import re

import re2

from exporter.name_pattern import compile_pattern
from exporter.yaml import quoted

_LONGEST = 1_000
_ESCAPE = re.compile(r"invalid escape sequence: \\(.+)", re.DOTALL)
_WORDS = {
    "missing )": "a closing ) is missing",
    "unexpected )": "a ) has no opening (",
    "missing ]": "a closing ] is missing",
    "trailing \\": "it ends with a single \\, write \\\\ for a backslash",
    "no argument for repetition operator": "a *, + or ? has nothing before it to repeat; .* stands for any text",
    "bad repetition operator": "two of *, + and ? follow one another",
    "invalid repetition size": "{{2,5}} repeats up to 1000 times, nested ones together, smaller number first",
    "invalid character class range": "a class or range in [...] does not exist",
    "invalid named capture group": "a named group is not written as (?P<name>...)",
    "pattern too large - compile failed": "it is too large once its repetitions are written out, use smaller ones",
}
"""RE2's reasons (`re2/re2.cc`, `re2/parse.cc`) in plain words."""


def check_pattern(text: str) -> str:
    """The expression, where RE2 can compile it.

    Raises:
        ValueError: one line with RE2's reason.
    """
    if not text:
        raise ValueError("is empty and would match no name, write .* for any name")
    if len(text) > _LONGEST:
        raise ValueError(f"is longer than {_LONGEST} characters, make several expressions of it")
    try:
        compile_pattern(text)
    except re2.error as error:
        reason = error.args[0].decode("utf-8", "replace")
    except UnicodeEncodeError:
        reason = "it holds half a character, which is not UTF-8"
    else:
        return text
    raise ValueError(f"{quoted(text)} is not a regular expression that RE2 can compile: {_plain(reason)}")


def _plain(reason: str) -> str:
    if reason.startswith("invalid perl operator"):
        operator = reason.partition(": ")[2]
        if operator in {"(?=", "(?!", "(?<=", "(?<!"}:
            return f"it has no lookahead or lookbehind {operator}...), put what must not match into exclude"
        if operator == "(?P":
            return "it has no back references such as (?P=name)"
        return f"it does not know the group {operator}"
    if escape := _ESCAPE.fullmatch(reason):
        if escape[1][0] in "123456789k":
            return f"it has no back references such as \\{escape[1]}"
        return f"it does not know the escape \\{escape[1]}"
    known, _, where = reason.partition(": ")
    words = _WORDS.get(known)
    return (
        reason if words is None else f"{words.format()}{f', at {quoted(where)}' if where and where != reason else ''}"
    )
