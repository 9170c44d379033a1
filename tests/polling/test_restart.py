"""What a restart, a reboot and an edit of the configuration keep, and what they drop."""

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from support import Exporter, Start, Vendor, VirtualClock, bad, good, operation, target

from exporter.model import LATEST_DEPARTURE, Operation, Reason, WaitCause
from exporter.storage.rows import KEPT_DAYS

DAY = 86400.0


def intervals(vendor: Vendor) -> list[float]:
    return [after.at - before.at for before, after in pairwise(vendor.log)]


async def polled(start: Start, clock: VirtualClock, before: Operation) -> Exporter:
    """A process that asked once."""
    process = await start(before)
    await clock.run(30.0)
    return process


async def test_what_was_known_is_there_at_once_with_its_age(start: Start, clock: VirtualClock, vendor: Vendor) -> None:
    vendor.next.extend([good(7, "fax"), bad(Reason.SERVER_ERROR)])
    first = await start(operation())
    await clock.run(400.0)
    before = first.shown()
    await first.stop()
    second = await start(operation())
    after = second.shown()
    assert after.data == before.data
    assert after.history == before.history
    assert (after.failure, after.seen) == (before.failure, ("fax",))
    assert (after.last_success_at, after.last_poll_at) == (before.last_success_at, before.last_poll_at)
    assert second.store.unready() == []


async def test_counters_begin_at_0_and_the_quota_does_not(start: Start, clock: VirtualClock, vendor: Vendor) -> None:
    vendor.next.extend([good(), bad(Reason.SERVER_ERROR)])
    first = await start(operation())
    await clock.run(400.0)
    assert (first.shown().polls, first.shown().failures, first.figures().requests) == (2, 1, 2)
    await first.stop()
    second = await start(operation())
    assert (second.shown().polls, second.shown().failures, second.figures().requests) == (0, 0, 0)
    assert second.failed(Reason.SERVER_ERROR) == second.figures().latency.count == 0
    assert second.figures().used == 2


@pytest.mark.parametrize("ends", [Exporter.stop, Exporter.kill])
async def test_the_interval_is_kept_over_a_restart(
    start: Start, clock: VirtualClock, vendor: Vendor, ends: Callable[[Exporter], object]
) -> None:
    for pause in (100.0, 40.0, 3.0, 500.0, 20.0):
        process = await start(operation())
        await clock.run(pause)
        await (process.stop() if ends is Exporter.stop else process.kill())
    assert all(gap >= 300.0 for gap in intervals(vendor))
    assert len(vendor.log) in {2, 3}


async def test_a_request_under_way_at_the_crash_counts_as_in_flight_until_its_time_limit(
    start: Start, clock: VirtualClock, vendor: Vendor
) -> None:
    vendor.latency = 100.0
    first = await start(operation(target("1", timeout=60.0), target("2", timeout=60.0)))
    await clock.run(5.0)
    await first.kill()
    vendor.latency = 1.0
    second = await start(operation(target("1"), target("2")))
    await clock.run(55.0)
    assert len(vendor.log) == 1
    assert second.figures().lease_held is False
    wait = second.figures().lease_wait
    assert wait is not None
    assert (wait.cause, wait.until) == (WaitCause.REQUEST, clock.now() + 17.0)
    await clock.run(16.0)
    assert len(vendor.log) == 1
    await clock.run(4.0)
    assert len(vendor.log) == 2
    assert vendor.log[1].at >= 60.0 + LATEST_DEPARTURE
    assert second.figures().lease_wait is None
    assert second.figures().used == 2, "the one that may have left counts"


async def test_a_clean_stop_makes_nobody_wait(start: Start, clock: VirtualClock, vendor: Vendor) -> None:
    first = await start(operation(target("1")))
    await clock.run(5.0)
    await first.stop()
    second = await start(operation(target("1"), target("2")))
    await clock.run(0.5)
    assert second.figures().lease_held
    assert len(vendor.moments("2")) == 1


