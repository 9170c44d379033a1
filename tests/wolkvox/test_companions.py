"""The APIs of a whole operation: whatever shape they come in, an odd part spoils nothing but itself."""

import json
import math
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.model import (
    CampaignsAnswer,
    Failure,
    ListedCampaign,
    LiveAnswer,
    LiveCampaign,
    Reason,
    VendorQuota,
)
from exporter.wolkvox.campaigns import parse_campaigns
from exporter.wolkvox.companion import MOST_CAMPAIGNS
from exporter.wolkvox.real_time import parse_real_time
from exporter.wolkvox.token_info import parse_token_info

Parse = Callable[[int, bytes], CampaignsAnswer | LiveAnswer | VendorQuota | Failure]
Row = Mapping[str, Any]

LISTS: list[Parse] = [parse_campaigns, parse_real_time]
ALL: list[Parse] = [*LISTS, parse_token_info]


def body(value: object) -> bytes:
    return json.dumps(value).encode()


def campaigns(value: object) -> CampaignsAnswer:
    found = parse_campaigns(200, value if isinstance(value, bytes) else body(value))
    assert isinstance(found, CampaignsAnswer), found
    return found


def live(value: object) -> LiveAnswer:
    found = parse_real_time(200, value if isinstance(value, bytes) else body(value))
    assert isinstance(found, LiveAnswer), found
    return found


def quota(value: object) -> VendorQuota:
    found = parse_token_info(200, value if isinstance(value, bytes) else body(value))
    assert isinstance(found, VendorQuota), found
    return found


def failed(parse: Parse, status: int, given_body: bytes) -> Reason:
    found = parse(status, given_body)
    assert isinstance(found, Failure), found
    assert found.status == status
    assert found.message.isprintable()
    return found.reason


def one(**row: object) -> ListedCampaign:
    [found] = campaigns([{"campaign_id": "7"} | row]).campaigns
    return found


def live_one(**row: object) -> LiveCampaign:
    [found] = live([{"campaign": "7 - Name"} | row]).campaigns
    return found


LISTED = {
    "campaign_id": "32841",
    "campaign_name": "Cobranza",
    "campaign_description": "",
    "type_campaign": "Predictive",
    "status": "Started",
    "records": "1200",
}
SHOWN = {
    "campaign": "32841 - Cobranza - Progressive (30 days)",
    "speed": "2.5",
    "status": "started",
    "records": " 1200 ",
    "clean": 300,
    "dial": "900",
    "answer": "100",
    "busy/congestion/failed": "7",
    "penetration_day": "75.00 %",
    "penetration_now": "34,64 %",
    "calls_x_min": "12.5",
    "recycled": "2",
}
QUOTA: Row = {
    "token_limit": "12000",
    "token_use_today": "100",
    "all_token_today": 250,
    "available_consumption_options": "11750",
}


def envelope(data: object, code: object = "200") -> object:
    return {"code": code, "error": None, "msg": "1 records were found", "data": data}


SHAPES: dict[str, Callable[[Row], object]] = {
    "bare list": lambda row: [row],
    "bare object": lambda row: row,
    "envelope": lambda row: envelope([row]),
    "code as number": lambda row: envelope([row], 200),
    "padded code": lambda row: envelope([row], " 200 "),
    "code last": lambda row: {"data": [row], "code": "200"},
    "no code": lambda row: {"data": [row]},
    "null code": lambda row: {"code": None, "data": [row]},
    "one object": envelope,
    "numbered objects": lambda row: envelope({"0": row}),
    "bare numbered objects": lambda row: {"3": row},
    "flat": lambda row: {"code": "200", "error": None, "msg": "", **row},
}


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_is_read(shape: str) -> None:
    made = SHAPES[shape]
    assert campaigns(made(LISTED)) == CampaignsAnswer((ListedCampaign("32841", "Cobranza", "predictive", True),))
    assert live(made(SHOWN)) == LiveAnswer(
        (LiveCampaign("32841", True, 1200.0, 300.0, 900.0, 12.5, 2.5, 2.0, 75.0, 34.64),)
    )
    assert quota(made(QUOTA)) == VendorQuota(12000.0, 11750.0, 100.0, 250.0)


