from dataclasses import replace
from datetime import datetime

from support import BOGOTA, target

from exporter.model import Hours, Span
from exporter.staleness import NO_STRETCH, Stretch, allowed_age, stale_after

OFFICE = Hours(((Span(7 * 60, 19 * 60),),) * 7, None, 3600.0)
OPENED = datetime(2026, 3, 10, 7, tzinfo=BOGOTA).timestamp()
CLOSED = OPENED + 12 * 3600.0


def test_it_follows_the_interval_only_where_it_is_not_given() -> None:
    assert stale_after(None, 300.0) == 960.0
    assert stale_after(None, 3_600.0) == 10_860.0
    assert stale_after(1_200.0, 3_600.0) == 1_200.0


def test_outside_the_hours_and_stretched_data_may_grow_older() -> None:
    always, given = replace(target(), stale_after=None), target(stale_after=500.0)
    dialled = replace(always, hours=OFFICE)
    assert allowed_age(always, 10.0, CLOSED, NO_STRETCH, 0.0) == 960.0
    assert allowed_age(dialled, 10.0, CLOSED, NO_STRETCH, 0.0) == 10_860.0
    assert allowed_age(dialled, 10.0, CLOSED - 1.0, NO_STRETCH, 0.0) == 960.0
    assert allowed_age(dialled, 10.0, CLOSED, Stretch(2.0), 0.0) == 21_660.0
    assert allowed_age(given, 10.0, CLOSED, Stretch(2.0), 0.0) == 500.0


def test_what_came_before_the_hours_began_has_as_long_as_polls_at_the_shorter_interval_take() -> None:
    dialled = replace(target(), stale_after=None, hours=OFFICE)
    old = 3_000.0 + 10.0
    assert allowed_age(dialled, old, OPENED + 10.0, NO_STRETCH, 0.0) == 3_000.0 + 960.0
    assert allowed_age(dialled, 10_800.0 + 10.0, OPENED + 10.0, NO_STRETCH, 0.0) == 10_860.0, "not longer than before"
    assert allowed_age(dialled, 5.0, OPENED + 10.0, NO_STRETCH, 0.0) == 960.0


def test_a_factor_that_falls_leaves_what_came_before_as_much_time() -> None:
    always = replace(target(), stale_after=None)
    fallen = NO_STRETCH.changed(4.0, 0.0).changed(1.0, 1_000.0)
    assert (fallen, fallen.changed(1.0, 2_000.0)) == (Stretch(1.0, 4.0, 1_000.0), fallen)
    assert allowed_age(always, 1_000.0 + 10.0, OPENED, fallen, 1_010.0) == 1_000.0 + 960.0
    assert allowed_age(always, 900.0, OPENED, fallen, 3_000.0) == 960.0
    assert NO_STRETCH.changed(4.0, 5.0) == Stretch(4.0)
