"""A token that the vendor refuses rests: one request an interval finds out whether it is well again."""

from dataclasses import replace
from itertools import pairwise

import pytest
from structlog.testing import capture_logs
from support import Start, Vendor, VirtualClock, bad, good, operation, target

from exporter.model import Failure, Operation, Reason, Report
from exporter.storage.database import StorageError

RESTING = (Reason.AUTH, Reason.QUOTA, Reason.FORBIDDEN)
CAMPAIGNS = ("1", "2", "3")


def acme(token: str = "token-1", interval: float = 300.0) -> Operation:
    return operation(*(target(campaign, interval=interval) for campaign in CAMPAIGNS), token=token)


@pytest.mark.parametrize("reason", RESTING)
async def test_one_request_is_sent_and_the_others_fail_unsent_with_the_same_reason(
    start: Start, clock: VirtualClock, vendor: Vendor, reason: Reason
) -> None:
    vendor.outcome = bad(reason)
    process = await start(acme())
    await clock.run(290.0)
    assert len(vendor.log) == process.figures().used == 1
    assert [process.reason(campaign) for campaign in CAMPAIGNS] == [reason] * 3
    assert process.failed(reason) == 3
    assert process.figures().rest == bad(reason)
    unsent = process.shown("2")
    assert unsent.failure is not None
    assert unsent.failure.message.startswith("not sent, the token rests for 29")
    assert unsent.failure.message.endswith(f"made up: {reason.value}")
    assert [poll.requests for poll in unsent.history] == [0]


async def test_one_request_per_interval_finds_out(start: Start, clock: VirtualClock, vendor: Vendor) -> None:
    vendor.outcome = bad(Reason.AUTH)
    await start(acme())
    await clock.run(3590.0)
    moments = [sent.at for sent in vendor.log]
    assert 9 <= len(moments) <= 12
    assert all(after - before >= 300.0 for before, after in pairwise(moments))


async def test_the_shortest_interval_of_the_token_counts(start: Start, clock: VirtualClock, vendor: Vendor) -> None:
    vendor.outcome = bad(Reason.AUTH)
    await start(operation(target("1", interval=60.0), target("2", interval=3600.0)))
    await clock.run(600.0)
    assert 8 <= len(vendor.log) <= 10


async def test_a_success_ends_it_and_those_that_were_not_asked_follow_at_once(
    start: Start, clock: VirtualClock, vendor: Vendor
) -> None:
    process = await start(acme())
    await clock.run(10.0)
    vendor.outcome = bad(Reason.QUOTA)
    await clock.run(900.0)
    asked = len(vendor.log)
    vendor.outcome = good()
    with capture_logs() as logs:
        while process.figures().rest is not None:
            await clock.run(1.0)
    await clock.run(5.0)
    assert {sent.target.key.campaign for sent in vendor.log[asked:]} == set(CAMPAIGNS)
    assert [process.reason(campaign) for campaign in CAMPAIGNS] == [None] * 3
    assert [line["event"] for line in logs if "token" in line["event"]] == ["token rests no longer"]


async def test_those_that_follow_keep_their_own_interval(start: Start, clock: VirtualClock, vendor: Vendor) -> None:
    process = await start(operation(target("1", interval=60.0), target("2", interval=1000.0)))
    await clock.run(30.0)
    vendor.outcome = bad(Reason.AUTH)
    await clock.run(100.0)
    vendor.outcome = good()
    await clock.run(1800.0)
    first, second = vendor.moments("2")[:2]
    assert 1000.0 <= second - first < 1001.0
    assert process.figures().rest is None


async def test_any_other_answer_of_the_vendor_ends_it_too(start: Start, clock: VirtualClock, vendor: Vendor) -> None:
    vendor.outcome = bad(Reason.AUTH)
    vendor.outcomes["1"] = bad(Reason.NOT_FOUND)
    vendor.next.append(bad(Reason.AUTH))
    process = await start(operation(target("1")))
    await clock.run(290.0)
    assert process.figures().rest is not None
    await clock.run(20.0)
    assert process.figures().rest is None
    assert process.reason("1") is Reason.NOT_FOUND


