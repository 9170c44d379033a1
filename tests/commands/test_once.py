"""Each campaign asked once, by the rules of a long run."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from made_app import started
from structlog.testing import capture_logs
from support import Exporter, Vendor, VirtualClock, bad, operation, target

from exporter.app import App
from exporter.commands.once import LEASE_PATIENCE, ask_once
from exporter.model import Config, Operation, Reason
from exporter.redaction import Redactor

Once = Callable[..., Awaitable[App]]


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'kept.db'}"


@pytest.fixture
def stopping() -> asyncio.Event:
    return asyncio.Event()


@pytest.fixture
async def loaded(clock: VirtualClock, vendor: Vendor, redactor: Redactor, url: str) -> AsyncIterator[Once]:
    apps = []

    async def loaded(*operations: Operation) -> App:
        apps.append(await started(lambda: Config(operations), url, clock=clock, vendor=vendor, redactor=redactor))
        return apps[-1]

    yield loaded
    for app in apps:
        await app.stop(0.0)


@pytest.fixture
def once(loaded: Once, clock: VirtualClock, stopping: asyncio.Event) -> Once:
    """Ask once and end, as the command does."""

    async def asked(*operations: Operation) -> App:
        app = await loaded(*operations)
        asking = asyncio.ensure_future(ask_once(app, clock, stopping))
        while not asking.done():
            await clock.run(0.5)
        await asking
        return app

    return asked


def reasons(app: App) -> list[Reason | None]:
    return [entry.state.failure.reason if entry.state.failure else None for entry in app.store.entries()]


async def test_every_campaign_and_window_is_asked_once(once: Once, vendor: Vendor) -> None:
    other = operation(target(operation="globex"), name="globex", token="token-2")
    app = await once(operation(target("1"), target("1", "today"), target("2")), other)
    assert len(vendor.log) == 4
    assert vendor.most_at_once == 1
    assert all(entry.state.data is not None for entry in app.store.entries())


async def test_tokens_are_asked_side_by_side(once: Once, vendor: Vendor, clock: VirtualClock) -> None:
    vendor.latency = 30.0
    await once(operation(), operation(target(operation="globex"), name="globex", token="token-2"))
    assert clock.true <= 31.0


async def test_what_was_asked_within_its_interval_comes_from_storage(
    once: Once, vendor: Vendor, clock: VirtualClock
) -> None:
    first = await once(operation(target("1")))
    await first.stop(0.0)
    await clock.run(100.0)
    second = await once(operation(target("1"), target("2")))
    assert [sent.target.key.campaign for sent in vendor.log] == ["1", "2"]
    assert all(entry.state.data is not None for entry in second.store.entries())
    await second.stop(0.0)
    await clock.run(300.0)
    await once(operation(target("1"), target("2")))
    assert len(vendor.log) == 4


async def test_at_the_period_of_the_interval_it_asks_every_time(
    once: Once, vendor: Vendor, clock: VirtualClock
) -> None:
    vendor.latency = 1.5
    for run in range(40):
        await clock.run(run * 300.0 - clock.true)  # cron
        app = await once(operation(target("1"), target("2"), target("1", "today")))
        await app.stop(0.0)
    assert [len(vendor.moments(campaign)) for campaign in ("1", "2")] == [80, 40]
    for moments in (vendor.moments("2"),):
        assert min(after - before for before, after in pairwise(moments)) >= 300.0


async def test_it_waits_ten_seconds_in_all_for_what_is_not_due_yet(
    once: Once, vendor: Vendor, clock: VirtualClock
) -> None:
    late = [operation(target(str(number)), name=f"o{number}", token=f"token-{number}") for number in range(1)]
    await (await once(*late)).stop(0.0)
    await clock.run(289.0)
    began = clock.true
    await (await once(*late)).stop(0.0)
    assert clock.true - began < 1.0
    assert len(vendor.log) == 1
    await clock.run(291.0 - clock.true)
    await once(*late)
    assert len(vendor.log) == 2
    assert clock.true < 302.0


async def test_a_signal_ends_the_wait_for_what_is_not_due_yet(
    once: Once, loaded: Once, vendor: Vendor, clock: VirtualClock, stopping: asyncio.Event
) -> None:
    await (await once(operation())).stop(0.0)
    await clock.run(295.0)
    app = await loaded(operation())
    asking = asyncio.ensure_future(ask_once(app, clock, stopping))
    await clock.run(1.0)
    stopping.set()
    while not asking.done():
        await clock.run(0.1)
    assert clock.true < 298.0
    assert len(vendor.log) == 1


async def test_a_failure_does_not_keep_the_others_from_being_asked(once: Once, vendor: Vendor) -> None:
    vendor.outcomes["1"] = bad(Reason.SERVER_ERROR)
    app = await once(operation(target("1"), target("2")))
    assert reasons(app) == [Reason.SERVER_ERROR, None]


async def test_a_fault_of_our_own_is_logged_and_the_others_are_asked(once: Once, vendor: Vendor) -> None:
    vendor.outcomes["1"] = RuntimeError("made to fail")
    with capture_logs() as logs:
        app = await once(operation(target("1"), target("2")))
    assert reasons(app) == [Reason.INTERNAL, None]
    (line,) = [line for line in logs if line["event"] == "poll failed by a fault of the exporter"]
    assert (line["exc_info"], line["campaign"]) == (True, "1")


async def test_beside_a_long_run_it_answers_from_what_that_one_stores(
    once: Once, vendor: Vendor, clock: VirtualClock, url: str
) -> None:
    running = await Exporter(clock, vendor, url).start(operation())
    app = await once(operation())
    assert LEASE_PATIENCE <= clock.true <= LEASE_PATIENCE + 1.0
    assert len(vendor.log) == 1
    assert [entry.state.data for entry in app.store.entries()] == [running.shown().data]
    await running.kill()


async def test_a_token_that_becomes_free_meanwhile_is_asked(
    once: Once, vendor: Vendor, clock: VirtualClock, url: str
) -> None:
    running = await Exporter(clock, vendor, url).start(operation(target("1")))
    await clock.run(5.0)
    await running.stop()
    app = await once(operation(target("1"), target("2")))
    assert clock.true < LEASE_PATIENCE
    assert len(vendor.moments("2")) == 1
    assert reasons(app) == [None, None]


async def test_the_lease_is_renewed_while_it_asks(once: Once, vendor: Vendor, clock: VirtualClock, url: str) -> None:
    vendor.latency = 50.0
    asking = asyncio.ensure_future(once(operation(target("1"), target("2"))))
    while not vendor.log:
        await asyncio.sleep(0)
    rival = await Exporter(clock, vendor, url).start(operation(target("1"), target("2")))
    await asking
    assert vendor.most_at_once == 1
    assert [sent.target.key.campaign for sent in vendor.log] == ["1", "2"]
    await rival.kill()


async def test_a_signal_ends_it_after_the_poll_under_way(
    loaded: Once, vendor: Vendor, clock: VirtualClock, stopping: asyncio.Event
) -> None:
    vendor.latency = 2.0
    app = await loaded(operation(target("1"), target("2")))
    asking = asyncio.ensure_future(ask_once(app, clock, stopping))
    await clock.run(1.0)
    stopping.set()
    while not asking.done():
        await clock.run(0.1)
    assert [sent.target.key.campaign for sent in vendor.log] == ["1"]
    assert reasons(app) == [None, None]
    assert [entry.state.polls for entry in app.store.entries()] == [1, 0]


async def test_a_signal_ends_the_wait_for_a_lease(
    loaded: Once, vendor: Vendor, clock: VirtualClock, stopping: asyncio.Event, url: str
) -> None:
    running = await Exporter(clock, vendor, url).start(operation())
    app = await loaded(operation())
    asking = asyncio.ensure_future(ask_once(app, clock, stopping))
    await clock.run(3.0)
    stopping.set()
    await clock.run(0.0)
    async with asyncio.timeout(60.0):
        await asking
    assert clock.true == 3.0
    assert len(vendor.log) == 1
    await running.kill()


async def test_a_short_pause_that_the_vendor_asks_for_is_waited_out(
    loaded: Once, clock: VirtualClock, vendor: Vendor, stopping: asyncio.Event
) -> None:
    vendor.next.append(replace(bad(Reason.SERVER_ERROR), retry_after=20.0))
    app = await loaded(operation(target("1"), target("2"), target("3")))
    asking = asyncio.ensure_future(ask_once(app, clock, stopping))
    await clock.run(60.0)
    await asking
    assert [sent.target.key.campaign for sent in vendor.log] == ["1", "2", "3"]
    assert vendor.log[1].at - (vendor.log[0].at + vendor.latency) >= 20.0
