"""Storage that fails while the exporter runs: nothing is sent that cannot be recorded, and it recovers by itself."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from support import BOGOTA, Start, Vendor, VirtualClock, bad, operation, target

from exporter.model import Operation, Reason, WaitCause
from exporter.storage.database import StorageError
from exporter.storage.schema import usage
from exporter.wolkvox.window import date_of


def remove(file: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        file.with_name(file.name + suffix).unlink()


def copy(file: Path) -> dict[str, bytes]:
    return {suffix: file.with_name(file.name + suffix).read_bytes() for suffix in ("", "-wal")}


def put_back(file: Path, old: dict[str, bytes]) -> None:
    for suffix, content in old.items():
        file.with_name(file.name + suffix).write_bytes(content)


async def test_nothing_is_sent_while_it_fails_and_all_goes_on_after(
    start: Start, clock: VirtualClock, vendor: Vendor
) -> None:
    process = await start(operation(target("1"), target("2")))
    await clock.run(10.0)
    before = process.shown("1")
    with capture_logs() as logs:
        process.disk.trouble = StorageError("storage kept.db: database or disk is full")
        await clock.run(700.0)
        assert len(vendor.log) == 2
        assert process.reason("1") is process.reason("2") is Reason.STORAGE
        assert process.shown("1").data == before.data
        assert process.failed(Reason.STORAGE) == process.shown("1").failures + process.shown("2").failures >= 3
        assert process.figures().requests == process.figures().used == 2
        assert process.supervisor.stuck() == []
        process.disk.trouble = None
        await clock.run(320.0)
    assert process.reason("1") is process.reason("2") is None
    assert process.figures().used == len(vendor.log) >= 4
    told = [line["event"] for line in logs if line["event"].startswith("storage")]
    assert told == ["storage failed, nothing is sent until it works again", "storage works again"]
    kept = [line["event"] for line in logs if line["event"].startswith("leases")]
    assert kept == ["leases not renewed, trying again"]


async def test_what_could_not_be_asked_is_asked_within_10_s_after(
    start: Start, clock: VirtualClock, vendor: Vendor
) -> None:
    process = await start(operation(target("1"), target("2"), live_interval=300.0))
    await clock.run(290.0)
    process.disk.trouble = StorageError("storage kept.db: database is locked")
    await clock.run(200.0)
    assert process.reason("1") is process.reason("2") is Reason.STORAGE
    failures, sent = process.failed(Reason.STORAGE), len(vendor.log)
    await clock.run(60.0)
    assert process.failed(Reason.STORAGE) == failures, "a try is no poll"
    process.disk.trouble = None
    await clock.run(10.0)
    assert process.reason("1") is process.reason("2") is None
    assert len(vendor.log) == sent + 2
    assert process.figures().used == 6, "the live figures too"
    await clock.run(280.0)
    assert len(vendor.log) == sent + 2, "and not again before their interval is over"


async def test_it_is_not_tried_again_at_every_poll(start: Start, clock: VirtualClock, vendor: Vendor) -> None:
    process = await start(operation(*(target(str(number)) for number in range(20))))
    process.disk.trouble = StorageError("storage kept.db: database is locked")
    await clock.run(2.0)
    assert process.failed(Reason.STORAGE) == 20
    messages = [state.failure.message for state in process.published.targets.values() if state.failure]
    assert sum("a moment ago" in message for message in messages) == 19
    assert sum("database is locked" in message for message in messages) == 1
    assert vendor.log == []


async def test_a_result_that_cannot_be_stored_is_shown_and_its_request_stays_on_record(
    start: Start, clock: VirtualClock, vendor: Vendor
) -> None:
    first = await start(operation())
    await clock.run(0.5)
    first.disk.trouble = StorageError("storage kept.db: disk I/O error")
    await clock.run(2.0)
    assert first.shown().data is not None
    await first.kill()
    second = await start(operation())
    await clock.run(290.0)
    assert len(vendor.log) == 1
    assert second.figures().used == 1


async def test_a_retry_that_cannot_be_recorded_is_not_sent(start: Start, clock: VirtualClock, vendor: Vendor) -> None:
    vendor.outcome = bad(Reason.CONNECT)
    process = await start(operation())
    await clock.run(1.5)
    process.disk.trouble = StorageError("storage kept.db: disk I/O error")
    await clock.run(30.0)
    assert len(vendor.log) == 1
    assert process.reason() is Reason.CONNECT


async def test_a_lease_that_cannot_be_taken_yet_is_taken_later(
    start: Start, clock: VirtualClock, vendor: Vendor
) -> None:
    process = await start(operation())
    await clock.run(10.0)
    process.disk.trouble = StorageError("storage kept.db: disk I/O error")
    other = operation(target("9", operation="globex"), name="globex", token="token-2")
    await process.apply_config(operation(), other)
    await clock.run(10.0)
    assert vendor.moments("9") == []
    assert process.supervisor.stuck() == []
    process.disk.trouble = None
    await clock.run(5.0)
    assert len(vendor.moments("9")) == 1


async def test_midnight_is_not_missed_while_it_fails(start: Start, clock: VirtualClock, vendor: Vendor) -> None:
    clock.shift(86400.0 - (1_790_000_000 - 5 * 3600) % 86400 - 60.0)
    process = await start(operation(target(interval=3600.0)))
    await clock.run(30.0)
    process.disk.trouble = StorageError("storage kept.db: disk I/O error")
    await clock.run(60.0)
    assert process.figures().used == 0, "of the new day nothing else is known"
    process.disk.trouble = None
    today = date_of(BOGOTA, clock.now())
    await process.disk.run(lambda connection: connection.execute(usage.insert().values(("acme", today, 3))))
    await clock.run(10.0)
    assert process.figures().used == 3, "as another process counted"


async def test_a_removed_file_is_made_anew_with_all_that_bounds_the_requests(
    start: Start, clock: VirtualClock, vendor: Vendor, file: Path
) -> None:
    acme = operation(target("1"), target("2"))
    first = await start(acme)
    await clock.run(310.0)
    sent = len(vendor.log)
    acme = replace(acme, budget=sent)
    remove(file)
    await clock.run(9.0)
    await first.kill()
    second = await start(acme)
    assert not second.figures().lease_held, "a request that only the old file knew of may be under way"
    assert second.figures().used == sent
    await clock.run(76.0)
    assert second.figures().lease_held
    await clock.run(1500.0)
    assert (len(vendor.log), second.reason("1")) == (sent, Reason.BUDGET)
    for campaign in "12":
        moments = vendor.moments(campaign)
        assert all(after - before >= 300.0 for before, after in pairwise(moments))


async def test_a_file_that_is_removed_right_before_a_request_refuses_that_one_poll(
    start: Start, clock: VirtualClock, vendor: Vendor, file: Path
) -> None:
    process = await start(operation())
    await clock.run(299.0)
    remove(file)
    await clock.run(2.0)
    assert process.reason() is Reason.STORAGE
    failure = process.shown().failure
    assert failure is not None
    assert "removed or replaced" in failure.message
    assert len(vendor.log) == 1
    await clock.run(310.0)
    assert process.reason() is None
    assert process.figures().used == len(vendor.log) == 2
    assert process.figures().lease_held


async def test_a_removed_file_that_the_keeper_noticed_refuses_one_poll_of_each_token(
    start: Start, clock: VirtualClock, vendor: Vendor, file: Path
) -> None:
    process = await start(
        operation(target("1")), operation(target("2", operation="globex"), name="globex", token="token-2")
    )
    await clock.run(100.0)
    remove(file)
    await clock.run(100.0)
    assert [entry.state.failure for entry in process.store.entries()] == [None, None]
    await clock.run(102.5)
    refused = {entry.target.key.campaign: entry.state.failure for entry in process.store.entries()}
    assert {campaign: failure and failure.reason for campaign, failure in refused.items()} == dict.fromkeys(
        "12", Reason.STORAGE
    )
    assert len(vendor.log) == 2
    await clock.run(10.0)
    assert len(vendor.log) == 4
    assert [entry.state.failure for entry in process.store.entries()] == [None, None]


async def test_a_standby_that_makes_the_file_anew_does_not_ask_beside_the_request_under_way(
    start: Start, clock: VirtualClock, vendor: Vendor, file: Path
) -> None:
    vendor.latency = 55.0
    first = await start(operation())
    second = await start(operation())
    await clock.run(5.0)
    remove(file)
    await clock.run(49.0)
    assert not first.figures().lease_held
    wait = second.figures().lease_wait
    assert wait is not None
    assert wait.cause is WaitCause.STORAGE
    vendor.latency = 1.0
    await clock.run(700.0)
    assert [process.figures().lease_held for process in (first, second)].count(True) == 1
    assert vendor.most_at_once == 1
    assert second.shown().data == first.shown().data
    assert all(after - before >= 300.0 for before, after in pairwise(vendor.moments()))
    assert len(vendor.log) == 3


async def test_a_second_process_that_begins_with_the_file_removed_asks_nothing_beside_the_first(
    start: Start, clock: VirtualClock, vendor: Vendor, file: Path
) -> None:
    vendor.latency = 40.0
    first = await start(operation(target("1"), target("2")))
    await clock.run(60.0)
    data = first.shown("1").data
    remove(file)
    second = await start(operation(target("1"), target("2")))
    assert second.figures().lease_wait is not None
    await clock.run(1200.0)
    assert vendor.most_at_once == 1
    assert [process.figures().lease_held for process in (first, second)].count(True) == 1
    for campaign in "12":
        moments = vendor.moments(campaign)
        assert len(moments) >= 4
        assert all(after - before >= 300.0 for before, after in pairwise(moments))
    assert data is not None
    assert second.figures().used == len(vendor.log)


async def test_the_page_keeps_its_data_while_a_new_file_settles(
    start: Start, clock: VirtualClock, vendor: Vendor, file: Path
) -> None:
    process = await start(operation())
    await clock.run(100.0)
    before = process.shown()
    remove(file)
    await clock.run(150.0)
    assert process.figures().lease_held
    assert process.shown() == before


async def test_a_file_that_comes_back_older_than_what_is_known_is_corrected(
    start: Start, clock: VirtualClock, vendor: Vendor, file: Path
) -> None:
    process = await start(operation())
    await clock.run(10.0)
    old = copy(file)
    await clock.run(600.0)
    remove(file)
    put_back(file, old)
    await clock.run(20.0)
    await process.stop()
    again = await start(operation())
    assert again.figures().used == 3
    await clock.run(250.0)
    assert len(vendor.log) == 3


@pytest.mark.parametrize("moment", [0.5, 10.0])
async def test_a_stop_while_it_fails_ends_all_the_same(
    start: Start, clock: VirtualClock, vendor: Vendor, moment: float
) -> None:
    process = await start(operation())
    await clock.run(moment)
    process.disk.trouble = StorageError("storage kept.db: disk I/O error")
    with capture_logs() as logs:
        await process.stop()
    assert "leases not given up, a successor waits up to 30 s" in [line["event"] for line in logs]


LOCKED = StorageError("storage kept.db: database is locked")


@pytest.mark.parametrize(
    "edited",
    [
        operation(target("1"), target("2")),
        operation(target("1", interval=120.0)),
        operation(target("1", interval=600.0)),
        operation(target("1", delay=60.0)),
        operation(target("1"), base_url="http://elsewhere"),
        operation(target("1"), token="token-2"),
        operation(target("1", operation="renamed"), name="renamed"),
    ],
    ids=["a campaign", "shorter interval", "longer interval", "delay", "server", "token", "name"],
)
async def test_what_is_due_and_not_asked_fails_with_storage_after_a_reload_without_it(
    start: Start, clock: VirtualClock, vendor: Vendor, edited: Operation
) -> None:
    process = await start(operation(target("1")))
    await clock.run(10.0)
    process.disk.trouble = LOCKED
    await process.apply_config(edited)
    await clock.run(2000.0)
    assert len(vendor.log) == 1
    for one in edited.targets:
        shown = process.published.targets[one.key]
        assert shown.failure is not None
        assert shown.failure.reason is Reason.STORAGE
        assert 2000.0 / one.interval - 2 < shown.failures < 2000.0 / one.interval + 2
    assert process.supervisor.stuck() == []
    process.disk.trouble = None
    await clock.run(edited.targets[0].interval + 10.0)
    assert [entry.state.failure for entry in process.store.entries()] == [None] * len(edited.targets)
    for one in edited.targets:
        moments = vendor.moments(one.key.campaign)
        assert all(after - before >= one.interval for before, after in pairwise(moments))


async def test_what_a_reload_makes_void_leaves_at_once_without_storage_too(
    start: Start, clock: VirtualClock, vendor: Vendor
) -> None:
    process = await start(operation())
    await clock.run(10.0)
    before = process.shown()
    process.disk.trouble = LOCKED
    await process.apply_config(operation(target(delay=60.0)))
    assert (process.shown().data, process.shown().last_success_at) == (None, before.last_success_at)
    assert process.store.unready() == []
    await process.apply_config(operation(target(delay=60.0), base_url="http://elsewhere"))
    assert (process.shown().data, process.shown().last_success_at, process.shown().polls) == (None, None, 1)
    await clock.run(400.0)
    assert process.reason() is Reason.STORAGE
    assert len(process.store.unready()) == 1, "it was never asked there"
    process.disk.trouble = None
    await clock.run(310.0)
    assert process.store.unready() == []
    assert vendor.log[-1].base_url == "http://elsewhere"


async def test_one_that_stands_by_fails_nothing_while_storage_does(
    start: Start, clock: VirtualClock, vendor: Vendor
) -> None:
    await start(operation())
    second = await start(operation())
    await clock.run(10.0)
    second.disk.trouble = LOCKED
    await second.apply_config(operation(target(), target("another")))
    await clock.run(700.0)
    assert second.failed(Reason.STORAGE) == 0