EDITS: list[tuple[str, Operation]] = [
    ("nothing", operation()),
    ("name of the campaign", operation(target(name="Cobranza"))),
    ("name of the operation", operation(target(operation="renamed"), name="renamed")),
    ("token", operation(token="token-2")),
    ("way of writing the window", operation(target(window="60m"))),
    ("interval, to a longer one", operation(target(interval=400.0))),
    ("time limit", operation(target(timeout=30.0))),
    ("stale_after", operation(target(stale_after=700.0))),
    ("budget", operation(budget=1000)),
    ("a campaign more", operation(target(), target("another"))),
]


@pytest.mark.parametrize("way", ["restart", "reload"])
@pytest.mark.parametrize("edited", [edited for _, edited in EDITS], ids=[name for name, _ in EDITS])
async def test_an_edit_of_anything_else_keeps_data_and_interval(
    start: Start, clock: VirtualClock, vendor: Vendor, edited: Operation, way: str
) -> None:
    process = await polled(start, clock, operation())
    before = process.shown()
    if way == "restart":
        await process.stop()
        process = await start(edited)
    else:
        await process.apply_config(edited)
    key = edited.targets[0].key
    after = process.shown(key.campaign, key.window, key.operation)
    assert after.data == before.data
    assert after.history == before.history
    await clock.run(265.0)
    assert len(vendor.moments()) == 1
    await clock.run(150.0)
    assert len(vendor.moments()) == 2
    interval = edited.targets[0].interval
    assert interval <= vendor.moments()[1] - vendor.moments()[0] <= interval + 1.0
    assert process.figures(key.operation).used == len(vendor.log) - (key.operation != "acme")


@pytest.mark.parametrize("way", ["restart", "reload"])
@pytest.mark.parametrize(
    "edited", [operation(target(zone=ZoneInfo("Europe/Madrid"))), operation(target(delay=600.0))], ids=["zone", "delay"]
)
async def test_another_zone_or_delay_drops_the_data_and_only_that(
    start: Start, clock: VirtualClock, vendor: Vendor, edited: Operation, way: str
) -> None:
    process = await polled(start, clock, operation())
    before = process.shown()
    if way == "restart":
        await process.stop()
        process = await start(edited)
    else:
        await process.apply_config(edited)
    after = process.shown()
    assert after.data is None
    assert after.history == before.history
    assert after.last_success_at == before.last_success_at
    await clock.run(265.0)
    assert len(vendor.log) == 1
    await clock.run(15.0)
    assert process.shown().data is not None


@pytest.mark.parametrize("way", ["restart", "reload"])
async def test_another_server_drops_all_but_when_it_was_asked(
    start: Start, clock: VirtualClock, vendor: Vendor, way: str
) -> None:
    edited = operation(base_url="http://elsewhere")
    process = await polled(start, clock, operation())
    if way == "restart":
        await process.stop()
        process = await start(edited)
    else:
        await process.apply_config(edited)
    after = process.shown()
    assert (after.data, after.history, after.last_success_at, after.last_poll_at) == (None, (), None, None)
    await clock.run(265.0)
    assert len(vendor.log) == 1
    await clock.run(15.0)
    assert vendor.log[1].base_url == "http://elsewhere"
    assert process.shown().data is not None


async def test_a_delay_does_not_matter_to_today(start: Start, clock: VirtualClock, vendor: Vendor) -> None:
    process = await polled(start, clock, operation(target(window="today")))
    await process.apply_config(operation(target(window="today", delay=600.0)))
    assert process.shown(window="today").data is not None


async def test_a_shorter_interval_holds_from_now_on(start: Start, clock: VirtualClock, vendor: Vendor) -> None:
    process = await polled(start, clock, operation())
    await process.apply_config(operation(target(interval=60.0)))
    await clock.run(100.0)
    assert vendor.moments() == [0.0, pytest.approx(60.1), pytest.approx(120.2)]
    assert process.shown().data is not None


async def test_the_budget_is_kept_over_a_restart_and_a_change_of_token(
    start: Start, clock: VirtualClock, vendor: Vendor
) -> None:
    first = await start(operation())
    await clock.run(400.0)  # before it has a budget, which would be made to last
    await first.stop()
    second = await start(operation(budget=2, token="token-2"))
    await clock.run(400.0)
    assert len(vendor.log) == 2
    assert second.reason() is Reason.BUDGET


