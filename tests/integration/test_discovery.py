"""The real command finds its campaigns by itself: they come, stop, are asked to the end, and leave."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from real_exporter import Exporter, once, write_config
from scraped_page import Page

from exporter.simulator.fault import Fault
from exporter.simulator.server import Simulator


class Switchboard:
    """A vendor whose campaigns are started and stopped by hand."""

    def __init__(self) -> None:
        self.started: dict[str, bool] = {}
        self.lists = True
        self.log: list[str] = []
        """The API and the campaign of each request."""
        self.url = ""

    async def answer(self, request: web.Request) -> web.Response:
        """One answer, bare or wrapped, as the vendor's pages show them."""
        api = request.query["api"]
        self.log.append(f"{api} {request.path.rpartition('/')[2]} {request.query.get('campaign_id', '')}".strip())
        if request.path.endswith("/real_time.php"):
            return self._json(
                [
                    {
                        "campaign": f"{one} - Cobranza - Progressive",
                        "status": "started" if on else "Detenida",
                        "clean": 5,
                    }
                    for one, on in self.started.items()
                ]
            )
        if api == "campaigns":
            if not self.lists:
                return web.Response(status=403, text=json.dumps({"code": 403, "msg": "NOT ALLOWED"}))
            rows = [
                {"campaign_id": int(one), "campaign_name": "Cobranza", "status": "Started" if on else "Stopped"}
                for one, on in self.started.items()
            ]
            return self._json({"code": "200", "error": None, "msg": "", "data": rows})
        return self._json({"code": 200, "data": [{"result": "ANSWER", "records": "30", "percent": "100 %"}]})

    def reports(self, campaign: str) -> int:
        """How often a campaign's report was asked for."""
        return self.log.count(f"campaign_4 reports_manager.php {campaign}")

    @staticmethod
    def _json(value: object) -> web.Response:
        return web.Response(text=json.dumps(value), content_type="application/json")


@pytest.fixture
async def vendor() -> AsyncIterator[Switchboard]:
    board = Switchboard()
    application = web.Application()
    application.router.add_get("/api/v2/{name}", board.answer)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    board.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield board
    await runner.cleanup()


def config(vendor: Switchboard, **more: Any) -> dict[str, Any]:
    found = {"refresh_interval": "6s", "windows": ["10s", "today"]}
    operation = {"name": "acme", "base_url": vendor.url, "token": "token-of-acme", "discovery": found}
    return {"interval": "3s", "operations": [operation | {"live_interval": "3s"} | more]}


async def test_campaigns_come_and_go(run: Callable[..., Awaitable[Exporter]], vendor: Switchboard) -> None:
    vendor.started = {"1": True, "2": False}
    exporter = await run(config(vendor))
    page = await exporter.ready()
    assert [one.split()[1] for one in vendor.log[:3]] == ["information.php", "real_time.php", "reports_manager.php"]
    assert page.by("campaign", "wolkvox_campaign_started") == {"1": 1, "2": 0}
    assert page.by("window", "wolkvox_campaign_up", campaign="1") == {"10s": 1, "today": 1}
    assert page.value("wolkvox_campaign_list_pending_records", campaign="1") == 5
    assert page.find("wolkvox_campaign_list_records") == []
    assert page.value("wolkvox_discovered_campaigns") == 2
    assert vendor.reports("2") == 0

    vendor.started = {"1": False, "2": True, "3": True}

    def moved(page: Page) -> bool:
        return set(page.by("campaign", "wolkvox_campaign_up", window="10s")) == {"2", "3"}

    page = await exporter.shows(moved, within=120.0)
    asked = vendor.reports("1")
    assert page.attempts("1", window="today")["answer"] == 30, "asked until it is final, or midnight comes"
    assert page.value("wolkvox_campaign_started", campaign="1") == 0

    vendor.lists = False
    page = await exporter.shows(lambda page: page.value("wolkvox_api_up", api="campaigns") == 0)
    assert page.value("wolkvox_api_up", api="real_time_campaigns") == 1
    assert page.by("campaign", "wolkvox_campaign_up", window="10s") == {"2": 1, "3": 1}
    assert page.find("wolkvox_token_rest") == []

    assert await exporter.stop() == 0
    vendor.started = {"1": True, "2": True, "3": True}
    again = await run(config(vendor), folder=exporter.folder)
    page = await again.ready()
    assert set(page.by("campaign", "wolkvox_campaign_up")) >= {"2", "3"}
    await again.shows(lambda page: page.find("wolkvox_campaign_up", campaign="1", window="10s"))
    assert vendor.reports("1") > asked


async def test_the_simulated_operation_is_found(run: Callable[..., Awaitable[Exporter]], simulator: Simulator) -> None:
    found = {"name": "acme", "base_url": simulator.base_url, "token": "token-of-acme", "discovery": {}}
    simulator.set_fault(Fault.FORBIDDEN, api="token_info")
    exporter = await run({"operations": [found | {"quota_interval": "1h"}]})
    page = await exporter.ready()
    started = {one for one, value in page.by("campaign", "wolkvox_campaign_started").items() if value}
    assert started == {
        life.campaign.id for life in simulator.lives() if life.is_started(simulator.log.entries[0].arrived)
    }
    assert set(page.by("campaign", "wolkvox_campaign_up")) == started
    assert page.by("api", "wolkvox_api_up") == {"campaigns": 1, "real_time_campaigns": 1, "token_info": 0}
    assert [one for one in simulator.log.entries if one.overlap] == []


async def test_once_finds_its_campaigns_and_a_list_that_fails_is_exit_code_2(
    vendor: Switchboard, tmp_path: Path
) -> None:
    vendor.started = {"51": True, "52": False}
    vendor.lists = False
    write_config(tmp_path, config(vendor))
    code, page, command = await once(tmp_path)
    assert code == 2
    assert page.find("wolkvox_campaign_up") == []
    assert page.value("wolkvox_api_up", operation="acme", api="campaigns") == 0
    assert "campaigns" in command.stderr
    vendor.lists = True
    code, page, command = await once(tmp_path)
    assert code == 0, command.stderr
    assert page.value("wolkvox_campaign_up", campaign="51", window="10s") == 1
    assert page.find("wolkvox_campaign_up", campaign="52") == []
