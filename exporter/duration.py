"""Durations as Prometheus writes them, such as `1h30m`.

Sources: `<duration>` in https://prometheus.io/docs/prometheus/latest/configuration/configuration/, and `ParseDuration`
with `Duration.String` in https://github.com/prometheus/common.
"""

import re

_MILLISECONDS = {
    "y": 365 * 86_400_000,
    "w": 7 * 86_400_000,
    "d": 86_400_000,
    "h": 3_600_000,
    "m": 60_000,
    "s": 1_000,
    "ms": 1,
}
_WHOLE_ONLY = frozenset({"y", "w", "d"})
_PATTERN = re.compile("".join(rf"(?:(?P<{unit}>[0-9]+){unit})?" for unit in _MILLISECONDS))
_LONGEST_TEXT = 40
_LONGEST = 100 * _MILLISECONDS["y"]


def parse_duration(text: str) -> float:
    """Seconds of `text`. Units y, w, d, h, m, s, ms, each at most once and in this order; `0` needs none.

    Raises:
        ValueError: one line that says what is allowed.
    """
    if text == "0":
        return 0.0
    match = _PATTERN.fullmatch(text) if 0 < len(text) <= _LONGEST_TEXT else None
    if match is None:
        if text.isdecimal():
            raise ValueError("is a bare number without a unit, write a duration such as 30s, 5m or 1h30m")
        raise ValueError(
            "is not a duration, write whole numbers with units from w, d, h, m, s, ms, such as 5m or 1h30m"
        )
    milliseconds = sum(int(count) * _MILLISECONDS[unit] for unit, count in match.groupdict("0").items())
    if milliseconds > _LONGEST:
        raise ValueError("is longer than any clock is set for, at most 100y are a duration")
    return milliseconds / 1_000


def format_duration(seconds: float) -> str:
    """The shortest text that Prometheus would write for `seconds`, to the millisecond: `90` is `1m30s`."""
    left = round(seconds * 1_000)
    parts: list[str] = []
    for unit, size in _MILLISECONDS.items():
        if unit in _WHOLE_ONLY and left % size:  # 36h, not 1d12h: days are written only where nothing is left
            continue
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"
