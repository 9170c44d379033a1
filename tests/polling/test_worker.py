"""What one token's worker asks, when, and what it makes of the answer."""

import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text
from structlog.testing import capture_logs
from support import Exporter, Start, Vendor, VirtualClock, bad, good, operation, target

from exporter.model import RESULTS, Reason, Report, Row, TargetKey

DAY = 86400.0

MIDNIGHT = DAY - (1_790_000_000 - 5 * 3600) % DAY
"""Seconds from the clock's first moment to midnight in Bogota."""


def gaps(moments: list[float]) -> list[float]:
    return [after - before for before, after in pairwise(moments)]


async def recorded(process: Exporter) -> list[tuple[Any, ...]]:
    """Requests on record, by campaign."""
    rows = await process.disk.run(
        lambda connection: connection.execute(text("select campaign from targets where asked is not null")).all()
    )
    return [tuple(row) for row in rows]


async def test_the_first_polls_come_at_once_one_after_another(
    start: Start, clock: VirtualClock, vendor: Vendor
) -> None:
    process = await start(operation(*(target(str(number)) for number in range(5))))
    await clock.run(10.0)
    assert [sent.target.key.campaign for sent in vendor.log] == ["0", "1", "2", "3", "4"]
    assert vendor.most_at_once == 1
    assert process.figures().requests == process.figures().used == process.figures().latency.count == 5
    assert process.figures().latency.total == pytest.approx(5.0)


async def test_tokens_run_side_by_side(start: Start, clock: VirtualClock, vendor: Vendor) -> None:
    vendor.latency = 50.0
    other = operation(target(operation="globex"), name="globex", token="token-2")
    await start(operation(), other)
    await clock.run(1.0)
    assert [sent.token for sent in vendor.under_way] == ["token-1", "token-2"]


async def test_a_campaign_is_asked_every_interval_and_never_earlier(
    start: Start, clock: VirtualClock, vendor: Vendor
) -> None:
    await start(operation())
    await clock.run(3600.0)
    assert len(vendor.log) == 12
    assert all(300.0 <= gap < 300.5 for gap in gaps(vendor.moments()))


async def test_a_request_is_on_record_before_it_leaves(start: Start, clock: VirtualClock, vendor: Vendor) -> None:
    vendor.departure = 10.0
    process = await start(operation())
    await clock.run(5.0)
    assert vendor.log == []
    assert await recorded(process) == [("32841",)]
    assert process.figures().used == 1


async def test_the_interval_counts_from_when_the_request_left(
    start: Start, clock: VirtualClock, vendor: Vendor
) -> None:
    vendor.departure = 12.0
    await start(operation())
    await clock.run(100.0)
    vendor.departure = 0.0
    await clock.run(250.0)
    assert vendor.moments() == [12.0, pytest.approx(312.1)]


async def test_a_request_asks_for_the_window_that_ends_now(start: Start, clock: VirtualClock, vendor: Vendor) -> None:
    process = await start(operation(target(delay=60.0)))
    await clock.run(2.0)
    bounds = vendor.log[0].bounds
    assert (bounds.start, bounds.end) == (1_790_000_000 - 3660, 1_790_000_000 - 60)
    data = process.shown().data
    assert data is not None
    assert data.bounds == bounds


async def test_a_success_is_published_with_every_documented_result(
    start: Start, clock: VirtualClock, vendor: Vendor
) -> None:
    vendor.outcome = Report((Row("answer", 3, 75.0), Row("fax", 1, 25.0)))
    process = await start(operation())
    await clock.run(2.0)
    vendor.outcome = good(5)
    await clock.run(301.0)
    shown = process.shown()
    assert shown.data is not None
    assert [row.result for row in shown.data.rows] == [*RESULTS, "fax"]
    assert {row.result: row.attempts for row in shown.data.rows if row.attempts} == {"answer": 5}
    assert [poll.attempts for poll in shown.history] == [4, 5]
    assert (shown.polls, shown.failures, shown.failure) == (2, 0, None)
    assert shown.last_success_at == shown.last_poll_at == pytest.approx(1_790_000_000 + 301.1)


async def test_a_failure_leaves_the_last_good_data(start: Start, clock: VirtualClock, vendor: Vendor) -> None:
    process = await start(operation())
    await clock.run(2.0)
    before = process.shown()
    vendor.outcome = bad(Reason.SERVER_ERROR)
    await clock.run(301.0)
    after = process.shown()
    assert after.data == before.data
    assert after.last_success_at == before.last_success_at
    assert after.last_poll_at == pytest.approx((before.last_poll_at or 0.0) + 300.1)
    assert (after.polls, after.failures) == (2, 1)
    assert process.reason() is Reason.SERVER_ERROR
    assert process.failed(Reason.SERVER_ERROR) == 1


