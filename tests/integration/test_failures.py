"""Every way to fail, from the wire to the page, side by side in one run: switched on, lasting, switched off.

The story is told once and written down: the pages and the API's own log. Each test reads its part of it.
"""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from real_exporter import Exporter, running, write_config
from scraped_page import DATA, Page

from exporter.model import RESULTS, Reason
from exporter.simulator.campaigns import Unknown
from exporter.simulator.fault import Fault, Rule
from exporter.simulator.request_log import LoggedRequest, RequestOutcome, fingerprint
from exporter.simulator.server import Simulator
from exporter.simulator.settings import SimulatorSettings
from exporter.simulator.traffic import Shift

pytestmark = pytest.mark.xdist_group("failures")  # one worker tells the story, once

INTERVAL = 3.0
STALE_AFTER = 12.0
SLACK = 20.0
"""Seconds by which a busy machine may be late."""

EARLY = 1.5
"""Seconds by which the API's log may see two requests closer than they left: a busy machine lets one wait."""

LOOKS = 0.3

REASONS = {
    Fault.AUTH: "auth",
    Fault.AUTH_MISSING: "auth",
    Fault.AUTH_CODE: "auth",
    Fault.QUOTA: "quota",
    Fault.QUOTA_CODE: "quota",
    Fault.CONCURRENCY: "concurrency",
    Fault.CONCURRENCY_429: "concurrency",
    Fault.FORBIDDEN: "forbidden",
    Fault.BAD_REQUEST: "bad_request",
    Fault.NOT_FOUND: "not_found",
    Fault.NOT_FOUND_ID: "not_found",
    Fault.REDIRECT: "redirect",
    Fault.SERVER_ERROR: "server_error",
    Fault.HTTP: "http",
    Fault.CONNECT: "connect",
    Fault.CONNECT_RESET: "connect",
    Fault.CONNECT_MIDWAY: "connect",
    Fault.CONNECT_SHORT: "connect",
    Fault.TIMEOUT: "timeout",
    Fault.TIMEOUT_TRICKLE: "timeout",
    Fault.TOO_LARGE: "too_large",
    Fault.TOO_LARGE_GZIP: "too_large",
    Fault.INVALID_RESPONSE: "invalid_response",
    Fault.INVALID_RESPONSE_HTML: "invalid_response",
    Fault.INVALID_RESPONSE_UTF8: "invalid_response",
    Fault.INVALID_RESPONSE_SHAPE: "invalid_response",
    Fault.INVALID_RESPONSE_ENCODING: "invalid_response",
    Fault.INVALID_RESPONSE_NAN: "invalid_response",
    Fault.INVALID_RESPONSE_INFINITY: "invalid_response",
    Fault.INVALID_RESPONSE_NEGATIVE: "invalid_response",
    Fault.INVALID_RESPONSE_FRACTION: "invalid_response",
    Fault.INVALID_RESPONSE_WORDS: "invalid_response",
}
ODD = tuple(fault for fault in Fault if fault not in REASONS)
"""Answers that look odd and are none the less good."""

CAMPAIGNS = {fault: str(60_001 + place) for place, fault in enumerate(Fault)}
COMPANION, ALONE = "70001", "70002"
"""Campaigns that nothing happens to: one with the token of `server_error`, one with a token of its own."""

FAILING = pytest.mark.parametrize("fault", REASONS)


@dataclass(frozen=True)
class Look:
    """A page, and the wall clock before and after it was asked for."""

    before: float
    page: Page
    after: float


@dataclass(frozen=True)
class Story:
    """What was seen from outside."""

    looks: Sequence[Look]
    on: float
    """When all faults were switched on, in Unix seconds."""
    off: float
    entries: Sequence[LoggedRequest]
    misled: int
    """Requests that came where the redirect leads."""
    counts: Callable[[str, int, int], dict[str, int]]
    """What the API counts in a window."""

    def requests(self, campaign: str, since: float, until: float) -> list[LoggedRequest]:
        return [one for one in self.entries if one.campaign == campaign and since <= one.arrived < until]

    def sent(self, operation: str, until: float) -> int:
        """Requests with the token of an operation that had arrived by then."""
        token = fingerprint(token_of(operation))
        return sum(one.token == token and one.arrived < until for one in self.entries)

    @property
    def end(self) -> Page:
        return self.looks[-1].page

    def during(self) -> Iterator[Look]:
        """The looks while the faults were on."""
        return (look for look in self.looks if look.before >= self.on and look.after <= self.off)


