import json
from typing import Any

import pytest

from exporter.model import Failure, Reason, Report, Row
from exporter.wolkvox.campaign_4 import parse_response


def envelope(data: object = None, code: object = "200", msg: object = "", error: object = None) -> bytes:
    return json.dumps({"code": code, "error": error, "msg": msg, "data": data}).encode()


def rows(*given_rows: tuple[Any, Any, Any]) -> bytes:
    return envelope(
        [{"result": result, "records": records, "percent": percent} for result, records, percent in given_rows]
    )


def report(status: int, body: bytes) -> Report:
    found = parse_response(status, body)
    assert isinstance(found, Report), found
    return found


def failed(status: int, body: bytes) -> Reason:
    found = parse_response(status, body)
    assert isinstance(found, Failure), found
    assert found.status == status
    assert "\n" not in found.message
    assert len(found.excerpt) <= 200
    return found.reason


def attempts(body: bytes) -> dict[str, int]:
    return {row.result: row.attempts for row in report(200, body).rows}


def percents(body: bytes) -> dict[str, float]:
    return {row.result: row.percent for row in report(200, body).rows}


# What an answer means, row by row.


@pytest.mark.parametrize("code", [200, "200", " 200 "])
def test_200_with_rows_is_a_report(code: object) -> None:
    body = envelope([{"result": "ANSWER", "records": "12", "percent": "34.64 %"}], code)
    assert parse_response(200, body) == Report((Row("answer", 12, 34.64),))


def test_200_and_an_empty_list_is_an_empty_window() -> None:
    assert parse_response(200, envelope([])) == Report(no_data=True)


def test_404_as_observed_is_an_empty_window() -> None:
    body = b'{\n    "code": "404",\n    "error": "Not Found",\n    "msg": "Validate dates entered"\n}'
    assert parse_response(404, body) == Report(no_data=True)


@pytest.mark.parametrize("code", [404, "404"])
@pytest.mark.parametrize("msg", ["Validate dates entered", "anything else", "", None])
def test_404_with_the_vendors_envelope_is_an_empty_window(code: object, msg: object) -> None:
    assert parse_response(404, envelope(code=code, msg=msg)) == Report(no_data=True)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>Not Found</html>",
        b"[]",
        b'"404"',
        envelope(code=200, msg="Validate dates entered"),
        b'{"code": 404, "message": "no such route"}',
        envelope(code="404", msg="Campaign_id 77 does not exist in your operation."),
        envelope(code="404", msg="CAMPAIGN_ID 77 DOES NOT  EXIST in your operation."),
    ],
)
def test_404_without_it_or_of_a_missing_campaign_is_not_found(body: bytes) -> None:
    assert failed(404, body) is Reason.NOT_FOUND


@pytest.mark.parametrize(
    ("code", "msg", "reason"),
    [
        ("401", "Please enter the wolkvox-token", Reason.AUTH),
        (403, "PLEASE VALIDATE TOKEN", Reason.AUTH),
        ("403", "Token limit exceeded", Reason.QUOTA),
        ("403", "Exceeds the limit of simultaneous requests per token (2)", Reason.CONCURRENCY),
        (403, "backup", Reason.FORBIDDEN),
        (429, "", Reason.CONCURRENCY),
        (400, "", Reason.BAD_REQUEST),
        (404, "Campaign_id 77 does not exist in your operation.", Reason.NOT_FOUND),
        (302, "", Reason.REDIRECT),
        ("500", "", Reason.SERVER_ERROR),
        (201, "", Reason.HTTP),
        (-1, "", Reason.HTTP),
    ],
)
def test_200_with_another_code_is_judged_by_that(code: object, msg: str, reason: Reason) -> None:
    assert failed(200, envelope(code=code, msg=msg)) is reason


def test_200_with_the_code_of_an_empty_window_is_one() -> None:
    assert parse_response(200, envelope(code="404", msg="Validate dates entered")) == Report(no_data=True)


@pytest.mark.parametrize("body", [b"", b"<html>", envelope(code=401), envelope([], code=200)])
def test_401_is_auth(body: bytes) -> None:
    assert failed(401, body) is Reason.AUTH