async def test_where_the_ledger_knows_better_a_poll_waits_for_its_interval_and_does_not_fail(
    start: Start, clock: VirtualClock, vendor: Vendor
) -> None:
    process = await start(operation())
    await clock.run(100.0)
    process.worker()._timetable.schedule.set(TargetKey("acme", "32841", "1h"), clock.monotonic())
    await clock.run(195.0)
    assert len(vendor.log) == process.shown().polls == 1
    await clock.run(10.0)
    assert vendor.moments() == [0.0, pytest.approx(300.0, abs=0.2)]
    assert process.shown().failures == 0


async def test_the_budget_is_never_exceeded_and_begins_anew_at_local_midnight(
    start: Start, clock: VirtualClock, vendor: Vendor
) -> None:
    clock.shift(MIDNIGHT - 3600.0)
    other = operation(target(operation="globex"), name="globex", token="token-2", budget=1000)
    process = await start(operation(), other)
    await clock.run(1300.0)  # before it has a budget, which would be made to last
    await process.apply_config(operation(budget=5), other)
    await clock.run(2290.0)
    assert process.reason() is Reason.BUDGET
    assert process.figures().used == process.figures().requests == len([1 for s in vendor.log if s.token == "token-1"])
    assert process.figures().used == 5
    assert process.failed(Reason.BUDGET) == 7
    failure = process.shown().failure
    assert failure is not None
    assert re.search(r"the day's budget of 5 .* midnight in America/Bogota; raise", failure.message)
    last = process.shown().history[-1]
    assert (last.requests, last.duration) == (0, 0.0)
    assert process.reason(operation="globex") is None
    await clock.run(200.0)
    assert process.reason() is None
    assert process.figures().used == 1


@pytest.mark.parametrize(
    ("began", "hours"),
    [
        (1_774_738_800.0, 23),  # 2026-03-29 in Madrid, the clock goes forward
        (1_792_879_200.0, 25),  # 2026-10-25, and back
        (1_780_264_800.0, 24),  # 2026-06-01
    ],
)
async def test_the_day_of_the_budget_is_as_long_as_the_zone_makes_it(began: float, hours: int, file: Path) -> None:
    clock = VirtualClock(began)
    vendor = Vendor(clock)
    madrid = ZoneInfo("Europe/Madrid")
    acme = operation(target(zone=madrid), zone=madrid, budget=3)
    morning = await Exporter(clock, vendor, f"sqlite:///{file}").start(replace(acme, budget=None))
    await clock.run(700.0)  # before it has a budget, which would be made to last
    await morning.apply_config(acme)
    await clock.run(300.0)
    assert (len(vendor.log), morning.reason()) == (3, Reason.BUDGET)
    await morning.stop()
    await clock.run(hours * 3600.0 - 1.0 - clock.true - 600.0)
    evening = await Exporter(clock, vendor, f"sqlite:///{file}").start(acme)
    await clock.run(600.0)
    assert (len(vendor.log), evening.reason()) == (3, Reason.BUDGET)
    await clock.run(4500.0)  # a request of yesterday is a stretched interval ago then
    assert (len(vendor.log), evening.reason()) == (4, None)
    await evening.kill()


async def test_the_count_shown_begins_anew_at_midnight_also_without_a_poll(
    start: Start, clock: VirtualClock, vendor: Vendor
) -> None:
    clock.shift(MIDNIGHT - 60.0)
    process = await start(operation(target(interval=2 * DAY)))
    await clock.run(50.0)
    assert process.figures().used == 1
    await clock.run(20.0)
    assert process.figures().used == 0
    assert len(vendor.log) == 1


async def test_the_count_shown_begins_anew_at_midnight_while_an_answer_is_awaited(
    start: Start, clock: VirtualClock, vendor: Vendor
) -> None:
    clock.shift(MIDNIGHT - 60.0)
    process = await start(operation(target(interval=55.0, timeout=50.0)))
    await clock.run(30.0)
    vendor.latency = 40.0
    await clock.run(30.0 - 0.01)
    assert process.figures().used == 2
    await clock.run(0.02)
    assert process.figures().used == 0
    await clock.run(80.0)
    assert process.figures().used == 1
    assert len(vendor.log) == 3


async def test_the_count_shown_of_the_new_day_stays_when_the_page_is_asked_late(
    start: Start, clock: VirtualClock, vendor: Vendor
) -> None:
    clock.shift(MIDNIGHT - 60.0)
    process = await start(operation(target(interval=100.0)))
    assert process.figures().used == 0
    await clock.run(110.0)
    assert process.published.operations["acme"].used == process.figures().used == 1


async def test_a_clock_that_is_set_back_over_midnight_brings_that_days_count_back(
    start: Start, clock: VirtualClock, vendor: Vendor
) -> None:
    clock.shift(MIDNIGHT - 60.0)
    process = await start(operation(target(interval=2 * DAY)))
    await clock.run(70.0)
    assert process.figures().used == 0
    clock.shift(-60.0)
    await clock.run(10.0)
    assert process.figures().used == 1


async def test_lag_tells_how_late_the_most_overdue_poll_is(start: Start, clock: VirtualClock, vendor: Vendor) -> None:
    vendor.latency = 40.0
    process = await start(operation(*(target(str(number)) for number in range(3))))
    await clock.run(60.0)
    assert process.supervisor.lags() == {"acme": pytest.approx(60.0)}
    await clock.run(100.0)
    assert process.supervisor.lags() == {"acme": 0.0}


