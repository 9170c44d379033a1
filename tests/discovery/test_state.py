"""What is asked of a campaign while it is started, stops, comes back, leaves, and is forgotten."""

from dataclasses import replace
from datetime import datetime

import pytest
from discovered import HOUR, discovery, listed, live, row
from support import BOGOTA

from exporter.discovery.life import Phase
from exporter.discovery.state import (
    Belief,
    DiscoveryState,
    Rules,
    chosen,
    demands,
    is_started,
    list_answered,
    live_answered,
    passed,
    reconfigured,
    settled,
    target_succeeded,
)
from exporter.model import TODAY, YESTERDAY, CampaignsAnswer, PollWhich, TimeRange, Window

NOTHING = DiscoveryState()
RULES = Rules(discovery())
NOON = datetime(2026, 11, 26, 12, tzinfo=BOGOTA).timestamp()
MIDNIGHT = NOON + 43_200
DAY = 86_400.0


def of(state: DiscoveryState, at: float, rules: Rules = RULES, campaign: str = "1") -> dict[str, Phase]:
    """What is done with each window of a campaign."""
    return {one.window.label: one.phase for one in demands(state, rules, at) if one.campaign == campaign}


def succeed(state: DiscoveryState, window: Window, at: float, campaign: str = "1") -> DiscoveryState:
    """A good report that was asked for at that moment."""
    start = at - (window.length or 43_200)
    return target_succeeded(state, campaign, window, TimeRange(start, at, "", ""), at)


def begun(**campaigns: bool) -> DiscoveryState:
    """After a first list in which nothing is started, and a second one with these."""
    before = list_answered(NOTHING, RULES, listed(**dict.fromkeys(campaigns, False)), NOON - 600)
    return list_answered(before, RULES, listed(**campaigns), NOON)


def test_only_what_is_started_is_asked() -> None:
    state = begun(c1=True, c2=False)
    assert of(state, NOON) == {"1h": Phase.RUNNING, "today": Phase.RUNNING}
    assert of(state, NOON, campaign="2") == {}
    assert (is_started(state, "1"), is_started(state, "2"), is_started(state, "3")) == (True, False, None)
    assert is_started(NOTHING, "1") is None


def test_a_rolling_window_is_final_once_it_begins_after_the_stop() -> None:
    state = live_answered(begun(c1=True), RULES, live(c1=False), NOON + 100)
    assert of(state, NOON + 100)["1h"] is Phase.DRAINING
    early = succeed(state, HOUR, NOON + 100 + 3599)
    assert early is state
    assert "1h" not in of(succeed(state, HOUR, NOON + 100 + 3600), NOON + 3700)


def test_a_report_of_before_the_stop_ends_nothing() -> None:
    state = succeed(begun(c1=True), HOUR, NOON + 50)
    stopped = live_answered(state, RULES, live(c1=False), NOON + 100)
    assert of(stopped, NOON + 100) == {"1h": Phase.DRAINING, "today": Phase.DRAINING}


def test_today_is_final_a_quarter_of_an_hour_after_the_stop_and_stays_until_midnight() -> None:
    state = live_answered(begun(c1=True), RULES, live(c1=False), NOON)
    assert succeed(state, TODAY, NOON + 899) is state
    final = succeed(state, TODAY, NOON + 900)
    assert of(final, NOON + 900)["today"] is Phase.RESTING
    assert of(final, MIDNIGHT - 1)["today"] is Phase.RESTING
    assert "today" not in of(final, MIDNIGHT)


def test_midnight_makes_today_final() -> None:
    state = live_answered(begun(c1=True), RULES, live(c1=False), MIDNIGHT - 60)
    assert of(state, MIDNIGHT - 1)["today"] is Phase.DRAINING
    assert "today" not in of(state, MIDNIGHT)
    assert of(state, MIDNIGHT)["1h"] is Phase.DRAINING


def test_yesterday_is_asked_of_what_ran_that_day() -> None:
    state = begun(c1=True, c2=True, c3=False)
    state = live_answered(state, RULES, live(c1=False), NOON + 100)
    assert "yesterday" not in of(state, NOON + 200)
    assert of(state, MIDNIGHT)["yesterday"] is Phase.RUNNING
    assert of(state, MIDNIGHT, campaign="2")["yesterday"] is Phase.RUNNING
    assert of(state, MIDNIGHT, campaign="3") == {}
    assert "yesterday" not in of(state, MIDNIGHT + DAY)
    assert of(state, MIDNIGHT + DAY, campaign="2")["yesterday"] is Phase.RUNNING