def configuration(base_url: str) -> dict[str, Any]:
    operations = []
    for fault, campaign in CAMPAIGNS.items():
        campaigns = [{"id": campaign}]
        more = {"timeout": "2s"} if REASONS.get(fault) == "timeout" else {}
        if fault is Fault.SERVER_ERROR:
            campaigns.append({"id": COMPANION})
        operations.append(entry(fault.value, base_url, campaigns) | more)
    operations.append(entry("alone", base_url, [{"id": ALONE}]))
    return {"interval": "3s", "stale_after": "12s", "timeout": "30s", "operations": operations}


def entry(name: str, base_url: str, campaigns: list[dict[str, str]]) -> dict[str, Any]:
    return {"name": name, "base_url": base_url, "token": token_of(name), "campaigns": campaigns}


def token_of(operation: str) -> str:
    return f"token-of-{operation}"


class Watch:
    """Looks at the page again and again."""

    def __init__(self, exporter: Exporter) -> None:
        self._exporter = exporter
        self.looks: list[Look] = []

    async def until(self, condition: Callable[[Page], bool]) -> None:
        async def probe() -> bool:
            before = time.time()
            page = await self._exporter.page()
            self.looks.append(Look(before, page, time.time()))
            await asyncio.sleep(LOOKS)
            return condition(page)

        await self._exporter.until(probe, within=120)


def all_well(page: Page) -> bool:
    return all(page.value("wolkvox_campaign_up", campaign=one) == 1 and page.shown(one) for one in CAMPAIGNS.values())


def all_gone(page: Page) -> bool:
    return all(page.reason(CAMPAIGNS[fault]) and not page.shown(CAMPAIGNS[fault]) for fault in REASONS)


async def tell(folder: Path) -> Story:
    settings = SimulatorSettings(hours=Shift.ALWAYS, unknown=Unknown.INVENTED)
    async with Simulator(settings) as simulator, Simulator(settings) as elsewhere:
        write_config(folder, configuration(simulator.base_url))
        async with running(folder) as exporter:
            watch = Watch(exporter)
            await watch.until(all_well)
            on = time.time()
            for fault, campaign in CAMPAIGNS.items():
                simulator.set_rule(Rule(fault, campaign=campaign, location=elsewhere.base_url))
            await watch.until(all_gone)
            off = time.time()
            simulator.clear_faults()
            await watch.until(all_well)
        assert "Traceback" not in exporter.stderr, exporter.stderr
        return Story(watch.looks, on, off, simulator.log.entries, elsewhere.log.total, simulator.counts)


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    return asyncio.run(tell(tmp_path_factory.mktemp("failures")))


def test_every_fault_has_its_reason() -> None:
    assert set(REASONS) == {fault for fault in Fault if not fault.startswith("odd")}
    assert set(REASONS.values()) == set(Reason) - {Reason.BUDGET, Reason.STORAGE, Reason.INTERNAL}


@FAILING
def test_the_reason_is_shown_and_counted(story: Story, fault: Fault) -> None:
    campaign, reason = CAMPAIGNS[fault], REASONS[fault]
    for look in story.looks:
        page = look.page
        shown = page.reason(campaign)
        assert shown in {None, reason}
        if (up := page.value("wolkvox_campaign_up", campaign=campaign)) is not None:
            assert up == (shown is None)
        counted = page.number("wolkvox_campaign_poll_failures_total", campaign=campaign)
        by_reason = page.by("reason", "wolkvox_poll_failures_total", operation=fault.value)
        assert by_reason == dict.fromkeys(Reason, 0) | {reason: counted}
    assert story.end.number("wolkvox_campaign_poll_failures_total", campaign=campaign) > 0


@FAILING
def test_data_stays_for_a_while_and_leaves_together(story: Story, fault: Fault) -> None:
    campaign = CAMPAIGNS[fault]
    kept = None
    for look in story.looks:
        page = look.page
        shown = page.shown(campaign)
        assert shown in (set(), set(DATA))
        success = page.value("wolkvox_campaign_last_success_timestamp_seconds", campaign=campaign)
        if success is None:
            assert not shown
            continue
        if look.after < success + STALE_AFTER:
            assert shown
        if look.before > success + STALE_AFTER + 0.1:
            assert not shown
        data = (success, page.attempts(campaign), page.number(DATA[4], campaign=campaign)) if shown else kept
        assert data == kept or kept is None or success > kept[0], "the data changed without a success"
        kept = data
        assert page.number("wolkvox_campaign_last_poll_timestamp_seconds", campaign=campaign) >= success
    assert any(not look.page.shown(campaign) for look in story.during())
    if REASONS[fault] != "concurrency":  # whose second request comes when the data has left already
        assert any(look.page.reason(campaign) and look.page.shown(campaign) for look in story.during())