async def test_next_poll_is_told_by_the_wall_clock(start: Start, clock: VirtualClock, vendor: Vendor) -> None:
    process = await start(operation())
    key = TargetKey("acme", "32841", "1h")
    await clock.run(0.5)
    assert process.supervisor.next_poll_at(key) is None, "it is under way"
    await clock.run(10.0)
    at = process.supervisor.next_poll_at(key)
    assert at == pytest.approx(1_790_000_000 + 300.1)
    clock.shift(3600.0)
    assert process.supervisor.next_poll_at(key) == pytest.approx((at or 0.0) + 3600.0)
    assert process.supervisor.next_poll_at(TargetKey("nobody", "1", "1h")) is None


async def test_one_line_of_log_on_the_change_to_bad_and_back(start: Start, clock: VirtualClock, vendor: Vendor) -> None:
    with capture_logs() as logs:
        await start(operation())
        await clock.run(400.0)
        vendor.outcome = bad(Reason.SERVER_ERROR)
        await clock.run(1500.0)
        vendor.outcome = bad(Reason.TIMEOUT)
        await clock.run(1500.0)
        vendor.outcome = good()
        await clock.run(1500.0)
    told = [(line["event"], line.get("reason", line.get("was"))) for line in logs if line["event"].startswith("poll ")]
    assert [one for one in told if one[0] != "poll ended"] == [
        ("poll failed", "server_error"),
        ("poll failed", "timeout"),
        ("poll succeeded again", "timeout"),
    ]


@pytest.mark.parametrize("step", [3600.0, -3600.0, 40 * DAY, -40 * DAY])
async def test_steps_of_the_wall_clock_move_no_poll(
    start: Start, clock: VirtualClock, vendor: Vendor, step: float
) -> None:
    process = await start(operation())
    await clock.run(1000.0)
    clock.shift(step)
    await clock.run(1000.0)
    assert len(vendor.log) == 7
    assert all(300.0 <= gap < 300.5 for gap in gaps(vendor.moments()))
    assert process.shown().stale is False
    bounds = vendor.log[-1].bounds
    assert bounds.end == int(1_790_000_000 + step + vendor.log[-1].at), "the vendor's dates follow the wall clock"


async def test_a_fault_of_our_own_is_counted_and_logged_with_its_traceback_and_others_go_on(
    start: Start, clock: VirtualClock, vendor: Vendor
) -> None:
    vendor.outcomes["1"] = RuntimeError("made to fail")
    other = operation(target(operation="globex"), name="globex", token="token-2")
    with capture_logs() as logs:
        process = await start(operation(target("1"), target("2")), other)
        await clock.run(100.0)
    assert process.reason("1") is Reason.INTERNAL
    assert process.failed(Reason.INTERNAL) == 1
    assert process.shown("1").failures == 1
    assert process.reason("2") is process.reason(operation="globex") is None
    (line,) = [line for line in logs if line["event"] == "worker failed, it starts again"]
    assert (line["exc_info"], line["log_level"]) == (True, "error")
    del vendor.outcomes["1"]
    await clock.run(300.0)
    assert process.reason("1") is None
    assert all(gap >= 300.0 for gap in gaps(vendor.moments("1")))


async def test_a_request_that_left_before_a_fault_stays_on_record_over_a_restart(
    start: Start, clock: VirtualClock, vendor: Vendor
) -> None:
    vendor.outcome = RuntimeError("made to fail")
    process = await start(operation())
    await clock.run(100.0)
    await process.kill()
    vendor.outcome = good()
    await start(operation())
    await clock.run(400.0)
    assert len(vendor.log) == 2
    assert all(gap >= 300.0 for gap in gaps(vendor.moments()))


async def test_a_fault_in_showing_a_result_does_not_lose_the_campaign(
    start: Start, clock: VirtualClock, vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = await start(operation())
    await clock.run(10.0)

    def refuse(*_: object) -> None:
        raise RuntimeError("made to fail")

    with monkeypatch.context() as broken:
        broken.setattr(process.published, "set_target", refuse)
        await clock.run(600.0)
    await clock.run(400.0)
    assert process.reason() is None
    assert len(vendor.log) >= 3
    assert all(gap >= 300.0 for gap in gaps(vendor.moments()))
    assert process.failed(Reason.INTERNAL) >= 1


async def test_a_worker_that_fails_again_and_again_backs_off_up_to_a_minute(
    start: Start, clock: VirtualClock, vendor: Vendor
) -> None:
    vendor.outcome = RuntimeError("made to fail")
    with capture_logs() as logs:
        process = await start(operation(*(target(str(number)) for number in range(9))))
        await clock.run(250.0)
        assert process.supervisor.stuck() == [], "a back-off is turning"
    waits = [line["seconds"] for line in logs if line["event"] == "worker failed, it starts again"]
    assert waits == [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0, 60.0]
