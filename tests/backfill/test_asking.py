"""Asking for the past through the real ledger, of a vendor that says what it is told."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import date
from random import Random

import pytest
from discovered import discovery, listed
from raw_client import FixedClock
from support import good, operation, target

from exporter.backfill.asking import MOST_IN_A_ROW, MOST_OF_CAMPAIGN, PastAsker
from exporter.backfill.choice import Choice, past_targets, unknown
from exporter.backfill.cost import cost_of, describe
from exporter.backfill.error import TokenInUseError
from exporter.backfill.summary import missing_lines
from exporter.backfill.windows import Days, PastWindow, past_windows
from exporter.discovery.state import DiscoveryState
from exporter.model import CampaignsAnswer, Failure, Operation, Reason, Report, Target, TimeRange
from exporter.storage.database import Database, StorageError
from exporter.storage.ledger import Ledger
from exporter.storage.past import KEPT_SECONDS, from_text, place_of, to_text
from exporter.wolkvox.client import Answer

DAY = Days(date(2026, 11, 22), date(2026, 11, 22))
OTHER = target("7")


def failure(reason: Reason, **more: float) -> Failure:
    return Failure(reason, f"a made-up {reason}", retry_after=more.get("retry_after"))


@dataclass
class Vendor:
    """Says one thing after another, and then only good ones."""

    script: list[Report | Failure] = field(default_factory=list)
    campaigns_answer: CampaignsAnswer | Failure = field(default_factory=lambda: listed(c1=True, c2=False))
    asked: list[tuple[str, str]] = field(default_factory=list)
    then: Callable[[], object] = lambda: None

    async def campaign_4(
        self, operation: Operation, target: Target, bounds: TimeRange, granted_at: float
    ) -> Answer[Report]:
        self.asked.append((target.key.campaign, bounds.date_end))
        self.then()
        return Answer(self.script.pop(0) if self.script else good(), granted_at + 2.0, 1.0)

    async def campaigns(self, operation: Operation, seconds: float, granted_at: float) -> Answer[CampaignsAnswer]:
        self.asked.append(("list", ""))
        return Answer(self.campaigns_answer, None, 1.0)


@dataclass
class Scene:
    ledger: Ledger
    clock: FixedClock
    vendor: Vendor = field(default_factory=Vendor)
    stopping: asyncio.Event = field(default_factory=asyncio.Event)

    def asker(self, of: Operation, ledger: Ledger | None = None) -> PastAsker:
        return PastAsker(
            of,
            ledger=ledger or self.ledger,
            api=self.vendor,
            clock=self.clock,
            random=Random(1),
            stopping=self.stopping,
        )

    async def ask(self, of: Operation, windows: Iterable[PastWindow]) -> PastAsker:
        asker = self.asker(of)
        self.ledger.apply_config([of])
        assert await asker.take(60.0)
        await asker.ask(windows, lambda: None)
        await asker.release()
        return asker


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    clock = FixedClock()
    ledger = Ledger(Database("sqlite://"), clock, "backfill")
    await ledger.open()
    yield Scene(ledger, clock)
    await ledger.close()


def windows(*targets: Target) -> list[PastWindow]:
    return sorted((one for each in targets for one in past_windows(each, DAY, 3_600)), key=lambda one: one.end)


async def test_all_is_asked_once_and_kept(scene: Scene) -> None:
    acme = operation(target(), OTHER)
    asker = await scene.ask(acme, windows(target(), OTHER))
    assert len(scene.vendor.asked) == 48
    assert (asker.progress.asked, asker.progress.missing, asker.progress.stopped) == (48, [], "")
    assert await scene.ledger.records.used("acme", "2026-11-23") == 48
    ends = await scene.ledger.records.past_ends(acme)
    mine = ends[place_of(target())]
    assert all(one.end in mine for one in windows(target()))
    assert not any(end in mine for end in (0, windows(target())[0].end + 1, windows(target())[-1].end + 1))
    assert len(mine) == len(windows(target()))
    stored = await scene.ledger.records.past(acme, "7")
    assert {from_text(text).rows[0].attempts for text in stored[place_of(OTHER)].values()} == {1}
    assert await scene.ledger.records.past(acme, "none") == {}
    assert list(missing_lines("acme", asker.progress)) == []


async def test_an_answer_asked_anew_takes_the_place_of_the_old_and_leaves_after_40_days(scene: Scene) -> None:
    acme, (first, *_) = operation(target()), windows(target())
    await scene.ask(acme, [first])
    scene.vendor.script = [good(7)]
    await scene.ask(acme, [first])
    stored = await scene.ledger.records.past(acme, "32841")
    assert stored[place_of(target())] == {first.end: to_text(good(7))}
    scene.clock.at += KEPT_SECONDS - 10
    await scene.ledger.leases.renew()
    assert await scene.ledger.records.past_ends(acme)
    scene.clock.at += 86_401
    await scene.ledger.leases.renew()
    assert await scene.ledger.records.past_ends(acme) == {}


async def test_the_budget_ends_it_and_the_next_day_goes_on(scene: Scene) -> None:
    acme = operation(target(), budget=10)
    asker = await scene.ask(acme, windows(target()))
    assert len(scene.vendor.asked) == 10
    assert asker.progress.stopped == "the day's budget of 10 requests is used up until midnight in America/Bogota"
    assert list(missing_lines("acme", asker.progress)) == [f"operation acme: stopped early, {asker.progress.stopped}"]
    scene.clock.at += 86_400
    ends = (await scene.ledger.records.past_ends(acme))[place_of(target())]
    await scene.ask(acme, [one for one in windows(target()) if one.end not in ends])
    assert len(set(scene.vendor.asked)) == len(scene.vendor.asked) == 20


async def test_a_dropped_connection_is_tried_again_and_another_failure_is_said(scene: Scene) -> None:
    scene.vendor.script = [failure(Reason.CONNECT), good(), failure(Reason.SERVER_ERROR), good()]
    asker = await scene.ask(operation(target()), windows(target())[:3])
    assert len(scene.vendor.asked) == 4
    (line,) = missing_lines("acme", asker.progress)
    assert line == (
        "operation acme, campaign 32841: 1 window of 1h failed with server_error, first the one that ends at"
        " 2026-11-22 02:00: a made-up server_error"
    )


async def test_a_retry_without_budget_keeps_the_first_failure(scene: Scene) -> None:
    scene.vendor.script = [failure(Reason.CONNECT)]
    asker = await scene.ask(operation(target(), budget=1), windows(target()))
    assert "budget of 1" in asker.progress.stopped
    assert asker.progress.missing == []


async def test_a_vendor_that_fails_is_left_alone(scene: Scene) -> None:
    scene.vendor.script = [failure(Reason.SERVER_ERROR)] * 100
    asker = await scene.ask(operation(target()), windows(target()))
    assert len(scene.vendor.asked) == MOST_IN_A_ROW
    assert asker.progress.stopped == "5 requests in a row failed"


async def test_a_campaign_that_fails_is_left_out(scene: Scene) -> None:
    scene.vendor.script = [one for _ in range(MOST_OF_CAMPAIGN) for one in (good(), failure(Reason.NOT_FOUND))]
    asker = await scene.ask(operation(target(), OTHER), windows(target(), OTHER))
    assert len(scene.vendor.asked) == 24 + MOST_OF_CAMPAIGN
    assert asker.progress.stopped == ""
    (line,) = missing_lines("acme", asker.progress)
    assert "campaign 7: 3 windows of 1h failed with not_found" in line


async def test_a_refused_token_rests_over_a_restart(scene: Scene) -> None:
    scene.vendor.script = [failure(Reason.AUTH)]
    asker = await scene.ask(operation(target()), windows(target()))
    assert "the token rests" in asker.progress.stopped
    again = await scene.ask(operation(target()), windows(target()))
    assert "the token rests" in again.progress.stopped
    assert len(scene.vendor.asked) == 1


async def test_two_time_outs_of_different_campaigns_pause_the_token(scene: Scene) -> None:
    scene.vendor.script = [failure(Reason.TIMEOUT), failure(Reason.TIMEOUT)]
    asker = await scene.ask(operation(target(), OTHER), windows(target(), OTHER))
    assert len(scene.vendor.asked) == 2
    assert "the token rests" in asker.progress.stopped


async def test_a_short_pause_that_the_vendor_asks_for_is_kept(scene: Scene) -> None:
    scene.vendor.script = [failure(Reason.CONCURRENCY, retry_after=30.0)]
    before = scene.clock.at
    asker = await scene.ask(operation(target()), windows(target())[:2])
    assert (len(scene.vendor.asked), asker.progress.missing) == (3, [])
    assert scene.clock.at - before >= 30


async def test_a_pause_without_a_retry_is_kept_before_the_next(scene: Scene) -> None:
    scene.vendor.script = [failure(Reason.SERVER_ERROR, retry_after=20.0)]
    before = scene.clock.at
    asker = await scene.ask(operation(target()), windows(target())[:2])
    assert (len(scene.vendor.asked), len(asker.progress.missing)) == (2, 1)
    assert scene.clock.at - before >= 20


@pytest.mark.parametrize("script", [[], [failure(Reason.CONNECT)]])
async def test_a_stop_ends_it_and_keeps_what_came(scene: Scene, script: list[Report | Failure]) -> None:
    scene.vendor.script, scene.vendor.then = list(script), scene.stopping.set
    acme = operation(target())
    await scene.ask(acme, windows(target()))
    assert len(scene.vendor.asked) == 1
    assert len((await scene.ledger.records.past_ends(acme)).get(place_of(target()), ())) == (0 if script else 1)


async def test_a_token_in_use_is_said_at_once_and_a_dead_ones_request_is_waited_for(scene: Scene) -> None:
    acme = operation(target())
    token = scene.ledger.hash(acme.token)
    other = scene.asker(acme)
    assert await other.take(60.0)
    await scene.ledger._database.run(
        lambda connection: connection.exec_driver_sql("update tokens set holder = 'another living process'")
    )
    with pytest.raises(TokenInUseError, match=r"^operation acme: its token is in use by a running exporter .* stop"):
        await scene.asker(acme).take(60.0)
    scene.clock.at += 20
    assert await scene.asker(acme).take(60.0)
    await scene.ledger._database.run(
        lambda connection: connection.exec_driver_sql("update tokens set holder = 'another dead process'")
    )
    scene.clock.at += 20
    scene.stopping.set()
    assert not await scene.asker(acme).take(60.0)
    assert token


async def test_a_lease_that_was_lost_ends_it(scene: Scene) -> None:
    def lose() -> None:
        scene.vendor.then = lambda: None
        work = scene.ledger._database.run(
            lambda connection: connection.exec_driver_sql("update tokens set holder = 'another'")
        )
        tasks.append(asyncio.ensure_future(work))

    tasks: list[asyncio.Future[object]] = []
    scene.vendor.then = lose
    asker = await scene.ask(operation(target()), windows(target()))
    assert asker.progress.stopped == "another process took the token"
    await asyncio.gather(*tasks)


class Broken(Ledger):
    """Storage that fails from some call on."""

    fails: frozenset[str] = frozenset()

    async def begin(self, request: object) -> object:  # type: ignore[override]
        if "begin" in self.fails:
            raise StorageError("the disk is full")
        return await super().begin(request)  # type: ignore[arg-type]

    async def finish_past(self, *arguments: object) -> None:
        if "finish" in self.fails:
            raise StorageError("the disk is full")
        await super().finish_past(*arguments)  # type: ignore[arg-type]

    async def finish_api(self, *arguments: object) -> None:
        if "finish" in self.fails:
            raise StorageError("the disk is full")
        await super().finish_api(*arguments)  # type: ignore[arg-type]


@pytest.mark.parametrize("fails", ["begin", "finish"])
async def test_storage_that_fails_ends_it(fails: str) -> None:
    clock = FixedClock()
    ledger = Broken(Database("sqlite://"), clock, "backfill")
    await ledger.open()
    ledger.fails = frozenset({fails})
    scene = Scene(ledger, clock)
    asker = await scene.ask(operation(target()), windows(target()))
    assert asker.progress.stopped == "storage failed: the disk is full"
    assert len(scene.vendor.asked) == (fails == "finish")
    finding = replace(operation(target()), discovery=discovery())
    again = scene.asker(finding)
    assert await again.take(60.0)
    assert finding.discovery is not None
    await again.ask_list(finding.discovery)
    assert again.progress.stopped == "storage failed: the disk is full"
    await ledger.close()


async def test_the_list_is_asked_for_once_and_kept(scene: Scene) -> None:
    rules = discovery(include=("Cobranza",))
    acme = replace(operation(target()), discovery=rules)
    scene.ledger.apply_config([acme])
    asker = scene.asker(acme)
    assert await asker.take(60.0)
    state = await asker.ask_list(rules)
    assert state is not None
    found = past_targets(acme, state, Choice(), 3_600)
    assert sorted({one.key.campaign for one in found}) == ["1", "2", "32841"]
    assert (await scene.ledger.records.apis(acme)).discovery is not None
    assert await asker.ask_list(rules) is None
    assert "was asked for a moment ago without success; wait 1h" in asker.progress.stopped


async def test_a_list_that_cannot_be_had_is_said(scene: Scene) -> None:
    acme = replace(operation(target()), discovery=discovery())
    scene.vendor.campaigns_answer = failure(Reason.FORBIDDEN)
    asker = scene.asker(acme)
    assert await asker.take(60.0)
    assert acme.discovery is not None
    assert await asker.ask_list(acme.discovery) is None
    assert asker.progress.stopped == "the list of campaigns cannot be had: a made-up forbidden"
    assert (await scene.ledger.records.apis(acme)).discovery is None


def test_a_choice_of_windows_campaigns_and_operations() -> None:
    acme = operation(target(), target(window="today"), OTHER)
    every = past_targets(acme, state := _nothing(), Choice(), 3_600)
    assert len(every) == 3
    assert [one.key.window for one in past_targets(acme, state, Choice(windows=["today"]), 3_600)] == ["today"]
    assert [one.key.campaign for one in past_targets(acme, state, Choice(campaigns=["7"]), 3_600)] == ["7"]
    assert past_targets(acme, state, Choice(operations=["other"]), 3_600) == ()
    strange = Choice(campaigns=["7", "8"], windows=["2h"], operations=["acme", "other"])
    assert list(unknown(strange, every)) == ["operation 'other'", "campaign '8'", "window '2h'"]


def _nothing() -> DiscoveryState:
    return DiscoveryState()


def test_what_it_costs() -> None:
    limited = operation(budget=100)
    assert (cost_of(limited, 250, 0, 20).days, cost_of(limited, 80, 0, 20).days) == (3, 1)
    assert (cost_of(limited, 80, 80, 20).days, cost_of(operation(budget=0), 80, 0, 0).days) == (0, 0)
    assert cost_of(operation(), 80, 0, 0).days == 1
    assert describe([cost_of(limited, 250, 10, 20), cost_of(operation(), 80, 80, 0)]) == (
        "operation acme: 240 requests, 10 of 250 windows are stored already; about 4m at 1 s an answer;"
        " 80 of today's budget of 100 are left, so it takes 3 days: run the same command again on each\n"
        "operation acme: nothing to ask, 80 of 80 windows are stored already"
    )
    assert describe([cost_of(operation(), 3, 0, 0)]).endswith("; the budget is not limited")
    assert describe([cost_of(limited, 3, 0, 0)]).endswith("100 of today's budget of 100 are left")
    assert "so nothing can be asked: raise licenses" in describe([cost_of(operation(budget=0), 3, 0, 0)])
