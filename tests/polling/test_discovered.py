"""The targets of campaigns that were found."""

from support import operation, target

from exporter.discovery.state import DiscoveryState
from exporter.polling.discovered import discovered_targets, rules_of


def test_without_discovery_there_are_none() -> None:
    acme = operation(target())
    assert list(discovered_targets(acme, DiscoveryState(), rules_of(acme), 0.0)) == []
