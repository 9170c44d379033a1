"""The real command against the simulated API, and its file in the real promtool and Prometheus."""

import asyncio
import json
import re
import shutil
import signal
import subprocess
import time
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import aiohttp
import pytest
from patience import patiently
from real_exporter import Command, call, running, write_config
from real_prometheus import Prometheus, free_port

from prometheus.generate import RULES

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
UNHURRIED = 400
CAMPAIGN = {"id": "32841", "name": "Cobranza"}


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[str]:
    """Where a simulated API listens that answers at once."""
    address = f"127.0.0.1:{free_port()}"
    flags = (f"--simulator.listen-address={address}", "--simulator.hours=always", "--simulator.latency=1ms")
    process = Command(tmp_path, "simulate", *flags)

    async def printed() -> bool:
        return address in process.stdout

    try:
        await process.until(printed)
        yield f"http://{address}"
    finally:
        await process.kill()


def config(folder: Path, api: str, **operation: Any) -> Path:
    one = {"name": "acme", "base_url": api, "token": "a-made-up-token", "campaigns": [CAMPAIGN]} | operation
    return write_config(folder, {"windows": ["1h"], "operations": [one]})


async def backfill(folder: Path, *flags: str) -> "subprocess.CompletedProcess[str]":
    return await asyncio.to_thread(call, folder, "backfill", *flags)


async def test_a_budget_that_is_used_up_and_the_next_run(api: str, tmp_path: Path) -> None:
    file = config(tmp_path, api, licenses=1, quota_share=0.02, interval="3h")
    flags = (f"--config.file={file}", "--days=1", f"--output={tmp_path / 'past.om'}")
    yesterday = datetime.now(ZoneInfo("America/Bogota")).date() - timedelta(days=1)
    plan = await backfill(tmp_path, flags[0], "--days=1", "--plan")
    assert (plan.returncode, plan.stderr) == (0, "")
    assert plan.stdout == (
        "operation acme: 24 requests; about 24s at 1 s an answer; 20 of today's budget of 20 are left, so it takes 2"
        " days: run the same command again on each\n"
        f"to go on with the same days on another day: --from={yesterday} --to={yesterday}\n"
    )
    first = await backfill(tmp_path, *flags)
    assert first.returncode == 2, first.stderr
    assert "stopped early, the day's budget of 20 requests is used up until midnight" in first.stdout
    assert "operation acme: 4 of 24 windows are missing" in first.stdout
    assert f"on another day: --from={yesterday} --to={yesterday}\n" in first.stdout
    named = await backfill(tmp_path, flags[0], f"--from={yesterday}", f"--to={yesterday}", flags[-1])
    assert "windows are missing" in named.stdout
    assert "on another day" not in named.stdout
    written = (tmp_path / "past.om").read_text()
    config(tmp_path, api, licenses=1, quota_share=0.03, interval="3h")
    second = await backfill(tmp_path, *flags)
    assert second.returncode == 0, second.stdout
    assert "4 requests, 20 of 24 windows are stored already" in second.stdout
    assert "next: promtool tsdb create-blocks-from openmetrics" in second.stdout
    assert len((tmp_path / "past.om").read_text()) > len(written)
    third = await backfill(tmp_path, *flags)
    assert (third.returncode, "nothing to ask" in third.stdout) == (0, True)


async def test_a_running_exporter_keeps_its_token(api: str, tmp_path: Path) -> None:
    file = config(tmp_path, api)
    async with running(tmp_path, f"--config.file={file}", storage="sqlite:///wolkvox-exporter.db") as exporter:
        await exporter.ready()
        found = await backfill(tmp_path, f"--config.file={file}", "--days=1", f"--output={tmp_path / 'past.om'}")
    assert found.returncode == 1
    assert found.stderr.startswith("wolkvox-exporter: error: operation acme: its token is in use by a running exporter")
    assert len(found.stderr.splitlines()) == 1
    assert not (tmp_path / "past.om").exists()


async def test_a_signal_ends_it_and_keeps_what_was_learnt(api: str, tmp_path: Path) -> None:
    file = config(tmp_path, api)
    flags = (f"--config.file={file}", f"--output={tmp_path / 'past.om'}")
    process = Command(tmp_path, "backfill", "--days=300", *flags)

    async def begun() -> bool:
        return "requests" in process.stdout

    await process.until(begun)
    await asyncio.sleep(0.5)
    process.signal(signal.SIGINT)
    assert await process.ended() == 130
    assert not (tmp_path / "past.om").exists()
    plan = await backfill(tmp_path, f"--config.file={file}", "--days=300", "--plan")
    assert plan.returncode == 0