@pytest.mark.parametrize(
    ("msg", "reason"),
    [
        ("PLEASE VALIDATE TOKEN", Reason.AUTH),
        ("Please validate token", Reason.AUTH),
        ("TOKEN LIMIT EXCEEDED", Reason.QUOTA),
        ("Token limit\n exceeded.", Reason.QUOTA),
        ("EXCEEDS THE LIMIT OF SIMULTANEOUS REQUESTS PER TOKEN (2)", Reason.CONCURRENCY),
        ("exceeds the limit of simultaneous requests per token (1)", Reason.CONCURRENCY),
        ("Server backup under way", Reason.FORBIDDEN),
        (7, Reason.FORBIDDEN),
    ],
)
def test_403_by_its_message(msg: object, reason: Reason) -> None:
    assert failed(403, envelope(code="403", error="Forbidden", msg=msg)) is reason


@pytest.mark.parametrize("body", [b"", b"<h1>403</h1>", b"[]", b"\xff"])
def test_403_without_an_envelope_is_forbidden(body: bytes) -> None:
    assert failed(403, body) is Reason.FORBIDDEN


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (400, Reason.BAD_REQUEST),
        (429, Reason.CONCURRENCY),
        *((status, Reason.REDIRECT) for status in (300, 301, 302, 303, 304, 307, 308, 399)),
        *((status, Reason.SERVER_ERROR) for status in (500, 502, 503, 504, 599)),
        *((status, Reason.HTTP) for status in (0, 101, 201, 204, 206, 402, 405, 407, 408, 410, 418, 451, 600, 999)),
    ],
)
@pytest.mark.parametrize("body", [b"", b"<html></html>", envelope([], code=200)])
def test_other_statuses_need_no_body(status: int, reason: Reason, body: bytes) -> None:
    assert failed(status, body) is reason


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html></html>",
        b'{"code": 200, "data": [',
        b'{"code": 200, "data": []} trailing',
        envelope([]).decode().encode("utf-16"),
        b'{"code": 200, "data": [], "msg": "caf\xe9"}',
        b'{"code": 200, "data": [], "msg": NaN}',
        b'{"code": 200, "data": [{"result": "busy", "records": Infinity, "percent": ""}]}',
        b'{"code": 200, "data": [{"result": "busy", "records": -Infinity, "percent": ""}]}',
        b'{"code": 200, "data": [{"result": "busy", "records": 1, "records": 2, "percent": ""}]}',
        b'{"code": 200, "data": [{"result": "busy", "records": ' + b"1" * 5000 + b', "percent": ""}]}',
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"[]",
        b"null",
        b'"text"',
        b'{"data": []}',
        envelope([], code=None),
        envelope([], code=True),
        envelope([], code="OK"),
        envelope([], code=200.5),
        b'{"code": 200}',
        envelope(None),
        envelope({}),
        envelope("[]"),
        envelope([[]]),
        envelope([None]),
        envelope([{"records": "1"}]),
        envelope([{"result": 7, "records": "1"}]),
        envelope([{"result": ["busy"], "records": "1"}]),
        envelope([{"result": "busy"}]),
    ],
)
def test_whatever_is_no_report_is_an_invalid_response(body: bytes) -> None:
    assert failed(200, body) is Reason.INVALID_RESPONSE


def test_byte_order_mark_is_ignored() -> None:
    assert report(200, b"\xef\xbb\xbf" + envelope([])).no_data


# Counts.


@pytest.mark.parametrize(
    ("records", "count"),
    [
        ("12", 12),
        (12, 12),
        (12.0, 12),
        (" 12 ", 12),
        ("0012", 12),
        ("", 0),
        ("-", 0),
        (" ", 0),
        (" - ", 0),
        ("0", 0),
        (0, 0),
        (-0.0, 0),
        (2**53, 2**53),
    ],
)
def test_readable_records(records: object, count: int) -> None:
    assert attempts(rows(("busy", records, ""))) == {"busy": count}


