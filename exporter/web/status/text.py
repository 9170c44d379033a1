"""Foreign text made safe to look at: names and API excerpts may hold anything."""

import re

LIMIT = 200
"""Characters of a foreign text that a page shows."""

_UNSEEN = re.compile(
    "["
    "\x00-\x1f\x7f-\x9f"  # control characters
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u3164\uffa0"  # fillers and marks that take no room
    "\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"  # bidirectional controls, separators, invisibles
    "\ud800-\udfff"  # lone surrogates, which no encoding can send
    "\U000e0000-\U000e007f"  # tag characters
    "]",
)
_CONTROL_PICTURES = 0x2400
_LAST_CONTROL = 0x1F


def _name(match: re.Match[str]) -> str:
    code = ord(match.group())
    return (
        chr(_CONTROL_PICTURES + code)
        if code <= _LAST_CONTROL
        else f"\N{LEFT-POINTING DOUBLE ANGLE QUOTATION MARK}U+{code:04X}\N{RIGHT-POINTING DOUBLE ANGLE QUOTATION MARK}"
    )


def visible(text: str, limit: int = LIMIT) -> str:
    """The text with what the eye cannot see, or what turns other text round, named: `␀`, `«U+202E»`. Cut at `limit`."""
    cut = text if len(text) <= limit else text[: limit - 1] + "\N{HORIZONTAL ELLIPSIS}"
    return _UNSEEN.sub(_name, cut)


def encodable(text: str) -> str:
    """The text with lone surrogates replaced, so that UTF-8 can hold it."""
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
