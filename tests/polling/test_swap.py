"""Reloads that take a token, a name or a server from one operation and give it to another: whose figures are shown."""

import itertools

import pytest
from support import Start, Vendor, VirtualClock, bad, good, operation, target

from exporter.model import Operation, Reason
from exporter.storage.database import StorageError


def acme(token: str = "token-1", base_url: str = "http://vendor") -> Operation:
    return operation(token=token, base_url=base_url)


def globex(token: str = "token-2") -> Operation:
    return operation(target(operation="globex"), name="globex", token=token)


SWAPS = [
    pytest.param((acme("token-2"), globex("token-1")), id="tokens"),
    pytest.param((globex("token-1"), acme("token-2")), id="names"),
    pytest.param((acme("token-3"), globex("token-1")), id="one token moves on"),
    pytest.param((globex("token-1"),), id="one takes the other's name"),
]


class Tokens(Vendor):
    """A vendor with an operation behind each token: it tells them apart by their attempts."""

    async def campaign_4(self, operation, target, bounds, granted_at):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
        self.outcome = good(int(operation.token.get_secret_value()[-1]))
        return await super().campaign_4(operation, target, bounds, granted_at)


@pytest.fixture
def vendor(clock: VirtualClock) -> Vendor:
    return Tokens(clock)


@pytest.mark.parametrize("way", ["reload", "restart", "reload without storage", "killed right after its request left"])
@pytest.mark.parametrize("swapped", SWAPS)
async def test_no_operation_shows_figures_of_anothers_token(
    start: Start, clock: VirtualClock, vendor: Vendor, swapped: tuple[Operation, ...], way: str
) -> None:
    process = await start(acme(), globex())
    await clock.run(30.0)
    assert [entry.state.data is not None for entry in process.store.entries()] == [True, True]
    if way == "restart":
        await process.stop()
        process = await start(*swapped)
    else:
        if way == "reload without storage":
            process.disk.trouble = StorageError("storage kept.db: database is locked")
        await process.apply_config(*swapped)
    process.disk.trouble = None
    for moment in range(20):
        await clock.run(30.0)
        if way.startswith("killed") and moment == 8:
            vendor.latency = 40.0
        if way.startswith("killed") and moment == 9:
            await process.kill()
            vendor.latency = 1.0
            process = await start(*swapped)
        for one in swapped:
            data = process.shown(operation=one.name).data
            attempts = None if data is None else sum(row.attempts for row in data.rows)
            assert attempts in (None, int(one.token.get_secret_value()[-1])), f"{one.name} after {30 * moment} s"
    assert all(entry.state.data is not None for entry in process.store.entries())
    for name in ("acme", "globex"):
        moments = [sent.at for sent in vendor.log if sent.target.key.operation == name]
        assert all(after - before >= 300.0 for before, after in itertools.pairwise(moments))


async def test_operations_that_are_swapped_back_show_their_own_figures_again(
    start: Start, clock: VirtualClock, vendor: Vendor
) -> None:
    process = await start(acme(), globex())
    await clock.run(30.0)
    before = process.shown().data
    await process.apply_config(acme("token-2"), globex("token-1"))
    assert process.shown().data is None
    assert process.shown().last_success_at is None
    await clock.run(30.0)
    await process.apply_config(acme(), globex())
    assert process.shown().data == before


@pytest.mark.parametrize(
    "edited",
    [
        acme("token-2", base_url="http://elsewhere"),
        acme("token-2"),
        operation(target(delay=600.0), token="token-2"),
        operation(target(), target("another"), token="token-2", base_url="http://elsewhere"),
    ],
    ids=["token and server", "token", "token and window", "and a campaign more"],
)
@pytest.mark.parametrize("outcome", [good(), bad(Reason.SERVER_ERROR)], ids=["good", "failed"])
async def test_a_worker_that_was_retired_publishes_nothing(
    start: Start, clock: VirtualClock, vendor: Vendor, edited: Operation, outcome: object
) -> None:
    vendor.latency = 20.0
    vendor.next.append(outcome)  # type: ignore[arg-type]
    process = await start(acme())
    await clock.run(5.0)
    await process.apply_config(edited)
    vendor.latency = 1.0
    await clock.run(100.0)
    key = edited.targets[0].key
    shown = process.shown(key.campaign, key.window, key.operation)
    assert (shown.data, shown.polls, shown.failures, shown.last_poll_at) == (None, 0, 0, None)
    assert process.failed(Reason.SERVER_ERROR, edited.name) == 0
    await clock.run(250.0)
    data = process.shown(key.campaign, key.window, key.operation).data
    assert data is not None
    assert data.bounds == vendor.log[-1].bounds
    assert vendor.log[-1].base_url == edited.base_url


async def test_what_a_retired_worker_brought_overwrites_nothing_of_its_successor(
    start: Start, clock: VirtualClock, vendor: Vendor
) -> None:
    """The successor's campaign is due and asked before the old request ends."""
    vendor.latency = 50.0
    process = await start(operation(target(interval=20.0)))
    await clock.run(5.0)
    moved = operation(target(interval=20.0), token="token-2", base_url="http://elsewhere")
    await process.apply_config(moved)
    vendor.latency = 1.0
    await clock.run(60.0)
    shown = process.shown().data
    await process.kill()
    process = await start(moved)
    assert shown is not None
    assert process.shown().data == shown