@pytest.mark.parametrize("empty", [[], envelope([]), envelope({}), {"data": []}])
@pytest.mark.parametrize("parse", LISTS)
def test_an_empty_list_is_an_answer(parse: Parse, empty: object) -> None:
    assert parse(200, body(empty)) in (CampaignsAnswer(()), LiveAnswer(()))


@pytest.mark.parametrize("status", [200, 404])
@pytest.mark.parametrize("parse", LISTS)
def test_no_data_is_an_empty_list(parse: Parse, status: int) -> None:
    answer = b'{"code": "404", "error": "Not Found", "msg": "Validate dates entered"}'
    assert parse(status, answer) in (CampaignsAnswer(()), LiveAnswer(()))


@pytest.mark.parametrize("status", [200, 404])
def test_no_data_is_no_quota(status: int) -> None:
    assert failed(parse_token_info, status, b'{"code": "404", "msg": "no data"}') is Reason.NOT_FOUND


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"<html>",
        b"7",
        b'"text"',
        b"null",
        b"{",
        b"{}",
        b"[",
        b'{"code": "200"}',
        b'{"code": "200", "data": null}',
        b'{"code": "200", "data": "x"}',
        b'{"code": "x", "data": []}',
        b'{"code": "200", "code": "200", "data": []}',
        b"[{}] x",
        b'[{"campaign": NaN}]',
        b'["\xff"]',
        b'[{"something": "else"}]',
        b'["x", 7, []]',
        b'{"data": {"something": "else"}}',
        b'{"code": "200", "data": {"ANSWER": "12"}}',
        b"[" + b"1," * 100_000 + b"1]",
        b"[[" + b" " * 400_000 + b"]]",
    ],
)
@pytest.mark.parametrize("parse", ALL)
def test_another_shape_is_invalid(parse: Parse, answer: bytes) -> None:
    assert failed(parse, 200, answer) is Reason.INVALID_RESPONSE


def test_a_blank_row_before_the_quota_is_passed_over() -> None:
    assert quota(envelope([dict.fromkeys(QUOTA, ""), QUOTA])).limit == 12000.0


@pytest.mark.parametrize("value", [[], [{}], {"data": {}}, {"data": [1]}])
def test_a_quota_without_any_figure_is_invalid(value: object) -> None:
    assert failed(parse_token_info, 200, body(value)) is Reason.INVALID_RESPONSE


@pytest.mark.parametrize("parse", ALL)
@pytest.mark.parametrize(
    ("code", "msg", "reason"),
    [
        (401, "", Reason.AUTH),
        (403, "PLEASE VALIDATE TOKEN", Reason.AUTH),
        (403, "Token limit exceeded", Reason.QUOTA),
        (403, "exceeds the limit of SIMULTANEOUS REQUESTS per token (2)", Reason.CONCURRENCY),
        (403, "no permission", Reason.FORBIDDEN),
        (429, "", Reason.CONCURRENCY),
        (400, "THE API YOU WANT TO CONSULT DOES NOT EXIST", Reason.BAD_REQUEST),
        (404, "it does not exist", Reason.NOT_FOUND),
        (302, "", Reason.REDIRECT),
        (503, "", Reason.SERVER_ERROR),
        (418, "", Reason.HTTP),
    ],
)
def test_refusals_are_those_of_every_api(parse: Parse, code: int, msg: str, reason: Reason) -> None:
    answer = body({"code": str(code), "error": "", "msg": msg})
    assert failed(parse, code, answer) is reason
    assert failed(parse, 200, answer) is reason


@pytest.mark.parametrize("answer", [b"<html>", b"[]", b"{}", b'{"a": [1, {"b": 2}], "0": {}}'])
def test_a_404_without_the_envelope_is_not_found(answer: bytes) -> None:
    assert failed(parse_campaigns, 404, answer) is Reason.NOT_FOUND


