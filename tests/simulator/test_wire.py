"""Every fault as a client sees it that only reads bytes."""

import gzip
import json
from typing import Any

import pytest
from raw_client import Wire, ask

from exporter.model import Failure, Report
from exporter.simulator.fault import REASONS, Fault, Rule
from exporter.simulator.request_log import RequestOutcome
from exporter.simulator.server import Simulator
from exporter.simulator.wire import CUTS
from exporter.wolkvox.campaign_4 import parse_response

CODED = {Fault.TOO_LARGE_GZIP, Fault.INVALID_RESPONSE_ENCODING}
"""Those whose body must be decoded first."""

WHOLE = [fault for fault in Fault if fault not in CUTS and fault not in CODED and fault is not Fault.TOO_LARGE]


async def struck(simulator: Simulator, fault: Fault, patience: float = 10.0) -> Wire:
    simulator.set_fault(fault)
    return await ask(simulator, patience=patience)


async def rows(simulator: Simulator, fault: Fault | None = None) -> list[dict[str, Any]]:
    if fault is not None:
        simulator.set_fault(fault)
    found: list[dict[str, Any]] = json.loads((await ask(simulator)).content)["data"]
    return found


@pytest.mark.parametrize("fault", WHOLE)
async def test_an_answer_means_what_its_name_says(simulator: Simulator, fault: Fault) -> None:
    wire = await struck(simulator, fault)
    meaning = parse_response(wire.status, wire.content)
    assert (meaning.reason if isinstance(meaning, Failure) else None) is REASONS[fault]


@pytest.mark.parametrize(
    ("fault", "status", "said"),
    [
        (Fault.AUTH, 403, "PLEASE VALIDATE TOKEN"),
        (Fault.AUTH_MISSING, 401, "PLEASE ENTER THE WOLKVOX-TOKEN"),
        (Fault.AUTH_CODE, 200, "PLEASE VALIDATE TOKEN"),
        (Fault.QUOTA, 403, "TOKEN LIMIT EXCEEDED"),
        (Fault.QUOTA_CODE, 200, "TOKEN LIMIT EXCEEDED"),
        (Fault.CONCURRENCY, 403, "EXCEEDS THE LIMIT OF SIMULTANEOUS REQUESTS PER TOKEN (1)"),
        (Fault.CONCURRENCY_429, 429, "<h1>429 Too Many Requests</h1>"),
        (Fault.FORBIDDEN, 403, "SERVER BACKUP IN PROGRESS"),
        (Fault.BAD_REQUEST, 400, "SOME PARAMETERS ARE REQUIRED"),
        (Fault.NOT_FOUND, 404, "<h1>404 Not Found</h1>"),
        (Fault.NOT_FOUND_ID, 404, "Campaign_id 32841 does not exist in your operation."),
        (Fault.REDIRECT, 302, "302 Found"),
        (Fault.SERVER_ERROR, 500, "500 Internal Server Error"),
        (Fault.HTTP, 418, "teapot"),
        (Fault.INVALID_RESPONSE, 200, "Warning: mysqli_connect()"),
        (Fault.INVALID_RESPONSE_HTML, 200, "<title>Wolkvox</title>"),
        (Fault.INVALID_RESPONSE_SHAPE, 200, '"data": {"ANSWER": "12"}'),
        (Fault.INVALID_RESPONSE_NAN, 200, '"records": NaN'),
        (Fault.INVALID_RESPONSE_INFINITY, 200, '"records": Infinity'),
        (Fault.INVALID_RESPONSE_NEGATIVE, 200, '"records": "-12"'),
        (Fault.INVALID_RESPONSE_FRACTION, 200, '"records": "12.5"'),
        (Fault.INVALID_RESPONSE_WORDS, 200, '"records": "doce"'),
        (Fault.ODD_EMPTY, 404, "Validate dates entered"),
        (Fault.ODD_EMPTY_LIST, 200, '"data": []'),
        (Fault.ODD_EMPTY_CODE, 200, '"code": "404"'),
    ],
)
async def test_a_fixed_answer_has_its_status_and_words(
    simulator: Simulator, fault: Fault, status: int, said: str
) -> None:
    wire = await struck(simulator, fault)
    assert wire.status == status
    assert said in wire.content.decode()
    assert simulator.log.entries[-1].status == status
    assert simulator.log.entries[-1].fault == fault


async def test_a_redirect_leads_where_it_was_told(simulator: Simulator) -> None:
    simulator.set_rule(Rule(Fault.REDIRECT, location="http://elsewhere.example/"))
    assert (await ask(simulator)).headers["Location"] == "http://elsewhere.example/"


async def test_a_close_sends_nothing(simulator: Simulator) -> None:
    wire = await struck(simulator, Fault.CONNECT)
    assert (wire.head, wire.body, wire.end) == ("", b"", "closed")


async def test_a_reset_is_one(simulator: Simulator) -> None:
    wire = await struck(simulator, Fault.CONNECT_RESET)
    assert (wire.head, wire.end) == ("", "reset")


async def test_a_chunked_body_ends_midway(simulator: Simulator) -> None:
    wire = await struck(simulator, Fault.CONNECT_MIDWAY)
    assert wire.status == 200
    assert wire.headers["Transfer-Encoding"] == "chunked"
    assert b'"data": [' in wire.body
    with pytest.raises(EOFError):
        wire.content  # noqa: B018  # reading it is the test


