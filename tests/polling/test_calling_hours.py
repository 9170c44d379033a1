"""Targets with calling hours: how often they are asked, how old their data may grow, and what is shown of them."""

from dataclasses import replace
from datetime import datetime
from itertools import pairwise

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families
from support import BOGOTA, Exporter, Start, Vendor, VirtualClock, bad, operation, target

from exporter.metrics.build import Build
from exporter.metrics.format import Exposition
from exporter.metrics.page import Page
from exporter.model import Data, Hours, Reason, Span, Target, TimeRange
from exporter.polling.cadence import interval_at, is_final, polls_until

OFFICE = Hours(((Span(7 * 60, 19 * 60),),) * 5 + ((Span(8 * 60, 15 * 60),), ()), None, 3600.0)
NEVER = Hours(((),) * 7, None, 3600.0)


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=BOGOTA).timestamp()


def dialled(window: str = "1h", hours: Hours = OFFICE, **settings: object) -> Target:
    return replace(target(window=window, **settings), hours=hours, stale_after=None)  # type: ignore[arg-type]


CLOSED = at("2026-03-10T19:00:00")
"""A Tuesday."""


def data(start: float, end: float) -> Data:
    return Data(TimeRange(start, end, "", ""), (), no_data=False)


@pytest.mark.parametrize(
    ("window", "found", "moment", "expected"),
    [
        ("1h", None, CLOSED + 1.0, False),
        ("1h", data(CLOSED - 1.0, CLOSED + 3599.0), CLOSED + 3600.0, False),
        ("1h", data(CLOSED, CLOSED + 3600.0), CLOSED + 3600.0, True),
        ("today", data(CLOSED - 68_400.0, CLOSED + 899.0), CLOSED + 900.0, False),
        ("today", data(CLOSED - 68_400.0, CLOSED + 900.0), CLOSED + 900.0, True),
        ("today", None, CLOSED + 5 * 3600.0, True),
        ("yesterday", None, CLOSED + 1.0, True),
    ],
)
def test_a_window_is_final_once_it_has_all_that_was_dialled(
    window: str, found: Data | None, moment: float, *, expected: bool
) -> None:
    assert is_final(dialled(window), found, CLOSED, moment) is expected


def test_the_interval_inside_and_outside_the_hours() -> None:
    assert interval_at(target(), None, CLOSED) == 300.0
    assert interval_at(dialled(), None, CLOSED - 1.0) == 300.0
    assert interval_at(dialled(), None, CLOSED) == 300.0, "not final yet"
    assert interval_at(dialled(), data(CLOSED, CLOSED + 3600.0), CLOSED + 3600.0) == 3600.0
    assert interval_at(dialled(hours=NEVER), None, CLOSED) == 3600.0
    assert interval_at(dialled(interval=7200.0), data(CLOSED, CLOSED), CLOSED + 1.0) == 7200.0, "never more often"


def test_what_is_sent_until_midnight() -> None:
    midnight = at("2026-03-11T00:00:00")
    assert polls_until(target(), None, midnight - 3600.0, midnight, 0.0) == 12.0
    assert polls_until(target(), None, midnight, midnight, 0.0) == 0.0
    whole_day = polls_until(dialled(), None, midnight - 86_400.0, midnight, 0.0)
    drained = 3600.0 + 300.0
    assert whole_day == pytest.approx((12 * 3600 + drained) / 300.0 + (12 * 3600 - drained) / 3600.0)
    today = polls_until(dialled("today"), None, CLOSED, midnight, 0.0)
    assert today == pytest.approx(1200.0 / 300.0 + (5 * 3600.0 - 1200.0) / 3600.0)
    two_spans = Hours(((Span(7 * 60, 12 * 60), Span(12 * 60 + 30, 19 * 60)),) * 7, None, 3600.0)
    both = polls_until(dialled(hours=two_spans), None, midnight - 86_400.0, midnight, 0.0)
    assert both == pytest.approx(whole_day), "the first span is not drained before the second begins"


def test_yesterday_costs_what_is_left_of_two_answers() -> None:
    midnight = at("2026-03-11T00:00:00")
    morning, yesterday = midnight - 80_000.0, target(window="yesterday", interval=3600.0)
    found = data(midnight - 2 * 86_400.0, midnight - 86_400.0)
    assert polls_until(yesterday, None, morning, midnight, 0.0) == 2
    assert polls_until(yesterday, found, morning, midnight, 0.0) == 1
    assert polls_until(yesterday, replace(found, final=True), morning, midnight, 0.0) == 0
    before = data(midnight - 3 * 86_400.0, midnight - 2 * 86_400.0)
    assert polls_until(yesterday, replace(before, final=True), morning, midnight, 0.0) == 2, "of another day"