def test_a_refusal_of_one_api_says_that_it_may_be_the_only_one() -> None:
    found = parse_campaigns(403, b"")
    assert isinstance(found, Failure)
    assert "whether the token may ask this one" in found.message


@pytest.mark.parametrize(
    ("value", "expected"),
    [(32841, "32841"), (32841.0, "32841"), (" 32841 ", "32841"), ("0032841", "0032841"), ("a-7", "a-7")],
)
def test_an_id_is_a_text_or_a_number(value: object, expected: str) -> None:
    assert campaigns([{"campaign_id": value}]).campaigns[0].id == expected


@pytest.mark.parametrize(
    "value", [None, "", " ", "-", "all", "ALL", True, 7.5, -7, 1e300, [], {}, "7\n8", "7\x00", "x" * 65, "\ud800"]
)
def test_a_row_without_an_id_is_skipped_and_counted(value: object) -> None:
    found = campaigns([{"campaign_id": value}, LISTED, {}, 7, None])
    assert [campaign.id for campaign in found.campaigns] == ["32841"]
    assert found.skipped == 4


def test_blank_rows_alone_are_an_empty_list() -> None:
    blank = {"campaign_id": "", "campaign_name": " ", "status": "-", "records": None}
    assert campaigns([blank, {}, None]) == CampaignsAnswer((), skipped=3)


def test_of_an_id_the_first_row_counts() -> None:
    found = campaigns([LISTED, LISTED | {"campaign_id": 32841, "campaign_name": "Other"}])
    assert [campaign.name for campaign in found.campaigns] == ["Cobranza"]
    assert found.skipped == 0


@pytest.mark.parametrize(
    ("campaign", "expected"),
    [
        ("32841 - Name - Strategy (x)", "32841"),
        (" 32841 - - x", "32841"),
        ("32841-1 - Name", "32841-1"),
        ("32841 -", "32841"),
        ("32841", "32841"),
        (32841, "32841"),
    ],
)
def test_a_live_id_is_what_stands_before_the_first_divider(campaign: object, expected: str) -> None:
    assert [row.id for row in live([{"campaign": campaign}]).campaigns] == [expected]


@pytest.mark.parametrize("campaign", [None, "", " - Name", "all - Name", ["7 - x"]])
def test_a_live_row_without_an_id_is_skipped(campaign: object) -> None:
    found = live([{"campaign": campaign, "records": "1"}, SHOWN])
    assert ([row.id for row in found.campaigns], found.skipped) == (["32841"], 1)


@pytest.mark.parametrize(
    ("status", "started"),
    [
        *((status, False) for status in ("Stopped", "stopped", " STOPPED ", "Detenida", "DETENIDO", "deten")),
        *((status, True) for status in ("Started", "started", "Iniciada", "", None, 1, "stopped by", "paused")),
    ],
)
def test_a_campaign_is_stopped_or_started(status: object, started: bool) -> None:
    assert one(status=status).started is started
    assert live_one(status=status).started is started


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (" Cobranza\u00a0Bogotá ", "Cobranza\u00a0Bogotá"),
        ("two\nlines", "two\nlines"),
        ("\x00\x1b[31m\u202e\ud800", "\ufffd\ufffd[31m\ufffd\ufffd"),
        ("x" * 300_000, "x" * 256),
        ("x" * 255 + " y", "x" * 255),
        (7, "7"),
        (None, ""),
        (["x"], ""),
    ],
)
def test_a_name_can_be_shown(name: object, expected: str) -> None:
    assert one(campaign_name=name).name == expected


def test_a_row_that_is_too_long_is_read_in_parts() -> None:
    """Its longest text is left out."""
    found = one(campaign_description="x" * 600_000, campaign_name="Name", status="stopped")
    assert found == ListedCampaign("7", "Name", "", started=False)
    assert one(campaign_name="x" * 600_000).name == ""


