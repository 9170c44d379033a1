"""What an unquoted scalar means, where readers of YAML do not take it for text."""

import re
from dataclasses import dataclass, field

from yaml.constructor import SafeConstructor
from yaml.nodes import ScalarNode

_TEXT = "tag:yaml.org,2002:str"
_INT = "tag:yaml.org,2002:int"
_NULL = "tag:yaml.org,2002:null"
_READINGS = {
    "tag:yaml.org,2002:float": "a number",
    "tag:yaml.org,2002:bool": "a yes or no",
    "tag:yaml.org,2002:timestamp": "a date",
}
_OTHERS_NUMBER = re.compile(r"[-+]?(?:[0-9][0-9_]*|[0-9]+(?:\.[0-9]*)?[eE][-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)")
_DECIMAL = re.compile(r"0|[1-9][0-9]{0,17}")


@dataclass(frozen=True, slots=True)
class Plain:
    """A scalar without quotes that YAML 1.1 or 1.2 reads as something other than text."""

    source: str = field(repr=False)
    """As it stands in the file; it may be a secret."""
    reading: str
    """What YAML takes it for, in words; empty for nothing at all."""

    @property
    def decimal(self) -> bool:
        """Whether it is a number that every reader understands alike, written as a program would write it."""
        return _DECIMAL.fullmatch(self.source) is not None


def read_scalar(node: ScalarNode) -> str | Plain:
    """The text of `node`, or what an unquoted scalar may be taken for."""
    source: str = node.value
    if node.style:  # in quotes, or a block
        return source
    if node.tag == _NULL:
        return Plain(source, "")
    if node.tag == _INT:
        return Plain(source, _number(source))
    if node.tag == _TEXT:
        # YAML 1.1, which PyYAML speaks, takes 0089 and 12e3 for text; YAML 1.2 takes them for numbers
        return Plain(source, "a number") if _OTHERS_NUMBER.fullmatch(source) else source
    return Plain(source, _READINGS.get(node.tag, "a sign of its own"))


def _number(source: str) -> str:
    try:
        return f"the number {SafeConstructor().construct_yaml_int(ScalarNode(_INT, source))}"
    except ValueError:  # only signs and underscores, or more digits than Python converts
        return "a number"
