"""Answers without rows that contradict what was just seen."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs
from support import BOGOTA, Exporter, Vendor, VirtualClock, bad, good, operation, target

from exporter.clock import Stamp
from exporter.model import YESTERDAY, Data, Failure, Reason, Report, Row, TargetState, TimeRange
from exporter.polling.empty_answer import contradicts
from exporter.polling.transitions import Found, concluded
from exporter.wolkvox.window import bounds

EMPTY = Report(no_data=True)
NOON = 1_790_010_000.0
"""In Bogota."""


def data(asked: TimeRange, attempts: int = 20) -> Data:
    return Data(asked, (Row("answer", attempts - 1, 95.0), Row("busy", 1, 5.0)), no_data=False)


def rolling(start: float) -> TimeRange:
    return TimeRange(start, start + 3600.0, "", "")


@pytest.mark.parametrize(
    ("attempts", "moved", "expected"),
    [(20, 300.0, True), (19, 300.0, False), (20, 1200.0, True), (20, 1201.0, False), (20, -300.0, True)],
)
def test_a_rolling_window_of_which_the_report_covers_two_thirds(attempts: int, moved: float, expected: bool) -> None:
    assert contradicts(target(), data(rolling(0.0), attempts), EMPTY, rolling(moved)) is expected


def test_rows_and_a_first_answer_contradict_nothing() -> None:
    assert not contradicts(target(), None, EMPTY, rolling(0.0))
    assert not contradicts(target(), data(rolling(0.0)), good(0), rolling(0.0))


def test_today_is_contradicted_until_its_midnight_and_yesterday_never() -> None:
    today, yesterday = target(window="today"), replace(target(window="today"), window=YESTERDAY)
    morning = bounds(today.window, 0.0, BOGOTA, NOON - 3 * 3600.0)
    assert contradicts(today, data(morning), EMPTY, bounds(today.window, 0.0, BOGOTA, NOON + 11 * 3600.0))
    assert not contradicts(today, data(morning), EMPTY, bounds(today.window, 0.0, BOGOTA, NOON + 13 * 3600.0))
    whole = bounds(YESTERDAY, 0.0, BOGOTA, NOON)
    assert not contradicts(yesterday, data(whole), EMPTY, whole)


@pytest.fixture
def file(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'storage.db'}"


async def test_the_first_empty_answer_changes_nothing_and_the_second_is_published(
    clock: VirtualClock, vendor: Vendor, file: str
) -> None:
    process = await Exporter(clock, vendor, file).start(operation())
    vendor.outcome = good(50)
    await clock.run(2.0)
    before = process.shown()
    vendor.outcome = EMPTY
    with capture_logs() as logs:
        await clock.run(301.0)
    doubted = process.shown()
    assert (doubted.data, doubted.last_success_at, doubted.failure) == (before.data, before.last_success_at, None)
    assert (doubted.empty_unconfirmed, doubted.polls, doubted.failures) == (True, 2, 0)
    assert doubted.last_poll_at == pytest.approx((before.last_poll_at or 0.0) + 300.1)
    assert [log["window"] for log in logs if log["event"] == "empty answer not believed yet"] == ["1h"]
    await clock.run(301.0)
    believed = process.shown()
    assert believed.data is not None
    assert (believed.data.no_data, believed.empty_unconfirmed) == (True, False)
    assert believed.last_success_at == believed.last_poll_at
    await process.stop()


async def test_rows_are_believed_at_once(clock: VirtualClock, vendor: Vendor, file: str) -> None:
    process = await Exporter(clock, vendor, file).start(operation())
    vendor.next.extend([good(50), EMPTY, good(3)])
    await clock.run(605.0)
    shown = process.shown()
    assert shown.data is not None
    assert (shown.data.no_data, shown.empty_unconfirmed) == (False, False)
    assert {row.result: row.attempts for row in shown.data.rows if row.attempts} == {"answer": 3}
    await process.stop()


async def test_a_failure_decides_nothing_and_a_restart_forgets_nothing(
    clock: VirtualClock, vendor: Vendor, file: str
) -> None:
    first = await Exporter(clock, vendor, file).start(operation())
    vendor.next.extend([good(50), EMPTY, bad(Reason.SERVER_ERROR)])
    await clock.run(605.0)
    assert (first.shown().empty_unconfirmed, first.reason()) == (True, Reason.SERVER_ERROR)
    await first.stop()
    second = await Exporter(clock, vendor, file).start(operation())
    assert second.shown().empty_unconfirmed
    vendor.outcome = EMPTY
    await clock.run(301.0)
    shown = second.shown()
    assert shown.data is not None
    assert (shown.data.no_data, shown.empty_unconfirmed) == (True, False)
    await second.stop()


async def test_at_midnight_the_doubt_leaves_with_the_figures(clock: VirtualClock, vendor: Vendor, file: str) -> None:
    today = target(window="today", interval=3600.0)
    process = await Exporter(clock, vendor, file).start(operation(today))
    vendor.outcome = good(50)
    midnight = bounds(YESTERDAY, 0.0, BOGOTA, clock.now() + 86_400.0).end
    await clock.run(midnight - clock.now() - 1800.0)
    vendor.outcome = bad(Reason.SERVER_ERROR)
    state = process.store.known(today.key)
    process.store.update(today.key, replace(state, empty_unconfirmed=True))
    assert process.shown(window="today").empty_unconfirmed
    await clock.run(1801.0)
    shown = process.shown(window="today")
    assert (shown.data, shown.empty_unconfirmed) == (None, False)
    await process.stop()


@given(st.lists(st.sampled_from(["rows", "empty", "failure"]), max_size=12))
def test_an_empty_answer_is_believed_at_the_second_time_at_the_latest(answers: list[str]) -> None:
    """The report before is of the same moment here, so each first empty answer after rows is doubted."""
    state = TargetState()
    outcomes: dict[str, Found | Failure]
    outcomes = {"rows": Found(good(50), rolling(0.0)), "empty": Found(EMPTY, rolling(0.0)), "failure": bad(Reason.HTTP)}
    for at, answer in enumerate(answers):
        ended = Stamp(float(at), "boot", float(at))
        before = state
        state, _ = concluded(target(), before, outcomes[answer], started=ended, ended=ended, sent=ended, requests=1)
        if answer == "empty" and (before.empty_unconfirmed or before.data is None or before.data.no_data):
            assert state.data is not None
            assert (state.data.no_data, state.empty_unconfirmed) == (True, False)
        elif answer == "empty":
            assert (state.data, state.succeeded, state.empty_unconfirmed) == (before.data, before.succeeded, True)
        elif answer == "rows":
            assert not state.empty_unconfirmed
        else:
            assert state.empty_unconfirmed == before.empty_unconfirmed
        assert (state.failure is None) == (answer != "failure")
