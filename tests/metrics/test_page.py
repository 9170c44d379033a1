import asyncio
import gzip
import subprocess
import zlib
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from golden_file import Golden
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from exporter.clock import Stamp
from exporter.metrics import page as module
from exporter.metrics.build import Build
from exporter.metrics.format import Encoding, Exposition
from exporter.metrics.page import Page
from exporter.metrics.runtime import runtime_registry
from exporter.model import Data, Failure, Latency, OperationStats, Reason, Target, TargetKey, TargetState

NOON = 1_700_000_000.0
GOLDEN = Path(__file__).parent / "golden"
FILES = {Exposition.TEXT: "page.txt", Exposition.OPENMETRICS: "page.openmetrics.txt"}

MakeTarget = Callable[..., Target]
MakeData = Callable[..., Data]
MakePage = Callable[[], Page]

ACME = TargetKey("acme", "32841", "1h")
REFUSED = Failure(Reason.AUTH, "PLEASE VALIDATE TOKEN", 403)


def moment(at: float) -> Stamp:
    return Stamp(at, "boot", at)


def fill(page: Page, make_target: MakeTarget, make_data: MakeData) -> None:
    """One of each: good, failing with data, without rows, stale, never asked, and names that are out for trouble."""
    data = make_data(50, 30, 15, 5, others=("fax",))
    good = TargetState(data=data, succeeded=moment(NOON), polled=moment(NOON), polls=2)
    failing = replace(good, polled=moment(NOON + 300), failure=REFUSED, polls=3, failures=1)
    page.set_exporter(reload_ok=True, reloaded_at=NOON - 60)
    page.set_target(make_target(ACME, "Cobranza"), good)
    page.set_target(make_target(TargetKey("acme", "32841", "today"), "Cobranza"), failing)
    page.set_target(make_target(TargetKey("acme", "32842", "1h")), replace(good, data=make_data()))
    page.set_target(make_target(TargetKey("acme", "32843", "1h")), replace(failing, stale=True))
    page.set_target(make_target(TargetKey("acme", "32844", "1h")), TargetState())
    page.set_target(make_target(TargetKey('b"\\a\nd', "é{}", "30m"), 'x="1"} 5 # 😀'), good)
    latency = Latency(buckets=(0, 0, 0, 1, 2, 2, 2, 2, 2, 2, 2), count=3, total=75.25)
    counts = tuple((reason, 2 if reason is Reason.AUTH else 0) for reason in Reason)
    figures = OperationStats("acme", 3, latency, counts, budget=6000, used=1234567, lease_held=True, rest=REFUSED)
    page.set_operation(figures)
    page.set_operation(OperationStats('b"\\a\nd'))


def series(text: str) -> list[str]:
    return [line.rpartition(" ")[0] for line in text.splitlines() if not line.startswith("#")]


@pytest.mark.parametrize("exposition", Exposition)
async def test_golden(
    exposition: Exposition, make_page: MakePage, make_target: MakeTarget, make_data: MakeData, golden: Golden
) -> None:
    page = make_page()
    fill(page, make_target, make_data)
    body = await page.body(exposition, Encoding.IDENTITY)
    assert body == page.render(exposition)
    golden(GOLDEN / FILES[exposition], body.decode())


@pytest.mark.parametrize("exposition", Exposition)
def test_empty_page_is_valid(exposition: Exposition, make_page: MakePage) -> None:
    text = make_page().render(exposition).decode()
    families = list((parse_text if exposition is Exposition.TEXT else parse_openmetrics)(text))
    assert sum(len(family.samples) for family in families) == 2  # the build and the log lines dropped
    assert all(family.documentation for family in families)


def test_dropped_log_lines_are_counted_at_each_scrape() -> None:
    dropped = iter([0, 7])
    page = Page(Build("1", "r", "3"), CollectorRegistry(), dict, lambda: NOON, lambda: next(dropped))
    name = "wolkvox_exporter_log_lines_dropped_total"
    assert f"{name} 0.0\n" in page.render(Exposition.TEXT).decode()
    assert f"{name} 7.0\n" in page.render(Exposition.OPENMETRICS).decode()


