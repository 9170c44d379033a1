from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from exporter.metrics.catalogue import (
    CAMPAIGN_METRICS,
    EXPORTER_METRICS,
    LIVE_METRICS,
    OPERATION_METRICS,
    PROCESS_METRICS,
    TARGET_METRICS,
    Kind,
    Metric,
    Polled,
)
from exporter.model import Data, Failure, Reason, Target, TargetKey, TargetState, TimeRange, Window

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


def test_nobody_takes_the_rest_of_yesterday_for_delay() -> None:
    window = Window("yesterday", None, days_ago=1)
    past = Target(TargetKey("acme", "1", "yesterday"), "", window, ZoneInfo("UTC"), 3600.0, 0.0, 60.0, 10_860.0)
    data = Data(TimeRange(0.0, 1.0, "19700101000000", "19700101000001"), (), no_data=True)
    (interval,) = [metric for metric in TARGET_METRICS if metric.name == "wolkvox_poll_interval_seconds"]

    def values(state: TargetState) -> list[float]:
        return [sample.value for sample in interval.samples(Polled(past, state, 0.0))]

    assert values(TargetState()) == [], "not asked yet"
    assert values(TargetState(failure=Failure(Reason.CONNECT, "made up"))) == [3600.0]
    assert values(TargetState(data=data)) == [3600.0]
    assert values(TargetState(data=replace(data, final=True))) == []


def test_a_window_at_rest_has_no_interval() -> None:
    today = Target(TargetKey("acme", "1", "today"), "", Window("today", None), ZoneInfo("UTC"), 300.0, 0.0, 60.0, 960.0)
    (interval,) = [metric for metric in TARGET_METRICS if metric.name == "wolkvox_poll_interval_seconds"]
    assert [sample.value for sample in interval.samples(Polled(today, TargetState(), 0.0))] == [300.0]
    assert list(interval.samples(Polled(replace(today, resting=True), TargetState(), 0.0))) == []
