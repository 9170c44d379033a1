from typing import Any

import pytest

from exporter.metrics.catalog import (
    CAMPAIGN_METRICS,
    EXPORTER_METRICS,
    LIVE_METRICS,
    OPERATION_METRICS,
    PROCESS_METRICS,
    TARGET_METRICS,
    Kind,
    Metric,
)

CATALOG: tuple[Metric[Any], ...] = (
    *TARGET_METRICS,
    *CAMPAIGN_METRICS,
    *OPERATION_METRICS,
    *EXPORTER_METRICS,
    *LIVE_METRICS,
    *PROCESS_METRICS,
)


@pytest.mark.parametrize("metric", CATALOG, ids=lambda metric: metric.name)
def test_help_says_that_it_is_cached_from_where_and_how_often(metric: Metric[Any]) -> None:
    assert "cached" in metric.help.lower()
    assert metric.source.startswith(("From ", "Counted by "))
    assert not set('"\\\n') & set(metric.help)
    assert (metric.kind is Kind.COUNTER) == metric.name.endswith("_total")


@pytest.mark.parametrize("metric", [*TARGET_METRICS, *OPERATION_METRICS], ids=lambda metric: metric.name)
def test_help_of_what_is_polled_names_the_interval(metric: Metric[Any]) -> None:
    assert "wolkvox_poll_interval_seconds" in metric.help or "configuration" in metric.help
    if metric.kind is not Kind.GAUGE:
        assert "counts this process" in metric.help


def test_names_are_unique() -> None:
    names = [metric.name for metric in CATALOG]
    assert len(names) == len(set(names))