def test_both_bodies_say_the_same(make_target: MakeTarget, make_data: MakeData) -> None:
    page = Page(Build("1.2.3", "abcdef0", "3.11.7"), CollectorRegistry(), lambda: {"acme": 1.5}, lambda: NOON)
    fill(page, make_target, make_data)
    text = {family.name: family for family in parse_text(page.render(Exposition.TEXT).decode())}
    families = parse_openmetrics(page.render(Exposition.OPENMETRICS).decode())  # type: ignore[no-untyped-call]
    openmetrics = {family.name: family for family in families}
    assert text.keys() == openmetrics.keys()
    for name, family in text.items():
        assert family.type == openmetrics[name].type
        assert family.documentation == openmetrics[name].documentation
        assert [(sample.name, sample.labels, sample.value) for sample in family.samples] == [
            (sample.name, sample.labels, sample.value) for sample in openmetrics[name].samples
        ]


def test_promtool_has_nothing_to_say(make_target: MakeTarget, make_data: MakeData) -> None:
    page = Page(Build("1.2.3", "abcdef0", "3.11.7"), runtime_registry(), lambda: {"acme": 1.5}, lambda: NOON)
    fill(page, make_target, make_data)
    done = subprocess.run(
        ["promtool", "check", "metrics"], input=page.render(Exposition.TEXT), capture_output=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


@pytest.mark.parametrize("exposition", Exposition)
def test_the_runtime_is_on_the_page(exposition: Exposition) -> None:
    page = Page(Build("1.2.3", "abcdef0", "3.11.7"), runtime_registry(), dict, lambda: NOON)
    text = page.render(exposition).decode()
    assert "\nprocess_resident_memory_bytes " in text
    assert "\npython_info{" in text
    assert "_created" not in text


def test_no_series_twice(make_page: MakePage, make_target: MakeTarget, make_data: MakeData) -> None:
    page = make_page()
    fill(page, make_target, make_data)
    names = series(page.render(Exposition.TEXT).decode())
    assert [name for name, count in Counter(names).items() if count > 1] == []


def test_labels_that_read_the_same_are_one_target(make_page: MakePage, make_target: MakeTarget) -> None:
    page = make_page()
    page.set_target(make_target(TargetKey("acme", "\ud800", "1h")), TargetState(polls=1))
    page.set_target(make_target(TargetKey("acme", "\\ud800", "1h")), TargetState(polls=2))
    page.set_operation(OperationStats("\ud800"))
    page.set_operation(OperationStats("\\ud800"))
    names = series(page.render(Exposition.TEXT).decode())
    assert len(names) == len(set(names))


def test_stale_data_leaves_and_the_rest_stays(
    make_page: MakePage, make_target: MakeTarget, make_data: MakeData
) -> None:
    page = make_page()
    target = make_target(ACME, "Cobranza")
    fresh = TargetState(data=make_data(1), succeeded=moment(NOON), polled=moment(NOON + 900), failure=REFUSED)
    page.set_target(target, fresh)
    before = {name.partition("{")[0] for name in series(page.render(Exposition.TEXT).decode())}
    page.set_target(target, replace(fresh, stale=True))
    after = {name.partition("{")[0] for name in series(page.render(Exposition.TEXT).decode())}
    assert before - after == {
        "wolkvox_campaign_attempts",
        "wolkvox_campaign_attempts_percent",
        "wolkvox_campaign_no_data",
        "wolkvox_campaign_window_start_timestamp_seconds",
        "wolkvox_campaign_window_end_timestamp_seconds",
    }
    assert after - before == set()
    assert {
        "wolkvox_campaign_up",
        "wolkvox_campaign_failure",
        "wolkvox_campaign_last_success_timestamp_seconds",
    } < after


def test_before_the_first_poll_only_what_is_known(make_page: MakePage, make_target: MakeTarget) -> None:
    page = make_page()
    page.set_target(make_target(ACME, "Cobranza"), TargetState())
    names = {name.partition("{")[0] for name in series(page.render(Exposition.TEXT).decode())}
    assert names == {
        "wolkvox_campaign_polls_total",
        "wolkvox_campaign_poll_failures_total",
        "wolkvox_poll_interval_seconds",
        "wolkvox_campaign_info",
        "wolkvox_campaign_utc_offset_seconds",
        "wolkvox_poll_lag_seconds",
        "wolkvox_exporter_log_lines_dropped_total",
    }


def test_one_info_for_all_windows(make_page: MakePage, make_target: MakeTarget) -> None:
    page = make_page()
    info = 'wolkvox_campaign_info{operation="acme",campaign="1",name="%s"} 1.0'

    def infos() -> list[str]:
        text = page.render(Exposition.TEXT).decode()
        return [line for line in text.splitlines() if line.startswith("wolkvox_campaign_info")]

    page.set_target(make_target(TargetKey("acme", "1", "today"), "Old"), TargetState())
    page.set_target(make_target(TargetKey("acme", "1", "1h"), "New"), TargetState())
    assert infos() == [info % "New"]
    page.drop_target(TargetKey("acme", "1", "1h"))
    assert infos() == [info % "Old"]
    page.drop_target(TargetKey("acme", "1", "today"))
    page.drop_target(TargetKey("acme", "1", "today"))
    assert infos() == []


CHANGES = [
    # zone, a moment before its clock changes in Unix seconds, the offset before and after
    ("Europe/Madrid", 1792889999, 7200.0, 3600.0),  # 2026-10-25 03:00
    ("Europe/Madrid", 1774745999, 3600.0, 7200.0),  # 2026-03-29 02:00
    ("America/Santiago", 1788667199, -14400.0, -10800.0),  # 2026-09-06 00:00
    ("Australia/Lord_Howe", 1791041399, 37800.0, 39600.0),  # 2026-10-04 02:00
    ("America/Bogota", 1792889999, -18000.0, -18000.0),
    ("Asia/Kathmandu", 1792889999, 20700.0, 20700.0),
    ("Etc/GMT-5", 1792889999, 18000.0, 18000.0),
]


@pytest.mark.parametrize(("zone", "at", "before", "after"), CHANGES)
async def test_the_offset_follows_the_clock_without_a_poll(
    make_target: MakeTarget, zone: str, at: int, before: float, after: float
) -> None:
    moments = [float(at)]
    page = Page(Build("1", "r", "3"), CollectorRegistry(), dict, lambda: moments[-1])
    page.set_target(replace(make_target(ACME), zone=ZoneInfo(zone)), TargetState())
    page.set_target(make_target(TargetKey("acme", "1", "1h")), TargetState())

    async def offsets() -> set[str]:
        text = gzip.decompress(await page.body(Exposition.TEXT, Encoding.GZIP)).decode()
        assert text == page.render(Exposition.TEXT).decode()
        return {line for line in text.splitlines() if line.startswith("wolkvox_campaign_utc_offset_seconds{")}

    metric = 'wolkvox_campaign_utc_offset_seconds{operation="acme",campaign="%s"} %s'
    assert await offsets() == {metric % ("32841", before), metric % ("1", -18000.0)}
    moments.append(at + 1.0)
    assert await offsets() == {metric % ("32841", after), metric % ("1", -18000.0)}


def test_a_reload_that_moves_a_campaign_to_another_zone(make_page: MakePage, make_target: MakeTarget) -> None:
    page = make_page()
    target = make_target(ACME)
    page.set_target(target, TargetState())
    page.set_target(replace(target, zone=ZoneInfo("Asia/Kathmandu")), TargetState())
    found = [line for line in page.render(Exposition.TEXT).decode().splitlines() if "utc_offset_seconds{" in line]
    assert found == ['wolkvox_campaign_utc_offset_seconds{operation="acme",campaign="32841"} 20700.0']


def test_a_dropped_operation_leaves(make_page: MakePage) -> None:
    page = make_page()
    empty = page.render(Exposition.TEXT)
    page.set_operation(OperationStats("acme"))
    assert page.render(Exposition.TEXT) != empty
    page.drop_operation("acme")
    assert page.render(Exposition.TEXT) == empty


def test_lag_is_asked_at_each_scrape() -> None:
    lags = {"b": 1.0}
    page = Page(Build("1", "r", "3"), CollectorRegistry(), lambda: lags, lambda: NOON)
    assert b'wolkvox_poll_lag_seconds{operation="b"} 1.0\n' in page.render(Exposition.TEXT)
    lags.update(b=2.0, a=0.0)
    both = b'wolkvox_poll_lag_seconds{operation="a"} 0.0\nwolkvox_poll_lag_seconds{operation="b"} 2.0\n'
    assert both in page.render(Exposition.TEXT)


def test_a_snapshot_that_cannot_be_written_changes_nothing(
    make_page: MakePage, make_target: MakeTarget, make_data: MakeData
) -> None:
    page = make_page()
    page.set_target(make_target(ACME), TargetState(data=make_data(1)))
    before = page.render(Exposition.TEXT)
    with pytest.raises(OverflowError):
        page.set_target(make_target(ACME), TargetState(data=make_data(10**400)))
    assert page.render(Exposition.TEXT) == before


keys = st.builds(TargetKey, st.sampled_from("ab"), st.text("1é\ud800", max_size=2), st.sampled_from(["1h", "today"]))
changes = st.lists(
    st.tuples(st.sampled_from(["set", "drop", "operation", "gone"]), keys, st.integers(0, 3)), max_size=60
)


@given(changes)
async def test_any_changes_give_the_page_that_a_fresh_one_gives(
    make_page: MakePage, make_target: MakeTarget, make_data: MakeData, changes: list[tuple[str, TargetKey, int]]
) -> None:
    page, fresh = make_page(), make_page()
    targets: dict[TargetKey, tuple[Target, TargetState]] = {}
    operations: dict[str, OperationStats] = {}
    for action, key, number in changes:
        if action == "set":
            target, snapshot = make_target(key, "x" * number), TargetState(data=make_data(number), polls=number)
            page.set_target(target, snapshot)
            targets[key] = target, snapshot
        elif action == "drop":
            page.drop_target(key)
            targets.pop(key, None)
        elif action == "operation":
            operations[key.operation] = OperationStats(key.operation, requests=number)
            page.set_operation(operations[key.operation])
        else:
            page.drop_operation(key.operation)
            operations.pop(key.operation, None)
        body = await page.body(Exposition.TEXT, Encoding.GZIP)
        assert gzip.decompress(body) == page.render(Exposition.TEXT)
    for target, snapshot in targets.values():
        fresh.set_target(target, snapshot)
    for figures in operations.values():
        fresh.set_operation(figures)
    for exposition in Exposition:
        assert page.render(exposition) == fresh.render(exposition)


@pytest.mark.parametrize("exposition", Exposition)
async def test_gzip_is_one_member_of_the_same_page(
    exposition: Exposition, make_page: MakePage, make_target: MakeTarget, make_data: MakeData
) -> None:
    page = make_page()
    for number in range(300):
        page.set_target(make_target(TargetKey("acme", str(number), "1h")), TargetState(data=make_data(number, 1)))
    body = await page.body(exposition, Encoding.GZIP)
    reader = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
    assert reader.decompress(body) == page.render(exposition)
    assert reader.eof
    assert reader.unused_data == b""


async def test_a_scrape_right_after_a_change_shows_it(
    make_page: MakePage, make_target: MakeTarget, make_data: MakeData
) -> None:
    page = make_page()
    for number in range(1, 4):
        page.set_target(make_target(ACME), TargetState(data=make_data(number)))
        text = gzip.decompress(await page.body(Exposition.TEXT, Encoding.GZIP)).decode()
        labels = 'operation="acme",campaign="32841",window="1h",result="no-answer"'
        assert f"wolkvox_campaign_attempts{{{labels}}} {number}.0\n" in text


async def test_scrapes_at_once_in_threads(
    monkeypatch: pytest.MonkeyPatch, make_page: MakePage, make_target: MakeTarget, make_data: MakeData
) -> None:
    """Large pages are packed and joined in threads; each scrape shows the page as it was when it came."""
    monkeypatch.setattr(module, "_INLINE", 0)
    monkeypatch.setattr(module, "_JOIN_INLINE", 0)
    page = make_page()
    scrapes, expected = [], []
    for number in range(10):
        page.set_target(make_target(TargetKey("acme", str(number), "1h")), TargetState(data=make_data(number)))
        for encoding in Encoding:
            scrapes.append(asyncio.ensure_future(page.body(Exposition.TEXT, encoding)))
            expected.append(page.render(Exposition.TEXT))
            await asyncio.sleep(0)
    bodies = await asyncio.gather(*scrapes)
    plain = [gzip.decompress(body) if body.startswith(b"\x1f\x8b") else body for body in bodies]
    assert plain == expected


async def test_an_abandoned_scrape_does_no_harm(
    monkeypatch: pytest.MonkeyPatch, make_page: MakePage, make_target: MakeTarget
) -> None:
    monkeypatch.setattr(module, "_INLINE", 0)
    page = make_page()
    page.set_target(make_target(ACME), TargetState())
    abandoned = asyncio.ensure_future(page.body(Exposition.TEXT, Encoding.GZIP))
    await asyncio.sleep(0)
    abandoned.cancel()
    body = await page.body(Exposition.TEXT, Encoding.GZIP)
    assert gzip.decompress(body) == page.render(Exposition.TEXT)
    assert abandoned.cancelled()
