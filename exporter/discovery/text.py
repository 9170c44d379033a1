"""The state as text for storage, and back."""

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from exporter.discovery.life import CampaignLife
from exporter.discovery.state import Belief, DiscoveryState
from exporter.model import ListedCampaign

Value = TypeVar("Value")


def to_text(state: DiscoveryState) -> str:
    """The state as JSON."""
    listed = state.listed
    written = {
        "listed": None if listed is None else [[one.id, one.name, one.type, one.started] for one in listed.values()],
        "doubted": state.belief is Belief.DOUBTED,
        "words": dict(state.words),
        "lives": {one: _life_to_json(life) for one, life in state.lives.items()},
    }
    return json.dumps(written, separators=(",", ":"))


def from_text(text: str | None) -> DiscoveryState:
    """The state that was written; nothing is known where there is none, or where nobody can read it any more.

    Parts that are missing or unreadable are left out: an earlier or later version of the program may have written them.
    """
    try:
        read = json.loads(text or "{}")
    except ValueError:
        read = {}
    if not isinstance(read, dict):
        read = {}
    rows = read.get("listed")
    listed = None if not isinstance(rows, list) else {one.id: one for one in _readable(rows, _row)}
    words = read.get("words")
    return DiscoveryState(
        listed=listed,
        belief=Belief.DOUBTED if read.get("doubted") is True else Belief.BELIEVED,
        words={one: word for one, word in _items(words) if isinstance(word, bool)},
        lives=dict(_readable(_items(read.get("lives")), _life)),
    )


def _life_to_json(life: CampaignLife) -> dict[str, Any]:
    return {
        "name": life.name,
        "type": life.type,
        "since": life.since,
        "stopped_at": life.stopped_at,
        "days": list(life.days),
        "final": sorted(life.final),
    }


def _items(value: object) -> Iterable[tuple[str, Any]]:
    return value.items() if isinstance(value, Mapping) else ()


def _readable(values: Iterable[Any], read: Callable[[Any], Value]) -> Iterable[Value]:
    for value in values:
        try:
            yield read(value)
        except (TypeError, ValueError, KeyError, AttributeError):
            continue


def _row(value: list[Any]) -> ListedCampaign:
    campaign, name, kind, started = value
    return ListedCampaign(str(campaign), str(name), str(kind), bool(started))


def _life(item: tuple[str, dict[str, Any]]) -> tuple[str, CampaignLife]:
    campaign, read = item
    stopped_at = read.get("stopped_at")
    return campaign, CampaignLife(
        name=str(read.get("name", "")),
        type=str(read.get("type", "")),
        since=float(read["since"]),
        stopped_at=None if stopped_at is None else float(stopped_at),
        days=tuple(str(day) for day in read.get("days", ())),
        final=frozenset(str(label) for label in read.get("final", ())),
    )
