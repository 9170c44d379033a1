"""From an answer's status and body to a report, or to a failure with its reason."""

import codecs
import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import NoReturn

from exporter.model import Failure, Reason, Report, Row
from exporter.wolkvox.excerpt import excerpt
from exporter.wolkvox.results import TOTAL, UNKNOWN, share, spell

MOST_RECORDS = 2**53
"""The largest whole number up to which a sample value is exact; no dialler makes more attempts in a month."""

_HUNDRED = 100.0
_INTEGER = re.compile(r"[0-9]{1,40}")
_PERCENT = re.compile(r"([0-9]{1,20}(?:[.,][0-9]{0,40})?|[.,][0-9]{1,40})\s*%?")
_MISSING = ("", "-")
_ABSENT = object()

_ADVICE = {
    Reason.AUTH: "the API refuses the token: check that it is whole, not expired, and of this operation",
    Reason.QUOTA: "the operation's daily quota at the vendor is used up: wait a day; lower quota_share",
    Reason.CONCURRENCY: "the API saw too many requests at once: another program uses this token; give each its own",
    Reason.FORBIDDEN: "the API is closed for now, as during the vendor's maintenance: wait, then ask the vendor",
    Reason.BAD_REQUEST: "the API refuses the request: check the campaign's id and the base_url",
    Reason.NOT_FOUND: "no such report or campaign: check server or base_url, and the campaign's id",
    Reason.REDIRECT: "the server redirects, which is not followed: set server or base_url to the API's own address",
    Reason.SERVER_ERROR: "the server failed: wait, then ask the vendor",
    Reason.HTTP: "an unexpected HTTP status: check server, base_url and proxy_url",
}


_ALONE = {400: Reason.BAD_REQUEST, 401: Reason.AUTH, 429: Reason.CONCURRENCY}
"""Statuses that need no body to be understood."""

_CLASSES = {3: Reason.REDIRECT, 5: Reason.SERVER_ERROR}


class _InvalidError(Exception):
    """The answer is no `campaign_4` report; the text says where."""


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise _InvalidError("a key is repeated")
    return value


def _constant(name: str) -> NoReturn:
    raise _InvalidError(f"it holds {name}, which is no JSON")


_JSON = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_constant)


def judge(status: int, body: bytes) -> Report | Failure:
    """What the whole answer to a `campaign_4` request means.

    Args:
        status: HTTP status.
        body: Decoded from its Content-Encoding.

    Returns:
        The report, its results in their published spelling and the vendor's order, equal ones summed; or why there is
        none. Counts are whole numbers up to 2**53. A text with a point or a comma is no count: `12.000` may be twelve
        thousand.
    """
    try:
        outcome = _settled(status, body)
    except _InvalidError as error:
        message = f"the answer is not a campaign_4 report: {error}; check server or base_url, then ask the vendor"
        return Failure(Reason.INVALID_RESPONSE, message, status, excerpt(body))
    if isinstance(outcome, Report):
        return outcome
    return Failure(outcome, f"{_ADVICE[outcome]} (HTTP {status})", status, excerpt(body))


def _settled(status: int, body: bytes) -> Report | Reason:
    if status != 200:  # noqa: PLR2004 - HTTP's own number, as below
        return _refusal(status, body)
    envelope = _envelope(body)
    code = _integer(envelope.get("code"))
    if code is None:
        raise _InvalidError("`code` is no number")
    return _report(envelope.get("data")) if code == 200 else _refusal(code, body)  # noqa: PLR2004