def test_yesterday_is_asked_of_a_campaign_that_runs_again_today() -> None:
    state = live_answered(begun(c1=True), RULES, live(c1=False), NOON + 100)
    state = live_answered(state, RULES, live(c1=True), MIDNIGHT + 3600)
    state = live_answered(state, RULES, live(c1=False), MIDNIGHT + 7200)
    state = live_answered(state, RULES, live(c1=True), MIDNIGHT + 9000)
    assert of(state, MIDNIGHT + 9000)["yesterday"] is Phase.RUNNING
    state = live_answered(state, RULES, live(c1=False), MIDNIGHT + 9100)
    assert of(state, MIDNIGHT + DAY)["yesterday"] is Phase.RUNNING


def test_a_run_over_midnight_counts_for_both_days() -> None:
    state = live_answered(begun(c1=True), RULES, live(c1=False), MIDNIGHT + 60)
    assert of(state, MIDNIGHT + 120)["yesterday"] is Phase.RUNNING
    assert of(state, MIDNIGHT + DAY)["yesterday"] is Phase.RUNNING
    assert state.lives["1"].days == ("2026-11-26", "2026-11-27")


def test_nobody_knows_when_what_the_first_list_names_was_started() -> None:
    state = list_answered(NOTHING, RULES, listed(c1=True), NOON)
    assert of(state, NOON)["yesterday"] is Phase.RUNNING


def test_one_that_starts_again_is_asked_again() -> None:
    state = live_answered(begun(c1=True), RULES, live(c1=False), NOON)
    state = succeed(succeed(state, HOUR, NOON + 4000), TODAY, NOON + 4000)
    assert of(state, NOON + 4000) == {"today": Phase.RESTING}
    state = live_answered(state, RULES, live(c1=True), NOON + 5000)
    assert of(state, NOON + 5000) == {"1h": Phase.RUNNING, "today": Phase.RUNNING}
    state = live_answered(state, RULES, live(c1=False), NOON + 6000)
    assert of(state, NOON + 6000) == {"1h": Phase.DRAINING, "today": Phase.DRAINING}


def test_the_newer_of_list_and_live_answer_counts() -> None:
    state = live_answered(begun(c1=False), RULES, live(c1=True), NOON + 10)
    assert is_started(state, "1")
    assert not is_started(list_answered(state, RULES, listed(c1=False), NOON + 20), "1")
    state = live_answered(begun(c1=True), RULES, live(c1=False), NOON + 10)
    assert is_started(list_answered(state, RULES, listed(c1=True), NOON + 20), "1")
    assert is_started(live_answered(state, RULES, live(c1=True), NOON + 20), "1")


def test_a_live_answer_says_nothing_of_what_it_does_not_name() -> None:
    state = begun(c1=True)
    assert live_answered(state, RULES, live(), NOON + 10) is state
    assert live_answered(state, RULES, live(c1=True, c9=True), NOON + 10) is state
    assert is_started(state, "9") is None


def test_one_that_left_the_list_is_drained_and_forgotten_after_yesterday() -> None:
    state = list_answered(begun(c1=True, c2=False), RULES, listed(c2=False), NOON + 100)
    assert is_started(state, "1") is False
    assert of(state, NOON + 100) == {"1h": Phase.DRAINING, "today": Phase.DRAINING}
    state = succeed(state, HOUR, NOON + 4000)
    assert "1" in settled(state, RULES, NOON + 5000).lives
    assert of(state, MIDNIGHT) == {"yesterday": Phase.RUNNING}
    assert "1" in settled(state, RULES, MIDNIGHT).lives
    state = settled(state, RULES, MIDNIGHT + DAY)
    assert (state.lives, state.words) == ({}, {})


def test_a_live_answer_brings_back_one_that_left_the_list() -> None:
    state = list_answered(begun(c1=True, c2=False), RULES, listed(c2=False), NOON + 100)
    state = live_answered(state, RULES, live(c1=True), NOON + 200)
    assert is_started(state, "1")
    assert of(state, NOON + 200)["1h"] is Phase.RUNNING
    state = list_answered(state, RULES, listed(c2=False), NOON + 300)
    assert of(state, NOON + 300)["1h"] is Phase.DRAINING
    assert of(list_answered(state, RULES, listed(c1=True), NOON + 400), NOON + 400)["1h"] is Phase.RUNNING


def test_an_empty_list_is_believed_at_the_second_time() -> None:
    state = begun(c1=True)
    doubted = list_answered(state, RULES, listed(), NOON + 10)
    assert doubted == replace(state, belief=Belief.DOUBTED)
    again = list_answered(doubted, RULES, listed(c1=True), NOON + 20)
    assert again.belief is Belief.BELIEVED
    assert list_answered(again, RULES, listed(), NOON + 30).belief is Belief.DOUBTED
    believed = list_answered(doubted, RULES, listed(), NOON + 20)
    assert believed.listed == {}
    assert of(believed, NOON + 20)["1h"] is Phase.DRAINING
    assert list_answered(NOTHING, RULES, listed(), NOON).listed == {}


