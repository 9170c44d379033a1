"""Restarts and second processes on one storage: nothing is asked twice, what is known is shown, somebody polls."""

import signal
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from real_exporter import Exporter
from scraped_page import DATA, Page

from exporter.simulator.fault import Fault
from exporter.simulator.server import Simulator

Run = Callable[..., Awaitable[Exporter]]
Operation = Callable[..., dict[str, Any]]

SUCCESS = "wolkvox_campaign_last_success_timestamp_seconds"
HELD = "wolkvox_token_lease_held"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
async def test_a_restart_shows_what_was_known_and_asks_nothing_before_its_time(
    run: Run, operation: Operation, simulator: Simulator, number: signal.Signals
) -> None:
    config = {"interval": "10m", "operations": [operation("acme", "1", "2")]}
    exporter = await run(config)
    before = await exporter.ready()
    exporter.signal(number)
    assert await exporter.ended() == (0 if number is signal.SIGTERM else -number)
    again = await run(config)
    assert (await again.ask("/-/ready")).status == 200
    page = await again.page()
    for name in (*DATA, SUCCESS, "wolkvox_campaign_last_poll_timestamp_seconds", "wolkvox_quota_used_requests"):
        assert page.find(name) == before.find(name) != []
    assert {one.value for one in page.find("wolkvox_campaign_polls_total")} == {0}
    assert simulator.log.total == 2


async def test_what_is_too_old_is_not_shown_after_a_restart(
    run: Run, operation: Operation, simulator: Simulator
) -> None:
    config = {"interval": "10m", "operations": [operation("acme", "1")]}
    exporter = await run(config)
    before = await exporter.ready()
    await exporter.stop()
    again = await run(config | {"stale_after": "1s"})
    page = await again.shows(lambda page: page.shown("1") == set())
    assert page.number(SUCCESS, campaign="1") == before.number(SUCCESS, campaign="1")
    assert page.value("wolkvox_campaign_up", campaign="1") == 1
    # It may not be asked yet, and storage knows of it, however old.
    assert (await again.ask("/-/ready")).status == 200
    assert simulator.log.total == 1


async def test_a_short_interval_is_kept_over_a_restart(run: Run, operation: Operation, simulator: Simulator) -> None:
    config = {"interval": "5s", "operations": [operation("acme", "1")]}
    exporter = await run(config)
    await exporter.ready()
    await exporter.kill()
    again = await run(config)

    async def asked_again() -> bool:
        return simulator.log.total == 2

    await again.until(asked_again)
    first, second = simulator.log.entries
    assert second.arrived_monotonic - first.arrived_monotonic > 4.5
    await again.shows(lambda page: page.number("wolkvox_campaign_polls_total", campaign="1") == 1)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
async def test_a_second_process_stands_by_serves_and_takes_over(
    run: Run, operation: Operation, simulator: Simulator, number: signal.Signals
) -> None:
    config = {"interval": "2s", "timeout": "5s", "operations": [operation("acme", "1")]}
    first = await run(config)
    await first.ready()
    second = await run(config)
    page = await second.shows(lambda page: page.shown("1") == set(DATA))
    assert page.number(HELD, operation="acme") == 0
    success = page.number(SUCCESS, campaign="1")
    page = await second.shows(lambda page: page.number(SUCCESS, campaign="1") > success)
    assert page.number("wolkvox_api_requests_total", operation="acme") == 0
    assert (await second.ask("/-/ready")).status == 200
    assert (await second.ask("/-/healthy")).status == 200
    assert "standing by" in second.stderr

    gone = time.monotonic()
    first.signal(number)
    await first.ended()

    def polls(page: Page) -> bool:
        return page.number(HELD, operation="acme") == 1 and page.number("wolkvox_campaign_polls_total") > 0

    await second.shows(polls)
    assert time.monotonic() - gone < 30
    assert "lease acquired" in second.stderr
    assert [one for one in simulator.log.entries if one.overlap] == []


async def test_a_killed_process_leaves_its_request_in_flight_until_its_time_limit(
    run: Run, operation: Operation, simulator: Simulator, tmp_path: Path
) -> None:
    simulator.set_fault(Fault.TIMEOUT, campaign="1", count=1)
    config = {"interval": "1s", "timeout": "8s", "operations": [operation("acme", "1")]}
    first = await run(config)

    async def under_way() -> bool:
        return simulator.log.total == 1

    await first.until(under_way)
    await first.kill()
    again = await run(config)
    page = await again.shows(lambda page: page.value("wolkvox_campaign_up", campaign="1") == 1)
    assert page.number(HELD, operation="acme") == 1
    before, after = simulator.log.entries[:2]
    assert after.arrived_monotonic - before.arrived_monotonic >= 8
