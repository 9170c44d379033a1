"""The vendor's result names: one spelling for each, and which of them are published."""

from collections.abc import Iterable
from functools import lru_cache

from exporter.model import RESULTS, Report, Row

RESULT_LENGTH = 64
"""Characters of a published result; the rest is cut."""

PUBLISHED = 32
"""Results that one campaign publishes at most, `other` included."""

OTHER = "other"
"""Sum of the results beyond those."""

UNKNOWN = "unknown"
"""Attempts whose result is blank."""

TOTAL = "total"
"""The vendor's own sum, which is no result."""

_SEEN = PUBLISHED - len(RESULTS) + 1
"""Undocumented results worth remembering: with this many it is certain that they do not all fit."""

_CACHED = 128
"""Characters up to which a spelling is remembered, so that a hostile answer cannot fill the memory."""


def _bare(text: str) -> str:
    return text.replace("-", "").replace("_", "").replace(" ", "")


_DOCUMENTED = {_bare(result): result for result in RESULTS}


def spell(result: str) -> str:
    """The published spelling of a vendor's result: lower case, trimmed, `-` for blanks and `_`, at most 64 characters.

    The documented results come out as documented, however they are divided (`noanswer`, `DO_NOT-CALL CLEAN`). What a
    page cannot carry or show (control characters, lone surrogates) becomes U+FFFD. Empty for a blank, as which the
    vendor's `-` counts too.
    """
    return _remembered(result) if len(result) <= _CACHED else _spell(result)


def _spell(result: str) -> str:
    plain = "".join(map(_character, result.strip().lower()))[:RESULT_LENGTH]
    bare = _bare(plain)
    return _DOCUMENTED.get(bare, plain) if bare else ""


_remembered = lru_cache(maxsize=1024)(_spell)


def _character(character: str) -> str:
    if character == "_" or character.isspace():
        return "-"
    return character if character.isprintable() else "\N{REPLACEMENT CHARACTER}"


def share(attempts: int, total: int) -> float:
    """Percent that `attempts` are of `total`, rounded to a millionth; 0 of nothing."""
    return round(100.0 * attempts / total, 6) if total else 0.0


def publish(report: Report, seen: tuple[str, ...]) -> tuple[tuple[Row, ...], tuple[str, ...]]:
    """The rows to publish after `report`, and the undocumented results seen by now.

    Args:
        report: The latest one.
        seen: Undocumented results of this campaign and window so far, first seen first.

    Returns:
        The documented results and then every other one ever seen, 0 where the report named none; at most 32. What does
        not fit is summed into `other`, which a result of that name joins: the rows always add up to the report's
        attempts. Beside them the new `seen`, no longer than it takes to know that it does not fit.
    """
    rows = {row.result: row for row in report.rows}
    others = tuple(dict.fromkeys(name for name in (*seen, *rows) if name not in RESULTS))
    names = (*RESULTS, *others)
    if len(names) <= PUBLISHED:
        return tuple(rows.get(name, Row(name, 0, 0.0)) for name in names), others
    kept = [name for name in names if name != OTHER][: PUBLISHED - 1]
    published = [rows.get(name, Row(name, 0, 0.0)) for name in kept]
    total = sum(row.attempts for row in report.rows)
    rest = _merged((row for name, row in rows.items() if name not in kept), total)
    return (*published, rest), others[:_SEEN]


def _merged(rows: Iterable[Row], total: int) -> Row:
    merged = tuple(rows)
    attempts = sum(row.attempts for row in merged)
    percent = round(sum(row.percent for row in merged), 6)
    return Row(OTHER, attempts, percent if percent <= 100.0 else share(attempts, total))  # noqa: PLR2004 - per cent
