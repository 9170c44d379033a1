"""The dashboards, the alert rules and the status page judge by limits of their own: they are the same ones."""

import promql_parser as promql
from rulebook import ALERTS, nodes

from exporter.duration import parse_duration
from exporter.web import status_state
from grafana import health
from prometheus.parameters import DEFAULTS


def limits(name: str) -> list[float]:
    """The numbers in an alert's expression, in the order in which they are read."""
    (alert,) = (alert for alert in ALERTS if alert.name == name)
    return [node.val for node in nodes(promql.parse(alert.expr)) if isinstance(node, promql.NumberLiteral)]


def test_spikes() -> None:
    for name in ("WolkvoxBusySpike", "WolkvoxFailedSpike"):
        assert limits(name) == [health.SHARE, health.VOLUME]
    for name in ("WolkvoxBusyUnusual", "WolkvoxFailedUnusual"):
        assert limits(name) == [health.FACTOR, health.FLOOR, health.VOLUME, health.VOLUME]


def test_congestion() -> None:
    assert limits("WolkvoxCongestionHigh") == [health.CONGESTED, health.VOLUME]


def test_a_collapsed_contact_rate() -> None:
    volume = health.CONTACT_VOLUME
    assert limits("WolkvoxContactCollapsed") == [health.CONTACT, 1 / health.FACTOR, volume, volume]


def test_silence() -> None:
    assert limits("WolkvoxDiallingStopped") == [0, health.VOLUME, parse_duration(health.ALIVE)]


def test_missed_polls() -> None:
    missed = health.MISSED_POLLS
    assert limits("WolkvoxCampaignStale") == [missed, 60, missed]


def test_the_status_page() -> None:
    shares = {"busy": health.SHARE, "failed": health.SHARE, "congestion": health.CONGESTED}
    assert {result: percent / 100 for result, percent in status_state.SPIKE_SHARES.items()} == shares
    assert status_state.SPIKE_ATTEMPTS == health.VOLUME == DEFAULTS.min_attempts
