"""Two processes on one storage: one polls, the other serves what that one stores, and takes over after it."""

from itertools import pairwise

import pytest
from sqlalchemy import text
from structlog.testing import capture_logs
from support import Exporter, Start, Vendor, VirtualClock, bad, good, operation, target

from exporter.model import LATEST_DEPARTURE, Reason, TargetKey


async def test_only_the_holder_of_the_lease_asks(start: Start, clock: VirtualClock, vendor: Vendor) -> None:
    first = await start(operation())
    second = await start(operation())
    await clock.run(1000.0)
    assert (first.figures().lease_held, second.figures().lease_held) == (True, False)
    assert (first.figures().requests, second.figures().requests) == (4, 0)
    assert second.figures().used == first.figures().used == 4
    assert second.supervisor.stuck() == [], "waiting for a lease is turning"


async def test_the_standby_shows_what_the_holder_stores(start: Start, clock: VirtualClock, vendor: Vendor) -> None:
    first = await start(operation())
    second = await start(operation())
    assert [one.key.campaign for one in second.store.unready()] == ["32841"]
    await clock.run(5.0)
    assert second.store.unready() == []
    assert second.shown().data == first.shown().data
    vendor.outcome = bad(Reason.TIMEOUT)
    await clock.run(305.0)
    assert second.reason() is Reason.TIMEOUT
    assert (second.shown().polls, second.shown().failures) == (0, 0), "counters are of the process that polls"
    assert second.failed(Reason.TIMEOUT) == 0


async def test_the_standby_knows_no_next_poll_and_is_never_late(
    start: Start, clock: VirtualClock, vendor: Vendor
) -> None:
    first = await start(operation())
    second = await start(operation())
    await clock.run(10.0)
    assert first.supervisor.next_poll_at(TargetKey("acme", "32841", "1h")) is not None
    assert second.supervisor.next_poll_at(TargetKey("acme", "32841", "1h")) is None
    vendor.latency = 50.0
    await clock.run(330.0)
    assert second.supervisor.lags() == {"acme": 0.0}


async def test_the_standby_shows_a_campaign_that_its_reload_adds_and_the_holder_knows(
    start: Start, clock: VirtualClock, vendor: Vendor
) -> None:
    both = operation(target(), target("another"))
    await start(both)
    second = await start(operation())
    await clock.run(20.0)
    await second.apply_config(both)
    await clock.run(3.0)
    assert second.shown("another").data is not None


async def test_a_clean_stop_hands_over_within_seconds(start: Start, clock: VirtualClock, vendor: Vendor) -> None:
    first = await start(operation())
    second = await start(operation())
    await clock.run(10.0)
    await first.stop()
    await clock.run(3.0)
    assert second.figures().lease_held
    await clock.run(1000.0)
    assert all(300.0 <= after - before < 301.0 for before, after in pairwise(vendor.moments()))


async def test_a_holder_that_died_is_replaced_after_30_s_of_silence_and_not_earlier(
    start: Start, clock: VirtualClock, vendor: Vendor
) -> None:
    first = await start(operation())
    second = await start(operation())
    await clock.run(12.0)
    last_beat = 8.0
    await first.kill()
    await clock.run(last_beat + 29.5 - clock.true)
    assert not second.figures().lease_held
    await clock.run(3.0)
    assert second.figures().lease_held


async def test_nor_before_its_last_request_can_no_longer_be_in_flight(
    start: Start, clock: VirtualClock, vendor: Vendor
) -> None:
    vendor.latency = 300.0
    first = await start(operation(target(timeout=90.0)))
    second = await start(operation(target(timeout=90.0), target("2")))
    await clock.run(12.0)
    await first.kill()
    await clock.run(90.0 + LATEST_DEPARTURE - clock.true)
    assert not second.figures().lease_held
    vendor.latency = 1.0
    await clock.run(4.0)
    assert second.figures().lease_held
    assert vendor.moments("2")[0] >= 90.0 + LATEST_DEPARTURE


async def test_a_long_request_does_not_look_like_death(start: Start, clock: VirtualClock, vendor: Vendor) -> None:
    vendor.latency = 55.0
    first = await start(operation())
    second = await start(operation())
    await clock.run(54.0)
    assert first.figures().lease_held
    assert not second.figures().lease_held


