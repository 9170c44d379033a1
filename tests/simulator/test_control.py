from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from raw_client import NOON, FixedClock, ask

from exporter.simulator.error import SimulatorError
from exporter.simulator.fault import Fault
from exporter.simulator.server import Simulator
from exporter.simulator.spikes import SpikeKind


@pytest.fixture
async def session(simulator: Simulator) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(f"{simulator.base_url}/simulator/") as session:
        yield session


async def put(session: aiohttp.ClientSession, path: str, content: Any) -> tuple[int, str]:
    async with session.put(path, json=content) as response:
        return response.status, await response.text()


async def get(session: aiohttp.ClientSession, path: str) -> Any:
    async with session.get(path) as response:
        assert response.status == 200
        return await response.json()


async def delete(session: aiohttp.ClientSession, path: str, **query: str) -> tuple[int, str]:
    async with session.delete(path, params=query) as response:
        return response.status, await response.text()


async def test_a_fault_is_switched_on_and_off_while_it_runs(
    simulator: Simulator, session: aiohttp.ClientSession
) -> None:
    assert (await put(session, "faults", {"fault": "quota", "token": "known", "campaign": "32841"}))[0] == 200
    assert (await ask(simulator)).status == 403
    assert (await ask(simulator, token="other")).status == 200
    assert (await ask(simulator, campaign_id="32842")).status == 200
    (rule,) = (await get(session, "faults"))["on"]
    assert rule["fault"] == "quota"
    assert rule["token"] != "known"
    assert await delete(session, "faults", token="known") == (200, '{"off": 1}')
    assert (await ask(simulator)).status == 200


async def test_a_fault_may_strike_a_number_of_times(simulator: Simulator, session: aiohttp.ClientSession) -> None:
    await put(session, "faults", {"fault": "server_error", "count": 1})
    assert [(await ask(simulator)).status for _ in range(2)] == [500, 200]


async def test_all_faults_are_listed_with_what_they_do(session: aiohttp.ClientSession) -> None:
    known = (await get(session, "faults"))["known"]
    assert [one["fault"] for one in known if one["reason"] == "timeout"] == ["timeout", "timeout_trickle"]
    assert {one["fault"] for one in known} == set(Fault)


async def test_a_spike_is_switched_on_and_off_while_it_runs(
    simulator: Simulator, session: aiohttp.ClientSession, clock: FixedClock
) -> None:
    usual = simulator.counts("32841", int(NOON) - 600, int(NOON))
    assert (await put(session, "spikes", {"campaign": "32841", "spike": "busy_spike", "rate": 10}))[0] == 200
    assert simulator.counts("32841", int(NOON) - 600, int(NOON)) == usual
    clock.at += 101
    assert simulator.counts("32841", int(NOON), int(clock.at))["busy"] >= 1000
    assert await delete(session, "spikes", campaign="32841", spike="busy_spike") == (200, '{"off": 1}')
    (spike,) = await get(session, "spikes")
    assert (spike["kind"], spike["start"], spike["end"]) == ("busy_spike", NOON + 1, NOON + 102)
    clock.at += 1000
    assert simulator.counts("32841", int(NOON) + 102, int(clock.at))["busy"] < 500


async def test_the_log_is_read_whole_and_from_where_one_left_off(
    simulator: Simulator, session: aiohttp.ClientSession
) -> None:
    for _ in range(3):
        await ask(simulator)
    log = await get(session, "log")
    assert log["total"] == 3
    assert [entry["number"] for entry in log["entries"]] == [1, 2, 3]
    assert log["entries"][0]["outcome"] == "answered"
    assert [entry["number"] for entry in (await get(session, "log?since=2"))["entries"]] == [3]


async def test_campaigns_are_listed(session: aiohttp.ClientSession) -> None:
    assert [one["name"] for one in await get(session, "campaigns")][:2] == ["Cobranza", "Cobranza cartera castigada"]


@pytest.mark.parametrize(
    ("path", "content", "said"),
    [
        ("faults", {"fault": "nonsense"}, "fault: Input should be 'auth'"),
        ("faults", {"fault": "auth", "cuont": 1}, "cuont: Extra inputs are not permitted"),
        ("faults", {"fault": "auth", "count": 0}, "count: Input should be greater than or equal to 1"),
        ("faults", [], "body: "),
        ("spikes", {"campaign": "1", "spike": "stop"}, "campaign 1: not known here"),
        ("spikes", {"campaign": "32841"}, "spike: Field required"),
    ],
)
async def test_a_mistake_is_told(session: aiohttp.ClientSession, path: str, content: Any, said: str) -> None:
    status, text = await put(session, path, content)
    assert status == 400
    assert said in text


async def test_a_mistaken_query_is_told(session: aiohttp.ClientSession) -> None:
    status, text = await delete(session, "spikes", spike="nonsense")
    assert (status, text) == (400, "spike: nonsense is unknown; there is busy_spike, failed_spike, stop\n")
    async with session.get("log?since=x") as response:
        assert response.status == 400


async def test_the_same_from_python(simulator: Simulator, clock: FixedClock) -> None:
    simulator.set_spike("32841", SpikeKind.STOP)
    clock.at += 61
    assert not any(simulator.counts("32841", int(NOON) + 1, int(clock.at)).values())
    simulator.clear_spikes()
    simulator.set_spike("32841", SpikeKind.FAILED, rate=4)
    simulator.set_fault(Fault.AUTH, token="known")
    assert (await ask(simulator, token="other")).status == 200
    assert (await ask(simulator)).status == 403
    simulator.clear_faults(token="known")
    assert (await ask(simulator)).status == 200
    with pytest.raises(SimulatorError, match="campaign 1: not known"):
        simulator.set_spike("1", SpikeKind.STOP)
    assert simulator.counts("1", 0, 60) == {}
