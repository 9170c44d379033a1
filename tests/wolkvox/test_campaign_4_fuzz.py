"""Whatever the API answers."""

import json
import math
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from exporter.model import Failure, Report
from exporter.wolkvox.campaign_4 import parse_response

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(),
    st.sampled_from(["", "-", " ", "34.64 %", "34,64 %", "TOTAL", "NO ANSWER", "no_answer", "12", "200", "404"]),
)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=10,
)
ROWS = st.fixed_dictionaries({}, optional={"result": SCALARS, "records": SCALARS, "percent": SCALARS})
GOOD_ROWS = st.fixed_dictionaries(
    {
        "result": st.text(max_size=70) | st.sampled_from(["TOTAL", "ANSWER", "no answer", "NO-ANSWER", "", " "]),
        "records": st.integers(0, 10**6).map(str) | st.sampled_from(["", "-", " "]),
        "percent": SCALARS.filter(lambda value: not isinstance(value, float) or math.isfinite(value)),
    }
)
ENVELOPES = st.fixed_dictionaries(
    {"code": st.sampled_from([200, "200"]) | SCALARS},
    optional={"data": st.lists(ROWS | GOOD_ROWS | JSON, max_size=5) | JSON, "msg": SCALARS, "error": SCALARS},
)
BODIES = st.one_of(
    st.binary(max_size=300),
    st.text(max_size=300).map(lambda text: text.encode("utf-8", "surrogatepass")),
    JSON.map(lambda value: json.dumps(value).encode()),
    ENVELOPES.map(lambda value: json.dumps(value).encode()),
)
STATUSES = st.one_of(st.just(200), st.sampled_from([301, 400, 401, 403, 404, 429, 500, 503]), st.integers())


@given(status=STATUSES, body=BODIES)
@example(status=200, body=b'{"code":200,"data":[{"result":"\\ud800","records":1,"percent":"\\ud800"}]}')
def test_any_answer_is_a_report_or_a_failure_and_all_of_it_is_finite(status: int, body: bytes) -> None:
    found = parse_response(status, body)
    if isinstance(found, Failure):
        assert found.status == status
        assert found.message.isprintable()
        assert found.excerpt.isprintable()
        assert len(found.excerpt) <= 200
        return
    names = [row.result for row in found.rows]
    assert len(set(names)) == len(names)
    for row in found.rows:
        assert 0 < len(row.result.encode()) <= 4 * 64
        assert len(row.result) <= 64
        assert 0 <= row.attempts <= 2**53
        assert math.isfinite(row.percent)
        assert 0 <= row.percent <= 100
    assert not (found.no_data and found.rows)


@given(st.lists(GOOD_ROWS, min_size=1, max_size=8))
def test_no_attempt_is_lost_or_invented(data: list[dict[str, Any]]) -> None:
    kept = [row for row in data if row["result"].strip().lower() != "total"]
    expected = sum(int(row["records"].strip("- ") or 0) for row in kept)
    found = parse_response(200, json.dumps({"code": 200, "data": data}).encode())
    assert isinstance(found, Report)
    assert sum(row.attempts for row in found.rows) == expected
