"""What page and JSON say of found campaigns, live figures, the vendor's quota, the stretch and calling hours."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import made_up_status as made_up
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient

from exporter.model import DiscoveryStatus, LiveCampaign, Reason, Status, VendorQuota
from exporter.thresholds import DRY_SECONDS
from exporter.web.status.hours import hours_now, hours_summary
from exporter.web.status.live import LiveRow, dry_in, live_view
from exporter.web.status.query import Query
from exporter.web.status.state import CampaignSummaries
from exporter.web.status.view import Overview, overview

Serve = Callable[[Status], Awaitable[TestClient[web.Request, web.Application]]]

FOUND = made_up.discovering()


def view(status: Status, query: Query | None = None) -> Overview:
    return overview(status, CampaignSummaries().of(status.targets), query or Query())


async def page(serve: Serve, status: Status, path: str = "/", language: str = "en") -> str:
    client = await serve(status)
    answer = await client.get(path, headers={"Accept-Language": language})
    assert answer.status == 200
    return await answer.text()


def live(**figures: float | None) -> LiveCampaign:
    return LiveCampaign("7", started=True, **figures)


@pytest.mark.parametrize(
    ("started", "figures", "seconds"),
    [
        (True, live(pending=60.0, calls_per_minute=2.0), 1_800.0),
        (True, live(pending=0.0, calls_per_minute=2.0), 0.0),
        (True, live(pending=60.0, calls_per_minute=0.0), None),
        (True, live(pending=60.0), None),
        (True, live(calls_per_minute=2.0), None),
        (True, None, None),
        (False, live(pending=60.0, calls_per_minute=2.0), None),
        (None, live(pending=60.0, calls_per_minute=2.0), None),
    ],
)
def test_a_list_runs_dry_at_its_calls_a_minute(
    started: bool | None, figures: LiveCampaign | None, seconds: float | None
) -> None:
    assert dry_in(started, figures) == seconds


def test_it_is_near_at_the_alerts_threshold() -> None:
    campaign = made_up.found("7", "")
    assert [LiveRow("acme", campaign, dry).is_near_dry for dry in (DRY_SECONDS - 1, DRY_SECONDS, None)] == [
        True,
        False,
        False,
    ]


@pytest.mark.parametrize(
    ("figures", "percent"),
    [
        ({"records": 200.0, "pending": 50.0}, 25.0),
        ({"records": 2.0, "pending": 3.0}, 100.0),
        ({"pending": 5.0}, None),
        ({"records": 0.0, "pending": 0.0}, None),
        ({"records": 5.0}, None),
        ({}, None),
    ],
)
def test_how_much_of_a_list_is_left(figures: dict[str, Any], percent: float | None) -> None:
    assert LiveRow("acme", made_up.found("7", "", **figures), None).pending_percent == percent


def test_the_list_that_runs_dry_first_stands_first_and_those_at_rest_apart() -> None:
    found = live_view(FOUND.operations)
    assert [row.campaign.campaign for row in found.dialling[:2]] == ["178400", "178401"]
    assert [row.campaign.started for row in found.dialling[-2:]] == [False, None]
    assert len(found.resting) == 15
    assert {row.operation for row in live_view(FOUND.operations, "globex").dialling} == {"globex"}


def test_windows_at_rest_are_apart_unless_they_are_in_trouble() -> None:
    assert [each.target.key.campaign for each in view(FOUND).resting] == ["178390"]
    target = replace(made_up.target("1"), resting=True)
    troubled = made_up.status(made_up.shown(target, made_up.failed(Reason.AUTH)))
    assert view(troubled).resting == []
    assert len(view(troubled).listed) == 1


def test_problems_are_those_of_the_alerts() -> None:
    problems = {problem.kind: problem for problem in view(FOUND).problems}
    assert set(problems) == {"quota", "stretch", "vendor_quota", "token_info", "dry"}
    assert problems["stretch"].figure == 1.8
    assert problems["vendor_quota"].figure == pytest.approx(93.1667, abs=0.001)
    assert problems["dry"].hit.campaigns == 2
    assert problems["token_info"].since == made_up.NOW - 700


@pytest.mark.parametrize(
    "quota", [None, VendorQuota(), VendorQuota(limit=0.0, used_by_all=0.0), VendorQuota(used_by_all=7.0)]
)
def test_a_quota_without_figures_is_no_problem(quota: VendorQuota | None) -> None:
    each = made_up.operation()
    status = made_up.status(operations=(replace(each, figures=replace(each.figures, vendor_quota=quota)),))
    assert view(status).problems == []
    assert view(status).operations[0].vendor_percent is None


def test_hours_are_open_or_closed_and_say_until_when() -> None:
    office = replace(made_up.target(), hours=made_up.OFFICE)
    now = hours_now(office, made_up.NOW)
    assert now is not None
    assert (now.is_open, now.clock) == (True, "19:00")
    night = hours_now(office, made_up.NOW + 8 * 3_600)
    assert night is not None
    assert (night.is_open, night.clock) == (False, "2026-03-10 07:00")
    assert hours_now(made_up.target(), made_up.NOW) is None
    always = hours_now(replace(office, hours=replace(made_up.OFFICE, week=((),) * 7, holidays=None)), made_up.NOW)
    assert always is not None
    assert (always.is_open, always.until, always.clock) == (False, None, "")


def test_hours_go_by_the_campaigns_own_clock() -> None:
    now = hours_now(replace(made_up.target(), hours=made_up.OFFICE, zone=ZoneInfo("Asia/Tokyo")), made_up.NOW)
    assert now is not None
    assert (now.is_open, now.clock) == (False, "07:00")


def test_hours_of_an_operation_are_counted_by_campaign() -> None:
    open_now = [replace(made_up.target("1", window=window), hours=made_up.OFFICE) for window in ("1h", "today")]
    found = hours_summary(
        [*open_now, replace(made_up.target("2"), hours=made_up.NIGHT), made_up.target("3")], made_up.NOW
    )
    assert found is not None
    assert (found.open, found.closed, found.next.clock) == (1, 1, "19:00")
    assert hours_summary([made_up.target()], made_up.NOW) is None


ENGLISH = (
    "6 of 22 started",
    "list from 31 min ago; the latest list was empty and is not confirmed yet",
    "live figures from 2 min ago",
    "Wolkvox: 820 left, 11,180 of 12,000 used",
    "Wolkvox: 7,000 left",
    "intervals stretched 1.8 times",
    "5 open, 1 closed",
    "closed until 2026-03-10 00:00",
    "15 campaigns at rest",
    "1 window of a campaign at rest",
    "2 lists are about to run dry, the first in 4 min",
    "busy 33.3%, few attempts",
    "empty answer not confirmed",
    "95% interval: 36.3% to 42.4%",
    "(4.0%)",
)


async def test_the_page_says_it_all(serve: Serve) -> None:
    text = await page(serve, FOUND)
    assert [phrase for phrase in ENGLISH if phrase not in text] == []
    assert "<b>Rara</b>" not in text


async def test_the_page_says_it_in_spanish(serve: Serve) -> None:
    text = await page(serve, FOUND, language="es")
    phrases = (
        "6 de 22 iniciadas",
        "quedan 820, 11.180 de 12.000 usadas",
        "15 campañas en reposo",
        "cerrado hasta 2026-03-10 00:00",
        "pocos intentos",
        "2 bases están por agotarse",
    )
    assert [phrase for phrase in phrases if phrase not in text] == []


async def test_a_page_without_any_of_it_shows_none_of_it(serve: Serve) -> None:
    text = await page(serve, made_up.calm())
    for word in ("Campaign list", "Calling hours", "Live figures", "at rest", "Wolkvox: ", "stretched"):
        assert word not in text, word


async def test_a_list_that_never_came(serve: Serve) -> None:
    each = replace(made_up.operation(), discovery=DiscoveryStatus())
    text = await page(serve, made_up.status(operations=(each,)))
    assert "no list yet" in text
    late = replace(each, discovery=DiscoveryStatus(found=0, campaigns=(made_up.found("7", ""),)))
    assert "1 of 0 started" in await page(serve, made_up.status(operations=(late,)))


async def test_an_api_that_never_answered(serve: Serve) -> None:
    each = FOUND.operations[0]
    apis = tuple(replace(api, up=False, last_success_at=None) for api in each.figures.apis)
    text = await page(serve, replace(FOUND, operations=(replace(each, figures=replace(each.figures, apis=apis)),)))
    for words in ("The campaign list cannot be read", "The live figures cannot be read", "no success yet"):
        assert words in text


async def test_long_lists_are_cut(serve: Serve) -> None:
    campaigns = (
        *(made_up.found(f"{place}", "", records=10.0, pending=9.0) for place in range(60)),
        *(made_up.found(f"r{place}", "", started=False, asked=False) for place in range(250)),
    )
    each = replace(made_up.operation(), discovery=DiscoveryStatus(made_up.NOW, 310, campaigns=campaigns))
    text = await page(serve, made_up.status(operations=(each,)))
    assert "and 10 more" in text
    assert "and 50 more" in text
    assert text.count("<li>") < 300


async def test_a_list_that_is_dry_already(serve: Serve) -> None:
    campaigns = (made_up.found("7", "x", records=10.0, pending=0.0, calls_per_minute=1.0),)
    each = replace(made_up.operation(), discovery=DiscoveryStatus(made_up.NOW, 1, campaigns=campaigns))
    text = await page(serve, made_up.status(operations=(each,)))
    assert "1 list is about to run dry</b>" in " ".join(text.split()).replace(" </b>", "</b>")
    assert "empty" in text


@pytest.mark.parametrize(
    ("campaign", "window", "phrases"),
    [
        ("178400", "1h", ("Dialler", "started", "40", "in 4 min", "open until 19:00")),
        ("178405", "1h", ("33.3% of the attempts are busy", "latest answer had no rows", "empty", "closed until")),
        ("178390", "today", ("not polled, at rest", "stopped")),
    ],
)
async def test_a_campaigns_page(serve: Serve, campaign: str, window: str, phrases: tuple[str, ...]) -> None:
    text = await page(serve, FOUND, f"/campaign?operation=acme&campaign={campaign}&window={window}")
    assert [phrase for phrase in phrases if phrase not in text] == []


async def test_the_json_has_it_all(serve: Serve) -> None:
    client = await serve(FOUND)
    found: dict[str, Any] = await (await client.get("/api/v1/status")).json()
    acme, globex, initech = found["operations"]
    assert acme["stretch"] == 1.8
    assert acme["vendor_quota"] == {"limit": 12_000, "available": 820, "used_by_token": 5_600, "used_by_all": 11_180}
    assert [api["up"] for api in acme["apis"]] == [True, True, False]
    discovery = acme["discovery"]
    assert (discovery["found"], discovery["started"], discovery["list_age"], discovery["live_age"]) == (
        22,
        6,
        1_900,
        140,
    )
    assert discovery["list_doubted"] is True
    assert discovery["campaigns"][0] == {
        "campaign": "178400",
        "name": "Cobranza temprana",
        "started": True,
        "asked": True,
        "records": 1_000,
        "pending": 40,
        "dialled": 960,
        "calls_per_minute": 8.4,
        "speed": 2.5,
        "recycles": 1,
        "penetration_day": 62.5,
        "penetration_now": 34.64,
        "dry_in": pytest.approx(285.714, abs=0.001),
    }
    assert globex["discovery"]["list_at"] is None
    assert (initech["discovery"], initech["vendor_quota"], initech["stretch"], initech["apis"]) == (
        None,
        None,
        None,
        [],
    )
    by_id = {each["campaign"]: each for each in found["campaigns"]}
    assert by_id["178400"]["hours"] == {"open": True, "changes_at": made_up.NOW + 5 * 3_600}
    assert by_id["40100"]["hours"] is None
    assert (by_id["178405"]["few_attempts"], by_id["178405"]["empty_unconfirmed"]) == (True, True)
    assert (by_id["178390"]["resting"], by_id["178390"]["next_poll_at"]) == (True, None)
