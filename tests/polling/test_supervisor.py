"""All workers together: reloads, health, and the end."""

import asyncio

import pytest
from support import Exporter, Start, Vendor, VirtualClock, operation, target

from exporter.model import LATEST_DEPARTURE, Operation, TargetKey


def globex(token: str = "token-2") -> Operation:
    return operation(target("9", operation="globex"), name="globex", token=token)


async def test_unchanged_campaigns_keep_their_place_in_the_schedule(
    start: Start, clock: VirtualClock, vendor: Vendor
) -> None:
    targets = [target(str(number)) for number in range(10)]
    process = await start(operation(*targets))
    await clock.run(1000.0)
    places = {one.key: process.supervisor.next_poll_at(one.key) for one in targets}
    await process.apply_config(operation(*targets, target("new")))
    assert {one.key: process.supervisor.next_poll_at(one.key) for one in targets} == places
    await clock.run(2.0)
    assert len(vendor.moments("new")) == 1, "a new campaign is asked at once"


async def test_a_removed_campaign_is_not_asked_again(start: Start, clock: VirtualClock, vendor: Vendor) -> None:
    process = await start(operation(target("1"), target("2")), globex())
    await clock.run(10.0)
    await process.apply_config(operation(target("1")))
    assert set(process.published.targets) == {TargetKey("acme", "1", "1h")}
    await clock.run(1000.0)
    assert len(vendor.moments("2")) == len(vendor.moments("9")) == 1
    assert len(vendor.moments("1")) == 4
    assert len(process.supervisor._tasks) == 1


async def test_a_poll_under_way_for_a_removed_campaign_ends_and_harms_nothing(
    start: Start, clock: VirtualClock, vendor: Vendor
) -> None:
    vendor.latency = 20.0
    process = await start(operation(target("1")), globex())
    await clock.run(5.0)
    await process.apply_config(operation(target("2")))
    assert vendor.under_way == vendor.log
    assert vendor.log[0].target.key.campaign == "1"
    await clock.run(100.0)
    assert [sent.target.key.campaign for sent in vendor.log] == ["1", "9", "2"]
    assert vendor.most_at_once == 1
    assert set(process.published.targets) == {TargetKey("acme", "2", "1h")}
    await process.apply_config(operation(target("1"), target("2")))
    await clock.run(100.0)
    assert len(vendor.moments("1")) == 1, "it was asked less than its interval ago"
    assert process.shown("1").data is not None, "and what it brought was kept"


async def test_a_poll_under_way_for_another_window_is_not_shown_as_the_new_one(
    start: Start, clock: VirtualClock, vendor: Vendor
) -> None:
    vendor.latency = 20.0
    process = await start(operation())
    await clock.run(5.0)
    await process.apply_config(operation(target(delay=600.0)))
    await clock.run(100.0)
    assert process.shown().data is None
    await clock.run(250.0)
    data = process.shown().data
    assert data is not None
    assert data.bounds == vendor.log[1].bounds


async def test_a_poll_under_way_at_another_server_is_not_shown_as_the_new_ones(
    start: Start, clock: VirtualClock, vendor: Vendor
) -> None:
    vendor.latency = 20.0
    process = await start(operation())
    await clock.run(5.0)
    moved = operation(base_url="http://elsewhere")
    await process.apply_config(moved)
    await clock.run(100.0)
    assert process.shown().data is None
    await process.stop()
    process = await start(moved)
    assert process.shown().data is None
    await clock.run(250.0)
    assert process.shown().data is not None
    assert [sent.base_url for sent in vendor.log] == ["http://vendor", "http://elsewhere"]


async def test_a_token_that_moves_to_another_operation_keeps_its_worker(
    start: Start, clock: VirtualClock, vendor: Vendor
) -> None:
    vendor.latency = 20.0
    process = await start(operation(token="token-1"), globex("token-2"))
    await clock.run(5.0)
    await process.apply_config(operation(token="token-2"), globex("token-1"))
    await clock.run(100.0)
    assert vendor.most_at_once == 1
    assert len(vendor.log) == 2, "under the other token too, the interval holds"
    await clock.run(250.0)
    assert {(sent.token, sent.target.key.operation) for sent in vendor.log[2:]} == {
        ("token-2", "acme"),
        ("token-1", "globex"),
    }


async def test_a_token_that_comes_back_while_its_last_poll_ends_is_never_used_twice_at_once(
    start: Start, clock: VirtualClock, vendor: Vendor
) -> None:
    vendor.latency = 50.0
    process = await start(operation(), globex())
    await clock.run(5.0)
    await process.apply_config(globex())
    await clock.run(5.0)
    await process.apply_config(operation(target("1"), target("2")), globex())
    await clock.run(200.0)
    assert vendor.most_at_once == 1
    assert len(vendor.moments("1")) == len(vendor.moments("2")) == 1
    assert len(process.supervisor._tasks) == 2


