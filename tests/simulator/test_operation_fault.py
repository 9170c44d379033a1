"""The faults of the APIs of a whole operation, read as the exporter reads them."""

from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from raw_client import ask

from exporter.model import ApiName, CampaignsAnswer, Failure, LiveAnswer, Reason, VendorQuota
from exporter.simulator.fault import REASONS, Fault, Faults, Rule
from exporter.simulator.server import Simulator
from exporter.simulator.wire import CUTS
from exporter.wolkvox.campaigns import parse_campaigns
from exporter.wolkvox.real_time import parse_real_time
from exporter.wolkvox.token_info import parse_token_info

Answer = CampaignsAnswer | LiveAnswer | VendorQuota | Failure

APIS: dict[ApiName, tuple[str, str, Callable[[int, bytes], Answer]]] = {
    ApiName.CAMPAIGNS: ("information", "campaigns", parse_campaigns),
    ApiName.REAL_TIME: ("real_time", "campaigns", parse_real_time),
    ApiName.TOKEN_INFO: ("information", "token_info", parse_token_info),
}

UNREAD = {Fault.TOO_LARGE, Fault.TOO_LARGE_GZIP, Fault.INVALID_RESPONSE_ENCODING, *CUTS}
"""Faults that a client notices before there is anything to parse."""


async def answered(simulator: Simulator, api: ApiName, token: str = "known") -> Answer:
    path, name, parse = APIS[api]
    wire = await ask(simulator, token, path=f"/api/v2/{path}.php", api=name, campaign_id=None)
    return parse(wire.status, wire.content)


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("fault", [fault for fault in Fault if fault not in UNREAD])
async def test_each_api_has_each_fault(simulator: Simulator, fault: Fault, api: ApiName) -> None:
    simulator.set_fault(fault, api=api)
    found = await answered(simulator, api)
    reason = REASONS[fault]
    assert (found.reason if isinstance(found, Failure) else None) is reason
    for other in APIS.keys() - {api}:
        assert not isinstance(await answered(simulator, other), Failure)
    assert (await ask(simulator)).status == 200


def ids(found: Any) -> list[str]:
    return [campaign.id for campaign in found.campaigns]


@pytest.mark.parametrize("api", [ApiName.CAMPAIGNS, ApiName.REAL_TIME])
async def test_odd_rows_leave_the_campaigns_as_they_are(simulator: Simulator, api: ApiName) -> None:
    right: Any = await answered(simulator, api)
    for fault in (Fault.ODD_BARE, Fault.ODD_OBJECT, Fault.ODD_NUMBERS, Fault.ODD_TWICE, Fault.ODD_LOWER):
        simulator.set_fault(fault)
        assert await answered(simulator, api) == right, fault
    for fault in (Fault.ODD_SPELLING, Fault.ODD_PERCENT):
        simulator.set_fault(fault)
        assert [one.started for one in (await answered(simulator, api)).campaigns] == [  # type: ignore[union-attr]
            one.started for one in right.campaigns
        ]
    for fault in (Fault.ODD_FIELDS, Fault.ODD_LONG, Fault.ODD_NAMES):
        simulator.set_fault(fault)
        assert ids(await answered(simulator, api)) == ids(right), fault
    simulator.set_fault(Fault.ODD_BLANK)
    found: Any = await answered(simulator, api)
    assert (ids(found), found.skipped) == (ids(right), 4)
    simulator.set_fault(Fault.ODD_FLOOD)
    assert len(ids(await answered(simulator, api))) == len(ids(right)) + 10_000
    for fault in (Fault.ODD_EMPTY, Fault.ODD_EMPTY_LIST, Fault.ODD_EMPTY_CODE):
        simulator.set_fault(fault)
        assert ids(await answered(simulator, api)) == [], fault


@pytest.mark.parametrize("fault", [fault for fault in Fault if REASONS[fault] is None])
async def test_a_quota_is_readable_whatever_is_odd(simulator: Simulator, fault: Fault) -> None:
    simulator.set_fault(fault)
    found = await answered(simulator, ApiName.TOKEN_INFO)
    assert isinstance(found, VendorQuota)
    assert fault is Fault.ODD_FIELDS or found.used_by_token == 1.0


async def test_an_empty_list_once(simulator: Simulator) -> None:
    simulator.set_fault(Fault.ODD_EMPTY_LIST, api=ApiName.CAMPAIGNS, count=1)
    assert ids(await answered(simulator, ApiName.CAMPAIGNS)) == []
    assert ids(await answered(simulator, ApiName.CAMPAIGNS)) != []


async def test_a_refused_token_is_refused_whatever_else_is_wrong(simulator: Simulator) -> None:
    simulator.set_fault(Fault.ODD_BARE)
    found = await answered(simulator, ApiName.CAMPAIGNS, token="wrong")
    assert isinstance(found, Failure)
    assert found.reason is Reason.AUTH
    simulator.set_fault(Fault.SERVER_ERROR)
    found = await answered(simulator, ApiName.CAMPAIGNS, token="wrong")
    assert isinstance(found, Failure)
    assert found.reason is Reason.SERVER_ERROR


def test_a_fault_of_an_api_is_narrower_than_one_of_a_token() -> None:
    faults = Faults(Random(1))
    faults.switch_on(Rule(Fault.QUOTA, token="a"))
    faults.switch_on(Rule(Fault.HTTP, api=ApiName.CAMPAIGNS))
    faults.switch_on(Rule(Fault.AUTH, campaign="1"))
    drawn = [
        faults.draw("a", campaign, api)
        for campaign, api in (("", "campaigns"), ("", "token_info"), ("1", "campaign_4"))
    ]
    assert [rule.fault for rule in drawn if rule] == [Fault.HTTP, Fault.QUOTA, Fault.AUTH]
    assert faults.switch_off(api="campaigns") == 1
    assert len(faults.rules) == 2
