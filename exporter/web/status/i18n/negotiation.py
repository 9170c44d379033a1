"""Which of the available languages a browser prefers."""

import re

_RANGE = re.compile(
    r"\s*(\*|[a-z]{1,8})(?:-[a-z0-9-]{1,64})?\s*(?:;\s*q\s*=\s*(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)\s*)?\s*",
    re.ASCII | re.IGNORECASE,
)

_MOST_RANGES = 32
"""Browsers send a handful; the rest of a longer header is not read."""


def preferred(header: str, codes: tuple[str, ...]) -> str:
    """The code with the highest q-value (RFC 9110, 12.5.4); earlier ranges win ties, and the first code wins the rest.

    A range such as `es-CO` counts for `es`. Ranges that cannot be read are ignored.
    """
    wishes: dict[str, float] = {}
    for text in header.split(",", _MOST_RANGES)[:_MOST_RANGES]:
        match = _RANGE.fullmatch(text)
        if match is None:
            continue
        code, quality = match[1].lower(), float(match[2] or 1)
        wishes[code] = max(quality, wishes.get(code, 0.0))
    order = [*(code for code in wishes if code in codes), *codes]
    ranked = sorted(dict.fromkeys(order), key=lambda code: -wishes.get(code, wishes.get("*", 0.0)))
    best = ranked[0]
    return best if wishes.get(best, wishes.get("*", 0.0)) > 0 else codes[0]
