from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.model import Data, Failure, Poll, Reason, Row, Snapshot, TimeRange
from exporter.storage.snapshot import failure_from_text, failure_to_text, from_text, to_text

MOMENTS = st.floats(0.0, 4e9)
COUNTS = st.integers(0, 2**60)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)  # the client replaces lone surrogates

FAILURES = st.builds(
    Failure, reason=st.sampled_from(Reason), message=TEXTS, status=st.none() | st.integers(100, 599), excerpt=TEXTS
)
POLLS = st.builds(
    Poll, at=MOMENTS, duration=MOMENTS, requests=st.integers(0, 2), failure=st.none() | FAILURES, attempts=COUNTS
)
ROWS = st.lists(st.builds(Row, result=TEXTS, attempts=COUNTS, percent=st.floats(0.0, 100.0)), max_size=5).map(tuple)
DATA = st.builds(
    Data,
    at=MOMENTS,
    bounds=st.builds(TimeRange, start=MOMENTS, end=MOMENTS, date_ini=TEXTS, date_end=TEXTS),
    rows=ROWS,
    no_data=st.booleans(),
)
SNAPSHOTS = st.builds(
    Snapshot,
    data=st.none() | DATA,
    stale=st.booleans(),
    last_success_at=st.none() | MOMENTS,
    last_poll_at=st.none() | MOMENTS,
    failure=st.none() | FAILURES,
    seen=st.lists(TEXTS, max_size=3).map(tuple),
    history=st.lists(POLLS, max_size=3).map(tuple),
    polls=COUNTS,
    failures=COUNTS,
)


@settings(deadline=None, max_examples=50)
@given(SNAPSHOTS)
def test_a_snapshot_comes_back_but_for_what_belongs_to_the_process(snapshot: Snapshot) -> None:
    assert from_text(to_text(snapshot)) == replace(snapshot, stale=False, polls=0, failures=0)


@settings(deadline=None, max_examples=50)
@given(FAILURES)
def test_a_failure_comes_back(failure: Failure) -> None:
    assert failure_from_text(failure_to_text(failure)) == failure


@pytest.mark.parametrize("text", ["", "nonsense", "[]", '{"data": 1}', '{"failure": {"reason": "unheard of"}}'])
def test_what_is_no_snapshot_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError, match="validation error"):
        from_text(text)
