"""How the command ends and reloads on signals and on request."""

import signal
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from real_exporter import Exporter, running, write_config
from scraped_page import Page

from exporter.simulator.campaigns import Unknown
from exporter.simulator.fault import Fault
from exporter.simulator.request_log import RequestOutcome
from exporter.simulator.server import Simulator
from exporter.simulator.settings import SimulatorSettings

Run = Callable[..., Awaitable[Exporter]]
Operation = Callable[..., dict[str, Any]]

STATE = "wolkvox_config_last_reload_successful"
LOADED = "wolkvox_config_last_reload_success_timestamp_seconds"


async def hanging(exporter: Exporter, simulator: Simulator) -> None:
    """Wait until the request for campaign 1 is under way."""

    async def probe() -> bool:
        return any(one.campaign == "1" and one.outcome is RequestOutcome.OPEN for one in simulator.log.entries)

    await exporter.until(probe)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_it_ends_within_five_seconds_while_a_request_hangs(
    run: Run, operation: Operation, simulator: Simulator, number: signal.Signals
) -> None:
    simulator.set_fault(Fault.TIMEOUT, campaign="1")
    exporter = await run({"operations": [operation("acme", "1"), operation("globex", "2")]})
    await exporter.shows(lambda page: page.value("wolkvox_campaign_up", campaign="2") == 1)
    await hanging(exporter, simulator)
    begun = time.monotonic()
    exporter.signal(number)
    assert await exporter.ended() == 0
    assert time.monotonic() - begun < 5
    assert exporter.stderr.rstrip().endswith("msg=stopped")


async def test_it_ends_at_once_where_nothing_is_under_way(run: Run, operation: Operation) -> None:
    exporter = await run({"operations": [operation("acme", "1")]})
    await exporter.ready()
    begun = time.monotonic()
    exporter.signal(signal.SIGTERM)
    assert await exporter.ended() == 0
    assert time.monotonic() - begun < 4


async def test_a_request_under_way_may_end(run: Run, operation: Operation, tmp_path: Path) -> None:
    """What it brings is stored: the next run shows it."""
    async with Simulator(SimulatorSettings(latency=2.0, jitter=0.0, unknown=Unknown.INVENTED)) as slow:
        config = {"operations": [operation("acme", "1", base_url=slow.base_url)]}
        exporter = await run(config)

        async def under_way() -> bool:
            return slow.log.total == 1

        await exporter.until(under_way)
        assert await exporter.stop() == 0
        exporter = await run(config)
        page = await exporter.ready()
        assert page.value("wolkvox_campaign_up", campaign="1") == 1
        assert slow.log.total == 1


async def test_a_second_signal_ends_it_at_once(tmp_path: Path, operation: Operation, simulator: Simulator) -> None:
    simulator.set_fault(Fault.TIMEOUT)
    write_config(tmp_path, {"operations": [operation("acme", "1")]})
    async with running(tmp_path) as exporter:
        await hanging(exporter, simulator)
        exporter.signal(signal.SIGTERM)
        await exporter.said("msg=stopping")
        begun = time.monotonic()
        exporter.signal(signal.SIGINT)
        assert await exporter.ended() == 128 + signal.SIGINT
        assert time.monotonic() - begun < 3


async def test_a_good_reload_takes_everything_over(
    run: Run, operation: Operation, simulator: Simulator, tmp_path: Path
) -> None:
    acme = operation("acme", "1", "2", token_file="token")
    del acme["token"]
    (tmp_path / "token").write_text("first", encoding="utf-8")
    exporter = await run({"operations": [acme, operation("globex", "3")]})
    before = await exporter.ready()
    assert before.value(STATE) == 1
    (tmp_path / "token").write_text("rotated", encoding="utf-8")
    acme["campaigns"] = [{"id": "1", "name": "Cobranza"}, {"id": "4"}]
    write_config(exporter.folder, {"operations": [acme]})
    exporter.signal(signal.SIGHUP)
    page = await exporter.shows(lambda page: page.value("wolkvox_campaign_up", campaign="4") == 1)
    assert page.value(STATE) == 1
    assert page.number(LOADED) > before.number(LOADED)
    assert page.attempts("1") == before.attempts("1")
    assert page.value("wolkvox_campaign_info", campaign="1", name="Cobranza") == 1
    assert page.find("wolkvox_campaign_up", campaign="2") == page.find("wolkvox_campaign_up", operation="globex") == []
    asked = [one.campaign for one in simulator.log.entries]
    assert sorted(asked) == ["1", "2", "3", "4"]
    assert len({one.token for one in simulator.log.entries if one.campaign in {"1", "4"}}) == 2


async def test_a_bad_reload_changes_nothing_but_its_own_metric(run: Run, operation: Operation) -> None:
    config = {"interval": "1s", "operations": [operation("acme", "1")]}
    exporter = await run(config)
    before = await exporter.ready()
    write_config(exporter.folder, config | {"intervall": "5m", "timezone": "Nowhere"})
    exporter.signal(signal.SIGHUP)
    page = await exporter.shows(lambda page: page.value(STATE) == 0)
    assert page.value(LOADED) == before.value(LOADED)
    assert exporter.stderr.count('level=error msg="reload failed, the old configuration goes on"') == 2
    polls = page.number("wolkvox_campaign_polls_total", campaign="1")
    await exporter.shows(lambda page: page.number("wolkvox_campaign_polls_total", campaign="1") > polls)
    write_config(exporter.folder, config)
    exporter.signal(signal.SIGHUP)
    page = await exporter.shows(lambda page: page.value(STATE) == 1)
    assert page.number(LOADED) > before.number(LOADED)


async def test_a_changed_file_is_reloaded_without_a_signal(run: Run, operation: Operation) -> None:
    """Also what could not be used at first, once it can be."""
    config = {"operations": [operation("acme", "1")]}
    exporter = await run(config, "--config.auto-reload-interval=1s")
    await exporter.ready()
    acme = operation("acme", "1", "4", token_file="token")
    del acme["token"]
    write_config(exporter.folder, {"operations": [acme]})
    await exporter.shows(lambda page: page.value(STATE) == 0)
    (exporter.folder / "token").write_text("mounted-a-moment-later", encoding="utf-8")
    page = await exporter.shows(lambda page: page.value("wolkvox_campaign_up", campaign="4") == 1)
    assert page.value(STATE) == 1


@pytest.mark.parametrize("method", ["POST", "PUT"])
async def test_a_reload_by_request(run: Run, operation: Operation, method: str) -> None:
    config = {"operations": [operation("acme", "1")]}
    exporter = await run(config, "--web.enable-lifecycle")
    before = await exporter.ready()
    answer = await exporter.ask("/-/reload", method)
    assert answer.status == 200
    assert (await exporter.page()).number(LOADED) > before.number(LOADED)
    write_config(exporter.folder, config | {"intervall": "5m", "windows": ["32d"]})
    answer = await exporter.ask("/-/reload", method)
    assert answer.status == 400
    assert sorted(line.split(": ")[1] for line in answer.text.splitlines()) == ["intervall", "windows[0]"]
    assert (await exporter.page()).value(STATE) == 0
    assert (await exporter.ask("/-/reload")).status == 405


async def test_no_reload_by_request_unless_allowed(run: Run, operation: Operation) -> None:
    exporter = await run({"operations": [operation("acme", "1")]})
    before: Page = await exporter.ready()
    answer = await exporter.ask("/-/reload", "POST")
    assert answer.status == 403
    assert (await exporter.page()).value(LOADED) == before.value(LOADED)