async def test_the_lease_of_a_removed_token_is_given_up(start: Start, clock: VirtualClock, vendor: Vendor) -> None:
    first = await start(operation(), globex())
    second = await start(globex())
    await clock.run(10.0)
    assert not second.figures("globex").lease_held
    await first.apply_config(operation())
    await clock.run(3.0)
    assert second.figures("globex").lease_held


async def test_reloads_one_upon_another_leave_no_campaign_unlearnt(
    start: Start, clock: VirtualClock, vendor: Vendor
) -> None:
    process = await start(operation(target("1")))
    await clock.run(10.0)
    adopt, slow = process.ledger.records.adopt, asyncio.Event()

    async def slowly(edited: Operation) -> object:
        known = await adopt(edited)
        await slow.wait()
        return known

    process.ledger.records.adopt = slowly  # type: ignore[assignment, method-assign]
    edits = [operation(*(target(str(number)) for number in range(1, last))) for last in (3, 4, 5)]
    reloads = []
    for edited in edits:
        process.store.apply_config([edited])
        reloads.append(asyncio.ensure_future(process.supervisor.apply_config([edited])))
        await clock.run(0.0)
    slow.set()
    await clock.run(20.0)
    await asyncio.gather(*reloads)
    assert [sent.target.key.campaign for sent in vendor.log] == ["1", "2", "3", "4"]
    assert process.published.targets.keys() == {one.key for one in edits[-1].targets}


async def test_stop_lets_the_poll_under_way_end_and_starts_no_other(
    start: Start, clock: VirtualClock, vendor: Vendor
) -> None:
    vendor.latency = 3.0
    process = await start(operation(target("1"), target("2")))
    await clock.run(1.0)
    await process.stop(4.0)
    assert clock.true == pytest.approx(3.0, abs=0.2)
    assert [sent.target.key.campaign for sent in vendor.log] == ["1"]
    second = await start(operation(target("1"), target("2")))
    assert second.shown("1").data is not None
    await clock.run(0.5)
    assert len(vendor.moments("2")) == 1, "its lease was given up"


async def test_a_poll_that_does_not_end_in_time_is_broken_off_and_only_its_lease_kept(
    start: Start, clock: VirtualClock, vendor: Vendor
) -> None:
    first = await start(globex())
    await clock.run(10.0)
    vendor.latency = 1000.0
    await first.apply_config(operation(target(timeout=60.0)), globex())
    await clock.run(10.0)
    assert [sent.token for sent in vendor.under_way] == ["token-1"]
    await first.stop(0.0)
    assert vendor.under_way == []
    second = await start(operation(), globex())
    assert second.figures("globex").lease_held
    assert not second.figures("acme").lease_held
    await clock.run(60.0 + LATEST_DEPARTURE + 2.5)
    assert second.figures("acme").lease_held


async def test_a_stop_before_the_start_is_one_too(start: Start, clock: VirtualClock, vendor: Vendor) -> None:
    process = Exporter(clock, vendor)
    await process.ledger.open()
    await process.supervisor.stop(4.0)
    await process.ledger.close()
    assert vendor.log == []


async def test_a_worker_that_does_not_turn_is_told(start: Start, clock: VirtualClock, vendor: Vendor) -> None:
    process = await start(operation(target(timeout=60.0)), globex())
    assert process.supervisor.stuck() == []
    vendor.latency = 1000.0
    await clock.run(80.0)
    assert process.supervisor.stuck() == [], "a request within its time limit is turning"
    await clock.run(20.0)
    assert process.supervisor.stuck() == ["acme", "globex"]


@pytest.mark.parametrize("before", [0.1, 30.0], ids=["a request is under way", "all wait"])
async def test_after_a_suspend_nothing_is_stuck(
    start: Start, clock: VirtualClock, vendor: Vendor, before: float
) -> None:
    """Whatever was waited for goes on being waited for, and the time asleep does not count."""
    vendor.latency = 20.0
    process = await start(operation(target(timeout=60.0)), globex())
    await clock.run(before)
    for _ in range(3):
        clock.suspend(600.0)
        assert process.supervisor.stuck() == []
        await clock.run(3.0)
        assert process.supervisor.stuck() == []
    vendor.latency = 1000.0
    clock.suspend(600.0)
    await clock.run(130.0)
    assert process.supervisor.stuck() == ["acme", "globex"], "awake it counts"


async def test_a_worker_that_died_is_told(start: Start, clock: VirtualClock, vendor: Vendor) -> None:
    process = await start(operation(), globex())
    await clock.run(10.0)
    process.supervisor._tasks[process.worker("globex")].cancel()
    await clock.run(1.0)
    assert process.supervisor.stuck() == ["globex"]


async def test_what_takes_long_and_is_planned_is_not_stuck(start: Start, clock: VirtualClock, vendor: Vendor) -> None:
    process = await start(operation(target(interval=86400.0)))
    for _ in range(20):
        await clock.run(50.0)
        assert process.supervisor.stuck() == []