async def test_a_rest_is_kept_over_a_restart(start: Start, clock: VirtualClock, vendor: Vendor) -> None:
    vendor.outcome = bad(Reason.FORBIDDEN)
    first = await start(acme())
    await clock.run(10.0)
    await first.stop()
    second = await start(acme())
    assert second.figures().rest == bad(Reason.FORBIDDEN)
    await clock.run(270.0)
    assert len(vendor.log) == 1
    assert second.failed(Reason.FORBIDDEN) == 2, "of the first campaign the interval is not over"
    await clock.run(40.0)
    assert len(vendor.log) == 2


async def test_a_rest_is_kept_over_a_reload_and_a_new_name(start: Start, clock: VirtualClock, vendor: Vendor) -> None:
    vendor.outcome = bad(Reason.AUTH)
    process = await start(acme())
    await clock.run(10.0)
    renamed = operation(*(target(campaign, operation="renamed") for campaign in CAMPAIGNS), name="renamed")
    await process.apply_config(renamed)
    await clock.run(270.0)
    assert len(vendor.log) == 1
    assert process.reason("2", operation="renamed") is Reason.AUTH


async def test_a_new_token_does_not_rest(start: Start, clock: VirtualClock, vendor: Vendor) -> None:
    vendor.outcome = bad(Reason.AUTH)
    process = await start(acme())
    await clock.run(10.0)
    vendor.outcome = good()
    await process.apply_config(acme(token="token-2"))
    await clock.run(10.0)
    assert [sent.token for sent in vendor.log[1:]] == ["token-2", "token-2"]
    assert process.figures().rest is None
    assert process.reason("2") is process.reason("3") is None
    await clock.run(300.0)
    assert process.reason("1") is None


async def test_a_token_of_another_operation_does_not_rest(start: Start, clock: VirtualClock, vendor: Vendor) -> None:
    vendor.outcomes["1"] = bad(Reason.AUTH)
    other = operation(target("9", operation="globex"), name="globex", token="token-2")
    process = await start(operation(target("1")), other)
    await clock.run(1000.0)
    assert process.reason("9", operation="globex") is None
    assert len(vendor.moments("9")) == 4


@pytest.mark.parametrize("step", [3600.0, -3600.0])
async def test_after_a_reboot_a_step_of_the_wall_clock_neither_ends_nor_prolongs_it(
    start: Start, clock: VirtualClock, vendor: Vendor, step: float
) -> None:
    vendor.outcome = bad(Reason.AUTH)
    process = await start(acme())
    await clock.run(10.0)
    await process.kill()
    clock.reboot()
    await clock.run(60.0)
    await start(acme())
    await clock.run(60.0)
    clock.shift(step)
    await clock.run(100.0)
    assert len(vendor.log) == 1
    await clock.run(200.0)
    assert len(vendor.log) == 2


async def test_a_budget_that_is_gone_during_a_rest_is_told_as_the_rest(
    start: Start, clock: VirtualClock, vendor: Vendor
) -> None:
    vendor.outcome = bad(Reason.AUTH)
    process = await start(operation(target("1"), target("2")))
    await clock.run(10.0)
    assert (process.reason("1"), process.reason("2")) == (Reason.AUTH, Reason.AUTH)
    await process.apply_config(operation(target("1"), target("2"), budget=1))
    await clock.run(310.0)
    assert process.reason("1") is Reason.BUDGET
    assert process.figures().rest is not None


# A vendor that stalls.


def stalled(*campaigns: str) -> Operation:
    return operation(*(target(campaign, timeout=60.0) for campaign in campaigns))


