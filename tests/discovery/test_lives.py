"""Random lives of campaigns, watched by somebody who knows when each was started in truth."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from random import Random

from discovered import HOUR, discovery, row
from hypothesis import given, settings
from hypothesis import strategies as st
from support import BOGOTA

from exporter.discovery.life import Phase
from exporter.discovery.state import (
    Demand,
    DiscoveryState,
    Rules,
    demands,
    list_answered,
    live_answered,
    settled,
    target_succeeded,
)
from exporter.discovery.text import from_text, to_text
from exporter.model import TODAY, YESTERDAY, CampaignsAnswer, LiveAnswer, LiveCampaign, TimeRange
from exporter.wolkvox.window import bounds, day_end, day_start

RULES = Rules(discovery(windows=(HOUR, TODAY, YESTERDAY)))
EVENING = datetime(2026, 11, 26, 21, tzinfo=BOGOTA).timestamp()
CAMPAIGNS = ("1", "2", "3")
ASKED = {Phase.RUNNING, Phase.DRAINING}


@dataclass
class Witness:
    """What somebody who saw every answer expects of one campaign."""

    told: bool = False
    """What the newest answer said of it."""
    stop: float | None = None
    """When that became False."""
    runs: list[tuple[float, float]] = field(default_factory=list)
    """From when to when it was told to be started."""
    since: float = 0.0
    final: set[str] = field(default_factory=set)

    def hear(self, started: bool, at: float) -> None:
        if started and not self.told:
            self.since, self.stop = at, None
            self.final.clear()
        elif self.told and not started:
            self.stop = at
            self.runs.append((self.since, at))
        self.told = started

    def succeed(self, label: str, asked: TimeRange, at: float) -> None:
        if self.stop is not None and (
            (label == "1h" and asked.start >= self.stop) or (label == "today" and at >= self.stop + 900)
        ):
            self.final.add(label)

    def wants(self, label: str, at: float) -> bool:
        """Whether it is to be asked for."""
        if label == "yesterday":
            midnight = day_start(BOGOTA, at)
            dawn = day_start(BOGOTA, midnight - 1)
            runs = [*self.runs, *([(self.since, at)] if self.told else [])]
            return any(begin < midnight and end >= dawn for begin, end in runs)
        if self.told:
            return True
        if self.stop is None or label in self.final:
            return False
        return label == "1h" or at < day_end(BOGOTA, self.stop)


def check_demands(found: list[Demand], witnesses: dict[str, Witness], at: float) -> None:
    asked = {(one.campaign, one.window.label) for one in found if one.phase in ASKED}
    wanted = {
        (name, label)
        for name, one in witnesses.items()
        for label in ("1h", "today", "yesterday")
        if one.wants(label, at)
    }
    assert asked == wanted
    for one in found:
        if one.phase is Phase.RESTING:
            stop = witnesses[one.campaign].stop
            assert one.window is TODAY
            assert stop is not None
            assert day_start(BOGOTA, at) <= stop


class World:
    """Three campaigns, what the exporter was told of them, and the witness of it."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.at = EVENING
        self.witnesses = {one: Witness() for one in CAMPAIGNS}
        self.present = set(CAMPAIGNS)
        self.doubted = False
        first = CampaignsAnswer(tuple(row(one) for one in CAMPAIGNS))
        self.state = list_answered(DiscoveryState(), RULES, first, self.at)

    def list(self) -> None:
        """A list that names some of them."""
        named = [one for one in CAMPAIGNS if self.random.random() < 0.8]
        self.take(CampaignsAnswer(tuple(row(one, started=self.random.random() < 0.5) for one in named)))

    def empty(self) -> None:
        """A list that names none."""
        self.take(CampaignsAnswer(()))

    def take(self, answer: CampaignsAnswer) -> None:
        before, self.state = self.state, list_answered(self.state, RULES, answer, self.at)
        if not answer.campaigns and self.present and not self.doubted:
            self.doubted = True
            assert self.state.lives is before.lives
            assert self.state.words is before.words
            assert self.state.listed is before.listed
            return
        self.present, self.doubted = {one.id for one in answer.campaigns}, False
        for one in CAMPAIGNS:
            self.witnesses[one].hear(any(found.started for found in answer.campaigns if found.id == one), self.at)

    def live(self) -> None:
        """A live answer that names some of them."""
        before = self.state
        rows = [
            LiveCampaign(one, started=self.random.random() < 0.5) for one in CAMPAIGNS if self.random.random() < 0.6
        ]
        self.state = live_answered(before, RULES, LiveAnswer(tuple(rows)), self.at)
        for found in rows:
            # One that is neither listed nor still known of is nobody's.
            if found.id in (before.listed or {}) or found.id in before.lives:
                self.witnesses[found.id].hear(found.started, self.at)

    def restart(self) -> None:
        """Another process goes on with what was stored."""
        before, self.state = self.state, from_text(to_text(self.state))
        assert self.state == before

    def poll(self, share: float = 0.7) -> None:
        """Some of what is asked for is answered."""
        for demand in list(demands(self.state, RULES, self.at)):
            if demand.phase in ASKED and self.random.random() < share:
                asked = bounds(demand.window, 0.0, BOGOTA, self.at)
                self.state = target_succeeded(self.state, demand.campaign, demand.window, asked, self.at)
                self.witnesses[demand.campaign].succeed(demand.window.label, asked, self.at)

    def fail(self) -> None:
        """An answer that failed is not even told."""

    def check(self) -> None:
        """What is asked is what the witness would ask, whether or not somebody tidied up."""
        tidy = settled(self.state, RULES, self.at)
        for state in (self.state, tidy):
            check_demands(list(demands(state, RULES, self.at)), self.witnesses, self.at)
        if self.random.random() < 0.5:
            self.state = tidy


@settings(max_examples=150, deadline=None)
@given(
    events=st.lists(
        st.tuples(
            st.sampled_from([World.list, World.list, World.live, World.live, World.live, World.poll, World.poll])
            | st.sampled_from([World.empty, World.fail, World.restart]),
            st.sampled_from([1.0, 300.0, 900.0, 1800.0, 4000.0, 30_000.0]),
        ),
        min_size=5,
        max_size=60,
    ),
    seed=st.integers(0, 2**32),
)
def test_nothing_is_lost_nothing_is_asked_once_it_is_final_and_all_comes_back(
    events: list[tuple[Callable[[World], None], float]], seed: int
) -> None:
    world = World(seed)
    for event, pause in events:
        world.at += pause
        event(world)
        world.check()
    # Nobody is started any more: all comes to an end.
    world.take(CampaignsAnswer((row("4"),)))
    for _ in range(20):
        world.at += 10_000.0
        world.poll(1.0)
    assert settled(world.state, RULES, world.at + 172_800.0).lives == {}
