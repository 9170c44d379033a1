"""A bug of the exporter's own fails the poll that met it, is logged with its traceback, and stops nothing else."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import faulty_exporter
from real_exporter import running, write_config

PROGRAM = (sys.executable, faulty_exporter.__file__)


async def test_a_bug_fails_its_poll_only(tmp_path: Path, operation: Callable[..., dict[str, Any]]) -> None:
    operations = [operation("acme", "1", "2"), operation("globex", "3")]
    write_config(tmp_path, {"interval": "1s", "operations": operations})
    async with running(tmp_path, program=PROGRAM) as exporter:
        await exporter.ready()
        mark = tmp_path / "faulty"
        mark.write_text("1", encoding="utf-8")
        page = await exporter.shows(lambda page: page.reason("1") == "internal")
        assert page.value("wolkvox_campaign_up", campaign="1") == 0
        counted = page.by("reason", "wolkvox_poll_failures_total", operation="acme")
        assert counted["internal"] == sum(counted.values()) > 0
        polls = {one: page.number("wolkvox_campaign_polls_total", campaign=one) for one in "23"}
        page = await exporter.shows(
            lambda page: all(page.number("wolkvox_campaign_polls_total", campaign=one) > polls[one] for one in "23")
        )
        assert page.reason("2") is page.reason("3") is None
        assert (await exporter.ask("/-/healthy")).status == 200
        mark.unlink()
        await exporter.shows(lambda page: page.value("wolkvox_campaign_up", campaign="1") == 1)
    assert "RuntimeError: made to fail" in exporter.stderr
    assert "Traceback" in exporter.stderr
    assert 'msg="worker failed, it starts again"' in exporter.stderr