async def test_after_time_outs_of_two_campaigns_in_a_row_the_token_rests(
    start: Start, clock: VirtualClock, vendor: Vendor
) -> None:
    vendor.outcome = bad(Reason.TIMEOUT)
    process = await start(stalled("1", "2", "3", "4"))
    await clock.run(290.0)
    assert [sent.target.key.campaign for sent in vendor.log] == ["1", "2"]
    assert [process.reason(campaign) for campaign in ("1", "2", "3", "4")] == [Reason.TIMEOUT] * 4
    assert process.figures().rest == bad(Reason.TIMEOUT)
    unsent = process.shown("3").failure
    assert unsent is not None
    assert unsent.message.startswith("not sent, the token rests for 29")


async def test_its_probes_take_the_campaigns_in_turn_one_an_interval(
    start: Start, clock: VirtualClock, vendor: Vendor
) -> None:
    vendor.outcome = bad(Reason.TIMEOUT)
    await start(stalled("1", "2", "3", "4"))
    await clock.run(2000.0)
    assert [sent.target.key.campaign for sent in vendor.log] == ["1", "2", "3", "4", "1", "2", "3", "4"]
    assert all(after - before >= 300.0 for before, after in pairwise([sent.at for sent in vendor.log][1:]))


@pytest.mark.parametrize("look", [0.0, 1e-6])
@pytest.mark.parametrize("reason", RESTING)
async def test_probes_after_a_refusal_take_turns_too(
    start: Start, clock: VirtualClock, vendor: Vendor, reason: Reason, look: float
) -> None:
    clock.look = look
    vendor.outcome = bad(reason)
    await start(acme())
    await clock.run(1000.0)
    assert [sent.target.key.campaign for sent in vendor.log] == ["1", "2", "3", "1"]


async def test_one_slow_campaign_alone_holds_nobody_up(start: Start, clock: VirtualClock, vendor: Vendor) -> None:
    vendor.outcomes["1"] = bad(Reason.TIMEOUT)
    process = await start(operation(target("1"), target("1", "today"), target("2"), target("3")))
    await clock.run(3000.0)
    assert process.figures().rest is None
    assert process.failed(Reason.TIMEOUT) == len(vendor.moments("1"))
    assert len(vendor.moments("2")) == len(vendor.moments("3")) >= 10


async def test_one_slow_campaign_does_not_prolong_a_rest_of_all(
    start: Start, clock: VirtualClock, vendor: Vendor
) -> None:
    vendor.outcomes["1"] = bad(Reason.TIMEOUT)
    vendor.next.extend([bad(Reason.TIMEOUT), bad(Reason.TIMEOUT)])
    process = await start(stalled("1", "2", "3"))
    await clock.run(10.0)
    assert process.figures().rest == bad(Reason.TIMEOUT)
    await clock.run(500.0)
    assert process.figures().rest is None
    assert [process.reason(campaign) for campaign in CAMPAIGNS] == [Reason.TIMEOUT, None, None]


@pytest.mark.parametrize("between", [good(), bad(Reason.SERVER_ERROR), bad(Reason.CONNECT)])
async def test_time_outs_that_are_not_in_a_row_rest_nothing(
    start: Start, clock: VirtualClock, vendor: Vendor, between: Report | Failure
) -> None:
    vendor.outcome = between
    vendor.outcomes = {"1": bad(Reason.TIMEOUT), "3": bad(Reason.TIMEOUT)}
    process = await start(stalled("1", "2", "3", "4"))
    await clock.run(30.0)
    assert process.figures().rest is None
    assert len({sent.target.key.campaign for sent in vendor.log}) == 4


async def test_two_time_outs_count_over_a_restart(start: Start, clock: VirtualClock, vendor: Vendor) -> None:
    vendor.outcome = bad(Reason.TIMEOUT)
    first = await start(stalled("1"))
    await clock.run(10.0)
    await first.stop()
    second = await start(stalled("1", "2", "3"))
    await clock.run(10.0)
    assert second.figures().rest == bad(Reason.TIMEOUT)
    assert [sent.target.key.campaign for sent in vendor.log] == ["1", "2"]


