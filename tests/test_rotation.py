"""A secret file that changes is in force within ten seconds, without a reload."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar

import pytest
from made_app import started
from structlog.testing import capture_logs
from structlog.typing import EventDict
from support import Vendor, VirtualClock, bad

from exporter import rotation
from exporter.app import App
from exporter.config import load
from exporter.model import Reason
from exporter.redaction import Redactor

T = TypeVar("T")

CONFIG = """\
operations:
  - name: acme
    base_url: http://127.0.0.1:1
    token_file: secrets/acme
    campaigns: [{id: 1}, {id: 2}]
  - name: globex
    base_url: http://127.0.0.1:1
    token_file: secrets/globex
    proxy_url_file: secrets/proxy
    campaigns: [{id: 9}]
"""

FIRST = {"acme": "acme-token-1", "globex": "globex-token-1\n", "proxy": "http://me:first-password@127.0.0.1:2\n"}


class Folder:
    """Secrets as kubelet mounts them: links to files behind a link that is swapped as a whole."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._version = 0
        path.mkdir()

    def swap(self, **contents: str) -> None:
        self._version += 1
        (self._path / f"..{self._version}").mkdir()
        for name, content in contents.items():
            (self._path / f"..{self._version}" / name).write_text(content)
            link = self._path / name
            if not link.is_symlink():
                link.symlink_to(f"..data/{name}")
        (self._path / "..data_tmp").symlink_to(f"..{self._version}")
        (self._path / "..data_tmp").replace(self._path / "..data")

    def file(self, name: str) -> Path:
        return (self._path / name).resolve()


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    (tmp_path / "config.yml").write_text(CONFIG)
    made = Folder(tmp_path / "secrets")
    made.swap(**FIRST)
    return made


