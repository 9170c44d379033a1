"""Storage that fails while the command runs: no request leaves, the page stays, and it recovers by itself."""

import resource
import sqlite3
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from real_exporter import Exporter
from scraped_page import DATA, Page

from exporter.simulator.server import Simulator

Run = Callable[..., Awaitable[Exporter]]
Operation = Callable[..., dict[str, Any]]
Trouble = Callable[[Exporter], Any]


@contextmanager
def locked(exporter: Exporter) -> Iterator[None]:
    """Another program holds a transaction open."""
    with closing(sqlite3.connect(exporter.folder / "state.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


@contextmanager
def full(exporter: Exporter) -> Iterator[None]:
    """No file of the process may grow: what a full disk looks like to SQLite."""
    pid, before = exporter.process.pid, resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (Path(exporter.folder / "state.db-wal").stat().st_size, before[1]))
    yield
    resource.prlimit(pid, resource.RLIMIT_FSIZE, before)


def recovered(page: Page) -> bool:
    return {one.value for one in page.find("wolkvox_campaign_up")} == {1}


def failed(page: Page) -> bool:
    return all(page.reason(campaign) == "storage" for campaign in "12")


@pytest.mark.parametrize("trouble", [locked, full])
async def test_nothing_is_sent_that_cannot_be_recorded(
    run: Run, operation: Operation, simulator: Simulator, trouble: Trouble
) -> None:
    exporter = await run({"interval": "1s", "operations": [operation("acme", "1"), operation("globex", "2")]})
    await exporter.shows(lambda page: page.number("wolkvox_quota_used_requests", operation="acme") >= 3)
    with trouble(exporter):
        page = await exporter.shows(failed)
        sent = simulator.log.total
        polls = page.number("wolkvox_campaign_polls_total", campaign="1")
        page = await exporter.shows(lambda page: page.number("wolkvox_campaign_polls_total", campaign="1") > polls)
        assert simulator.log.total == sent
        assert page.value("wolkvox_campaign_up", campaign="1") == 0
        assert page.shown("1") == set(DATA)
        counted = page.by("reason", "wolkvox_poll_failures_total", operation="acme")
        assert counted["storage"] == sum(counted.values()) > 0
        assert (await exporter.ask("/-/healthy")).status == 200
    page = await exporter.shows(recovered)
    assert simulator.log.total > sent
    assert exporter.stderr.count('msg="storage failed') == exporter.stderr.count('msg="storage works again"') == 2
    assert [one for one in simulator.log.entries if one.overlap] == []
    used = page.number("wolkvox_quota_used_requests", operation="acme")
    assert used == page.number("wolkvox_api_requests_total", operation="acme")


async def test_a_removed_file_is_made_anew_from_what_is_known(run: Run, operation: Operation) -> None:
    operations = [operation("acme", "1"), operation("globex", "2")]
    exporter = await run({"interval": "1s", "timeout": "2s", "operations": operations})  # a new file waits that long
    before = await exporter.shows(lambda page: page.number("wolkvox_quota_used_requests", operation="acme") >= 3)
    for suffix in ("", "-wal", "-shm"):
        (exporter.folder / f"state.db{suffix}").unlink()
    used = before.number("wolkvox_quota_used_requests", operation="acme")
    page = await exporter.shows(
        lambda page: recovered(page) and page.number("wolkvox_quota_used_requests", operation="acme") > used + 1
    )
    assert page.number("wolkvox_api_requests_total", operation="acme") == page.number(
        "wolkvox_quota_used_requests", operation="acme"
    )
    with closing(sqlite3.connect(exporter.folder / "state.db")) as file:
        assert file.execute("select count(*) from usage").fetchone() == (2,)
    assert (exporter.folder / "state.db").stat().st_mode & 0o777 == 0o600