async def test_a_body_is_shorter_than_announced(simulator: Simulator) -> None:
    wire = await struck(simulator, Fault.CONNECT_SHORT)
    assert wire.status == 200
    assert 0 < len(wire.body) < int(wire.headers["Content-Length"])
    assert wire.end == "closed"


@pytest.mark.parametrize("fault", [Fault.CONNECT, Fault.CONNECT_RESET, Fault.CONNECT_MIDWAY, Fault.CONNECT_SHORT])
async def test_a_cut_is_on_record_as_one(simulator: Simulator, fault: Fault) -> None:
    await struck(simulator, fault)
    assert (simulator.log.entries[-1].outcome, simulator.log.entries[-1].status) == (RequestOutcome.CUT, None)


async def test_nothing_is_ever_answered(simulator: Simulator) -> None:
    wire = await struck(simulator, Fault.TIMEOUT, patience=0.2)
    assert (wire.head, wire.end) == ("", "open")


async def test_a_trickle_never_ends(simulator: Simulator) -> None:
    wire = await struck(simulator, Fault.TIMEOUT_TRICKLE, patience=0.8)
    assert (wire.status, wire.end) == (200, "open")
    assert wire.body == b"1\r\n \r\n" * 2


@pytest.mark.parametrize("fault", [Fault.TIMEOUT, Fault.TIMEOUT_TRICKLE])
async def test_a_client_that_gives_up_leaves_nothing_under_way(simulator: Simulator, fault: Fault) -> None:
    await struck(simulator, fault, patience=0.1)
    simulator.clear_faults()
    assert (await ask(simulator)).status == 200
    assert [(one.outcome, one.overlap) for one in simulator.log.entries] == [
        (RequestOutcome.GONE, 0),
        (RequestOutcome.ANSWERED, 0),
    ]


async def test_a_large_report_is_valid_but_for_its_size(simulator: Simulator) -> None:
    body = (await struck(simulator, Fault.TOO_LARGE)).content
    assert len(body) == 11 << 20
    assert isinstance(parse_response(200, body.strip()), Report)


async def test_a_bomb_is_small_on_the_wire(simulator: Simulator) -> None:
    wire = await struck(simulator, Fault.TOO_LARGE_GZIP)
    assert wire.headers["Content-Encoding"] == "gzip"
    assert len(wire.content) < 1 << 16
    assert len(gzip.decompress(wire.content)) == 16 << 20


async def test_a_body_is_not_coded_as_it_says(simulator: Simulator) -> None:
    wire = await struck(simulator, Fault.INVALID_RESPONSE_ENCODING)
    assert wire.headers["Content-Encoding"] == "gzip"
    with pytest.raises(gzip.BadGzipFile):
        gzip.decompress(wire.content)


async def test_a_letter_is_not_utf_8(simulator: Simulator) -> None:
    body = (await struck(simulator, Fault.INVALID_RESPONSE_UTF8)).content
    assert "GUARANÍ" in body.decode("iso-8859-1")
    with pytest.raises(UnicodeDecodeError):
        body.decode()


async def test_odd_reports_are_the_right_one_made_odd(simulator: Simulator) -> None:
    right = await rows(simulator)
    total = sum(int(row["records"]) for row in right)
    names = [row["result"] for row in right]
    assert await rows(simulator, Fault.ODD_TOTAL) == [
        *right,
        {"result": "TOTAL", "records": str(total), "percent": "100.00 %"},
    ]
    assert [row["records"] for row in await rows(simulator, Fault.ODD_BLANK)][-2:] == ["7", ""]
    assert [row["result"] for row in await rows(simulator, Fault.ODD_LOWER)] == [name.lower() for name in names]
    assert " DO_NOT CALL CLEAN " in [row["result"] for row in await rows(simulator, Fault.ODD_SPELLING)]
    assert [row["records"] for row in await rows(simulator, Fault.ODD_NUMBERS)] == [int(r["records"]) for r in right]
    assert len(await rows(simulator, Fault.ODD_FLOOD)) == len(right) + 40
    assert len((await rows(simulator, Fault.ODD_LONG))[-1]["result"]) == 300
    odd = [row.get("percent") for row in await rows(simulator, Fault.ODD_PERCENT)]
    assert odd[0] == right[0]["percent"].replace(".", ",")
    assert odd[1] == right[1]["percent"].removesuffix(" %")
    assert odd[2:5] == ["n/a", "250.00 %", None]


@pytest.mark.parametrize("fault", [fault for fault in Fault if fault.startswith("odd_")])
async def test_an_odd_report_leaves_a_refusal_as_it_is(simulator: Simulator, fault: Fault) -> None:
    simulator.set_fault(fault)
    expected = {Fault.ODD_EMPTY: 404, Fault.ODD_EMPTY_LIST: 200, Fault.ODD_EMPTY_CODE: 200}
    assert (await ask(simulator, token="wrong")).status == expected.get(fault, 403)


@pytest.mark.parametrize("fault", [fault for fault in Fault if fault.startswith("odd_")])
async def test_an_odd_report_of_an_empty_window_is_judged_a_success_too(simulator: Simulator, fault: Fault) -> None:
    simulator.set_fault(fault)
    wire = await ask(simulator, campaign_id="33240")
    assert isinstance(parse_response(wire.status, wire.content), Report)
