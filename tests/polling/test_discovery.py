"""Campaigns that the exporter finds by itself: who is asked, when, and what is shown of it."""

import itertools
from dataclasses import replace

import pytest
from discovered import HOUR, discovery, listed, live, row
from structlog.testing import capture_logs
from support import Exporter, Start, Vendor, VirtualClock, bad, good, operation, target

from exporter.model import (
    TODAY,
    YESTERDAY,
    ApiName,
    CampaignsAnswer,
    LiveAnswer,
    LiveCampaign,
    Operation,
    PollWhich,
    Reason,
    TargetKey,
    VendorQuota,
)

UNTIL_MIDNIGHT = 53_200.0
"""Seconds from the virtual clock's beginning, 09:13:20 in Bogotá, to midnight."""


def acme(**settings: object) -> Operation:
    """An operation that finds its campaigns and asks everything."""
    chosen = {"discovery": discovery(windows=(HOUR,)), "live_interval": 300.0, "quota_interval": 3600.0, **settings}
    return operation(**chosen)  # type: ignore[arg-type]


def shown(exporter: Exporter) -> set[tuple[str, str]]:
    """The campaigns and windows on the page."""
    exporter.store.expire()
    return {(key.campaign, key.window) for key in exporter.published.targets}


def api_up(exporter: Exporter) -> dict[ApiName, bool | None]:
    return {one.api: one.up for one in exporter.figures().apis}


async def test_the_list_comes_first_then_live_figures_then_the_quota_then_what_is_started(
    start: Start, clock: VirtualClock, vendor: Vendor
) -> None:
    vendor.listed = listed(c1=True, c2=False, c3=True)
    exporter = await start(acme())
    await clock.run(20.0)
    assert [one.api for one in vendor.asked] == [ApiName.CAMPAIGNS, ApiName.REAL_TIME, ApiName.TOKEN_INFO]
    assert {sent.target.key.campaign for sent in vendor.log} == {"1", "3"}
    assert vendor.log[0].at >= vendor.asked[-1].at + vendor.latency
    assert vendor.most_at_once == 1
    assert shown(exporter) == {("1", "1h"), ("3", "1h")}
    assert exporter.shown("1").data is not None
    assert exporter.figures().used == 5


@pytest.mark.unmeasured
async def test_each_api_keeps_its_own_interval(start: Start, clock: VirtualClock, vendor: Vendor) -> None:
    vendor.listed = listed(c1=True)
    await start(acme())
    await clock.run(4 * 3600.0)
    for api, interval in ((ApiName.CAMPAIGNS, 3600.0), (ApiName.REAL_TIME, 300.0), (ApiName.TOKEN_INFO, 3600.0)):
        moments = vendor.times(api)
        gaps = [after - before for before, after in itertools.pairwise(moments)]
        assert all(interval <= gap < interval + 5.0 for gap in gaps), api
    assert len(vendor.times(ApiName.CAMPAIGNS)) == 4
    assert vendor.most_at_once == 1


async def test_what_is_not_configured_is_not_asked(start: Start, clock: VirtualClock, vendor: Vendor) -> None:
    exporter = await start(operation(), operation(target("9", operation="b"), name="b", token="t", live_interval=60.0))
    await clock.run(600.0)
    assert {one.api for one in vendor.asked} == {ApiName.REAL_TIME}
    assert exporter.figures().apis == ()
    assert [one.api for one in exporter.figures("b").apis] == [ApiName.REAL_TIME]


async def test_no_interval_begins_anew_with_a_process(start: Start, clock: VirtualClock, vendor: Vendor) -> None:
    vendor.listed = listed(c1=True)
    for _ in range(6):
        exporter = await start(acme())
        await clock.run(100.0)
        await exporter.kill()
    assert len(vendor.times(ApiName.CAMPAIGNS)) == 1
    assert len(vendor.times(ApiName.TOKEN_INFO)) == 1
    moments = vendor.times(ApiName.REAL_TIME)
    assert 1 <= len(moments) <= 3
    assert all(after - before >= 300.0 for before, after in itertools.pairwise(moments))


