from random import Random

import pytest

from exporter.model import Reason
from exporter.simulator.fault import DESCRIPTIONS, REASONS, Fault, Faults, Rule

ASKED = {
    Reason.AUTH,
    Reason.QUOTA,
    Reason.CONCURRENCY,
    Reason.FORBIDDEN,
    Reason.BAD_REQUEST,
    Reason.NOT_FOUND,
    Reason.REDIRECT,
    Reason.SERVER_ERROR,
    Reason.HTTP,
    Reason.CONNECT,
    Reason.TIMEOUT,
    Reason.TOO_LARGE,
    Reason.INVALID_RESPONSE,
}
"""The reasons that need an answer, or the lack of one."""


def test_every_fault_is_described_in_one_sentence() -> None:
    assert set(DESCRIPTIONS) == set(Fault)
    assert all(text.endswith(".") and "\n" not in text for text in DESCRIPTIONS.values())


def test_every_reason_that_an_api_can_cause_has_a_fault_of_its_name() -> None:
    assert {reason for reason in REASONS.values() if reason is not None} == ASKED
    assert all(REASONS[Fault(reason)] is reason for reason in ASKED)


def test_faults_without_a_reason_are_called_odd() -> None:
    assert {fault for fault, reason in REASONS.items() if reason is None} == {
        fault for fault in Fault if fault.startswith("odd_")
    }


def test_the_narrowest_fault_strikes() -> None:
    faults = Faults(Random(1))
    faults.switch_on(Rule(Fault.AUTH))
    faults.switch_on(Rule(Fault.QUOTA, token="a"))
    faults.switch_on(Rule(Fault.HTTP, campaign="1"))
    faults.switch_on(Rule(Fault.TIMEOUT, token="a", campaign="1"))
    struck = {scope: rule.fault for scope in ("a1", "a2", "b1", "b2") if (rule := faults.draw(*scope))}
    assert struck == {"a1": Fault.TIMEOUT, "a2": Fault.QUOTA, "b1": Fault.HTTP, "b2": Fault.AUTH}


def test_a_fault_replaces_another_of_its_scope() -> None:
    faults = Faults(Random(1))
    faults.switch_on(Rule(Fault.AUTH, campaign="1"))
    faults.switch_on(Rule(Fault.QUOTA, campaign="1"))
    assert faults.rules == (Rule(Fault.QUOTA, campaign="1"),)


def test_a_counted_fault_strikes_so_often() -> None:
    faults = Faults(Random(1))
    faults.switch_on(Rule(Fault.AUTH, count=2))
    assert [faults.draw("a", "1") is None for _ in range(4)] == [False, False, True, True]
    assert faults.rules == ()


def test_chance_decides_the_same_way_for_the_same_seed() -> None:
    def strikes(seed: int) -> list[bool]:
        faults = Faults(Random(seed))
        faults.switch_on(Rule(Fault.AUTH, chance=0.25))
        return [faults.draw("a", "1") is not None for _ in range(400)]

    assert strikes(1) == strikes(1) != strikes(2)
    assert 60 < sum(strikes(1)) < 140


@pytest.mark.parametrize(
    ("token", "campaign", "left"),
    [("", "", 0), ("a", "", 2), ("", "1", 2), ("a", "1", 3), ("b", "", 4)],
)
def test_faults_are_switched_off_by_scope(token: str, campaign: str, left: int) -> None:
    faults = Faults(Random(1))
    for rule in (Rule(Fault.AUTH), Rule(Fault.AUTH, "a"), Rule(Fault.AUTH, "", "1"), Rule(Fault.AUTH, "a", "1")):
        faults.switch_on(rule)
    assert faults.switch_off(token, campaign) == 4 - left
    assert len(faults.rules) == left