def gaps(vendor: Vendor, since: float, until: float) -> list[float]:
    moments = [sent.at for sent in vendor.log if since <= sent.at <= until]
    return [after - before for before, after in pairwise(moments)]


@pytest.mark.unmeasured
async def test_after_closing_it_is_asked_until_final_then_rarely_and_at_once_when_the_hours_begin() -> None:
    clock = VirtualClock(CLOSED - 1800.0)
    vendor = Vendor(clock)
    process = await Exporter(clock, vendor).start(operation(dialled()))
    await clock.run(1800.0 + 12 * 3600.0 + 1800.0)
    assert gaps(vendor, 0.0, 1800.0 + 3600.0) == pytest.approx([300.1] * 17, abs=0.01)
    final = next(sent.at for sent in vendor.log if sent.bounds.start >= CLOSED)
    assert final <= 1800.0 + 3600.0 + 300.2
    opened = 1800.0 + 12 * 3600.0
    assert gaps(vendor, final, opened) == pytest.approx([3600.1] * 10, abs=0.01)
    first = next(sent.at for sent in vendor.log if sent.at >= opened)
    assert first <= opened + 5.1, "not up to an hour late"
    assert gaps(vendor, first, opened + 1800.0) == pytest.approx([300.1] * 5, abs=0.01)
    await process.kill()


async def test_a_restart_outside_the_hours_asks_no_earlier(start: Start, vendor: Vendor, clock: VirtualClock) -> None:
    clock.shift(CLOSED + 5 * 3600.0 - clock.now())
    first = await start(operation(dialled()))
    await clock.run(600.0)
    assert len(vendor.log) == 1, "the window begins after the closing: it is final"
    await first.stop()
    await start(operation(dialled()))
    await clock.run(2400.0)
    assert len(vendor.log) == 1
    await clock.run(700.0)
    assert len(vendor.log) == 2


async def test_data_may_grow_older_outside_the_hours_and_does_not_leave_the_moment_they_begin() -> None:
    clock = VirtualClock(CLOSED + 2 * 3600.0)
    vendor = Vendor(clock)
    process = await Exporter(clock, vendor).start(operation(dialled()))
    await clock.run(10.0)
    vendor.outcome = bad(Reason.SERVER_ERROR)
    await clock.run(3 * 3600.0 + 40.0)
    assert not process.shown().stale
    await clock.run(20.0)
    assert process.shown().stale
    await process.kill()
    late = VirtualClock(CLOSED + 12 * 3600.0 - 1800.0)
    vendor = Vendor(late)
    process = await Exporter(late, vendor).start(operation(dialled()))
    await late.run(10.0)
    vendor.outcome = bad(Reason.SERVER_ERROR)
    await late.run(1790.0 + 900.0)
    assert not process.shown().stale
    await late.run(120.0)
    assert process.shown().stale
    await process.kill()


async def test_the_page_tells_the_interval_and_the_hours_and_when_they_changed() -> None:
    clock = VirtualClock(CLOSED - 60.0)
    page = Page(Build("1", "2", "3"), CollectorRegistry(), dict, clock.now)
    exporter = Exporter(clock, Vendor(clock))
    exporter.store._listener = page
    exporter.published = page  # type: ignore[assignment]
    always = replace(target("2", window="30m"), hours=Hours(((Span(0, 1440),),) * 7, None, 3600.0))
    await exporter.start(operation(dialled(), always, target("3")))

    def shown(name: str) -> dict[str, float]:
        exporter.store.expire()
        families = text_string_to_metric_families(page.render(Exposition.TEXT).decode())
        return {s.labels["campaign"]: s.value for family in families for s in family.samples if s.name == name}

    assert shown("wolkvox_calling_hours_open") == {"32841": 1.0, "2": 1.0}
    opened = at("2026-03-10T07:00:00")
    assert shown("wolkvox_calling_hours_change_timestamp_seconds") == {"32841": opened}
    assert shown("wolkvox_poll_interval_seconds") == {"32841": 300.0, "2": 300.0, "3": 300.0}
    await clock.run(60.0)
    assert shown("wolkvox_calling_hours_open") == {"32841": 0.0, "2": 1.0}
    assert shown("wolkvox_calling_hours_change_timestamp_seconds") == {"32841": CLOSED}
    assert shown("wolkvox_poll_interval_seconds") == {"32841": 3600.0, "2": 300.0, "3": 300.0}
    await clock.run(10.0)
    assert shown("wolkvox_campaign_empty_unconfirmed") == {"32841": 0.0, "2": 0.0, "3": 0.0}
    await exporter.kill()