def _refusal(code: int, body: bytes) -> Report | Reason:
    """What a status other than 200 means, or such a `code` of an envelope under HTTP 200."""
    if code == 403:  # noqa: PLR2004
        return _forbidden(_message(_envelope_if_any(body)))
    if code == 404:  # noqa: PLR2004
        return _not_found(_envelope_if_any(body))
    return _ALONE.get(code) or _CLASSES.get(code // 100) or Reason.HTTP


def _forbidden(message: str) -> Reason:
    if "token limit exceeded" in message:
        return Reason.QUOTA
    if "simultaneous requests" in message:
        return Reason.CONCURRENCY
    if "validate token" in message:
        return Reason.AUTH
    return Reason.FORBIDDEN


def _not_found(envelope: Mapping[str, object]) -> Report | Reason:
    """The vendor answers 404 where the window has no rows; a 404 from anybody else lacks its envelope."""
    vendors = _integer(envelope.get("code")) == 404 and "msg" in envelope  # noqa: PLR2004
    if not vendors or "does not exist" in _message(envelope):
        return Reason.NOT_FOUND
    return Report(no_data=True)


def _message(envelope: Mapping[str, object]) -> str:
    """`error` and `msg` in lower case, blanks collapsed."""
    parts = (envelope.get("error"), envelope.get("msg"))
    return " ".join(" ".join(part for part in parts if isinstance(part, str)).casefold().split())


def _envelope_if_any(body: bytes) -> Mapping[str, object]:
    try:
        return _envelope(body)
    except _InvalidError:
        return {}


def _envelope(body: bytes) -> Mapping[str, object]:
    """The JSON object in `body`.

    A byte order mark is ignored, as RFC 8259, 8.1 allows. A repeated key is refused: nobody knows which value is meant.
    """
    try:
        value = _JSON.decode(body.removeprefix(codecs.BOM_UTF8).decode())
    except UnicodeDecodeError:
        raise _InvalidError("it is not UTF-8") from None
    except (ValueError, RecursionError):  # also numbers of thousands of digits
        raise _InvalidError("it is not JSON") from None
    if not isinstance(value, dict):
        raise _InvalidError("it is not an object")
    return value


def _report(data: object) -> Report:
    if not isinstance(data, list):
        raise _InvalidError("`data` is no list")
    if not data:
        return Report(no_data=True)
    attempts: dict[str, int] = {}
    percents: dict[str, list[float | None]] = {}
    for number, row in enumerate(data, start=1):
        if not isinstance(row, dict):
            raise _InvalidError(f"row {number} is no object")
        result = _result(row, number)
        if result == TOTAL:
            continue
        records = _records(row, number)
        if not result and not records:
            continue
        name = result or UNKNOWN
        attempts[name] = attempts.get(name, 0) + records
        percents.setdefault(name, []).append(_percent(row.get("percent")))
    total = sum(attempts.values())
    if total > MOST_RECORDS:
        raise _InvalidError("its `records` add up to more than 2**53")
    return Report(tuple(Row(name, count, _share(count, total, percents[name])) for name, count in attempts.items()))


def _result(row: Mapping[str, object], number: int) -> str:
    """Blank for null: a disposition that the vendor's database lacks."""
    value = row.get("result", _ABSENT)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _InvalidError(f"row {number} has no `result`")
    return spell(value)


def _records(row: Mapping[str, object], number: int) -> int:
    """Nothing but the vendor's blanks means 0: null and an absent key are unreadable, as a zero must be certain."""
    value = row.get("records")
    records = 0 if isinstance(value, str) and value.strip() in _MISSING else _integer(value)
    if records is None or not 0 <= records <= MOST_RECORDS:
        raise _InvalidError(f"`records` of row {number} is no whole number from 0 to 2**53")
    return records


def _integer(value: object) -> int | None:
    """A JSON number without a fraction, or a text of ASCII digits, padded or not."""
    if isinstance(value, str):
        digits = value.strip()
        return int(digits) if _INTEGER.fullmatch(digits) else None
    if isinstance(value, float):
        return int(value) if value.is_integer() else None
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _percent(value: object) -> float | None:
    """0 to 100, or None where it is missing, unreadable or outside."""
    if isinstance(value, str):
        match = _PERCENT.fullmatch(value.strip())
        percent = float(match[1].replace(",", ".")) if match else math.nan
    elif isinstance(value, int | float) and not isinstance(value, bool):
        percent = value
    else:
        return None
    return float(percent) if 0 <= percent <= _HUNDRED else None


def _share(attempts: int, total: int, percents: Sequence[float | None]) -> float:
    """The vendor's percent, summed where rows became one; computed where that cannot be; 0 in an empty window."""
    known = [percent for percent in percents if percent is not None]
    percent = round(sum(known), 6)
    complete = len(known) == len(percents)
    if not total:
        return 0.0
    return percent if complete and percent <= _HUNDRED else share(attempts, total)
