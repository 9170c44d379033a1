"""A fault's answer in place of the right one (pure)."""

import gzip
import json
from collections.abc import Callable, Mapping, Sequence
from functools import cache

from exporter.simulator import answer
from exporter.simulator.answer import Row, SimulatedAnswer
from exporter.simulator.fault import Fault, Rule

MIB = 1 << 20
PLAIN_SIZE = 11 * MIB
GZIP_SIZE = 16 * MIB

GUARANI = "GUARANÍ"
"""A result whose accent is one byte in ISO 8859-1, and no UTF-8 at all."""

OddReport = Callable[[Sequence[Row]], SimulatedAnswer]


def render_fault(rule: Rule, campaign: str, limit: int, right: SimulatedAnswer | Sequence[Row]) -> SimulatedAnswer:
    """Answer as the fault wants it; odd reports are made of the right rows, and leave a refusal as it is."""
    found = fixed(rule, campaign, limit)
    if found is not None:
        return found
    if isinstance(right, SimulatedAnswer):
        return right
    return ODD[rule.fault](right) if rule.fault in ODD else answer.report(right)


def fixed(rule: Rule, campaign: str, limit: int) -> SimulatedAnswer | None:
    """The answer of a fault that does not need the right one; None for the others."""
    match rule.fault:
        case Fault.REDIRECT:
            moved = answer.page(302, "302 Found")
            return SimulatedAnswer(moved.status, moved.body, moved.content_type, (("Location", rule.location),))
        case Fault.CONCURRENCY:
            return answer.simultaneous(limit)
        case Fault.NOT_FOUND_ID:
            return answer.no_such_campaign(campaign)
    return FIXED[rule.fault]() if rule.fault in FIXED else None


def _ok_around(inner: SimulatedAnswer) -> SimulatedAnswer:
    return SimulatedAnswer(200, inner.body)


def _padded(size: int) -> bytes:
    return answer.listing([answer.row("ANSWER", 12, 12)]).body.ljust(size)


@cache
def _large() -> SimulatedAnswer:
    return SimulatedAnswer(200, _padded(PLAIN_SIZE))


@cache
def _bomb() -> SimulatedAnswer:
    return SimulatedAnswer(200, gzip.compress(_padded(GZIP_SIZE), mtime=0), headers=(("Content-Encoding", "gzip"),))


def _records(text: str) -> SimulatedAnswer:
    """A report of one row with this JSON text for its records."""
    body = (
        '{"code": "200", "error": null, "msg": "1 records were found", "data": [{"result": "ANSWER", "records": %s}]}'
    )
    return SimulatedAnswer(200, (body % text).encode())


def _total(found: Sequence[Row]) -> SimulatedAnswer:
    total = sum(int(one["records"]) for one in found)
    return answer.listing([*found, answer.row("TOTAL", total, total)])


def _spelt(found: Sequence[Row], change: Callable[[str], str]) -> SimulatedAnswer:
    return answer.report([{**one, "result": change(one["result"])} for one in found])


def _numbers(found: Sequence[Row]) -> SimulatedAnswer:
    data = [{**one, "records": int(one["records"])} for one in found]
    content = {"code": 200, "error": None, "msg": f"{len(data)} records were found", "data": data}
    return SimulatedAnswer(200, json.dumps(content).encode()) if data else answer.NO_ROWS


def _percent(found: Sequence[Row]) -> SimulatedAnswer:
    """Each row's percent odd in another way, beginning anew after the fifth."""
    data: list[Mapping[str, str]] = []
    for place, one in enumerate(found):
        share = one["percent"].removesuffix(" %")
        kept = {"result": one["result"], "records": one["records"]}
        texts = (f"{share.replace('.', ',')} %", share, "n/a", "250.00 %", None)
        text = texts[place % len(texts)]
        data.append(kept if text is None else kept | {"percent": text})
    return answer.report(data)


FIXED: Mapping[Fault, Callable[[], SimulatedAnswer]] = {
    Fault.AUTH: lambda: answer.BAD_TOKEN,
    Fault.AUTH_MISSING: lambda: answer.NO_TOKEN,
    Fault.AUTH_CODE: lambda: _ok_around(answer.BAD_TOKEN),
    Fault.QUOTA: lambda: answer.QUOTA_USED,
    Fault.QUOTA_CODE: lambda: _ok_around(answer.QUOTA_USED),
    Fault.CONCURRENCY_429: lambda: answer.page(429, "429 Too Many Requests"),
    Fault.FORBIDDEN: lambda: answer.MAINTENANCE,
    Fault.BAD_REQUEST: lambda: answer.MISSING_PARAMETER,
    Fault.NOT_FOUND: lambda: answer.page(404, "404 Not Found"),
    Fault.SERVER_ERROR: lambda: answer.page(500, "500 Internal Server Error"),
    Fault.HTTP: lambda: answer.page(418, "418 I'm a teapot"),
    Fault.TOO_LARGE: _large,
    Fault.TOO_LARGE_GZIP: _bomb,
    Fault.INVALID_RESPONSE: lambda: SimulatedAnswer(
        200, b"Warning: mysqli_connect(): (HY000/1040): Too many connections\n"
    ),
    Fault.INVALID_RESPONSE_HTML: lambda: answer.page(200, "Wolkvox"),
    Fault.INVALID_RESPONSE_UTF8: lambda: SimulatedAnswer(
        200, answer.listing([answer.row(GUARANI, 12, 12)]).body.decode().encode("iso-8859-1")
    ),
    Fault.INVALID_RESPONSE_SHAPE: lambda: answer.listing({"ANSWER": "12"}),
    Fault.INVALID_RESPONSE_ENCODING: lambda: SimulatedAnswer(
        200, answer.listing([answer.row("ANSWER", 12, 12)]).body, headers=(("Content-Encoding", "gzip"),)
    ),
    Fault.INVALID_RESPONSE_NAN: lambda: _records("NaN"),
    Fault.INVALID_RESPONSE_INFINITY: lambda: _records("Infinity"),
    Fault.INVALID_RESPONSE_NEGATIVE: lambda: _records('"-12"'),
    Fault.INVALID_RESPONSE_FRACTION: lambda: _records('"12.5"'),
    Fault.INVALID_RESPONSE_WORDS: lambda: _records('"doce"'),
    Fault.ODD_EMPTY: lambda: answer.NO_ROWS,
    Fault.ODD_EMPTY_LIST: lambda: answer.listing([]),
    Fault.ODD_EMPTY_CODE: lambda: _ok_around(answer.NO_ROWS),
}
"""Answers that do not depend on what was asked."""

ODD: Mapping[Fault, OddReport] = {
    Fault.ODD_TOTAL: _total,
    Fault.ODD_BLANK: lambda found: answer.listing(
        [*found, {"result": " ", "records": "7", "percent": "-"}, {"result": "", "records": "", "percent": ""}]
    ),
    Fault.ODD_LOWER: lambda found: _spelt(found, str.lower),
    Fault.ODD_SPELLING: lambda found: _spelt(found, lambda name: f" {name.replace('-', '_', 1).replace('-', ' ')} "),
    Fault.ODD_NUMBERS: _numbers,
    Fault.ODD_PERCENT: _percent,
    Fault.ODD_FLOOD: lambda found: answer.listing(
        [*found, *(answer.row(f"CAUSE-{number:02}", number, 1000) for number in range(1, 41))]
    ),
    Fault.ODD_LONG: lambda found: answer.listing([*found, answer.row("X" * 300, 1, 1000)]),
}
"""Answers made of the right rows."""
