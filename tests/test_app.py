"""The exporter without its sockets: start, reload, stop, and what it tells of itself."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from made_app import started
from scraped_page import DATA, Page, plain
from sqlalchemy import Connection
from structlog.testing import capture_logs
from support import Disk, Vendor, VirtualClock, bad, good, operation, target

from exporter import __version__
from exporter.app import App
from exporter.config import ConfigError
from exporter.metrics.format import Encoding, Exposition
from exporter.model import Config, FileVersion, Operation, Reason
from exporter.redaction import HIDDEN, Redactor
from exporter.storage.database import StorageError


class Configuration:
    """The file: what is read next, or what is wrong with it."""

    def __init__(self, *operations: Operation) -> None:
        self.operations = operations
        self.mistakes: tuple[str, ...] = ()
        self.warnings: tuple[str, ...] = ()
        self.file: FileVersion | None = None

    def __call__(self) -> Config:
        if self.mistakes:
            raise ConfigError(self.mistakes)
        return Config(self.operations, self.warnings, self.file)


Make = Callable[..., Awaitable[App]]


@pytest.fixture
async def make(clock: VirtualClock, vendor: Vendor, redactor: Redactor, tmp_path: Path) -> AsyncIterator[Make]:
    """An exporter that has loaded its configuration; it polls from `supervisor.start` on."""
    apps = []

    async def made(read: Configuration) -> App:
        url = f"sqlite:///{tmp_path / 'kept.db'}"
        apps.append(await started(read, url, clock=clock, vendor=vendor, redactor=redactor))
        return apps[-1]

    yield made
    for app in apps:
        await app.stop(0.0)


async def page(app: App) -> Page:
    return plain((await app.page(Exposition.TEXT, Encoding.IDENTITY)).decode())


async def test_nothing_is_asked_before_the_crew_starts(make: Make, clock: VirtualClock, vendor: Vendor) -> None:
    app = await make(Configuration(operation()))
    await clock.run(100.0)
    assert vendor.log == []
    shown = await page(app)
    assert shown.value("wolkvox_campaign_polls_total", operation="acme", campaign="32841", window="1h") == 0
    assert shown.by("reason", "wolkvox_poll_failures_total", operation="acme") == {reason.value: 0 for reason in Reason}
    app.supervisor.start()
    await clock.run(10.0)
    assert len(vendor.log) == 1


async def test_the_page_shows_what_was_polled_and_withdraws_it_in_time(
    make: Make, clock: VirtualClock, vendor: Vendor
) -> None:
    app = await make(Configuration(operation()))
    app.supervisor.start()
    vendor.next.append(good(7))
    vendor.outcome = bad(Reason.TIMEOUT)
    await clock.run(10.0)
    assert (await page(app)).attempts("32841")["answer"] == 7
    await clock.run(940.0)
    shown = await page(app)
    assert shown.attempts("32841")["answer"] == 7
    assert shown.value("wolkvox_campaign_up") == 0
    await clock.run(12.0)
    shown = await page(app)
    assert shown.shown("32841") == set(), "they leave together"
    assert (shown.value("wolkvox_campaign_up"), shown.reason("32841")) == (0, "timeout")
    assert shown.value("wolkvox_campaign_last_success_timestamp_seconds") == 1_790_000_001


async def test_ready_names_what_is_missing(make: Make, clock: VirtualClock, vendor: Vendor) -> None:
    app = await make(Configuration(operation(*(target(str(number)) for number in range(5)))))
    assert app.unready() == "not asked yet: acme/0/1h, acme/1/1h, acme/2/1h and 2 more"
    app.supervisor.start()
    await clock.run(3.5)
    assert app.unready() == "not asked yet: acme/3/1h, acme/4/1h"
    await clock.run(10.0)
    assert app.unready() is None


async def test_it_began_by_the_clock_of_a_storage_that_tells_its_time_when_it_opens(
    make: Make, clock: VirtualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    enter = Disk.open

    async def opened(self: Disk, work: Callable[[Connection], None]) -> None:
        clock.shift(-600.0)
        await enter(self, work)

    monkeypatch.setattr(Disk, "open", opened)
    app = await make(Configuration(operation()))
    assert app.status().started_at == app.status().reloaded_at == clock.now()
    assert (await page(app)).value("wolkvox_config_last_reload_success_timestamp_seconds") == clock.now()


async def test_healthy_while_the_loops_turn(make: Make, clock: VirtualClock, vendor: Vendor) -> None:
    app = await make(Configuration(operation()))
    app.supervisor.start()
    assert app.unhealthy() is None
    vendor.latency = 1000.0
    await clock.run(400.0)
    assert app.unhealthy() == "the polling of these operations does not turn: acme"


async def test_the_status_tells_all(make: Make, clock: VirtualClock, vendor: Vendor) -> None:
    app = await make(Configuration(operation(target("1"), target("2", interval=600.0), budget=1000)))
    app.supervisor.start()
    await clock.run(10.0)
    status = app.status()
    assert (status.at, status.started_at, status.reloaded_at) == (1_790_000_010.0, 1_790_000_000.0, 1_790_000_000.0)
    assert (status.version, status.reload_ok) == (__version__, True)
    (acme,) = status.operations
    assert (acme.server, acme.lag, acme.targets, acme.requests_per_day) == ("http://vendor", 0.0, 2, 432)
    assert (acme.figures.used, acme.figures.budget, acme.figures.lease_held) == (2, 1000, True)
    assert [one.target.key.campaign for one in status.targets] == ["1", "2"]
    assert all(one.state.data is not None for one in status.targets)
    assert status.targets[0].next_poll_at == pytest.approx(1_790_000_300.1, abs=1.0)


async def test_a_reload_takes_over_the_whole_configuration(make: Make, clock: VirtualClock, vendor: Vendor) -> None:
    read = Configuration(operation(target("1"), target("2")))
    app = await make(read)
    app.supervisor.start()
    await clock.run(10.0)
    read.operations = (operation(target("2"), target("3")), operation(target(operation="b"), name="b", token="t-2"))
    assert await app.reload() == ()
    shown = await page(app)
    assert set(shown.by("campaign", "wolkvox_campaign_polls_total", operation="acme")) == {"2", "3"}
    assert shown.value("wolkvox_campaign_up", campaign="2") == 1
    assert shown.shown("2") == set(DATA)
    assert shown.value("wolkvox_config_last_reload_successful") == 1
    assert shown.value("wolkvox_config_last_reload_success_timestamp_seconds") == 1_790_000_010
    await clock.run(10.0)
    assert [sent.target.key.operation for sent in vendor.log[2:]] == ["acme", "b"]
    assert [one.figures.operation for one in app.status().operations] == ["acme", "b"]


async def test_a_configuration_with_mistakes_changes_nothing(make: Make, clock: VirtualClock, vendor: Vendor) -> None:
    read = Configuration(operation())
    app = await make(read)
    app.supervisor.start()
    await clock.run(10.0)
    read.mistakes = ("config.yml:1: one", "config.yml:2: two")
    with capture_logs() as logs:
        assert await app.reload() == read.mistakes
    told = [(line["event"], line["detail"]) for line in logs]
    assert told == [("reload failed, the old configuration goes on", mistake) for mistake in read.mistakes]
    shown = await page(app)
    assert shown.value("wolkvox_config_last_reload_successful") == 0
    assert shown.value("wolkvox_config_last_reload_success_timestamp_seconds") == 1_790_000_000
    assert app.status().reload_ok is False
    await clock.run(300.0)
    assert len(vendor.log) == 2
    read.mistakes = ()
    assert await app.reload() == ()
    assert app.status().reload_ok is True


async def test_each_load_says_which_content_was_read(make: Make) -> None:
    source = Configuration(operation())
    source.file = FileVersion("config.yml", 1_790_000_000, "1a2b3c4d")
    with capture_logs() as logs:
        app = await make(source)
        assert [entry for entry in logs if "file" in entry] == [], "what comes next in a start may fail: one line then"
        app.announce()
        assert app.status().file == source.file
        source.file = FileVersion("config.yml", 1_790_000_060, "5e6f7a8b")
        await app.reload()
    assert app.status().file == source.file
    told = [(entry["event"], entry["file"], entry["modified"], entry["checksum"]) for entry in logs if "file" in entry]
    assert told == [
        ("configuration loaded", "config.yml", "2026-09-21T14:13:20+00:00", "1a2b3c4d"),
        ("configuration reloaded", "config.yml", "2026-09-21T14:14:20+00:00", "5e6f7a8b"),
    ]


async def test_warnings_are_logged_at_each_load(make: Make) -> None:
    read = Configuration(operation())
    read.warnings = ("config.yml:3: interval: 1m is under 5m",)
    with capture_logs() as logs:
        app = await make(read)
        await app.reload()
    told = [line["detail"] for line in logs if line["event"] == "configuration"]
    assert told == [*read.warnings, *read.warnings]


async def test_every_token_that_was_ever_loaded_is_struck_out_of_logs(make: Make, redactor: Redactor) -> None:
    read = Configuration(operation(token="made-up-1"))
    app = await make(read)
    read.operations = (operation(token="made-up-2"),)
    await app.reload()
    assert redactor.clean("made-up-1 and made-up-2") == f"{HIDDEN} and {HIDDEN}"


async def test_a_start_with_mistakes_leaves_storage_alone(make: Make, tmp_path: Path) -> None:
    read = Configuration()
    read.mistakes = ("config.yml:1: nonsense",)
    with pytest.raises(ConfigError):
        await make(read)
    assert list(tmp_path.iterdir()) == []


async def test_a_start_without_storage_is_one_error(make: Make, tmp_path: Path) -> None:
    (tmp_path / "kept.db").mkdir()
    with pytest.raises(StorageError, match="Is a directory"):
        await make(Configuration(operation()))


async def test_what_was_known_is_shown_before_anything_is_asked(
    make: Make, clock: VirtualClock, vendor: Vendor
) -> None:
    first = await make(Configuration(operation()))
    first.supervisor.start()
    await clock.run(10.0)
    await first.stop(0.0)
    second = await make(Configuration(operation()))
    shown = await page(second)
    assert shown.value("wolkvox_campaign_up") == 1
    assert shown.shown("32841") == set(DATA)
    assert shown.value("wolkvox_campaign_polls_total") == shown.value("wolkvox_api_requests_total") == 0
    assert shown.value("wolkvox_quota_used_requests") == 1
    assert second.unready() is None