@pytest.mark.parametrize("step", [0.0, 3600.0, -3600.0, -400 * DAY])
async def test_between_boots_the_wall_clock_tells_and_what_lies_in_its_future_is_taken_as_now(
    start: Start, clock: VirtualClock, vendor: Vendor, step: float
) -> None:
    process = await polled(start, clock, operation())
    await process.kill()
    clock.reboot()
    clock.shift(step)
    await clock.run(70.0)
    process = await start(operation())
    await clock.run(900.0)
    waited = vendor.moments()[1] - 100.0
    if step == 0.0:
        assert waited == pytest.approx(200.1)
    elif step > 0:
        assert waited < 1.0
    else:
        assert 300.0 <= waited <= 332.0, "as if it had been asked at the start, and never again so"
    assert process.reason() is None
    assert process.shown().polls >= 2


async def test_a_moment_in_the_future_is_not_taken_as_now_at_every_start(
    start: Start, clock: VirtualClock, vendor: Vendor
) -> None:
    process = await polled(start, clock, operation())
    await process.stop()
    clock.reboot()
    clock.shift(-400 * DAY)
    for _ in range(4):
        process = await start(operation())
        await clock.run(100.0)
        await process.stop()
    assert len(vendor.log) == 2


@pytest.mark.parametrize("step", [3600.0, -3600.0])
async def test_after_a_reboot_restored_data_ages_by_itself_not_by_the_wall_clock(
    start: Start, clock: VirtualClock, vendor: Vendor, step: float
) -> None:
    process = await polled(start, clock, operation())
    await process.kill()
    clock.reboot()
    vendor.outcome = bad(Reason.TIMEOUT)
    process = await start(operation())
    clock.shift(step)
    await clock.run(900.0)
    assert process.shown().stale is False
    await clock.run(70.0)
    assert process.shown().stale is True


async def test_data_that_has_become_stale_meanwhile_is_not_shown_and_not_ready(
    start: Start, clock: VirtualClock, vendor: Vendor
) -> None:
    process = await polled(start, clock, operation())
    await process.stop()
    await clock.run(DAY)
    vendor.latency = 30.0
    process = await start(operation())
    assert process.shown().stale
    assert [one.key.campaign for one in process.store.unready()] == ["32841"]
    await clock.run(31.0)
    assert process.store.unready() == []
    assert not process.shown().stale


async def test_what_nobody_asked_for_in_a_long_time_is_forgotten(
    start: Start, clock: VirtualClock, vendor: Vendor
) -> None:
    process = await polled(start, clock, operation())
    await process.stop()
    await clock.run((KEPT_DAYS + 1) * DAY)
    process = await start(operation())
    assert process.shown().history == ()


async def test_of_two_names_for_one_campaign_the_latest_request_counts(
    start: Start, clock: VirtualClock, vendor: Vendor
) -> None:
    process = await polled(start, clock, operation())
    renamed = operation(target(operation="renamed"), name="renamed")
    await process.apply_config(renamed)
    await clock.run(290.0)
    assert len(vendor.log) == 2
    await process.apply_config(operation())
    await clock.run(260.0)
    assert len(vendor.log) == 2
    await clock.run(60.0)
    assert len(vendor.log) == 3
    assert all(gap >= 300.0 for gap in intervals(vendor))


@pytest.mark.parametrize("first", ["name", "token"])
async def test_another_name_and_another_token_before_the_next_poll_lose_nothing(
    start: Start, clock: VirtualClock, vendor: Vendor, first: str
) -> None:
    process = await polled(start, clock, operation())
    before = process.shown()
    edited = operation(target(operation="renamed"), name="renamed", token="token-2")
    between = replace(edited, token=operation().token) if first == "name" else operation(token="token-2")
    for one in (between, edited):
        await process.apply_config(one)
        await clock.run(20.0)
    shown = process.shown(operation="renamed")
    assert shown.data is not None
    assert (shown.data, shown.succeeded, shown.history) == (before.data, before.succeeded, before.history)
    assert len(vendor.log) == 1