async def test_who_was_silent_and_replaced_looks_again_before_it_sends(
    start: Start, clock: VirtualClock, vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await start(operation())
    second = await start(operation())
    await clock.run(270.0)

    async def silent() -> frozenset[str]:
        return frozenset(
            {first.worker().session.token}
        )  # as a process that is stopped: it renews nothing and learns nothing

    with capture_logs() as logs:
        monkeypatch.setattr(first.ledger.leases, "renew", silent)
        await first.disk.run(lambda connection: connection.execute(text("update tokens set beat = '[0, \"\", 0]'")))
        await clock.run(1000.0)
    assert (first.figures().lease_held, second.figures().lease_held) == (False, True)
    assert [line["event"] for line in logs if line["event"] == "lease lost"] == ["lease lost"]
    assert vendor.most_at_once == 1
    assert all(after - before >= 300.0 for before, after in pairwise(vendor.moments()))
    assert first.shown().data == second.shown().data


async def test_who_lost_the_lease_learns_it_from_its_keeper(start: Start, clock: VirtualClock, vendor: Vendor) -> None:
    first = await start(operation())
    await clock.run(10.0)
    await first.disk.run(lambda connection: connection.execute(text("update tokens set holder = 'another'")))
    with capture_logs() as logs:
        await clock.run(9.0)
    assert not first.figures().lease_held
    assert "lease lost" in [line["event"] for line in logs]


async def test_what_ends_after_the_lease_was_lost_is_not_stored(
    start: Start, clock: VirtualClock, vendor: Vendor
) -> None:
    vendor.latency = 20.0
    first = await start(operation())
    await clock.run(5.0)
    await first.disk.run(lambda connection: connection.execute(text("update tokens set holder = 'another'")))
    await clock.run(20.0)
    kept = await first.disk.run(lambda connection: connection.execute(text("select snapshot from targets")).scalar())
    assert kept is None
    assert first.shown().polls == 1


async def test_two_tokens_may_have_two_holders(start: Start, clock: VirtualClock, vendor: Vendor) -> None:
    acme, globex = operation(), operation(target("9", operation="globex"), name="globex", token="token-2")
    first = await start(acme)
    second = await start(acme, globex)
    await clock.run(10.0)
    assert (first.figures().lease_held, second.figures().lease_held) == (True, False)
    assert second.figures("globex").lease_held
    assert second.shown("9", operation="globex").data is not None


@pytest.mark.parametrize("step", [3600.0, -3600.0])
async def test_steps_of_the_wall_clock_neither_end_nor_prolong_a_lease(
    start: Start, clock: VirtualClock, vendor: Vendor, step: float
) -> None:
    first = await start(operation())
    second = await start(operation())
    await clock.run(10.0)
    clock.shift(step)
    await clock.run(100.0)
    assert not second.figures().lease_held
    await first.kill()
    await clock.run(33.0)
    assert second.figures().lease_held


@pytest.mark.parametrize("step", [0.0, 3600.0, -3600.0])
async def test_after_a_reboot_silence_is_watched_where_the_wall_clock_cannot_tell(
    start: Start, clock: VirtualClock, vendor: Vendor, step: float
) -> None:
    first = await start(operation())
    await clock.run(10.0)
    await first.kill()
    clock.reboot()
    clock.shift(step)
    second = await start(operation())
    await clock.run(33.0)
    assert second.figures().lease_held
    vendor.next.append(good(9))
    await clock.run(350.0)
    assert vendor.most_at_once == 1
    (before, after, *_) = vendor.moments()
    assert after - before >= 300.0 or step > 0, "an hour seems to have passed"


async def test_neither_asks_what_the_other_asked_less_than_an_interval_ago(
    start: Start, clock: VirtualClock, vendor: Vendor
) -> None:
    process: Exporter = await start(operation(target("1"), target("2")))
    for _ in range(6):
        other: Exporter = await start(operation(target("1"), target("2")))
        await clock.run(130.0)
        await process.stop()
        process = other
    for campaign in ("1", "2"):
        moments = vendor.moments(campaign)
        assert all(after - before >= 300.0 for before, after in pairwise(moments))


async def test_beside_a_process_with_the_rotated_token_nothing_is_asked_twice_and_both_show_all(
    start: Start, clock: VirtualClock, vendor: Vendor
) -> None:
    first = await start(operation(target("1"), target("2")))
    await clock.run(100.0)
    second = await start(operation(target("1"), target("2"), token="token-2"))
    assert second.shown("1").data is not None
    await clock.run(1500.0)
    for campaign in ("1", "2"):
        moments = vendor.moments(campaign)
        assert len(moments) >= 5
        assert all(after - before >= 300.0 for before, after in pairwise(moments))
    assert first.figures().lease_held
    assert second.figures().lease_held
    for process in (first, second):
        shown = process.shown("1")
        assert shown.data is not None
        assert shown.last_success_at is not None
        assert clock.now() - shown.last_success_at < 310.0, "what the other was told is shown too"
