"""The day's budget, over a reload that makes it small and one that makes it large again."""

import signal
from collections.abc import Awaitable, Callable
from typing import Any

from real_exporter import Exporter, write_config

from exporter.simulator.server import Simulator


async def test_a_budget_that_is_used_up_stops_its_operation_only(
    run: Callable[..., Awaitable[Exporter]], operation: Callable[..., dict[str, Any]], simulator: Simulator
) -> None:
    globex = operation("globex", "2")
    exporter = await run({"interval": "1s", "operations": [operation("acme", "1"), globex]})
    page = await exporter.shows(lambda page: page.number("wolkvox_quota_used_requests", operation="acme") >= 4)
    assert page.find("wolkvox_quota_budget_requests") == []

    # Two requests a day, of which four are spent: the plan fits, the day does not.
    tight = operation("acme", "1", "3", licenses=1, quota_share=0.002, interval="1d")
    write_config(exporter.folder, {"interval": "1s", "operations": [tight, globex]})
    exporter.signal(signal.SIGHUP)
    page = await exporter.shows(lambda page: page.reason("3") == "budget")
    assert page.number("wolkvox_quota_budget_requests", operation="acme") == 2
    used = page.number("wolkvox_quota_used_requests", operation="acme")
    assert used == page.number("wolkvox_api_requests_total", operation="acme")
    assert page.number("wolkvox_poll_failures_total", operation="acme", reason="budget") == 1
    assert page.value("wolkvox_campaign_up", campaign="3") == 0
    assert "the day's budget of 2 requests is used up until midnight in America/Bogota" in exporter.stderr
    polls = page.number("wolkvox_campaign_polls_total", campaign="2")
    page = await exporter.shows(lambda page: page.number("wolkvox_campaign_polls_total", campaign="2") >= polls + 2)
    assert page.value("wolkvox_campaign_up", campaign="2") == 1
    assert page.number("wolkvox_quota_used_requests", operation="acme") == used
    assert [one for one in simulator.log.entries if one.campaign == "3"] == []

    write_config(exporter.folder, {"interval": "1s", "operations": [operation("acme", "1", "3"), globex]})
    exporter.signal(signal.SIGHUP)
    page = await exporter.shows(lambda page: page.value("wolkvox_campaign_up", campaign="3") == 1)
    assert page.number("wolkvox_quota_used_requests", operation="acme") > used