@FAILING
def test_it_recovers_with_the_next_poll(story: Story, fault: Fault) -> None:
    campaign = CAMPAIGNS[fault]
    afterwards = story.requests(campaign, story.off, float("inf"))
    assert afterwards
    assert all(one.fault is None for one in afterwards)
    retry = {"connect": 4.0, "concurrency": 12.5}.get(REASONS[fault], 0.0)
    assert afterwards[0].arrived < story.off + INTERVAL + retry + SLACK
    assert story.end.value("wolkvox_campaign_up", campaign=campaign) == 1
    told = story.counts(campaign, *(int(story.end.number(name, campaign=campaign)) for name in (DATA[3], DATA[4])))
    assert told.items() <= story.end.attempts(campaign).items()


@FAILING
def test_only_what_may_be_asked_twice_is(story: Story, fault: Fault) -> None:
    campaign, reason = CAMPAIGNS[fault], REASONS[fault]
    for look in story.looks:
        requests = look.page.number("wolkvox_api_requests_total", operation=fault.value)
        assert story.sent(fault, look.before) <= requests <= story.sent(fault, look.after) + 1
    polls = sum(one.value for one in story.end.find("wolkvox_campaign_polls_total", operation=fault.value))
    more = story.end.number("wolkvox_api_requests_total", operation=fault.value) - polls
    struck = [one.arrived_monotonic for one in story.entries if one.campaign == campaign and one.fault]
    match reason:
        case "connect":
            assert more in {1, 2}, "the first failure is followed by one more request, those after it by none"
            assert struck[1] - struck[0] >= 2.0 - EARLY
        case "concurrency":
            assert more >= 1
            assert struck[1] - struck[0] > 10.5 - EARLY
        case _:
            assert more in {0, 1}, "one request a poll; one may be under way"
            assert len(struck) > 2
    if reason != "concurrency":
        assert struck[-1] - struck[1] > (len(struck) - 2) * INTERVAL - EARLY


def test_no_token_has_two_requests_at_once(story: Story) -> None:
    assert [one for one in story.entries if one.overlap] == []


def test_a_redirect_is_not_followed(story: Story) -> None:
    assert any(one.fault == Fault.REDIRECT for one in story.entries)
    assert story.misled == 0


@pytest.mark.parametrize("campaign", [COMPANION, ALONE])
def test_the_others_do_not_notice(story: Story, campaign: str) -> None:
    for look in story.during():
        assert look.page.value("wolkvox_campaign_up", campaign=campaign) == 1
        assert look.page.shown(campaign) == set(DATA)
    assert story.end.value("wolkvox_campaign_poll_failures_total", campaign=campaign) == 0
    asked = story.requests(campaign, story.on, story.off)
    assert all(one.outcome is RequestOutcome.ANSWERED and one.fault is None for one in asked)
    assert len(asked) >= (story.off - story.on) / (2 * INTERVAL) - 1


@pytest.mark.parametrize("fault", ODD)
def test_odd_answers_are_good_ones(story: Story, fault: Fault) -> None:
    campaign = CAMPAIGNS[fault]
    assert story.end.value("wolkvox_campaign_poll_failures_total", campaign=campaign) == 0
    struck = [one for one in story.entries if one.campaign == campaign and one.fault]
    assert struck
    *_, look = story.during()
    page = look.page
    attempts = page.attempts(campaign)
    told = story.counts(campaign, *(int(page.number(name, campaign=campaign)) for name in (DATA[3], DATA[4])))
    assert set(RESULTS) <= attempts.keys()
    assert page.value("wolkvox_campaign_no_data", campaign=campaign) == fault.startswith("odd_empty")
    match fault:
        case Fault.ODD_EMPTY | Fault.ODD_EMPTY_LIST | Fault.ODD_EMPTY_CODE:
            assert set(attempts.values()) == {0}
            assert set(page.by("result", DATA[1], campaign=campaign).values()) == {0}
        case Fault.ODD_FLOOD:
            assert len(attempts) == 32
            assert sum(attempts.values()) == sum(told.values()) + sum(range(1, 41))
        case Fault.ODD_LONG:
            assert attempts == dict.fromkeys(RESULTS, 0) | told | {"x" * 64: 1}
        case Fault.ODD_BLANK:
            assert attempts == dict.fromkeys(RESULTS, 0) | told | {"unknown": 7}
        case _:
            assert attempts == dict.fromkeys(RESULTS, 0) | told
            shares = page.by("result", DATA[1], campaign=campaign)
            total = sum(told.values())
            assert shares == pytest.approx({name: 100 * count / total for name, count in attempts.items()}, abs=0.01)