@pytest.mark.parametrize(
    ("flags", "problem"),
    [
        (("--days=1",), "--output=FILE is needed, or --plan to see only what it costs"),
        (("--days=1", "--output=-"), "--output=- is not possible, name a file: promtool reads it more than once"),
        (("--days=1", "--output=nowhere/past.om"), "'nowhere/past.om' cannot be written: No such file or directory"),
        (("--days=1", "--output=."), "--output '.' cannot be written: it is not a regular file; name a file"),
        (("--from=2026-02-29", "--plan"), "'2026-02-29' is not a date, write one such as 2026-11-30"),
        (("--window=today", "--plan"), "not in the configuration: window 'today'"),
        (("--days=0", "--plan"), "'0' is not a number of days from 1 to 366"),
        (("--days=1", "--from=2026-01-01", "--plan"), "--days and --from exclude each other, give one of them"),
        (("--from=2026-13-01", "--plan"), "'2026-13-01' is not a date, write one such as 2026-11-30"),
        (("--from=2020-01-01", "--plan"), "is longer than 366 days, the most at a time"),
        (("--to=2199-01-01", "--plan"), "has not passed yet in America/Bogota, the last day is"),
        (("--from=2026-01-02", "--to=2026-01-01", "--plan"), "--from=2026-01-02 is after the last day, 2026-01-01"),
        (("--step=1s", "--plan"), "'1s' is not allowed, allowed are whole seconds from 1m to 1d"),
        (("--step=often", "--plan"), "'often' is not a duration"),
        (("--campaign=1", "--window=2h", "--plan"), "not in the configuration: campaign '1', window '2h'"),
        (("--operation=nobody", "--plan"), "not in the configuration: operation 'nobody'"),
    ],
)
def test_flags_that_cannot_be(flags: tuple[str, ...], problem: str, tmp_path: Path) -> None:
    file = config(tmp_path, "http://127.0.0.1:9")
    found = call(tmp_path, "backfill", f"--config.file={file}", *flags)
    assert found.returncode == 1
    assert problem in found.stderr
    assert len(found.stderr.splitlines()) == 1


def commands() -> list[str]:
    """The README's three commands."""
    (block,) = re.findall(r"```sh\n(wolkvox-exporter backfill.*?)```", README, re.DOTALL)
    return [line for line in block.splitlines() if line]


@pytest.mark.timeout(UNHURRIED)
async def test_the_three_commands_of_the_readme_bring_a_past_with_baselines(api: str, tmp_path: Path) -> None:
    config(tmp_path, api)
    (tmp_path / "rules").mkdir()
    shutil.copyfile(RULES, tmp_path / "rules" / "wolkvox.yml")
    first, second, third = commands()
    done = Command(tmp_path, *first.split()[1:])
    assert await done.ended(UNHURRIED) == 0, done.stdout + done.stderr
    blocks = await asyncio.create_subprocess_exec(*second.split(), cwd=tmp_path, stdout=subprocess.DEVNULL)
    assert await blocks.wait() == 0
    exporter_address, address = f"localhost:{free_port()}", f"127.0.0.1:{free_port()}"
    scrape = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": ["rules/wolkvox.yml"],
        "scrape_configs": [
            {
                "job_name": "wolkvox",
                "static_configs": [{"targets": [exporter_address], "labels": {"instance": "localhost:10965"}}],
            }
        ],
    }
    (tmp_path / "prometheus.yml").write_text(json.dumps(scrape))
    with (tmp_path / "log").open("wb") as log:
        server = subprocess.Popen(
            [*third.split(), f"--web.listen-address={address}"], cwd=tmp_path, stdout=log, stderr=log
        )
    listen = f"--web.listen-address=127.0.0.1:{exporter_address.partition(':')[2]}"
    exporter = Command(tmp_path, "run", "--config.file=config.yml", listen)
    try:
        async with aiohttp.ClientSession() as session:
            prometheus = Prometheus(session, f"http://{address}")

            async def usual() -> list[Any]:
                try:
                    return await prometheus.query("campaign:wolkvox_attempts:usual")
                except aiohttp.ClientError:  # it answers 503 until it has read its blocks
                    return []

            found = await patiently(usual, (tmp_path / "log").read_text, within=120)
            assert {labels["campaign"] for labels, _ in found} == {"32841"}
            week_ago = await prometheus.query("wolkvox_campaign_attempts", time.time() - 7 * 86_400)
            assert len(week_ago) >= 7
    finally:
        server.terminate()
        await asyncio.to_thread(server.wait)
        await exporter.kill()
