"""The header Retry-After (RFC 9110, 10.2.3): for how long a server wants to be left alone."""

from collections.abc import Sequence
from datetime import UTC
from email.utils import parsedate_to_datetime

STATUSES = frozenset({429, 503})
"""Where the header is heeded."""

LONGEST = 86_400.0
"""Seconds that it is heeded for at most."""

_DIGITS = 9
"""More of them are over a day in any case, and Python does not convert any number of digits."""


def parse_retry_after(values: Sequence[str], date: str | None, now: float) -> float | None:
    """Seconds to wait, over 0 and at most `LONGEST`; None where the header is absent, over, or makes no sense.

    Args:
        values: The header's lines; of several that make sense the longest counts.
        date: The header Date. A moment is compared with it, because the server's clock may differ from ours.
        now: Unix seconds, for an answer without a usable Date.
    """
    spans = [span for value in values if (span := _span(value.strip(), date, now)) is not None]
    longest = min(max(spans, default=0.0), LONGEST)
    return longest if longest > 0 else None


def _span(value: str, date: str | None, now: float) -> float | None:
    if value.isascii() and value.isdigit():
        return float(value) if len(value.lstrip("0")) <= _DIGITS else LONGEST
    until = _moment(value)
    if until is None:
        return None
    sent = None if date is None else _moment(date)
    return until - (now if sent is None else sent)


def _moment(text: str) -> float | None:
    try:
        moment = parsedate_to_datetime(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):  # the library's own on what is not a date
        return None