@pytest.mark.parametrize("kind", [" Preview ", "PREVIEW"])
def test_a_type_is_lower_case(kind: str) -> None:
    assert one(type_campaign=kind).type == "preview"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (12, 12.0),
        ("12", 12.0),
        (" 12 ", 12.0),
        ("12,5", 12.5),
        ("12.50 %", 12.5),
        (".5", 0.5),
        ("0", 0.0),
        (0, 0.0),
        (2**53, 2.0**53),
        *((value, None) for value in (None, "", " ", "-", "x", "1e3", "-1", -1, "NaN", "Infinity", True)),
        ([1], None),
        ({"a": 1}, None),
        *((value, None) for value in (2**53 + 2, 10**400, "9" * 20, "9" * 500, "1.234.567", "1 234")),
    ],
)
def test_a_figure_is_a_number_or_absent(value: object, expected: float | None) -> None:
    for field, key in (("calls_per_minute", "calls_x_min"), ("records", "records"), ("penetration_now",) * 2):
        assert getattr(live_one(**{key: value}), field) == expected
    assert quota({"token_limit": value, "token_use_today": "7"}) == VendorQuota(limit=expected, used_by_token=7.0)


def test_a_number_beyond_floats_is_absent() -> None:
    assert live(b'[{"campaign": "7 - x", "records": 1e999, "dial": 5}]').campaigns == (
        LiveCampaign("7", True, dialled=5.0),
    )


def test_what_may_be_thousands_is_no_count() -> None:
    found = live_one(records="12.000", clean="1,234", dial="1.5", calls_x_min="12.000")
    assert (found.records, found.pending, found.dialled, found.calls_per_minute) == (None, None, 1.5, 12.0)


def test_a_share_of_a_list_may_exceed_all_of_it() -> None:
    assert live_one(penetration_day="130 %").penetration_day == 130.0


def test_ten_thousand_rows_are_read() -> None:
    rows = [LISTED | {"campaign_id": number} for number in range(10_000)]
    assert len(campaigns(envelope(rows)).campaigns) == 10_000
    assert len(campaigns(envelope({str(number): row for number, row in enumerate(rows)})).campaigns) == 10_000


def test_more_campaigns_than_can_be_are_refused() -> None:
    rows = [{"campaign_id": number} for number in range(MOST_CAMPAIGNS + 1)]
    assert failed(parse_campaigns, 200, body(rows)) is Reason.INVALID_RESPONSE
    assert len(campaigns(rows[1:]).campaigns) == MOST_CAMPAIGNS


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=20),
    st.sampled_from(["", "-", "7 - x", "all", "Stopped", "200", "34,64 %"]),
)
FIELDS = st.sampled_from([*LISTED, *SHOWN, *QUOTA, "code", "msg", "error", "data", "0", "1", "x"])
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(FIELDS, inner, max_size=5),
    max_leaves=12,
)


@given(
    parse=st.sampled_from(ALL),
    status=st.sampled_from([200, 200, 404, 403, 500]),
    answer=VALUES.map(body) | st.binary(max_size=200),
)
def test_any_answer_is_values_or_a_failure(parse: Parse, status: int, answer: bytes) -> None:
    found = parse(status, answer)
    match found:
        case Failure():
            assert found.message.isprintable()
        case CampaignsAnswer():
            ids = [campaign.id for campaign in found.campaigns]
            assert all(ids)
            assert len(set(ids)) == len(ids)
            for campaign in found.campaigns:
                f"{campaign.id}{campaign.name}{campaign.type}".encode()
        case LiveAnswer():
            assert all(figures_are_sound(campaign) for campaign in found.campaigns)
        case VendorQuota():
            assert figures_are_sound(found)


def figures_are_sound(value: LiveCampaign | VendorQuota) -> bool:
    figures = [getattr(value, name) for name in value.__dataclass_fields__]
    return all(math.isfinite(figure) and 0 <= figure <= 2**53 for figure in figures if isinstance(figure, float))