@pytest.mark.parametrize("reason", [Reason.TIMEOUT, Reason.CONNECT])
async def test_a_probe_without_an_answer_ends_no_rest(
    start: Start, clock: VirtualClock, vendor: Vendor, reason: Reason
) -> None:
    vendor.outcome = bad(reason)
    vendor.next.append(bad(Reason.AUTH))
    process = await start(acme())
    await clock.run(550.0)
    assert process.figures().rest == bad(Reason.AUTH)
    assert process.reason("1") is Reason.AUTH


# A pause that the vendor asks for.


def paused(reason: Reason, seconds: float) -> Failure:
    return replace(bad(reason), retry_after=seconds)


@pytest.mark.parametrize("reason", [Reason.SERVER_ERROR, Reason.CONCURRENCY])
async def test_a_long_pause_is_kept_and_others_fail_unsent(
    start: Start, clock: VirtualClock, vendor: Vendor, reason: Reason
) -> None:
    vendor.next.append(paused(reason, 900.0))
    process = await start(acme())
    with capture_logs() as logs:
        await clock.run(890.0)
    assert len(vendor.log) == 1
    assert [process.reason(campaign) for campaign in CAMPAIGNS] == [reason] * 3
    assert process.figures().rest == paused(reason, 900.0)
    [line] = [line for line in logs if line["event"] == "token waits, as the vendor asks"]
    assert line["seconds"] == 900.0
    await clock.run(330.0)
    assert vendor.log[1].at - (vendor.log[0].at + vendor.latency) >= 900.0
    assert process.figures().rest is None
    assert [process.reason(campaign) for campaign in CAMPAIGNS] == [None] * 3


async def test_a_short_pause_makes_polls_late_and_fails_none(start: Start, clock: VirtualClock, vendor: Vendor) -> None:
    vendor.next.append(paused(Reason.SERVER_ERROR, 45.0))
    process = await start(acme())
    await clock.run(40.0)
    assert len(vendor.log) == 1
    await clock.run(20.0)
    assert [process.reason(campaign) for campaign in CAMPAIGNS] == [Reason.SERVER_ERROR, None, None]
    assert 45.0 <= vendor.log[1].at - (vendor.log[0].at + vendor.latency) <= 46.0
    assert process.failed(Reason.SERVER_ERROR) == 1


@pytest.mark.parametrize(("seconds", "waited"), [(3.0, (10.5, 12.5)), (40.0, (40.0, 40.2))])
async def test_a_retry_waits_for_the_longer_of_the_two(
    start: Start, clock: VirtualClock, vendor: Vendor, seconds: float, waited: tuple[float, float]
) -> None:
    vendor.next.append(paused(Reason.CONCURRENCY, seconds))
    process = await start(operation(target("1")))
    await clock.run(60.0)
    first, second = vendor.moments("1")
    assert waited[0] <= second - (first + vendor.latency) <= waited[1]
    assert (process.reason("1"), process.figures().rest) == (None, None)


@pytest.mark.parametrize("seconds", [50.0, 3600.0])
async def test_a_pause_is_kept_over_a_crash(start: Start, clock: VirtualClock, vendor: Vendor, seconds: float) -> None:
    vendor.next.append(paused(Reason.CONCURRENCY, seconds))
    first = await start(acme())
    await clock.run(8.0)
    await first.kill()
    await start(acme())
    await clock.run(seconds + 340.0)
    assert vendor.log[1].at - (vendor.log[0].at + vendor.latency) >= seconds
    assert len({sent.target.key.campaign for sent in vendor.log[1:]}) == 3


async def test_a_storage_that_fails_loses_no_pause_in_this_process(
    start: Start, clock: VirtualClock, vendor: Vendor
) -> None:
    vendor.next.append(paused(Reason.CONCURRENCY, 30.0))
    process = await start(acme())
    await clock.run(0.5)
    process.disk.trouble = StorageError("storage x: made up")
    await clock.run(10.0)
    process.disk.trouble = None
    await clock.run(60.0)
    assert vendor.log[1].at - (vendor.log[0].at + vendor.latency) >= 30.0
