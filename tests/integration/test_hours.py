"""Calling hours and a budget that runs short, with the real command: how often it asks, and what it says about it."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from real_exporter import Exporter, write_config

from exporter.simulator.server import Simulator

Run = Callable[..., Awaitable[Exporter]]
Operation = Callable[..., dict[str, Any]]

OPEN = {"mon-sun": "00:00-24:00"}


def closed() -> dict[str, str]:
    """Open on a day that is neither today nor tomorrow."""
    return {f"{datetime.now(UTC) + timedelta(days=3):%a}".lower(): "09:00-10:00"}


async def test_outside_its_hours_a_campaign_is_asked_seldom(
    run: Run, operation: Operation, simulator: Simulator
) -> None:
    acme = operation("acme", timezone="Etc/UTC")
    acme["campaigns"] = [{"id": "1", "hours": OPEN}, {"id": "2", "hours": closed() | {"off_interval": "1h"}}]
    exporter = await run({"interval": "1s", "operations": [acme]}, "--web.enable-lifecycle")
    page = await exporter.shows(lambda page: page.number("wolkvox_campaign_polls_total", campaign="1") >= 6)
    # Its first answer is due at any hour, so that the page has something to show.
    assert [one.campaign for one in simulator.log.entries].count("2") == 1
    assert page.value("wolkvox_campaign_up", campaign="2") == 1
    assert page.value("wolkvox_poll_interval_seconds", campaign="1") == 1
    assert page.value("wolkvox_poll_interval_seconds", campaign="2") == 3600
    assert page.value("wolkvox_calling_hours_open", campaign="1") == 1
    assert page.value("wolkvox_calling_hours_open", campaign="2") == 0
    assert page.find("wolkvox_calling_hours_change_timestamp_seconds", campaign="1") == []
    closed_at = page.value("wolkvox_calling_hours_change_timestamp_seconds", campaign="2")
    assert closed_at is not None
    assert datetime.fromtimestamp(closed_at, UTC).hour == 10

    acme["campaigns"] = [{"id": "1", "hours": closed()}, {"id": "2", "hours": OPEN}]
    write_config(exporter.folder, {"interval": "1s", "operations": [acme]})
    assert (await exporter.ask("/-/reload", "POST")).status == 200
    await exporter.shows(lambda page: page.number("wolkvox_campaign_polls_total", campaign="2") >= 6)
    page = await exporter.page()
    assert page.value("wolkvox_calling_hours_open", campaign="1") == 0
    assert page.value("wolkvox_calling_hours_open", campaign="2") == 1


async def test_a_budget_that_is_nearly_spent_stretches_the_intervals(run: Run, operation: Operation) -> None:
    # A zone where the day is not over soon; west of Greenwich is `+` in these names.
    hour = datetime.now(UTC).hour
    zone = f"Etc/GMT+{hour}" if hour <= 12 else f"Etc/GMT-{24 - hour}"
    acme = operation("acme", "1", timezone=zone)
    exporter = await run({"interval": "1s", "operations": [acme]}, "--web.enable-lifecycle")
    await exporter.shows(lambda page: page.number("wolkvox_quota_used_requests", operation="acme") >= 12)

    tight = operation("acme", "1", timezone=zone, licenses=1, quota_share=0.025, interval="1h")
    write_config(exporter.folder, {"interval": "1s", "operations": [tight]})
    assert (await exporter.ask("/-/reload", "POST")).status == 200
    # From the reload to the worker's next turn it is 1.
    page = await exporter.shows(lambda page: (page.value("wolkvox_poll_interval_stretch_ratio") or 1) > 1)
    used = page.number("wolkvox_quota_used_requests", operation="acme")
    assert page.number("wolkvox_quota_budget_requests", operation="acme") == 25
    # At least 22 hours with a poll each are to be had of the requests that are left.
    assert page.number("wolkvox_poll_interval_stretch_ratio", operation="acme") > 22 / (25 - used) * 0.99
    assert page.value("wolkvox_poll_interval_seconds", campaign="1") == 3600
