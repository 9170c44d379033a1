"""Calling hours as they stand in the file -> the spans of a week."""

import re
from itertools import pairwise

from exporter.model import Span
from exporter.public_holidays import check_holidays
from exporter.yaml import Plain, did_you_mean, quoted

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

_SPAN = re.compile(r"([0-9]{1,2}):([0-9]{2})\s*-\s*([0-9]{1,2}):([0-9]{2})")
_HOUR = 60
_MIDNIGHT = 24 * _HOUR
_ALLOWED = "write spans such as 07:00-19:00 or 08:00-12:00, 14:00-18:00"
_RANGES = (*DAYS, *(f"{first}-{last}" for first in DAYS for last in DAYS if first != last))
_KEYS = (*_RANGES, "holidays", "off_interval")
_NONE = frozenset({"false", "off", "none", "closed", "n", "no", "never", "-"})


def days(key: str) -> tuple[int, ...]:
    """The days that a key names, Monday is 0: `sat`, `mon-fri`, `sat-mon`.

    Raises:
        ValueError: one line that says what is allowed.
    """
    if _SPAN.fullmatch(key):  # within braces a comma ends the value
        raise ValueError(
            'is a span of time without a day; write several spans of a day in quotes, such as mon: "08:00-12:00,'
            ' 14:00-18:00"'
        )
    if key not in _RANGES:
        written = re.sub(r"\s*[-\u2013\u2014_]\s*", "-", key.strip().lower())  # \u2013: an en dash
        meant = "-".join(_abbreviated(part) for part in written.split("-"))
        hint = f" (did you mean {meant}?)" if meant in _KEYS else did_you_mean(key, _KEYS)
        raise ValueError(
            f"unknown key{hint}, allowed in hours are holidays, off_interval, the days {', '.join(DAYS)}, and ranges of"
            " them such as mon-fri"
        )
    first, _, last = key.partition("-")
    start = DAYS.index(first)
    count = (DAYS.index(last or first) - start) % len(DAYS) + 1
    return tuple((start + ahead) % len(DAYS) for ahead in range(count))


def check_key(key: str, value: object) -> object:
    """The value; in its place what is wrong with its key, where that is no day."""
    try:
        days(key)
    except ValueError as error:
        return error
    return value


def spans(value: object) -> tuple[Span, ...]:
    """When calling is allowed on a day: one or more spans of wall clock, by commas.

    Raises:
        ValueError: one line that says what is wrong and what is allowed.
    """
    if isinstance(value, ValueError):
        raise value
    if isinstance(value, Plain):
        if not value.reading:
            raise ValueError(f"is empty, {_ALLOWED}; a day without calls is left out")
        if value.source.lower() in _NONE:
            raise ValueError(f"{quoted(value.source)} is not a span of time, leave out a day without calls")
        raise ValueError(f"{quoted(value.source)} is not a span of time, {_ALLOWED}")  # noqa: TRY004  # for pydantic
    if not isinstance(value, str):
        raise ValueError(f"must be a text, not a list or a mapping: {_ALLOWED}")  # noqa: TRY004  # for pydantic
    found = sorted(_span(part.strip()) for part in value.split(","))
    for one, other in pairwise(found):
        if other.start < one.end:
            raise ValueError(f"has spans that overlap, {_written(one)} and {_written(other)}: make one span of them")
    return tuple(found)


def holidays(value: object) -> str:
    """The code of a country whose public holidays are known.

    Raises:
        ValueError: one line that says what is wrong and what is allowed.
    """
    if isinstance(value, Plain):
        source = value.source
        if not value.reading:
            raise ValueError("is empty, write the code of a country such as CO, or leave it out for no holidays")
        if source.upper() == "NO":
            raise ValueError(
                f'YAML reads {source} without quotes as false, write "NO" in quotes for the holidays of Norway, or'
                " leave it out for no holidays"
            )
        raise ValueError(  # noqa: TRY004
            f"YAML reads {quoted(source)} without quotes as {value.reading}, write the code of a country such as CO, or"
            " leave it out for no holidays"
        )
    if not isinstance(value, str):
        raise ValueError("must be one code of a country such as CO, not a list or a mapping")  # noqa: TRY004
    if value.lower() in _NONE and value != "NO":
        raise ValueError(f"{quoted(value)} is not the code of a country such as CO, leave it out for no holidays")
    try:
        return check_holidays(value)
    except ValueError as error:
        problem = str(error)
    raise ValueError(f"{quoted(value)} {problem}")


def _span(text: str) -> Span:
    if text.lower() in _NONE:
        raise ValueError(f"{quoted(text)} is not a span of time, leave out a day without calls")
    match = _SPAN.fullmatch(text)
    if match is None:
        raise ValueError(f"{quoted(text)} is not a span of time, {_ALLOWED}")
    start, end = (_minutes(match[place], match[place + 1]) for place in (1, 3))
    if start is None or end is None:
        raise ValueError(f"{quoted(text)} holds a time that does not exist, allowed are 00:00 to 24:00")
    if end <= start:
        raise ValueError(
            f"{quoted(text)} does not end after it begins: write a night as two spans, to 24:00 on one day and from"
            " 00:00 on the next"
        )
    return Span(start, end)


def _minutes(hour: str, minute: str) -> int | None:
    """After midnight; None for a time that no clock shows."""
    found = int(hour) * _HOUR + int(minute)
    return found if int(minute) < _HOUR and found <= _MIDNIGHT else None


def _abbreviated(word: str) -> str:
    """`monday` and the Spanish `lun` as they are written here."""
    spanish = {"lun": "mon", "mar": "tue", "mie": "wed", "mié": "wed", "jue": "thu", "vie": "fri", "sab": "sat"}
    return (spanish | {"sáb": "sat", "dom": "sun"}).get(word[:3], word[:3])


def _written(span: Span) -> str:
    return "-".join(f"{minutes // _HOUR:02}:{minutes % _HOUR:02}" for minutes in (span.start, span.end))
