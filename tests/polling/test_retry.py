"""What is asked for a second time in one poll, and what is not."""

import pytest
from sqlalchemy import text
from support import Start, Vendor, VirtualClock, bad, good, operation, target

from exporter.model import Reason


async def test_connect_is_tried_again_once_after_two_to_four_seconds(
    start: Start, clock: VirtualClock, vendor: Vendor
) -> None:
    vendor.next.append(bad(Reason.CONNECT))
    process = await start(operation())
    await clock.run(10.0)
    first, second = vendor.moments()
    assert 2.0 <= second - (first + vendor.latency) <= 4.0
    assert (process.reason(), process.shown().polls) == (None, 1)
    assert process.shown().history[0].requests == process.figures().used == process.figures().requests == 2
    assert process.shown().history[0].duration == pytest.approx(second + vendor.latency - first)


async def test_connect_is_not_tried_again_while_the_poll_before_ended_so(
    start: Start, clock: VirtualClock, vendor: Vendor
) -> None:
    vendor.outcome = bad(Reason.CONNECT)
    process = await start(operation(target("1"), target("2")))
    await clock.run(30.0)
    assert (len(vendor.moments("1")), len(vendor.moments("2"))) == (2, 1)
    await clock.run(600.0)
    assert len(vendor.log) == process.figures().used == process.failed(Reason.CONNECT) + 1
    assert process.failed(Reason.CONNECT) >= 5
    vendor.outcome = good()
    await clock.run(600.0)
    vendor.next.append(bad(Reason.CONNECT))
    before = len(vendor.log)
    while len(vendor.log) == before:
        await clock.run(1.0)
    await clock.run(6.0)
    assert len(vendor.log) == before + 2, "a success came in between"


async def test_concurrency_is_tried_again_once_after_ten_seconds(
    start: Start, clock: VirtualClock, vendor: Vendor
) -> None:
    vendor.outcome = bad(Reason.CONCURRENCY)
    process = await start(operation())
    await clock.run(100.0)
    first, second = vendor.moments()
    assert second - (first + vendor.latency) >= 10.0
    assert process.shown().history[0].requests == process.figures().used == 2
    await clock.run(300.0)
    assert len(vendor.log) == 4


@pytest.mark.parametrize(
    "reason", sorted(set(Reason) - {Reason.CONNECT, Reason.CONCURRENCY, Reason.BUDGET, Reason.STORAGE})
)
async def test_nothing_else_is_tried_again(start: Start, clock: VirtualClock, vendor: Vendor, reason: Reason) -> None:
    vendor.outcome = bad(reason)
    process = await start(operation())
    await clock.run(290.0)
    assert len(vendor.log) == process.figures().used == process.shown().history[0].requests == 1
    assert process.reason() is reason


async def test_a_retry_is_not_sent_once_the_exporter_stops(start: Start, clock: VirtualClock, vendor: Vendor) -> None:
    vendor.outcome = bad(Reason.CONCURRENCY)
    process = await start(operation())
    await clock.run(3.0)
    await process.stop()
    await clock.run(30.0)
    assert len(vendor.log) == 1
    assert process.reason() is Reason.CONCURRENCY, "what the first request brought stands"


async def test_a_retry_that_the_budget_does_not_allow_is_not_sent(
    start: Start, clock: VirtualClock, vendor: Vendor
) -> None:
    vendor.outcome = bad(Reason.CONNECT)
    process = await start(operation(budget=1))
    await clock.run(30.0)
    assert len(vendor.log) == 1
    assert process.reason() is Reason.CONNECT


async def test_a_retry_without_the_lease_is_not_sent(start: Start, clock: VirtualClock, vendor: Vendor) -> None:
    vendor.outcome = bad(Reason.CONCURRENCY)
    process = await start(operation())
    await clock.run(2.0)
    await process.disk.run(lambda connection: connection.execute(text("update tokens set holder = 'another'")))
    await clock.run(20.0)
    assert len(vendor.log) == 1
    assert process.shown().polls == 1


async def test_a_request_that_never_left_counts_and_its_interval_begins_with_its_record(
    start: Start, clock: VirtualClock, vendor: Vendor
) -> None:
    vendor.reachable = False
    process = await start(operation())
    await clock.run(10.0)
    assert process.reason() is Reason.CONNECT
    assert process.figures().used == 2, "the retry too"
    vendor.reachable = True
    await clock.run(320.0)
    assert 300.0 <= vendor.moments()[0] <= 305.0
