"""The vendor's numbers, which come as JSON numbers or as texts, padded or not."""

import math
import re

MOST = 2**53
"""The largest whole number up to which a sample value is exact; no dialler makes more attempts in a month."""

_HUNDRED = 100.0
_INTEGER = re.compile(r"[0-9]{1,40}")
_DECIMAL = re.compile(r"([0-9]{1,20}(?:[.,][0-9]{0,40})?|[.,][0-9]{1,40})\s*%?")
_GROUPED = re.compile(r"[0-9]{1,3}[.,][0-9]{3}")
"""A text that may be thousands or thousandths."""


def integer(value: object) -> int | None:
    """A JSON number without a fraction, or a text of ASCII digits."""
    if isinstance(value, str):
        digits = value.strip()
        return int(digits) if _INTEGER.fullmatch(digits) else None
    if isinstance(value, float):
        return int(value) if value.is_integer() else None
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def figure(value: object) -> float | None:
    """A number from 0 to 2**53, with a decimal point or comma and perhaps a percent sign; None for anything else."""
    number = _number(value)
    return number if number is not None and 0 <= number <= MOST else None


def count(value: object) -> float | None:
    """The same for a number of things. `12.000` is None: it may be twelve thousand."""
    return None if isinstance(value, str) and _GROUPED.fullmatch(value.strip()) else figure(value)


def percentage(value: object) -> float | None:
    """The same from 0 to 100."""
    number = _number(value)
    return number if number is not None and 0 <= number <= _HUNDRED else None


def _number(value: object) -> float | None:
    if isinstance(value, str):
        match = _DECIMAL.fullmatch(value.strip())
        return float(match[1].replace(",", ".")) if match else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None