@pytest.mark.parametrize(
    "records",
    [
        *(
            "-1",
            -1,
            "12.5",
            12.5,
            "12.0",
            "12.000",
            "1,234",
            "1 234",
            "1e3",
            "+5",
            "0x10",
            "twelve",
            "--",
            "12%",
            "_1",
            "1_0",
        ),
        *(
            "\u0661\u0662",
            "\u00b2",
            "NaN",
            "Infinity",
            None,
            True,
            False,
            [],
            {},
            2**53 + 1,
            1e300,
            "9" * 20,
            "1" * 5000,
        ),
    ],
)
def test_unreadable_records(records: object) -> None:
    assert failed(200, rows(("answer", "1", ""), ("busy", records, ""))) is Reason.INVALID_RESPONSE


def test_a_number_beyond_floats_is_unreadable() -> None:
    assert failed(200, b'{"code":200,"data":[{"result":"busy","records":1e999}]}') is Reason.INVALID_RESPONSE


def test_counts_that_are_too_many_together_are_invalid() -> None:
    assert failed(200, rows(("busy", 2**53, ""), ("answer", 1, ""))) is Reason.INVALID_RESPONSE


# Percent.


@pytest.mark.parametrize(
    "percent", ["34.64 %", "34.64", "34,64 %", "34.64%", " 34.64 % ", 34.64, "034.64", "34.640000", "34.64\u00a0%"]
)
def test_percent_as_the_vendor_reports_it(percent: object) -> None:
    assert percents(rows(("busy", "1", percent), ("answer", "3", "65.36 %")))["busy"] == 34.64


@pytest.mark.parametrize("percent", [0, "0", "0.00 %", "100 %", 100, ".5", "7.", ",5 %"])
def test_percent_at_its_edges(percent: object) -> None:
    found = percents(rows(("busy", "1", percent), ("answer", "3", "")))["busy"]
    assert found == float(str(percent).replace("%", "").replace(",", "."))


@pytest.mark.parametrize(
    "percent",
    [
        "",
        "-",
        " ",
        None,
        "%",
        ".",
        "abc",
        "-5",
        "-5 %",
        "100.01 %",
        101,
        -1,
        "1e1",
        "1.2.3",
        "\u0663",
        "NaN",
        True,
        [],
        {},
        10**400,
    ],
)
def test_percent_is_computed_where_there_is_none_to_read(percent: object) -> None:
    assert percents(rows(("busy", "1", percent), ("answer", "3", "65.36 %"))) == {"busy": 25.0, "answer": 65.36}


def test_percent_is_computed_where_the_key_is_missing_or_the_number_infinite() -> None:
    assert percents(b'{"code":200,"data":[{"result":"busy","records":1}]}') == {"busy": 100.0}
    assert percents(b'{"code":200,"data":[{"result":"busy","records":1,"percent":1e999}]}') == {"busy": 100.0}


def test_percent_of_an_empty_window_is_0_whatever_the_vendor_says() -> None:
    assert percents(rows(("busy", "0", "100 %"), ("answer", "", ""))) == {"busy": 0.0, "answer": 0.0}


# Results.


def test_live_results_in_upper_case() -> None:
    live = ["ANSWER", "ANSWER-MACHINE", "BUSY", "NO-ANSWER", "CONGESTION", "FAILED"]
    assert list(attempts(rows(*((name, "1", "") for name in live)))) == [name.lower() for name in live]


def test_rows_that_become_the_same_result_are_summed() -> None:
    body = rows(("NO ANSWER", "1", "10,1 %"), ("no_answer", "2", "20.2"), ("NoAnswer", "3", 30), ("BUSY", "4", "40 %"))
    assert report(200, body).rows == (Row("no-answer", 6, 60.3), Row("busy", 4, 40.0))


@pytest.mark.parametrize("second", ["", "90.5", "101"])
def test_summed_rows_compute_their_percent_where_one_is_missing_or_they_exceed_100(second: str) -> None:
    body = rows(("NO ANSWER", "1", "10 %"), ("no_answer", "2", second), ("BUSY", "1", "40 %"))
    assert percents(body) == {"no-answer": 75.0, "busy": 40.0}


