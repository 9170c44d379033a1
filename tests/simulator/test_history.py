import io
import subprocess
from collections import defaultdict
from pathlib import Path

import pytest
from prometheus_client.openmetrics.parser import text_fd_to_metric_families
from raw_client import NOON, FixedClock

from exporter.metrics.catalogue import TARGET_METRICS
from exporter.simulator.demo import demo_config, demo_settings
from exporter.simulator.history import Past, write_history
from exporter.simulator.server import Simulator
from exporter.wolkvox.window import bounds

PAST = Past(start=int(NOON) - 3600, end=int(NOON), step=240)


@pytest.fixture(scope="module")
def written() -> bytes:
    out = io.BytesIO()
    write_history(demo_config("http://x"), demo_settings(), PAST, out, lambda _: None)
    return out.getvalue()


Series = dict[tuple[str, ...], dict[float, float]]
"""Labels beyond job and instance, then moment to value."""


@pytest.fixture(scope="module")
def values(written: bytes) -> dict[str, Series]:
    """All that a strict parser reads, by the names of samples."""
    found: dict[str, Series] = defaultdict(lambda: defaultdict(dict))
    for family in text_fd_to_metric_families(io.StringIO(written.decode())):  # type: ignore[no-untyped-call]
        for sample in family.samples:
            labels = tuple(value for label, value in sample.labels.items() if label not in ("job", "instance"))
            found[sample.name][labels][float(sample.timestamp)] = sample.value
    return found


def test_families_are_whole_and_series_go_forward(written: bytes) -> None:
    lines = written.decode().splitlines()
    assert lines[-1] == "# EOF"
    kinds = [line.split()[2] for line in lines if line.startswith("# TYPE")]
    assert len(kinds) == len(set(kinds))
    latest: dict[str, int] = {}
    for line in lines:
        if not line.startswith("#"):
            series, _, moment = line.rsplit(" ", 2)
            assert latest.get(series, 0) < int(moment)
            latest[series] = int(moment)
    assert set(latest.values()) == {PAST.end}


def test_every_metric_of_a_target_is_there_with_the_labels_of_a_scrape(written: bytes) -> None:
    text = written.decode()
    for metric in TARGET_METRICS:
        if metric.name != "wolkvox_campaign_failure":
            assert f'{metric.name}{{job="wolkvox",instance="localhost:10965",operation="' in text
    assert 'up{job="wolkvox",instance="localhost:10965"} 1 ' in text
    assert 'campaign="32841",name="Cobranza"} 1 ' in text


async def test_values_are_what_the_live_demo_says(values: dict[str, Series]) -> None:
    clock = FixedClock(NOON + 3600)
    attempts = values["wolkvox_campaign_attempts"]
    ends = values["wolkvox_campaign_window_end_timestamp_seconds"]
    async with Simulator(demo_settings(), clock) as live:
        for operation in demo_config(live.base_url).operations:
            for target in operation.targets:
                key = (target.key.operation, target.key.campaign, target.key.window)
                for moment, end in ends[key].items():
                    window = bounds(target.window, target.delay, target.zone, moment)
                    assert end == window.end
                    expected = live.counts(target.key.campaign, int(window.start), int(window.end))
                    said = {labels[3]: at[moment] for labels, at in attempts.items() if labels[:3] == key}
                    assert {result: count for result, count in said.items() if count} == {
                        result: count for result, count in expected.items() if count
                    }


def test_an_idle_campaign_has_no_data_and_no_share(values: dict[str, Series]) -> None:
    idle = ("cobranzas-andinas", "33240", "1h")
    assert set(values["wolkvox_campaign_no_data"][idle].values()) == {1}
    shares = values["wolkvox_campaign_attempts_percent"]
    assert {value for labels, at in shares.items() if labels[:3] == idle for value in at.values()} == {0}


def test_promtool_makes_blocks_of_it(written: bytes, tmp_path: Path) -> None:
    (tmp_path / "history.om").write_bytes(written)
    made = subprocess.run(
        ["promtool", "tsdb", "create-blocks-from", "openmetrics", tmp_path / "history.om", tmp_path / "data"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stderr
    (tmp_path / "data" / "wal").mkdir()  # a dump wants one, also an empty one
    dumped = subprocess.run(
        ["promtool", "tsdb", "dump", "--match={__name__='wolkvox_campaign_up'}", tmp_path / "data"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    assert len(dumped) == 10 * len(PAST.moments)


def test_progress_goes_from_little_to_all() -> None:
    told: list[float] = []
    past = Past(start=int(NOON) - 150, end=int(NOON), step=1)
    write_history(demo_config("http://x"), demo_settings(), past, io.BytesIO(), told.append)
    assert told == sorted(told)
    assert told[-1] == 1
    assert len(told) > 5
