"""The state of discovery as text."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from discovered import discovery, listed, live

from exporter.discovery.state import DiscoveryState, Rules, list_answered, live_answered
from exporter.discovery.text import from_text, to_text

RULES = Rules(discovery())


def lived() -> DiscoveryState:
    state = list_answered(DiscoveryState(), RULES, listed(c1=True, c2=False, c3=True), 1000.0)
    state = live_answered(state, RULES, live(c1=False, c2=True), 2000.0)
    state = list_answered(state, RULES, listed(c2=True, c3=True), 3000.0)
    return list_answered(live_answered(state, RULES, live(c3=False), 3500.0), RULES, listed(), 4000.0)


@pytest.mark.parametrize("state", [DiscoveryState(), lived()])
def test_what_is_written_is_read_again(state: DiscoveryState) -> None:
    assert from_text(to_text(state)) == state


@pytest.mark.parametrize("text", [None, "", "{", "[]", "null", '{"listed": 3, "words": [], "lives": 7}'])
def test_what_nobody_can_read_is_nothing(text: str | None) -> None:
    assert from_text(text) == DiscoveryState()


@pytest.mark.parametrize(
    "spoil",
    [
        lambda read: read["listed"].append(["only an id"]),
        lambda read: read["listed"].append(7),
        lambda read: read["words"].update({"9": "yes"}),
        lambda read: read["lives"].update({"9": 3}),
        lambda read: read["lives"].update({"9": {"name": "without a beginning"}}),
        lambda read: read["lives"].update({"9": {"since": "soon"}}),
        lambda read: read["lives"].update({"9": {"since": 1.0, "days": 3}}),
        lambda read: read.update({"later": "a key of a later version"}),
    ],
)
def test_what_cannot_be_read_is_left_out(spoil: Callable[[dict[str, Any]], None]) -> None:
    read = json.loads(to_text(lived()))
    spoil(read)
    assert from_text(json.dumps(read)) == lived()