@pytest.mark.parametrize("total", ["TOTAL", "Total", "total", " TOTAL ", "ToTaL"])
def test_total_is_dropped_whatever_its_case_and_its_figures(total: str) -> None:
    assert percents(rows(("BUSY", "4", ""), (total, "n/a", "100 %"))) == {"busy": 100.0}


@pytest.mark.parametrize("blank", ["", " ", "-", "\t", "\u00a0", None])
def test_blank_result_is_unknown_with_records_and_skipped_without(blank: object) -> None:
    assert attempts(rows((blank, "4", ""), ("UNKNOWN", "1", ""))) == {"unknown": 5}
    assert attempts(rows((blank, "0", ""), ("busy", "1", ""))) == {"busy": 1}


def test_the_vendors_own_sample_is_a_report_without_rows() -> None:
    row = b'{"result": "", "records": "", "percent": ""}'
    body = b'{"code": 200, "error": null, "msg": "1 records were found", "data": [' + row + b"]}"
    assert parse_response(200, body) == Report()


def test_a_blank_row_with_unreadable_records_is_invalid() -> None:
    assert failed(200, rows(("", "?", ""))) is Reason.INVALID_RESPONSE


def test_long_results_that_are_equal_after_the_cut_are_summed() -> None:
    assert attempts(rows(("X" * 70, "1", ""), ("x" * 80, "2", ""), (" " * 90 + "BUSY", "4", ""))) == {
        "x" * 64: 3,
        "busy": 4,
    }


def test_lone_surrogates_and_controls_in_a_result_can_be_published() -> None:
    body = b'{"code":200,"data":[{"result":"A\\ud800B\\u0000\\u202e","records":"1"}]}'
    assert attempts(body) == {"a\ufffdb\ufffd\ufffd": 1}


# Rows are told one by one, in whatever order the keys of the envelope come.


BAD_ROW = b'{"result": "BUSY", "records": "many"}'


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b'{"code": 200, "data": [' + BAD_ROW + b"]}", Reason.INVALID_RESPONSE),
        (b'{"data": [' + BAD_ROW + b'], "code": 200}', Reason.INVALID_RESPONSE),
        (b'{"data": [' + BAD_ROW + b", " + BAD_ROW + b'], "code": 401}', Reason.AUTH),
        (b'{"code": "401", "data": [{}]}', Reason.AUTH),
        (b'{"data": [{}, nope], "code": 401}', Reason.INVALID_RESPONSE),
        (b'{"data": [], "data": [], "code": 200}', Reason.INVALID_RESPONSE),
    ],
)
def test_a_bad_row_counts_where_the_code_says_that_it_is_a_report(body: bytes, reason: Reason) -> None:
    assert failed(200, body) is reason


def test_the_code_may_come_last() -> None:
    assert attempts(b'{"data": [{"result": "BUSY", "records": "3"}], "more": [[{}]], "code": 200}') == {"busy": 3}


def test_a_long_message_is_no_reason_to_refuse_the_rest() -> None:
    assert attempts(b'{"code": 200, "msg": "' + b"x" * 2**20 + b'", "data": [{"result": "BUSY", "records": "3"}]}') == {
        "busy": 3
    }


def test_as_many_rows_as_a_body_can_hold_are_a_report() -> None:
    row = b'{"result":"","records":"1"}'
    count = 10 * 2**20 // len(row) // 8
    assert attempts(b'{"code":200,"data":[' + b",".join([row] * count) + b"]}") == {"unknown": count}


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b'{"data":[' + b"{}," * 500_000 + b'{}],"code":200}', "more than 500000 rows"),
        (b"{" + b",".join(b'"%d":0' % number for number in range(1_001)) + b"}", "more than 1000 keys"),
        (rows(*((f"r{number}", "1", "") for number in range(10_001))), "more than 10000 different results"),
        (rows(("x" * 400_000, "1", "")), "more than 262144 characters"),
    ],
)
def test_what_no_report_holds_is_refused(body: bytes, why: str) -> None:
    found = parse_response(200, body)
    assert isinstance(found, Failure)
    assert found.reason is Reason.INVALID_RESPONSE
    assert why in found.message
