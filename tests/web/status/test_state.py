from dataclasses import replace

import made_up_status as made_up
import pytest

from exporter.model import Reason, TargetState
from exporter.web.status.state import CampaignSummaries, State, digest, shares_of

GOOD = made_up.good(made_up.HEALTHY)


@pytest.mark.parametrize(
    ("known", "state"),
    [
        (TargetState(), State.WAITING),
        (GOOD, State.OK),
        (made_up.empty(), State.NO_DATA),
        (made_up.good({"answer": 0}), State.OK),
        (made_up.failed(Reason.AUTH), State.FAILING),
        (made_up.failed(Reason.AUTH, GOOD), State.FAILING),
        (made_up.failed(Reason.AUTH, made_up.empty()), State.FAILING),
        (made_up.stale(Reason.CONNECT, made_up.HEALTHY), State.STALE),
        (replace(GOOD, stale=True), State.STALE),
        (made_up.good({"answer": 74, "busy": 26}), State.SPIKE),
        (made_up.good({"answer": 75, "busy": 25}), State.OK),
        (made_up.good({"answer": 10, "failed": 39}), State.SPIKE),
        (made_up.good({"answer": 7, "failed": 8}), State.SPIKE),
        (made_up.good({"answer": 10, "failed": 5}), State.OK),
        (made_up.good({"failed": 9}), State.OK),
        (made_up.good({"failed": 10}), State.SPIKE),
        (made_up.good({"answer": 88, "congestion": 12}), State.SPIKE),
    ],
)
def test_states(known: TargetState, state: State) -> None:
    assert digest(made_up.shown(made_up.target(), known)).state is state


def test_shares_come_from_the_counts_and_not_from_the_vendors_percentages() -> None:
    rows = tuple(replace(row, percent=99.0) for row in made_up.data({"answer": 1, "busy": 3}).rows)
    shares = shares_of(rows)
    assert shares["answer"] == 25
    assert shares["busy"] == 75
    assert sum(shares.values()) == pytest.approx(100)


def test_an_empty_window_has_no_shares() -> None:
    assert shares_of(made_up.data({}).rows) == {}


def test_withdrawn_data_is_not_read() -> None:
    found = digest(made_up.shown(made_up.target(), made_up.stale(Reason.CONNECT, made_up.HEALTHY)))
    assert (found.attempts, found.shares, found.data_at, found.spike) == (None, {}, None, None)


def test_the_worst_of_several_spikes_is_named() -> None:
    found = digest(made_up.shown(made_up.target(), made_up.good({"busy": 30, "failed": 45, "answer": 25})))
    assert found.spike == ("failed", 45.0)


@pytest.mark.parametrize(
    ("counts", "unsure"),
    [
        ({"answer": 10, "failed": 5}, ("failed", 100 / 3)),
        ({"failed": 9}, ("failed", 100.0)),
        ({"answer": 6, "busy": 3, "congestion": 1}, ("busy", 30.0)),
        ({"answer": 80, "busy": 20}, None),
        ({"answer": 50, "busy": 49, "congestion": 12}, None),
        ({}, None),
    ],
)
def test_a_high_share_of_few_attempts_is_no_spike_but_said(
    counts: dict[str, int], unsure: tuple[str, float] | None
) -> None:
    assert digest(made_up.shown(made_up.target(), made_up.good(counts))).unsure == unsure


def test_each_share_lies_within_its_interval() -> None:
    found = digest(made_up.shown(made_up.target(), made_up.good(made_up.HEALTHY)))
    assert found.intervals.keys() == found.shares.keys()
    for result, (low, high) in found.intervals.items():
        assert 0 <= low <= found.shares[result] <= high <= 100


def test_what_did_not_change_is_not_judged_again() -> None:
    digests = CampaignSummaries()
    status = made_up.calm()
    first = digests.of(status.targets)
    changed = replace(status.targets[0], state=made_up.failed(Reason.AUTH))
    moved = replace(status.targets[1], next_poll_at=5.0)
    second = digests.of((changed, moved, *status.targets[2:-1]))
    assert [before is after for before, after in zip(first, second, strict=False)] == [False, False] + [True] * 4
    assert second[0].state is State.FAILING
    assert second[1].status.next_poll_at == 5.0
    assert len(second) == len(first) - 1
