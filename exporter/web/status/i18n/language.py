"""A language: its words and how it writes numbers and spans of time."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import NamedTuple

from exporter.model import Reason
from exporter.web.status.state import State

_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400

_LONGEST = 100 * 365 * _DAY
"""A longer span means that a clock is wrong; it is shown as this much."""


class Advice(NamedTuple):
    """A failure reason in words."""

    what: str
    """What happened, a few words."""
    do: str
    """What to do about it."""


@dataclass(frozen=True, slots=True, eq=False)
class Language:
    """All that differs between two languages."""

    code: str
    """For `lang` and `Content-Language`."""
    decimal: str
    group: str
    percent_unit: str
    words: Mapping[str, str]
    states: Mapping[State, str]
    reasons: Mapping[Reason, Advice]
    results: Mapping[str, str]
    windows: Mapping[str, str]
    """Of the windows that have a name instead of a length."""

    def say(self, key: str, **values: object) -> str:
        """The phrase of that key; KeyError where there is none."""
        return self.words[key].format_map(values) if values else self.words[key]

    def count(self, key: str, count: int) -> str:
        """`1 campaign`, `1,234 campaigns`."""
        return self.words[f"{key}_one" if count == 1 else f"{key}_many"].format(n=self.number(count))

    def tally(self, counted: tuple[int, int]) -> str:
        """`7 windows of 3 campaigns`."""
        campaigns, windows = counted
        return self.say("tally", windows=self.count("windows", windows), campaigns=self.count("campaigns", campaigns))

    def number(self, value: int) -> str:
        """A whole number with its thousands grouped."""
        return f"{value:,}".replace(",", self.group)

    def percent(self, value: float) -> str:
        """A share with one decimal. A share between 0 and 100 is never rounded to either."""
        shown = 0.1 if 0 < value < 0.1 else 99.9 if 99.9 < value < 100 else value  # noqa: PLR2004 - the bounds of one decimal
        return f"{shown:.1f}".replace(".", self.decimal) + self.percent_unit

    def decimal_number(self, value: float) -> str:
        """A number with one decimal."""
        return f"{value:.1f}".replace(".", self.decimal)

    def figure(self, value: float) -> str:
        """A number with one decimal where it has any."""
        whole = round(value)
        return self.number(whole) if abs(value - whole) < 0.05 else self.number_with_decimal(value)  # noqa: PLR2004

    def number_with_decimal(self, value: float) -> str:
        """A number with one decimal, its thousands grouped."""
        whole, _, rest = f"{value:,.1f}".partition(".")
        return f"{whole.replace(',', self.group)}{self.decimal}{rest}"

    def span(self, seconds: float) -> str:
        """A span of time in its one or two largest units: `42 s`, `5 min`, `2 h 5 min`, `3 d 4 h`."""
        whole = round(min(abs(seconds), _LONGEST))
        if whole < _MINUTE:
            return f"{whole} s"
        if whole < _HOUR:
            return f"{whole // _MINUTE} min"
        if whole < _DAY:
            return _pair(whole, _HOUR, "h", _MINUTE, "min")
        return _pair(whole, _DAY, "d", _HOUR, "h")

    def ago(self, seconds: float) -> str:
        """`5 min ago`; less than a second, or a clock that was set back, is now."""
        return self.say("ago", span=self.span(seconds)) if seconds >= 1 else self.say("now")

    def until(self, seconds: float) -> str:
        """`in 5 min`, or that it is due."""
        return self.say("in", span=self.span(seconds)) if seconds >= 1 else self.say("due")

    def result(self, result: str) -> str:
        """A documented result in this language, or as the vendor wrote it."""
        return self.results.get(result, result)

    def window(self, label: str) -> str:
        """A window's name in this language, or its length as it is written in the configuration."""
        return self.windows.get(label, label)


def _pair(whole: int, large: int, large_unit: str, small: int, small_unit: str) -> str:
    rest = whole % large // small
    head = f"{whole // large} {large_unit}"
    return f"{head} {rest} {small_unit}" if rest else head


def clock_time(at: float, zone: tzinfo) -> str:
    """`2026-03-09 14:05:09` in that zone; the same in every language here, because it cannot be misread."""
    return _moment(at, zone).strftime("%Y-%m-%d %H:%M:%S")


def machine_time(at: float, zone: tzinfo) -> str:
    """RFC 3339 with the offset, for the attribute `datetime`."""
    return _moment(at, zone).isoformat(timespec="seconds")


def _moment(at: float, zone: tzinfo) -> datetime:
    return datetime.fromtimestamp(min(max(at, 0.0), 4e9), zone)
