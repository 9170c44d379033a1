"""What is known of an operation's campaigns, and how each answer changes it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from types import MappingProxyType
from typing import TypeVar

from exporter.discovery.life import CampaignLife, Phase, begun, is_over, phase, stopped, succeeded
from exporter.discovery.selection import cut, passing
from exporter.model import CampaignsAnswer, Discovery, ListedCampaign, LiveAnswer, PollWhich, TimeRange, Window

Value = TypeVar("Value")


def _nothing() -> Mapping[str, Value]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Rules:
    """What the configuration says of an operation's campaigns."""

    discovery: Discovery | None
    """None where they are not looked for: only what the vendor says of the configured ones counts."""
    configured: frozenset[str] = frozenset()
    """Ids that are asked for whatever their state, with their own settings."""


class Belief(Enum):
    """Whether a list was taken for the truth."""

    BELIEVED = auto()
    DOUBTED = auto()
    """It is empty and follows a filled one; a second empty one is believed."""


@dataclass(frozen=True, slots=True)
class DiscoveryState:
    """What the vendor said of the campaigns, and how far their polls are. Nothing in it depends on a filter."""

    listed: Mapping[str, ListedCampaign] | None = None
    """The last list that was believed, by id; None before the first."""
    belief: Belief = Belief.BELIEVED
    """In the latest list."""
    words: Mapping[str, bool] = field(default_factory=_nothing)
    """Whether a campaign is started, where something newer than the list's own word says so."""
    lives: Mapping[str, CampaignLife] = field(default_factory=_nothing)
    """The campaigns that are asked for, and those that were and may still be; without configured ones."""


@dataclass(frozen=True, slots=True)
class Demand:
    """One window of a discovered campaign that is asked for, or shown."""

    campaign: str
    name: str
    window: Window
    phase: Phase


def is_started(state: DiscoveryState, campaign: str) -> bool | None:
    """Whether a campaign is started by the newest word on it; None where there is none."""
    word = state.words.get(campaign)
    if word is not None or state.listed is None:
        return word
    row = state.listed.get(campaign)
    return None if row is None else row.started


def passed(state: DiscoveryState, rules: Rules) -> dict[str, ListedCampaign]:
    """The campaigns of the list that pass the filters, before the cut."""
    if rules.discovery is None or state.listed is None:
        return {}
    return passing(rules.discovery, state.listed.values())


def chosen(state: DiscoveryState, rules: Rules, candidates: Mapping[str, ListedCampaign]) -> frozenset[str]:
    """Of the campaigns that pass the filters those that are left after the cut; configured ones take no place in it."""
    if rules.discovery is None:
        return frozenset()
    found = {one: row for one, row in candidates.items() if one not in rules.configured}
    return cut(found, lambda one: bool(is_started(state, one)), rules.discovery.max_campaigns)


def list_answered(state: DiscoveryState, rules: Rules, answer: CampaignsAnswer, at: float) -> DiscoveryState:
    """The state after a good answer to the request for the list."""
    before = state.listed or {}
    if not answer.campaigns and before and state.belief is Belief.BELIEVED:
        return replace(state, belief=Belief.DOUBTED)
    listed = {one.id: one for one in answer.campaigns}
    gone = (before.keys() | state.words.keys()) - listed.keys()
    words = dict.fromkeys(gone & (state.lives.keys() | rules.configured), False)
    after = settled(replace(state, listed=listed, belief=Belief.BELIEVED, words=words), rules, at)
    if state.listed is not None:
        return after
    # Nobody knows when the campaigns of the first list were started; perhaps yesterday.
    return replace(after, lives={one: replace(life, since=0.0) for one, life in after.lives.items()})


def live_answered(state: DiscoveryState, rules: Rules, answer: LiveAnswer, at: float) -> DiscoveryState:
    """The state after a good live answer, which says nothing of the campaigns that it does not name."""
    listed = state.listed or {}
    known = listed.keys() | state.lives.keys() | rules.configured
    words = dict(state.words)
    for row in answer.campaigns:
        if row.id in listed and listed[row.id].started is row.started:
            words.pop(row.id, None)
        elif row.id in known:
            words[row.id] = row.started
    if words == state.words:
        return state
    return settled(replace(state, words=words), rules, at)


def target_succeeded(
    state: DiscoveryState, campaign: str, window: Window, bounds: TimeRange, asked: float
) -> DiscoveryState:
    """The state after a good report of a window, the request for which left at `asked`."""
    life = state.lives.get(campaign)
    after = None if life is None else succeeded(life, window, bounds.start, asked)
    return state if after is None or after is life else replace(state, lives={**state.lives, campaign: after})


def reconfigured(state: DiscoveryState, rules: Rules, at: float) -> DiscoveryState:
    """The state after an edit: what the new filters exclude is not asked any more."""
    if rules.discovery is None:
        return replace(state, lives=_nothing())
    rows = [ListedCampaign(one, life.name, life.type, started=True) for one, life in state.lives.items()]
    wanted = passing(rules.discovery, rows)
    lives = {one: life for one, life in state.lives.items() if one in wanted and one not in rules.configured}
    return settled(replace(state, lives=lives), rules, at)


def settled(state: DiscoveryState, rules: Rules, at: float) -> DiscoveryState:
    """The state with the runs that begin or end by what is known, and without what is over."""
    if rules.discovery is None:
        return state
    zone, windows = rules.discovery.settings.zone, rules.discovery.settings.windows
    candidates = passed(state, rules)
    running = set(_running(state, rules, candidates))
    lives: dict[str, CampaignLife] = {}
    for one, life in state.lives.items():
        row = candidates.get(one)  # None also where a new name or type does not pass any more: it has left the list
        current = life if row is None else replace(life, name=row.name, type=row.type)
        if one in running and life.stopped_at is not None:
            current = begun(life, current.name, current.type, zone, at)
        elif one not in running and life.stopped_at is None:
            current = stopped(current, zone, at)
        if not is_over(current, windows, zone, at):
            lives[one] = current
    for one in candidates:  # in the list's order
        if one in running and one not in lives:
            lives[one] = begun(None, candidates[one].name, candidates[one].type, zone, at)
    kept = (state.listed or {}).keys() | lives.keys() | rules.configured
    words = {one: word for one, word in state.words.items() if one in kept}
    return replace(state, words=words, lives=lives)


def demands(state: DiscoveryState, rules: Rules, at: float) -> Iterator[Demand]:
    """What is asked for or shown of the campaigns that were found."""
    if rules.discovery is None:
        return
    settings, every_day = rules.discovery.settings, rules.discovery.poll is PollWhich.ALL
    for one, life in state.lives.items():
        for window in settings.windows:
            found = phase(life, window, settings.zone, at, every_day=every_day)
            if found is not Phase.OVER:
                yield Demand(one, life.name, window, found)


def _running(state: DiscoveryState, rules: Rules, candidates: Mapping[str, ListedCampaign]) -> Iterator[str]:
    """The campaigns that are to be asked for as long as nothing changes."""
    every = rules.discovery is not None and rules.discovery.poll is PollWhich.ALL
    left = chosen(state, rules, candidates)
    for one in left:
        if every or is_started(state, one):
            yield one
    listed = state.listed or {}
    for one in state.lives:
        # A live answer newer than the list that it has left says that it is started.
        if one not in listed and state.words.get(one):
            yield one
