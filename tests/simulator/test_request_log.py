import asyncio
import json
from pathlib import Path

import pytest
from raw_client import FixedClock, ask

from exporter.simulator.error import SimulatorError
from exporter.simulator.fault import Fault
from exporter.simulator.request_log import RequestLog, RequestOutcome, fingerprint
from exporter.simulator.server import Simulator
from exporter.simulator.settings import SimulatorSettings


async def test_a_request_is_on_record_from_arrival_to_end(simulator: Simulator, clock: FixedClock) -> None:
    await ask(simulator)
    (entry,) = simulator.log.entries
    assert (entry.number, entry.arrived, entry.arrived_monotonic) == (1, clock.at, 0)
    assert (entry.campaign, entry.date_ini, entry.date_end) == ("32841", "20261123110000", "20261123120000")
    assert (entry.status, entry.fault, entry.outcome, entry.overlap) == (200, None, RequestOutcome.ANSWERED, 0)
    assert (entry.ended, entry.ended_monotonic) == (clock.at, 0)


async def test_no_token_is_on_record(clock: FixedClock, tmp_path: Path) -> None:
    async with Simulator(SimulatorSettings(log_file=tmp_path / "log"), clock) as simulator:
        await ask(simulator, token="marked-secret")
        await ask(simulator, token=None)
        assert [entry.token for entry in simulator.log.entries] == [fingerprint("marked-secret"), ""]
    assert "marked-secret" not in (tmp_path / "log").read_text()
    assert "marked-secret" not in repr(SimulatorSettings(tokens=("marked-secret",)))


async def test_the_file_has_a_line_for_each_request_and_is_continued(clock: FixedClock, tmp_path: Path) -> None:
    settings = SimulatorSettings(log_file=tmp_path / "log.jsonl")
    for _ in range(2):
        async with Simulator(settings, clock) as simulator:
            simulator.set_fault(Fault.QUOTA, count=1)
            await ask(simulator)
            await ask(simulator)
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [(line["number"], line["status"], line["fault"], line["outcome"]) for line in lines] == [
        (1, 403, "quota", "answered"),
        (2, 200, None, "answered"),
    ] * 2


async def test_a_file_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    simulator = Simulator(SimulatorSettings(log_file=tmp_path / "missing" / "log"))
    with pytest.raises(SimulatorError, match=r"^\S+/missing/log: cannot write the log of requests") as raised:
        await simulator.start()
    assert "\n" not in str(raised.value)


def test_memory_keeps_the_latest_and_the_total(clock: FixedClock) -> None:
    request_log = RequestLog(clock, size=2, file=None)
    entries = [request_log.arrive("t", str(number), "", "") for number in range(4)]
    assert [entry.overlap for entry in entries] == [0, 1, 2, 3]
    for entry in entries:
        request_log.end(entry, RequestOutcome.ANSWERED, 200, None)
    assert [entry.campaign for entry in request_log.entries] == ["2", "3"]
    assert all(entry.outcome is RequestOutcome.ANSWERED for entry in request_log.entries)
    assert request_log.total == 4
    assert request_log.arrive("t", "4", "", "").overlap == 0


async def test_stopping_drops_what_is_under_way_and_records_it(clock: FixedClock, tmp_path: Path) -> None:
    async with Simulator(SimulatorSettings(log_file=tmp_path / "log"), clock) as simulator:
        simulator.set_fault(Fault.TIMEOUT)
        await ask(simulator, patience=0.1)
    assert [json.loads(line)["outcome"] for line in (tmp_path / "log").read_text().splitlines()] == ["gone"]


async def test_what_was_received_is_not_dated_by_when_it_was_noted(clock: FixedClock) -> None:
    """Between the two lie some turns of the event loop, and on a busy machine each takes its time."""

    async def be_busy() -> None:
        while True:
            clock.at += 0.01
            await asyncio.sleep(0)

    async with Simulator(clock=clock) as simulator:
        busy = asyncio.create_task(be_busy())
        await ask(simulator)
        busy.cancel()
        (entry,) = simulator.log.entries
    assert entry.arrived_monotonic - entry.received_monotonic >= 0.03
