from collections.abc import Callable
from zoneinfo import ZoneInfo

import pytest
from hypothesis import settings
from prometheus_client import CollectorRegistry

from exporter.metrics.build import Build
from exporter.metrics.page import Page
from exporter.model import RESULTS, Data, Row, Target, TargetKey, TimeRange, Window

settings.register_profile("calm", deadline=None)  # a busy machine is no failure
settings.load_profile("calm")

NOON = 1_700_000_000.0


def _target(key: TargetKey, name: str = "") -> Target:
    window = Window(key.window, None if key.window == "today" else 3600)
    return Target(
        key=key,
        name=name,
        window=window,
        zone=ZoneInfo("America/Bogota"),
        interval=300.0,
        delay=0.0,
        timeout=60.0,
        stale_after=960.0,
    )


def _data(*attempts: int, at: float = NOON, others: tuple[str, ...] = ()) -> Data:
    """A report of these attempts, by result: the documented ones first, zeros at the end left out."""
    results = (*RESULTS, *others)
    counts = (*attempts, *(0 for _ in results[len(attempts) :]))
    rows = tuple(
        Row(result, count, 100 * count / sum(counts) if sum(counts) else 0.0)
        for result, count in zip(results, counts, strict=True)
    )
    bounds = TimeRange(at - 3600, at, "20231114161320", "20231114171320")
    return Data(bounds=bounds, rows=rows, no_data=not attempts)


@pytest.fixture(scope="session")
def make_target() -> Callable[..., Target]:
    return _target


@pytest.fixture(scope="session")
def make_data() -> Callable[..., Data]:
    return _data


@pytest.fixture(scope="session")
def make_page() -> Callable[[], Page]:
    """Pages without the client library's metrics, which differ from run to run."""

    def make() -> Page:
        return Page(Build("1.2.3", "abcdef0", "3.11.7"), CollectorRegistry(), lambda: {"acme": 1.5}, lambda: NOON)

    return make