async def test_a_new_process_knows_the_campaigns_at_once(start: Start, clock: VirtualClock, vendor: Vendor) -> None:
    vendor.listed = listed(c1=True, c2=False)
    vendor.live = LiveAnswer((LiveCampaign("1", True, records=7.0),))
    vendor.quota = VendorQuota(limit=1000.0)
    first = await start(acme())
    await clock.run(20.0)
    await first.kill()
    vendor.listed = bad(Reason.TIMEOUT)
    exporter = await start(acme())
    assert shown(exporter) == {("1", "1h")} or not shown(exporter)
    await clock.run(100.0)
    assert shown(exporter) == {("1", "1h")}
    assert exporter.shown("1").data is not None
    figures = exporter.published.figures
    assert figures["acme", "1"].started
    assert figures["acme", "2"].started is False
    assert figures["acme", "1"].live == LiveCampaign("1", True, records=7.0)
    assert exporter.figures().discovered == 2
    assert exporter.figures().vendor_quota == VendorQuota(limit=1000.0)
    assert exporter.store.unready() == []
    assert exporter.store.discoveries.unready() == []


@pytest.mark.unmeasured
async def test_a_stopped_campaign_is_asked_until_its_window_is_final(
    start: Start, clock: VirtualClock, vendor: Vendor
) -> None:
    vendor.listed = listed(c1=True, c2=True)
    vendor.live = live(c1=True, c2=True)
    exporter = await start(acme())
    await clock.run(1000.0)
    vendor.listed, vendor.live = listed(c1=False, c2=True), live(c1=False, c2=True)
    learnt = clock.now()
    await clock.run(310.0)
    assert exporter.published.figures["acme", "1"].started is False
    await clock.run(3200.0)
    assert ("1", "1h") in shown(exporter)
    await clock.run(700.0)
    assert shown(exporter) == {("2", "1h")}
    last = vendor.moments("1")[-1]
    final = next(sent for sent in reversed(vendor.log) if sent.target.key.campaign == "1")
    assert final.bounds.start >= learnt
    await clock.run(7200.0)
    assert vendor.moments("1")[-1] == last
    assert exporter.supervisor.lags()["acme"] == pytest.approx(0.0, abs=5.0)


@pytest.mark.unmeasured
async def test_a_final_today_keeps_its_figures_until_midnight(
    start: Start, clock: VirtualClock, vendor: Vendor
) -> None:
    vendor.listed = listed(c1=True)
    exporter = await start(acme(discovery=discovery(windows=(TODAY,)), live_interval=300.0))
    await clock.run(100.0)
    vendor.listed, vendor.live = listed(c1=False), live(c1=False)
    await clock.run(300.0 + 900.0 + 310.0)
    asked = len(vendor.moments("1"))
    await clock.run(6 * 3600.0)
    assert len(vendor.moments("1")) == asked
    entry = exporter.store.entry(TargetKey("acme", "1", "today"))
    assert entry is not None
    assert entry.target.resting
    assert exporter.shown("1", "today").published is not None
    assert exporter.store.unready() == []
    await exporter.kill()
    again = await start(acme(discovery=discovery(windows=(TODAY,)), live_interval=300.0))
    await clock.run(60.0)
    assert again.shown("1", "today").published is not None
    assert len(vendor.moments("1")) == asked
    await clock.run(UNTIL_MIDNIGHT - clock.true + 10.0)
    assert shown(again) == set()
    assert len(vendor.moments("1")) == asked


async def test_one_that_starts_again_is_asked_soon(start: Start, clock: VirtualClock, vendor: Vendor) -> None:
    vendor.listed = listed(c1=True)
    windows = (HOUR, TODAY)
    exporter = await start(acme(discovery=discovery(windows=windows)))
    await clock.run(100.0)
    vendor.listed, vendor.live = listed(c1=False), live(c1=False)
    await clock.run(2 * 3600.0)
    assert shown(exporter) == {("1", "today")}
    vendor.live = live(c1=True)
    began = clock.true
    await clock.run(450.0)
    assert shown(exporter) == {("1", "1h"), ("1", "today")}
    since = [sent.target.key.window for sent in vendor.log if sent.at >= began]
    assert set(since) == {"1h", "today"}


