import asyncio
import json
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from raw_client import NOON, FixedClock, Wire, ask

from exporter.simulator.server import Simulator
from exporter.simulator.settings import SimulatorSettings
from exporter.simulator.traffic import DAY, HOUR, Shift

LIVELY = SimulatorSettings(hours=Shift.ALWAYS)


def data(wire: Wire) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(wire.content)
    return content


async def test_a_report_looks_like_the_live_one(simulator: Simulator) -> None:
    wire = await ask(simulator)
    assert wire.status == 200
    assert {name: wire.headers[name] for name in ("Server", "Content-Type", "Transfer-Encoding", "Keep-Alive")} == {
        "Server": "Apache",
        "Content-Type": "application/json; charset=utf-8",
        "Transfer-Encoding": "chunked",
        "Keep-Alive": "timeout=5, max=100",
    }
    content = data(wire)
    counts = {
        result: count for result, count in simulator.counts("32841", int(NOON) - HOUR, int(NOON)).items() if count
    }
    assert content["code"] == "200"
    assert content["error"] is None
    assert content["msg"] == f"{len(counts)} records were found"
    total = sum(counts.values())
    assert content["data"] == [
        {"result": result.upper(), "records": str(count), "percent": f"{100 * count / total:.2f} %"}
        for result, count in counts.items()
    ]


@pytest.mark.parametrize("campaign", ["33240", "99999", "no number"])
async def test_an_idle_and_an_unknown_campaign_are_answered_verbatim(simulator: Simulator, campaign: str) -> None:
    wire = await ask(simulator, campaign_id=campaign)
    assert wire.status == 404
    assert wire.content == (b'{\n    "code": "404",\n    "error": "Not Found",\n    "msg": "Validate dates entered"\n}')


@pytest.mark.parametrize(
    ("asked", "status", "error", "msg"),
    [
        ({"token": None}, 401, "UNAUTHORIZED", "PLEASE ENTER THE WOLKVOX-TOKEN"),
        ({"token": "wrong"}, 403, "FORBIDDEN", "PLEASE VALIDATE TOKEN"),
        ({"api": "campaign_9"}, 400, "BAD REQUEST", "THE API YOU WANT TO CONSULT DOES NOT EXIST"),
        ({"api": None}, 400, "BAD REQUEST", "SOME PARAMETERS ARE REQUIRED"),
        ({"campaign_id": None}, 400, "BAD REQUEST", "SOME PARAMETERS ARE REQUIRED"),
        ({"date_ini": None}, 400, "BAD REQUEST", "SOME PARAMETERS ARE REQUIRED"),
        ({"date_end": ""}, 400, "BAD REQUEST", "SOME PARAMETERS ARE REQUIRED"),
        ({"date_ini": "2026-11-23 11:00:00"}, 400, "BAD REQUEST", "THE DATE FORMAT IS NOT VALID"),
        ({"date_ini": "20261323110000"}, 400, "BAD REQUEST", "THE DATE FORMAT IS NOT VALID"),
        ({"date_end": "2026112312000"}, 400, "BAD REQUEST", "THE DATE FORMAT IS NOT VALID"),
        ({"date_ini": "20261023115959"}, 400, "BAD REQUEST", "THE DATE RANGE EXCEEDS THE LIMIT OF 31 DAYS"),
    ],
)
async def test_a_refusal_has_the_documented_words(
    simulator: Simulator, asked: dict[str, str | None], status: int, error: str, msg: str
) -> None:
    wire = await ask(simulator, **asked)  # type: ignore[arg-type]  # tokens and parameters, whichever the case has
    assert wire.status == status
    assert data(wire) == {"code": str(status), "error": error, "msg": msg}


async def test_thirty_one_days_may_be_asked_for(simulator: Simulator) -> None:
    assert (await ask(simulator, date_ini="20261023120000")).status == 200


async def test_any_token_will_do_where_none_is_set() -> None:
    async with Simulator(LIVELY) as simulator:
        assert (await ask(simulator, token="anything")).status == 200
        assert (await ask(simulator, token=None)).status == 401


async def test_a_window_that_reaches_into_the_future_ends_now(simulator: Simulator, clock: FixedClock) -> None:
    early = data(await ask(simulator, date_end="20261123130000"))
    assert early == data(await ask(simulator))
    clock.at += HOUR
    assert data(await ask(simulator, date_end="20261123130000")) != early