def test_one_whose_name_does_not_pass_any_more_has_left_the_list() -> None:
    rules = Rules(discovery(exclude=(".*prueba.*",)))
    state = list_answered(NOTHING, rules, CampaignsAnswer((row("1", "Cobranza", started=True),)), NOON)
    state = list_answered(state, rules, CampaignsAnswer((row("1", "prueba", started=True),)), NOON + 10)
    assert of(state, NOON + 10, rules)["1h"] is Phase.DRAINING
    assert state.lives["1"].name == "Cobranza"


def test_a_new_name_counts() -> None:
    state = list_answered(begun(c1=True), RULES, CampaignsAnswer((row("1", "Ventas", started=True),)), NOON + 10)
    assert {one.name for one in demands(state, RULES, NOON + 10)} == {"Ventas"}


def test_with_poll_all_what_is_listed_is_asked() -> None:
    rules = Rules(discovery(poll=PollWhich.ALL))
    state = list_answered(NOTHING, rules, listed(c1=False, c2=False), NOON)
    assert of(state, NOON, rules) == dict.fromkeys(("1h", "today", "yesterday"), Phase.RUNNING)
    state = list_answered(state, rules, listed(c2=False), NOON + 10)
    assert of(state, NOON + 10, rules)["1h"] is Phase.DRAINING
    assert of(state, NOON + 10, rules, "2")["1h"] is Phase.RUNNING
    started = reconfigured(state, RULES, NOON + 20)
    assert of(started, NOON + 20, campaign="2")["1h"] is Phase.DRAINING


def test_configured_campaigns_are_left_to_the_configuration() -> None:
    rules = Rules(discovery(max_campaigns=1), frozenset({"1", "8"}))
    state = list_answered(NOTHING, rules, listed(c1=True, c2=True, c3=False), NOON)
    assert {one.campaign for one in demands(state, rules, NOON)} == {"2"}
    assert chosen(state, rules, passed(state, rules)) == {"2"}
    assert is_started(state, "1")
    state = live_answered(state, rules, live(c8=False, c9=True), NOON + 10)
    assert (is_started(state, "8"), is_started(state, "9")) == (False, None)
    state = list_answered(state, rules, listed(c2=True), NOON + 20)
    assert is_started(state, "1") is False


def test_without_discovery_only_the_configured_are_known() -> None:
    rules = Rules(None, frozenset({"1"}))
    state = live_answered(NOTHING, rules, live(c1=True, c2=True), NOON)
    assert state.words == {"1": True}
    assert list(demands(state, rules, NOON)) == []
    assert (passed(state, rules), chosen(state, rules, {})) == ({}, frozenset())
    assert passed(NOTHING, RULES) == {}


def test_one_that_the_cut_pushes_out_is_drained() -> None:
    rules = Rules(discovery(max_campaigns=1))
    state = list_answered(NOTHING, rules, listed(c1=True, c2=False), NOON)
    assert of(state, NOON, rules)["1h"] is Phase.RUNNING
    state = live_answered(state, rules, live(c2=True), NOON + 10)
    assert of(state, NOON + 10, rules, "2")["1h"] is Phase.RUNNING
    assert of(state, NOON + 10, rules)["1h"] is Phase.DRAINING


def test_an_edit_of_the_filters_counts_at_once() -> None:
    state = begun(c1=True, c2=True)
    edited = Rules(discovery(exclude=("Cobranza",)))
    assert list(demands(reconfigured(state, edited, NOON + 10), edited, NOON + 10)) == []
    listed_now = Rules(discovery(), frozenset({"1"}))
    state = reconfigured(state, listed_now, NOON + 10)
    assert {one.campaign for one in demands(state, listed_now, NOON + 10)} == {"2"}
    state = reconfigured(state, RULES, NOON + 20)
    assert {one.campaign for one in demands(state, RULES, NOON + 20)} == {"1", "2"}
    assert reconfigured(state, Rules(None), NOON + 30).lives == {}


@pytest.mark.parametrize("window", [HOUR, TODAY, YESTERDAY])
def test_a_success_of_what_runs_or_is_unknown_changes_nothing(window: Window) -> None:
    state = begun(c1=True)
    assert succeed(state, window, NOON + 9000) is state
    assert succeed(state, window, NOON + 9000, campaign="9") is state
    stopped = live_answered(state, RULES, live(c1=False), NOON)
    final = succeed(stopped, window, NOON + 9000)
    assert succeed(final, window, NOON + 9000) is final
    assert settled(state, Rules(None), NOON) is state
