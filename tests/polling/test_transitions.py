from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from support import bad, good, target

from exporter.clock import Stamp
from exporter.model import RESULTS, Poll, Reason, Report, Row, TargetState, TimeRange
from exporter.polling.transitions import HISTORY, Found, concluded, failed, remember, succeeded

BOUNDS = TimeRange(0.0, 3600.0, "19691231190000", "19691231200000")


def wall(at: float) -> Stamp:
    return Stamp(at, "boot", at)


def history(pattern: str) -> tuple[Poll, ...]:
    """Polls in this order: `+` a success, `-` a failure."""
    polls: tuple[Poll, ...] = ()
    for at, sign in enumerate(pattern):
        polls = remember(polls, Poll(float(at), 1.0, 1, bad(Reason.TIMEOUT) if sign == "-" else None))
    return polls


def test_the_last_20_polls_are_kept() -> None:
    assert [poll.at for poll in history("+" * 50)] == [float(at) for at in range(30, 50)]
    assert [poll.at for poll in history("-" * 50)] == [float(at) for at in range(30, 50)]


def test_failures_are_kept_longer() -> None:
    polls = history("---" + "+" * 60)
    assert [poll.at for poll in polls[:3]] == [0.0, 1.0, 2.0]
    assert [poll.at for poll in polls[3:]] == [float(at) for at in range(43, 63)]


def test_older_failures_make_room_for_later_ones() -> None:
    polls = history("-" * 30 + "+" * 30 + "-" * 5)
    assert [poll.at for poll in polls if poll.failure] == [float(at) for at in (*range(15, 30), *range(60, 65))]


@given(st.text(alphabet="+-", max_size=100))
def test_a_history_is_in_order_bounded_and_ends_with_the_latest(pattern: str) -> None:
    polls = history(pattern)
    assert [poll.at for poll in polls] == sorted(poll.at for poll in polls)
    assert [poll.at for poll in polls[-HISTORY:]] == [float(at) for at in range(len(pattern))][-HISTORY:]
    failures = [float(at) for at, sign in enumerate(pattern) if sign == "-"]
    assert [poll.at for poll in polls if poll.failure] == failures[-HISTORY:]


def test_a_success_replaces_data_and_failure_and_remembers_results() -> None:
    before = TargetState(failure=bad(Reason.AUTH), stale=True, polls=4, failures=3, seen=("fax",))
    report = Report((Row("answer", 3, 75.0), Row("mailbox", 1, 25.0)))
    after = succeeded(before, Poll(100.0, 2.5, 1, attempts=4), Found(report, BOUNDS), wall(102.5))
    assert after.data is not None
    assert (after.last_success_at, after.data.bounds, after.data.no_data) == (102.5, BOUNDS, False)
    assert [row.result for row in after.data.rows] == [*RESULTS, "fax", "mailbox"]
    assert (after.last_success_at, after.last_poll_at, after.failure, after.stale) == (102.5, 102.5, None, False)
    assert (after.seen, after.polls, after.failures) == (("fax", "mailbox"), 5, 3)


def test_an_empty_window_is_a_success() -> None:
    after = succeeded(TargetState(), Poll(100.0, 1.0, 1), Found(Report(no_data=True), BOUNDS), wall(101.0))
    assert after.data is not None
    assert after.data.no_data
    assert {row.attempts for row in after.data.rows} == {0}


def test_a_failure_keeps_the_data() -> None:
    before = succeeded(TargetState(), Poll(100.0, 1.0, 1, attempts=1), Found(good(), BOUNDS), wall(101.0))
    after = failed(before, Poll(400.0, 60.0, 1, bad(Reason.TIMEOUT)), bad(Reason.TIMEOUT), wall(460.0))
    assert (after.data, after.last_success_at) == (before.data, 101.0)
    assert (after.last_poll_at, after.failure) == (460.0, bad(Reason.TIMEOUT))
    assert (after.polls, after.failures, len(after.history)) == (2, 1, 2)


def stamp(at: float) -> Stamp:
    return Stamp(wall=1000.0 + at, boot="boot", monotonic=at)


def test_a_good_poll_moves_all_moments() -> None:
    before = TargetState(asked=stamp(1.0), succeeded=None, polled=stamp(2.0))
    found = Found(Report((Row("answer", 3, 75.0), Row("fax", 1, 25.0))), BOUNDS)
    known, poll = concluded(
        target(), before, found, started=stamp(10.0), ended=stamp(14.0), sent=stamp(11.0), requests=1
    )
    assert poll == Poll(1010.0, 4.0, 1, None, 4)
    assert (known.asked, known.succeeded, known.polled) == (stamp(11.0), stamp(14.0), stamp(14.0))
    assert known == replace(succeeded(before, poll, found, stamp(14.0)), asked=stamp(11.0))


def test_a_poll_that_sent_nothing_keeps_when_it_was_asked_and_takes_no_time() -> None:
    before = TargetState(asked=stamp(1.0), succeeded=stamp(2.0), polled=stamp(2.0))
    failure = bad(Reason.STORAGE)
    known, poll = concluded(target(), before, failure, started=stamp(10.0), ended=stamp(14.0), sent=None, requests=0)
    assert poll == Poll(1014.0, 0.0, 0, failure)
    assert (known.asked, known.succeeded, known.polled) == (stamp(1.0), stamp(2.0), stamp(14.0))
    assert known == failed(before, poll, failure, stamp(14.0))
