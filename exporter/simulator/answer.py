"""What the API says, as bytes: the documented envelopes and messages, rendered as the live service renders them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus

JSON = "application/json; charset=utf-8"
HTML = "text/html; charset=iso-8859-1"

Row = Mapping[str, str]
"""`result`, `records` and `percent` of one result, all of them text."""


@dataclass(frozen=True, slots=True)
class SimulatedAnswer:
    """One complete answer."""

    status: int
    body: bytes
    content_type: str = JSON
    headers: tuple[tuple[str, str], ...] = ()


def envelope(code: int | str, error: str | None, msg: str) -> SimulatedAnswer:
    """Wrap a message, indented by four spaces as the live service does; the HTTP status is the code."""
    return SimulatedAnswer(int(code), json.dumps({"code": str(code), "error": error, "msg": msg}, indent=4).encode())


def refusal(status: HTTPStatus, msg: str) -> SimulatedAnswer:
    """Say no in the words of the vendor's table."""
    return envelope(status.value, status.phrase.upper(), msg)


WRONG_API = refusal(HTTPStatus.BAD_REQUEST, "THE API YOU WANT TO CONSULT DOES NOT EXIST")
MISSING_PARAMETER = refusal(HTTPStatus.BAD_REQUEST, "SOME PARAMETERS ARE REQUIRED")
BAD_DATES = refusal(HTTPStatus.BAD_REQUEST, "THE DATE FORMAT IS NOT VALID")
"""A guess, as the next: what the vendor says to a bad or too long window is not known."""
TOO_LONG = refusal(HTTPStatus.BAD_REQUEST, "THE DATE RANGE EXCEEDS THE LIMIT OF 31 DAYS")
NO_TOKEN = refusal(HTTPStatus.UNAUTHORIZED, "PLEASE ENTER THE WOLKVOX-TOKEN")
BAD_TOKEN = refusal(HTTPStatus.FORBIDDEN, "PLEASE VALIDATE TOKEN")
QUOTA_USED = refusal(HTTPStatus.FORBIDDEN, "TOKEN LIMIT EXCEEDED")
MAINTENANCE = refusal(HTTPStatus.FORBIDDEN, "SERVER BACKUP IN PROGRESS, PLEASE TRY AGAIN LATER")
"""A guess: only that consumption is switched off meanwhile is documented."""
NO_ROWS = envelope(404, "Not Found", "Validate dates entered")
"""Verbatim what the live service says of a window without rows."""


def simultaneous(limit: int) -> SimulatedAnswer:
    """Refuse a request beside others of its token."""
    return refusal(HTTPStatus.FORBIDDEN, f"EXCEEDS THE LIMIT OF SIMULTANEOUS REQUESTS PER TOKEN ({limit})")


def no_such_campaign(campaign: str) -> SimulatedAnswer:
    """What other endpoints say of a wrong id."""
    return envelope(404, "Not Found", f"Campaign_id {campaign} does not exist in your operation.")


def page(status: int, title: str) -> SimulatedAnswer:
    """An HTML page, as web servers and firewalls send on their own."""
    body = f"<!DOCTYPE html>\n<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>\n"
    return SimulatedAnswer(status, body.encode("iso-8859-1"), HTML)


def rows(counts: Mapping[str, int]) -> list[Row]:
    """Write counts as the API does: results in upper case, those without attempts left out, everything text."""
    total = sum(counts.values())
    return [row(result.upper(), count, total) for result, count in counts.items() if count > 0]


def row(result: str, count: int, total: int) -> Row:
    """One row, its percent with two decimals and a detached sign."""
    return {"result": result, "records": str(count), "percent": f"{100 * count / total if total else 0:.2f} %"}


def report(found: Sequence[Row]) -> SimulatedAnswer:
    """Answer with rows, or with the 404 that says there are none."""
    return listing(found) if found else NO_ROWS


def listing(data: Sequence[object] | Mapping[str, object]) -> SimulatedAnswer:
    """Answer with data, a list unless something is wrong."""
    content = {"code": "200", "error": None, "msg": f"{len(data)} records were found", "data": data}
    return SimulatedAnswer(200, json.dumps(content, ensure_ascii=False).encode())