@pytest.fixture
async def app(  # noqa: PLR0917 (what it is made of)
    clock: VirtualClock,
    vendor: Vendor,
    folder: Folder,
    redactor: Redactor,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[App]:
    """The exporter on the files, polling and watching by the virtual clock."""

    async def at_once(work: Callable[..., T], /, *arguments: Any) -> T:
        return work(*arguments)

    monkeypatch.setattr(asyncio, "to_thread", at_once)
    read, url = partial(load, tmp_path / "config.yml", {}), f"sqlite:///{tmp_path / 'kept.db'}"
    made = await started(read, url, clock=clock, vendor=vendor, redactor=redactor)
    made.supervisor.start()
    stopping = asyncio.Event()
    watch = asyncio.ensure_future(made.secrets.run(stopping))
    await clock.run(20.0)
    yield made
    stopping.set()
    ending = asyncio.ensure_future(made.stop(0.0))
    while not ending.done():
        await clock.run(1.0)
    await watch


def tokens(vendor: Vendor, campaign: str) -> list[str]:
    return [sent.token for sent in vendor.log if sent.target.key.campaign == campaign]


def told(logs: list[EventDict], word: str) -> list[EventDict]:
    return [line for line in logs if word in line["event"]]


async def test_a_swapped_link_is_followed_within_ten_seconds(
    app: App, clock: VirtualClock, vendor: Vendor, folder: Folder, redactor: Redactor
) -> None:
    folder.swap(**FIRST | {"acme": "acme-token-2\n"})
    with capture_logs() as logs:
        await clock.run(10.0)
    [line] = told(logs, "secret file changed")
    assert line["operation"] == "acme"
    assert "acme-token-2" not in repr(logs)
    assert redactor.clean("acme-token-2 and acme-token-1") == "<secret> and <secret>"
    await clock.run(600.0)
    assert tokens(vendor, "1")[0] == "acme-token-1"
    assert set(tokens(vendor, "1")[1:]) == {"acme-token-2"}
    assert set(tokens(vendor, "9")) == {"globex-token-1"}
    moments = vendor.moments("1")
    assert all(after - before >= 300.0 for before, after in pairwise(moments))
    assert vendor.most_at_once == 1


async def test_it_is_read_before_the_request_that_finds_out_whether_a_resting_token_is_well(
    app: App, clock: VirtualClock, vendor: Vendor, folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rotation, "PERIOD", 1e9)
    await clock.run(5.0)
    vendor.outcome = bad(Reason.AUTH)
    await clock.run(500.0)
    assert app.store.stats.figures("acme").rest is not None
    folder.swap(**FIRST | {"acme": "acme-token-2"})
    vendor.outcome = bad(Reason.NOT_FOUND)
    asked = len(tokens(vendor, "1") + tokens(vendor, "2"))
    await clock.run(400.0)
    later = [sent.token for sent in vendor.log if sent.target.key.operation == "acme"][asked:]
    assert set(later) == {"acme-token-2"}


async def test_a_new_proxy_is_used_without_a_reload(app: App, clock: VirtualClock, folder: Folder) -> None:
    folder.swap(**FIRST | {"proxy": "http://me:second-password@127.0.0.1:3"})
    await clock.run(10.0)
    [globex] = [one for one in app._operations if one.name == "globex"]
    assert globex.proxy_url is not None
    assert globex.proxy_url.get_secret_value() == "http://me:second-password@127.0.0.1:3"


@pytest.mark.parametrize("content", ["", " \n", "two words", "\udcff", "x" * 70_000])
async def test_what_is_no_token_leaves_the_old_one_in_force_with_one_line(
    app: App, clock: VirtualClock, vendor: Vendor, folder: Folder, content: str
) -> None:
    folder.file("acme").write_bytes(content.encode("utf-8", "surrogateescape"))
    with capture_logs() as logs:
        await clock.run(400.0)
    assert len(told(logs, "secret file of no use")) == 1
    assert set(tokens(vendor, "1")) == {"acme-token-1"}
    assert len(tokens(vendor, "1")) == 2
    folder.file("acme").write_text("acme-token-2")
    await clock.run(400.0)
    assert tokens(vendor, "1")[-1] == "acme-token-2"


async def test_a_vanished_file_leaves_the_old_one_in_force_with_one_line(
    app: App, clock: VirtualClock, vendor: Vendor, folder: Folder
) -> None:
    folder.file("acme").unlink()
    with capture_logs() as logs:
        await clock.run(400.0)
    [line] = told(logs, "secret file of no use")
    assert "No such file" in line["why"]
    assert tokens(vendor, "1") == ["acme-token-1"] * 2


async def test_a_file_that_is_being_written_does_not_count(
    app: App, clock: VirtualClock, vendor: Vendor, folder: Folder
) -> None:
    with capture_logs() as logs:
        for length in range(1, 40):  # a character each 0.9 s
            folder.file("acme").write_text("acme-token-2-that-is-rather-long-as-some-are"[:length])
            await clock.run(0.9)
        folder.file("acme").write_text("acme-token-2")
        await clock.run(10.0)
    assert len(told(logs, "secret file changed")) == 1
    await clock.run(400.0)
    assert set(tokens(vendor, "1")) == {"acme-token-1", "acme-token-2"}


async def test_a_token_of_another_operation_is_refused_with_one_line(
    app: App, clock: VirtualClock, vendor: Vendor, folder: Folder
) -> None:
    folder.swap(**FIRST | {"acme": "globex-token-1"})
    with capture_logs() as logs:
        await clock.run(400.0)
    assert [line["operation"] for line in told(logs, "the token of another operation")] == ["acme"]
    assert set(tokens(vendor, "1")) == {"acme-token-1"}
    # Once the other one has let go of it, it may be taken.
    folder.swap(**FIRST | {"acme": "globex-token-1", "globex": "globex-token-2"})
    await clock.run(400.0)
    assert (tokens(vendor, "1")[-1], tokens(vendor, "9")[-1]) == ("globex-token-1", "globex-token-2")


async def test_two_tokens_that_change_places_are_taken_as_at_a_reload(
    app: App, clock: VirtualClock, vendor: Vendor, folder: Folder
) -> None:
    folder.swap(**FIRST | {"acme": "globex-token-1", "globex": "acme-token-1"})
    await clock.run(700.0)
    assert (tokens(vendor, "1")[-1], tokens(vendor, "9")[-1]) == ("globex-token-1", "acme-token-1")


async def test_an_edited_configuration_waits_for_its_reload(
    app: App, clock: VirtualClock, folder: Folder, tmp_path: Path
) -> None:
    (tmp_path / "config.yml").write_text(CONFIG.replace("{id: 9}", "{id: 10}"))
    folder.swap(**FIRST | {"acme": "acme-token-2"})
    await clock.run(10.0)
    assert {entry.target.key.campaign for entry in app.store.entries()} == {"1", "2", "9"}
    assert await app.reload() == ()
    folder.swap(**FIRST | {"acme": "acme-token-3"})
    await clock.run(10.0)
    assert {entry.target.key.campaign for entry in app.store.entries()} == {"1", "2", "10"}
    assert [one.token.get_secret_value() for one in app._operations] == ["acme-token-3", "globex-token-1"]


async def test_what_can_be_read_only_once_is_left_alone(
    app: App, clock: VirtualClock, vendor: Vendor, folder: Folder
) -> None:
    path = folder.file("acme")
    path.unlink()
    os.mkfifo(path)
    with capture_logs() as logs:
        await clock.run(400.0)
    assert not told(logs, "secret file")
    assert len(tokens(vendor, "1")) == 2


async def test_a_fault_or_a_read_that_hangs_does_not_end_the_watch(
    app: App, clock: VirtualClock, vendor: Vendor, folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rotation, "READ_LIMIT", 0.0)
    hanging: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    app.secrets._reading = hanging
    folder.swap(**FIRST | {"acme": "acme-token-2"})
    await clock.run(10.0)
    monkeypatch.setattr(rotation, "READ_LIMIT", 3.0)
    hanging.set_exception(LookupError("made up"))
    with capture_logs() as logs:
        await clock.run(20.0)
    assert len(told(logs, "by a fault of the exporter")) == 1
    assert len(told(logs, "secret file changed")) == 1
