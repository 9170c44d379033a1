"""From what discovery demands to the targets that are polled (pure)."""

from collections.abc import Iterator
from dataclasses import replace

from exporter.discovery.life import Phase
from exporter.discovery.state import DiscoveryState, Rules, demands
from exporter.model import ApiName, Operation, Target
from exporter.targets import targets_of

API_TIMEOUT = 60.0
"""Seconds for a request that is made for a whole operation without discovery: the vendor's own limit."""


def rules_of(operation: Operation) -> Rules:
    """What the configuration of an operation says of its campaigns."""
    return Rules(operation.discovery, frozenset(target.key.campaign for target in operation.targets))


def discovered_targets(operation: Operation, state: DiscoveryState, rules: Rules, at: float) -> Iterator[Target]:
    """The targets of the discovered campaigns at a moment."""
    if rules.discovery is None:
        return
    settings = rules.discovery.settings
    for one in demands(state, rules, at):
        for target in targets_of(replace(settings, windows=(one.window,)), operation.name, one.campaign, one.name):
            yield replace(target, resting=True) if one.phase is Phase.RESTING else target


def api_intervals(operation: Operation) -> dict[ApiName, float]:
    """The APIs that are asked for the whole operation, with their intervals in seconds, in the order of the first."""
    discovery = operation.discovery
    intervals = {
        ApiName.CAMPAIGNS: None if discovery is None else discovery.refresh_interval,
        ApiName.REAL_TIME: operation.live_interval,
        ApiName.TOKEN_INFO: operation.quota_interval,
    }
    return {api: interval for api, interval in intervals.items() if interval is not None}


def api_timeout(operation: Operation) -> float:
    """Seconds that a request for the whole operation may take."""
    if operation.discovery is not None:
        return operation.discovery.settings.timeout
    return max((target.timeout for target in operation.targets), default=API_TIMEOUT)