@pytest.mark.unmeasured
async def test_yesterday_is_asked_of_what_ran_that_day(start: Start, clock: VirtualClock, vendor: Vendor) -> None:
    vendor.listed = listed(c1=False, c2=False, c3=False)
    await start(acme(discovery=discovery(windows=(YESTERDAY,))))
    await clock.run(3700.0)
    vendor.listed = listed(c1=True, c2=True, c3=False)
    await clock.run(3700.0)
    vendor.listed = listed(c1=True, c3=False)
    await clock.run(UNTIL_MIDNIGHT - clock.true)
    assert vendor.log == []
    await clock.run(3 * 3600.0)
    assert [sent.target.key.campaign for sent in vendor.log].count("2") == 2, "until two answers agree"
    assert {sent.target.key.campaign for sent in vendor.log} == {"1", "2"}
    await clock.run(86_400.0)
    assert [sent.target.key.campaign for sent in vendor.log].count("2") == 2


async def test_new_campaigns_do_not_disturb_the_schedule_of_the_others(
    start: Start, clock: VirtualClock, vendor: Vendor
) -> None:
    vendor.listed = listed(c1=True, c2=True)
    await start(acme(live_interval=None, quota_interval=None))
    await clock.run(3000.0)
    before = {one: vendor.moments(one)[-1] for one in ("1", "2")}
    vendor.listed = listed(c1=True, c2=True, **{f"c{number}": True for number in range(3, 30)})
    await clock.run(1200.0)
    for one, moment in before.items():
        later = [at for at in vendor.moments(one) if at > moment]
        assert len(later) == 4
        gaps = [after - earlier for earlier, after in zip([moment, *later], later, strict=False)]
        assert all(300.0 <= gap < 340.0 for gap in gaps)
    found = vendor.times(ApiName.CAMPAIGNS)[-1]
    assert all(found < vendor.moments(str(number))[0] < found + 60.0 for number in range(3, 30))


async def test_a_failing_list_changes_nothing(start: Start, clock: VirtualClock, vendor: Vendor) -> None:
    vendor.listed = listed(c1=True)
    exporter = await start(acme())
    await clock.run(60.0)
    vendor.listed = bad(Reason.FORBIDDEN)
    vendor.live = bad(Reason.INVALID_RESPONSE)
    with capture_logs() as lines:
        await clock.run(2 * 3600.0)
    assert api_up(exporter) == {ApiName.CAMPAIGNS: False, ApiName.REAL_TIME: False, ApiName.TOKEN_INFO: True}
    assert shown(exporter) == {("1", "1h")}
    assert exporter.shown("1").failure is None
    assert exporter.figures().rest is None, "nobody knows whether every token may ask"
    failures = {one.api: one.failures for one in exporter.figures().apis}
    assert failures == {ApiName.CAMPAIGNS: 2, ApiName.REAL_TIME: 24, ApiName.TOKEN_INFO: 0}
    assert sum(line["event"] == "API request failed" for line in lines) == 2, "one line each, on the change"
    assert len(vendor.times(ApiName.CAMPAIGNS)) == 3, "never a second time"
    vendor.listed = listed(c1=True)
    with capture_logs() as lines:
        await clock.run(3700.0)
    assert sum(line["event"] == "API request succeeded again" for line in lines) == 1
    assert api_up(exporter)[ApiName.CAMPAIGNS]


async def test_while_the_token_rests_they_are_not_sent(start: Start, clock: VirtualClock, vendor: Vendor) -> None:
    vendor.listed = listed(c1=True, c2=True)
    exporter = await start(acme())
    await clock.run(60.0)
    vendor.outcome = bad(Reason.AUTH)
    await clock.run(400.0)
    assert exporter.figures().rest is not None
    asked = len(vendor.asked)
    await clock.run(3 * 3600.0)
    assert len(vendor.asked) == asked
    vendor.outcome = good()
    await clock.run(400.0)
    assert exporter.figures().rest is None
    assert len(vendor.asked) > asked