@pytest.mark.parametrize("end", ["20261123110000", "20261123100000"])
async def test_a_window_without_length_has_no_rows(simulator: Simulator, end: str) -> None:
    assert (await ask(simulator, date_end=end)).status == 404


async def test_late_rows_appear_on_later_polls(clock: FixedClock) -> None:
    async with Simulator(SimulatorSettings(hours=Shift.ALWAYS, lag=900), clock) as simulator:
        short = sum(int(row["records"]) for row in data(await ask(simulator))["data"])
        clock.at += 900
        assert sum(int(row["records"]) for row in data(await ask(simulator))["data"]) > short


async def test_dates_are_read_in_the_zone_and_a_repeated_hour_is_read_wide() -> None:
    clock = FixedClock(1_775_400_000)
    async with Simulator(SimulatorSettings(hours=Shift.ALWAYS, zone=ZoneInfo("America/Santiago")), clock) as simulator:
        wire = await ask(simulator, date_ini="20260404230000", date_end="20260404233000")
        first_pass = 1_775_354_400  # 23:00 of summer time; the clock goes back to it an hour later
        expected = simulator.counts("32841", first_pass, first_pass + HOUR + 1800)
        assert {row["result"].lower(): int(row["records"]) for row in data(wire)["data"]} == expected


async def test_the_quota_is_per_token_and_local_day(clock: FixedClock) -> None:
    async with Simulator(SimulatorSettings(hours=Shift.ALWAYS, quota=2), clock) as simulator:
        assert [(await ask(simulator, token="a")).status for _ in range(3)] == [200, 200, 403]
        assert data(await ask(simulator, token="a"))["msg"] == "TOKEN LIMIT EXCEEDED"
        assert (await ask(simulator, token="b")).status == 200
        clock.at = NOON + DAY / 2 - 1
        assert (await ask(simulator, token="a")).status == 403
        clock.at = NOON + DAY / 2
        assert (await ask(simulator, token="a")).status == 200


async def test_simultaneous_requests_of_a_token_are_refused() -> None:
    async with Simulator(SimulatorSettings(hours=Shift.ALWAYS, latency=0.2, jitter=0)) as simulator:
        one, other, beside = await asyncio.gather(
            ask(simulator, token="a"), ask(simulator, token="a"), ask(simulator, token="b")
        )
        assert sorted((one.status, other.status)) == [200, 403]
        refused = one if one.status == 403 else other
        assert data(refused)["msg"] == "EXCEEDS THE LIMIT OF SIMULTANEOUS REQUESTS PER TOKEN (1)"
        assert beside.status == 200
        assert (await ask(simulator, token="a")).status == 200
        assert sorted(entry.overlap for entry in simulator.log.entries) == [0, 0, 0, 1]


async def test_two_at_once_may_be_allowed() -> None:
    async with Simulator(SimulatorSettings(hours=Shift.ALWAYS, latency=0.2, jitter=0, concurrency=2)) as simulator:
        answers = await asyncio.gather(*(ask(simulator, token="a") for _ in range(3)))
        assert sorted(wire.status for wire in answers) == [200, 200, 403]


async def test_latency_strays_around_its_mean_and_is_the_same_for_the_same_seed() -> None:
    async def spans(seed: int) -> list[float]:
        async with Simulator(SimulatorSettings(latency=0.04, jitter=0.5, seed=seed)) as simulator:
            for _ in range(3):
                await ask(simulator)
            return [entry.ended_monotonic - entry.arrived_monotonic for entry in simulator.log.entries]  # type: ignore[operator]

    first = await spans(1)
    assert all(span >= 0.02 for span in first)
    assert max(first) - min(first) > 0.002


@pytest.mark.parametrize("method", ["POST", "PUT", "HEAD", "DELETE"])
async def test_other_methods_are_refused(simulator: Simulator, method: str) -> None:
    assert (await ask(simulator, method=method)).status == 405


async def test_elsewhere_is_a_page_as_web_servers_have(simulator: Simulator) -> None:
    wire = await ask(simulator, path="/api/v1/reports.php")
    assert wire.status == 404
    assert b"<h1>404 Not Found</h1>" in wire.body


async def test_the_front_tells_where_things_are(simulator: Simulator) -> None:
    assert b"/simulator/faults" in (await ask(simulator, path="/")).body
