"""Random lives of campaigns, watched by somebody who knows when each was started in truth."""

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


@settings(max_examples=150, deadline=None)
@given(
    events=st.lists(
        st.tuples(
            st.sampled_from(["list", "list", "live", "live", "live", "empty", "fail", "restart", "poll", "poll"]),
            st.sampled_from([1.0, 300.0, 900.0, 1800.0, 4000.0, 30_000.0]),
        ),
        min_size=5,
        max_size=60,
    ),
    seed=st.integers(0, 2**32),
)
def test_nothing_is_lost_nothing_is_asked_once_it_is_final_and_all_comes_back(
    events: list[tuple[str, float]], seed: int
) -> None:
    random = Random(seed)
    at = EVENING
    state = list_answered(DiscoveryState(), RULES, CampaignsAnswer(tuple(row(one) for one in CAMPAIGNS)), at)
    witnesses = {one: Witness() for one in CAMPAIGNS}
    present = set(CAMPAIGNS)
    doubted = False
    for event, pause in events:
        at += pause
        before = state
        if event == "list":
            named = [one for one in CAMPAIGNS if random.random() < 0.8]
            answer = CampaignsAnswer(tuple(row(one, started=random.random() < 0.5) for one in named))
            state = list_answered(state, RULES, answer, at)
            if named or not present or doubted:
                present, doubted = set(named), False
                for one in CAMPAIGNS:
                    witnesses[one].hear(next((row.started for row in answer.campaigns if row.id == one), False), at)
            else:
                doubted = True
        elif event == "empty":
            state = list_answered(state, RULES, CampaignsAnswer(()), at)
            if not present or doubted:
                present, doubted = set(), False
                for one in CAMPAIGNS:
                    witnesses[one].hear(False, at)
            else:
                doubted = True
                assert (state.lives, state.words, state.listed) == (before.lives, before.words, before.listed)
        elif event == "live":
            rows = tuple(LiveCampaign(one, random.random() < 0.5) for one in CAMPAIGNS if random.random() < 0.6)
            state = live_answered(state, RULES, LiveAnswer(rows), at)
            for one in rows:
                # One that is neither listed nor still known of is nobody's.
                if one.id in (before.listed or {}) or one.id in before.lives:
                    witnesses[one.id].hear(one.started, at)
        elif event == "restart":
            state = from_text(to_text(state))
            assert state == before
        elif event == "poll":
            for demand in list(demands(state, RULES, at)):
                if demand.phase in ASKED and random.random() < 0.7:
                    asked = bounds(demand.window, 0.0, BOGOTA, at)
                    state = target_succeeded(state, demand.campaign, demand.window, asked, at)
                    witnesses[demand.campaign].succeed(demand.window.label, asked, at)
        check_demands(list(demands(state, RULES, at)), witnesses, at)
        tidy = settled(state, RULES, at)
        check_demands(list(demands(tidy, RULES, at)), witnesses, at)
        if random.random() < 0.5:
            state = tidy
    # Nobody is started any more: all comes to an end.
    state = list_answered(state, RULES, CampaignsAnswer((row("4"),)), at)
    for _ in range(20):
        at += 10_000.0
        for demand in list(demands(state, RULES, at)):
            if demand.phase in ASKED:
                asked = bounds(demand.window, 0.0, BOGOTA, at)
                state = target_succeeded(state, demand.campaign, demand.window, asked, at)
    assert settled(state, RULES, at + 172_800.0).lives == {}