@pytest.mark.unmeasured
async def test_where_nothing_else_is_left_they_find_out_whether_the_token_is_well(
    start: Start, clock: VirtualClock, vendor: Vendor
) -> None:
    vendor.listed = listed(c1=True)
    exporter = await start(acme(discovery=discovery(windows=(TODAY,)), live_interval=None))
    await clock.run(3000.0)
    vendor.outcome = bad(Reason.AUTH)
    vendor.listed = listed(c2=False)
    await clock.run(UNTIL_MIDNIGHT - clock.true)
    assert exporter.figures().rest is not None
    vendor.outcome = good()
    vendor.listed = listed(c3=True)
    await clock.run(86_400.0 + 7300.0)
    assert exporter.figures().rest is None


async def test_an_empty_list_is_believed_at_the_second_time(start: Start, clock: VirtualClock, vendor: Vendor) -> None:
    vendor.listed = listed(c1=True)
    exporter = await start(acme(live_interval=None))
    await clock.run(60.0)
    vendor.listed = listed()
    with capture_logs() as lines:
        await clock.run(3700.0)
        assert exporter.published.figures["acme", "1"].started
        await exporter.kill()
        exporter = await start(acme(live_interval=None))
        await clock.run(3700.0)
    assert exporter.published.figures["acme", "1"].started is False
    assert sum("is empty" in line["event"] for line in lines) == 1
    assert exporter.figures().discovered == 0


async def test_live_figures_and_quota_leave_when_they_are_old(
    start: Start, clock: VirtualClock, vendor: Vendor
) -> None:
    vendor.listed = listed(c1=True)
    vendor.live = LiveAnswer((LiveCampaign("1", True, pending=3.0), LiveCampaign("9", True)), skipped=1)
    vendor.quota = VendorQuota(limit=5.0)
    with capture_logs() as lines:
        exporter = await start(acme(quota_interval=300.0))
        await clock.run(700.0)
    assert sum("without an id" in line["event"] for line in lines) == 1
    assert ("acme", "9") not in exporter.published.figures
    vendor.live, vendor.quota = bad(Reason.TIMEOUT), bad(Reason.TIMEOUT)
    await clock.run(800.0)
    exporter.store.expire()
    assert exporter.published.figures["acme", "1"].live == LiveCampaign("1", True, pending=3.0)
    assert exporter.figures().vendor_quota is not None
    await clock.run(200.0)
    exporter.store.expire()
    assert exporter.published.figures["acme", "1"] == replace(exporter.published.figures["acme", "1"], live=None)
    assert exporter.published.figures["acme", "1"].started
    assert exporter.figures().vendor_quota is None


async def test_a_standby_shows_what_the_holder_found(start: Start, clock: VirtualClock, vendor: Vendor) -> None:
    vendor.listed = listed(c1=True, c2=False)
    vendor.live = LiveAnswer((LiveCampaign("1", True, pending=3.0),))
    vendor.quota = VendorQuota(limit=5.0)
    first = await start(acme())
    second = await start(acme())
    assert second.store.discoveries.unready() == ["acme"]
    await clock.run(30.0)
    assert shown(second) == shown(first) == {("1", "1h")}
    assert second.shown("1").data == first.shown("1").data
    assert second.published.figures == first.published.figures
    assert second.figures().discovered == 2
    assert second.figures().vendor_quota == VendorQuota(limit=5.0)
    assert api_up(second) == dict.fromkeys(api_up(second), True)
    assert [one.requests for one in second.figures().apis] == [0, 0, 0]
    assert second.store.unready() == []
    assert second.store.discoveries.unready() == []
    vendor.live = live(c1=False, c2=True)
    await clock.run(310.0)
    assert shown(second) == shown(first) == {("1", "1h"), ("2", "1h")}
    asked = len(vendor.asked)
    await first.kill()
    vendor.live = live(c1=False, c2=False)
    await clock.run(600.0)
    assert len(vendor.asked) > asked
    assert len(vendor.times(ApiName.CAMPAIGNS)) == 1
    assert second.published.figures["acme", "2"].started is False


async def test_configured_campaigns_keep_their_settings_and_names(
    start: Start, clock: VirtualClock, vendor: Vendor
) -> None:
    vendor.listed = CampaignsAnswer((row("1", "of the list"), row("2", "of the list", started=True)))
    exporter = await start(replace(acme(), targets=(target("1", name="mine"),)))
    await clock.run(400.0)
    names = {entry.target.key.campaign: entry.target.name for entry in exporter.store.entries()}
    assert names == {"1": "mine", "2": "of the list"}
    assert len(vendor.moments("1")) == 2, "asked whatever its state"
    assert exporter.published.figures["acme", "1"].started is False


