"""A result that was seen in one window of a campaign is published in all of them."""

import pytest
from support import Exporter, Start, Vendor, VirtualClock, good, operation, target

from exporter.model import RESULTS, Operation, Report, Row
from exporter.wolkvox.results import OTHER, PUBLISHED

BOTH = operation(target(window="1h"), target(window="today", interval=1200.0), target("another"))


def results(process: Exporter, window: str = "1h", campaign: str = "32841") -> list[str]:
    data = process.shown(campaign, window).data
    return [] if data is None else [row.result for row in data.rows]


async def first_in_today(start: Start, clock: VirtualClock, vendor: Vendor, report: Report) -> Exporter:
    """A process whose 1h was asked before `today` brought something new."""
    vendor.next.extend([good(), report])
    process = await start(BOTH)
    await clock.run(60.0)
    return process


async def test_it_is_0_in_the_other_windows_from_their_next_success_on(
    start: Start, clock: VirtualClock, vendor: Vendor
) -> None:
    process = await first_in_today(start, clock, vendor, good(3, "answer-machine"))
    assert results(process, "today") == [*RESULTS, "answer-machine"]
    assert results(process) == list(RESULTS), "nothing is made up before it is asked"
    await clock.run(300.0)
    assert results(process) == [*RESULTS, "answer-machine"]
    data = process.shown().data
    assert data is not None
    assert data.rows[-1] == Row("answer-machine", 0, 0.0)
    assert results(process, campaign="another") == list(RESULTS), "of another campaign"


@pytest.mark.parametrize("edited", [BOTH, operation(target(window="1h"))], ids=["same", "the window that saw it gone"])
@pytest.mark.parametrize("way", ["stop", "kill", "reload"])
async def test_also_after_a_restart_and_a_reload(
    start: Start, clock: VirtualClock, vendor: Vendor, edited: Operation, way: str
) -> None:
    process = await first_in_today(start, clock, vendor, good(3, "answer-machine"))
    if way == "reload":
        await process.apply_config(edited)
    else:
        await (process.stop() if way == "stop" else process.kill())
        process = await start(edited)
    assert results(process) == list(RESULTS)
    await clock.run(300.0)
    assert results(process) == [*RESULTS, "answer-machine"]


async def test_a_window_that_is_new_knows_it(start: Start, clock: VirtualClock, vendor: Vendor) -> None:
    vendor.outcome = good(3, "answer-machine")
    process = await start(operation(target(window="today")))
    await clock.run(60.0)
    vendor.outcome = good()
    await process.apply_config(operation(target(window="today"), target(window="30m")))
    await clock.run(60.0)
    assert results(process, "30m") == [*RESULTS, "answer-machine"]


async def test_another_server_has_other_results(start: Start, clock: VirtualClock, vendor: Vendor) -> None:
    vendor.outcome = good(3, "answer-machine")
    process = await start(operation())
    await clock.run(60.0)
    vendor.outcome = good()
    await process.apply_config(operation(base_url="http://elsewhere"))
    await clock.run(400.0)
    assert results(process) == list(RESULTS)


async def test_no_window_publishes_more_than_32_and_all_the_same(
    start: Start, clock: VirtualClock, vendor: Vendor
) -> None:
    many = [Row(f"result-{number:02}", 1, 2.0) for number in range(50)]
    process = await first_in_today(start, clock, vendor, Report(tuple(many)))
    vendor.outcome = Report(tuple(reversed(many)))
    await clock.run(300.0)
    assert results(process) == results(process, "today")
    assert len(results(process)) == PUBLISHED
    assert results(process)[-1] == OTHER
    data = process.shown().data
    assert data is not None
    assert sum(row.attempts for row in data.rows) == 50
    await process.kill()
    process = await start(BOTH)
    await clock.run(400.0)
    assert results(process) == results(process, "today")
