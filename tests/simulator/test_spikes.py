from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.simulator.campaigns import COLLECTION, RENEWALS
from exporter.simulator.spikes import SpikeKind, Spikes, usual_rate
from exporter.simulator.traffic import Shift, SimulatedCampaign, Traffic

TRAFFIC = Traffic(1, ZoneInfo("America/Bogota"), Shift.ALWAYS)
NOW = 1_795_453_200

moments = st.integers(NOW - 4000, NOW + 4000)
switches = st.lists(st.tuples(st.sampled_from(SpikeKind), moments, st.integers(0, 2000)), max_size=5)


def counts(spikes: Spikes, start: int, end: int, campaign: SimulatedCampaign = COLLECTION) -> dict[str, int]:
    return spikes.counts(TRAFFIC.counts, campaign, start, end)


@settings(deadline=None)  # the first days of a campaign take longer than the next
@given(switches, st.lists(moments, min_size=3, max_size=3).map(sorted))
def test_adjoining_windows_add_up_whatever_is_switched(
    switched: list[tuple[SpikeKind, int, int]], cuts: list[int]
) -> None:
    spikes = Spikes()
    for kind, at, length in sorted(switched, key=lambda one: one[1]):
        spikes.switch_on(COLLECTION.id, kind, at, 3.7)
        if length:
            spikes.switch_off(at + length, COLLECTION.id, kind)
    a, b, c = cuts
    left, right, whole = counts(spikes, a, b), counts(spikes, b, c), counts(spikes, a, c)
    added = {result: left.get(result, 0) + right.get(result, 0) for result in left | right}
    assert {k: v for k, v in added.items() if v} == {k: v for k, v in whole.items() if v}
    assert all(count >= 0 for count in added.values())


@pytest.mark.parametrize(("kind", "result"), [(SpikeKind.BUSY, "busy"), (SpikeKind.FAILED, "failed")])
def test_a_spike_adds_to_its_result_while_it_lasts(kind: SpikeKind, result: str) -> None:
    spikes = Spikes()
    spikes.switch_on(COLLECTION.id, kind, NOW, 5)
    usual = TRAFFIC.counts(COLLECTION, NOW - 600, NOW + 601)
    assert counts(spikes, NOW - 600, NOW + 601) == usual | {result: usual[result] + 3000}
    spikes.switch_off(NOW + 60)
    assert counts(spikes, NOW - 600, NOW + 601) == usual | {result: usual[result] + 300}


def test_a_spike_leaves_the_past_and_other_campaigns_alone() -> None:
    spikes = Spikes()
    spikes.switch_on(COLLECTION.id, SpikeKind.BUSY, NOW, 5)
    assert counts(spikes, NOW - 600, NOW) == TRAFFIC.counts(COLLECTION, NOW - 600, NOW)
    assert counts(spikes, NOW, NOW + 600, RENEWALS) == TRAFFIC.counts(RENEWALS, NOW, NOW + 600)


def test_a_stop_takes_all_attempts_and_ends() -> None:
    spikes = Spikes()
    spikes.switch_on(COLLECTION.id, SpikeKind.STOP, NOW, 5)
    spikes.switch_on(COLLECTION.id, SpikeKind.BUSY, NOW, 5)
    assert not any(counts(spikes, NOW + 1, NOW + 600).values())
    assert spikes.switch_off(NOW + 600, COLLECTION.id) == 2
    assert counts(spikes, NOW + 601, NOW + 900) == TRAFFIC.counts(COLLECTION, NOW + 601, NOW + 900)


def test_a_spike_that_is_switched_on_again_has_the_new_rate() -> None:
    spikes = Spikes()
    spikes.switch_on(COLLECTION.id, SpikeKind.BUSY, NOW, 5)
    spikes.switch_on(COLLECTION.id, SpikeKind.BUSY, NOW + 100, 1)
    usual = TRAFFIC.counts(COLLECTION, NOW + 1, NOW + 201)
    assert counts(spikes, NOW + 1, NOW + 201)["busy"] == usual["busy"] + 500 + 100
    assert [spike.end for spike in spikes.all] == [NOW + 101, None]


def test_switching_off_asks_for_campaign_and_kind() -> None:
    spikes = Spikes()
    spikes.switch_on(COLLECTION.id, SpikeKind.BUSY, NOW, 5)
    assert spikes.switch_off(NOW, RENEWALS.id) == 0
    assert spikes.switch_off(NOW, COLLECTION.id, SpikeKind.FAILED) == 0
    assert spikes.switch_off(NOW, COLLECTION.id, SpikeKind.BUSY) == 1
    assert spikes.switch_off(NOW) == 0


def test_the_usual_spike_is_ten_times_the_peak_and_at_least_two_a_second() -> None:
    assert usual_rate(COLLECTION) == pytest.approx(10 * 1400 / 3600)
    assert usual_rate(SimulatedCampaign("1", "small", 10, (("busy", 1.0),))) == 2