async def test_a_cut_list_is_told_of_once(start: Start, clock: VirtualClock, vendor: Vendor) -> None:
    vendor.listed = listed(c1=True, c2=True, c3=False)
    with capture_logs() as lines:
        exporter = await start(acme(discovery=discovery(windows=(HOUR,), max_campaigns=1)))
        await clock.run(2 * 3600.0)
    assert sum("is cut" in line["event"] for line in lines) == 1
    assert shown(exporter) == {("2", "1h")}
    assert exporter.figures().discovered == 3


async def test_a_reload_of_the_filters_counts_at_once(start: Start, clock: VirtualClock, vendor: Vendor) -> None:
    vendor.listed = CampaignsAnswer((row("1", "a", started=True), row("2", "b", started=True)))
    exporter = await start(acme())
    await clock.run(60.0)
    await exporter.apply_config(acme(discovery=discovery(windows=(HOUR,), include=("b",))))
    assert shown(exporter) == {("2", "1h")}
    await clock.run(400.0)
    assert len(vendor.moments("1")) == 1
    assert len(vendor.moments("2")) == 2
    await exporter.apply_config(acme(discovery=discovery(windows=(HOUR,), poll=PollWhich.ALL)))
    await clock.run(60.0)
    assert len(vendor.moments("1")) == 2
    await exporter.apply_config(operation(target("5")))
    await clock.run(60.0)
    assert shown(exporter) == {("5", "1h")}
    assert exporter.figures().apis == ()
    assert exporter.published.figures == {}
    await exporter.apply_config()
    assert exporter.published.figures == {}


async def test_what_the_list_said_is_not_shown_once_nobody_asks_any_more(
    start: Start, clock: VirtualClock, vendor: Vendor
) -> None:
    vendor.listed = listed(c1=True)
    exporter = await start(acme())
    await clock.run(60.0)
    alone = operation(target("1"))
    await exporter.apply_config(alone)
    assert exporter.published.figures == {}
    await exporter.stop()
    again = await start(alone)
    await clock.run(60.0)
    assert again.published.figures == {}
    await again.apply_config(acme())
    await clock.run(60.0)
    assert again.published.figures["acme", "1"].started
    assert len(vendor.times(ApiName.CAMPAIGNS)) == 1


async def test_the_budget_counts_them(start: Start, clock: VirtualClock, vendor: Vendor) -> None:
    vendor.listed = listed(c1=True)
    exporter = await start(acme(budget=2))
    await clock.run(100.0)
    assert len(vendor.asked) + len(vendor.log) == 2
    assert api_up(exporter)[ApiName.TOKEN_INFO] is False
    assert exporter.figures().used == 2


async def test_a_fault_of_the_exporter_stops_nothing(start: Start, clock: VirtualClock, vendor: Vendor) -> None:
    vendor.listed = RuntimeError("made up")
    exporter = await start(replace(acme(), targets=(target("7"),)))
    await clock.run(1000.0)
    assert api_up(exporter)[ApiName.CAMPAIGNS] is False
    assert len(vendor.times(ApiName.CAMPAIGNS)) == 1
    assert len(vendor.moments("7")) >= 3
    vendor.listed = listed(c1=True)
    await clock.run(3700.0)
    assert ("1", "1h") in shown(exporter)


async def test_readiness_waits_for_the_first_answer_to_the_list(
    start: Start, clock: VirtualClock, vendor: Vendor
) -> None:
    vendor.listed = bad(Reason.FORBIDDEN)
    exporter = await start(acme())
    assert exporter.store.discoveries.unready() == ["acme"]
    await clock.run(2.0)
    assert exporter.store.discoveries.unready() == []
    assert exporter.store.unready() == []
    vendor.listed = listed(c1=True)
    await clock.run(3605.0)
    vendor.listed = listed(c1=True, c2=True)
    while not vendor.moments("1"):
        await clock.run(1.0)
    await clock.run(3500.0)
    while ("2", "1h") not in shown(exporter):
        await clock.run(1.0)
        assert exporter.store.unready() == [], "one that joins later makes nobody wait"
