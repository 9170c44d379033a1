"""`once`: every campaign asked once, through the rules and the storage of a long run, and the exposition on stdout."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from real_exporter import Exporter, once, write_config

from exporter.simulator.fault import Fault
from exporter.simulator.server import Simulator

Operation = Callable[..., dict[str, Any]]


@pytest.fixture
def config(operation: Operation, tmp_path: Path) -> dict[str, Any]:
    made = {"interval": "10m", "operations": [operation("acme", "1", "2"), operation("globex", "3")]}
    write_config(tmp_path, made)
    return made


async def test_a_second_time_within_the_interval_answers_from_storage(
    simulator: Simulator, config: dict[str, Any], tmp_path: Path
) -> None:
    code, first, command = await once(tmp_path)
    assert (code, command.stderr) == (0, "")
    assert sorted(one.campaign for one in simulator.log.entries) == ["1", "2", "3"]
    assert {one.value for one in first.find("wolkvox_campaign_up")} == {1}
    code, second, command = await once(tmp_path)
    assert code == 0
    assert "shown as stored" in command.stderr
    assert command.stderr.endswith("targets=3 of=3\n")
    assert simulator.log.total == 3
    for name in ("wolkvox_campaign_attempts", "wolkvox_campaign_last_success_timestamp_seconds"):
        assert second.find(name) == first.find(name) != []
    assert second.number("wolkvox_api_requests_total", operation="acme") == 0
    assert second.number("wolkvox_quota_used_requests", operation="acme") == 2
    assert [one for one in simulator.log.entries if one.overlap] == []


async def test_some_that_fail_are_exit_code_2(simulator: Simulator, config: dict[str, Any], tmp_path: Path) -> None:
    simulator.set_fault(Fault.SERVER_ERROR, campaign="1")
    code, page, command = await once(tmp_path, "sqlite://")
    assert code == 2
    assert page.reason("1") == "server_error"
    assert page.value("wolkvox_campaign_up", campaign="2") == 1
    assert "reason=server_error" in command.stderr
    assert "wolkvox_" not in command.stderr


async def test_beside_a_run_it_waits_and_answers_from_storage(
    run: Callable[..., Awaitable[Exporter]], simulator: Simulator, config: dict[str, Any], tmp_path: Path
) -> None:
    exporter = await run(config)
    shown = await exporter.ready()
    begun = asyncio.get_running_loop().time()
    code, page, command = await once(tmp_path)
    assert asyncio.get_running_loop().time() - begun < 60
    assert code == 0
    assert "standing by" in command.stderr
    assert simulator.log.total == 3
    assert page.attempts("1") == shown.attempts("1")
    assert page.number("wolkvox_token_lease_held", operation="acme") == 0
    assert (await exporter.page()).number("wolkvox_token_lease_held", operation="acme") == 1
