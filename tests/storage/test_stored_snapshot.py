from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.clock import Stamp
from exporter.model import Data, Failure, Poll, Reason, Row, TargetState, TimeRange
from exporter.storage.snapshot import failure_from_text, failure_to_text, from_text, to_text

MOMENTS = st.floats(0.0, 4e9)
COUNTS = st.integers(0, 2**60)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)  # the client replaces lone surrogates

STAMPS = st.builds(Stamp, wall=MOMENTS, boot=TEXTS, monotonic=MOMENTS)

FAILURES = st.builds(
    Failure, reason=st.sampled_from(Reason), message=TEXTS, status=st.none() | st.integers(100, 599), excerpt=TEXTS
)
POLLS = st.builds(
    Poll, at=MOMENTS, duration=MOMENTS, requests=st.integers(0, 2), failure=st.none() | FAILURES, attempts=COUNTS
)
ROWS = st.lists(st.builds(Row, result=TEXTS, attempts=COUNTS, percent=st.floats(0.0, 100.0)), max_size=5).map(tuple)
DATA = st.builds(
    Data,
    bounds=st.builds(TimeRange, start=MOMENTS, end=MOMENTS, date_ini=TEXTS, date_end=TEXTS),
    rows=ROWS,
    no_data=st.booleans(),
)
STATES = st.builds(
    TargetState,
    data=st.none() | DATA,
    stale=st.booleans(),
    asked=st.none() | STAMPS,
    succeeded=st.none() | STAMPS,
    polled=st.none() | STAMPS,
    failure=st.none() | FAILURES,
    empty_unconfirmed=st.booleans(),
    seen=st.lists(TEXTS, max_size=3).map(tuple),
    history=st.lists(POLLS, max_size=3).map(tuple),
    polls=COUNTS,
    failures=COUNTS,
)


@settings(deadline=None, max_examples=50)
@given(STATES)
def test_a_state_comes_back_but_for_its_moments_and_what_belongs_to_the_process(state: TargetState) -> None:
    stored = replace(state, stale=False, polls=0, failures=0, asked=None, succeeded=None, polled=None)
    assert from_text(to_text(state)) == stored


@settings(deadline=None, max_examples=50)
@given(FAILURES)
def test_a_failure_comes_back(failure: Failure) -> None:
    assert failure_from_text(failure_to_text(failure)) == failure


@pytest.mark.parametrize("text", ["", "nonsense", "[]", '{"data": 1}', '{"failure": {"reason": "unheard of"}}'])
def test_what_is_no_snapshot_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError, match="validation error"):
        from_text(text)


VERSION_1 = (
    '{"data":{"at":1700.5,"bounds":{"start":100.0,"end":1700.0,"date_ini":"19691231190140","date_end":"19691231192820"},'
    '"rows":[{"result":"answer","attempts":3,"percent":100.0}],"no_data":false,"final":true},'
    '"last_success_at":1700.5,"last_poll_at":1900.25,"failure":{"reason":"auth","message":"made up","status":403,'
    '"excerpt":"","retry_after":null},"seen":["fax"],"history":[{"at":1900.0,"duration":0.25,"requests":1,"failure":null,'
    '"attempts":3}]}'
)
"""As the first version of the program wrote it."""


def test_what_version_1_wrote_is_read_and_written_to_the_letter() -> None:
    state = from_text(VERSION_1)
    assert state.data is not None
    assert (state.data.bounds.end, state.data.final, state.seen) == (1700.0, True, ("fax",))
    assert (
        to_text(replace(state, succeeded=Stamp(1700.5, "boot", 1.5), polled=Stamp(1900.25, "boot", 201.25)))
        == VERSION_1
    )
