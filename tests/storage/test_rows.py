from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection, select, text
from support import VirtualClock, bad, operation, target

from exporter.clock import Stamp, stamp
from exporter.model import NOTHING_KNOWN, Data, Operation, Reason, TargetKey, TargetState, TimeRange
from exporter.storage import rows
from exporter.storage.rows import Owners
from exporter.storage.schema import migrate, targets, tokens

DAY = 86400.0
KEY = TargetKey("acme", "32841", "1h")
BOTH = Owners(frozenset({"acme", "globex"}), frozenset({"t", "u"}))


@pytest.fixture(autouse=True)
def migrated(connection: Connection) -> None:
    migrate(connection)


@pytest.fixture
def known(clock: VirtualClock) -> TargetState:
    """A success and, later, a failure."""
    now = stamp(clock)
    data = Data(TimeRange(0.0, 1.0, "19691231190000", "19691231190001"), (), no_data=True)
    later = replace(now, wall=now.wall + 300, monotonic=now.monotonic + 300)
    return TargetState(data=data, asked=now, succeeded=now, polled=later, failure=bad(Reason.AUTH))


def put(connection: Connection, known: TargetState, of: Operation, token: str = "t") -> None:
    connection.execute(tokens.delete().where(tokens.c.token == token))
    connection.execute(tokens.insert().values(token=token, beat=Stamp(0.0, "", 0.0), version=3))
    for one in of.targets:
        rows.write(connection, token, of.base_url, one, known)


def read(
    connection: Connection, operation: Operation, token: str = "t", owners: Owners | None = None
) -> dict[TargetKey, TargetState]:
    owners = owners or Owners(frozenset({operation.name}), frozenset({token}))
    return rows.match(operation, token, connection.execute(select(targets)).mappings().all(), owners)


def test_what_is_written_is_read_again(connection: Connection, known: TargetState) -> None:
    put(connection, known, operation())
    assert read(connection, operation()) == {KEY: known}
    put(connection, NOTHING_KNOWN, operation())
    assert read(connection, operation()) == {KEY: NOTHING_KNOWN}


def test_what_was_never_stored_is_not_known(connection: Connection, known: TargetState) -> None:
    put(connection, known, operation())
    assert read(connection, operation(target("another"))) == {}
    assert read(connection, operation(target(window="30m"))) == {}


def test_a_window_is_its_length_however_it_is_written(connection: Connection, known: TargetState) -> None:
    put(connection, known, operation())
    assert read(connection, operation(target(window="60m"))) == {TargetKey("acme", "32841", "60m"): known}


def test_under_another_name_of_the_operation_it_is_the_same(connection: Connection, known: TargetState) -> None:
    put(connection, known, operation())
    renamed = operation(target(operation="renamed"), name="renamed")
    assert read(connection, renamed) == {TargetKey("renamed", "32841", "1h"): known}


def test_of_two_names_the_present_ones_report_and_the_latest_request_count(
    connection: Connection, known: TargetState, clock: VirtualClock
) -> None:
    put(connection, known, operation())
    assert known.asked is not None
    later = replace(known.asked, wall=known.asked.wall - 3600.0, monotonic=known.asked.monotonic + 60.0)
    other = operation(target(operation="renamed"), name="renamed")
    put(connection, replace(NOTHING_KNOWN, asked=later), other)
    assert read(connection, operation())[KEY] == replace(known, asked=later)


def test_of_another_server_only_the_request_is_true(connection: Connection, known: TargetState) -> None:
    put(connection, known, operation())
    moved = operation(base_url="http://elsewhere")
    assert read(connection, moved) == {KEY: replace(NOTHING_KNOWN, asked=known.asked)}


def globex() -> Operation:
    return operation(target(operation="globex"), name="globex")


def test_another_token_of_the_operation_inherits_unless_the_old_one_is_another_operations_now(
    connection: Connection, known: TargetState
) -> None:
    put(connection, known, operation())
    assert read(connection, operation(), "new") == {KEY: known}
    assert read(connection, operation(), "u", BOTH) == {KEY: replace(NOTHING_KNOWN, asked=known.asked)}


def test_another_name_of_the_operation_inherits_unless_the_old_one_is_another_operations_now(
    connection: Connection, known: TargetState
) -> None:
    put(connection, known, operation())
    theirs = TargetKey("globex", "32841", "1h")
    assert read(connection, globex()) == {theirs: known}
    assert read(connection, globex(), "t", BOTH) == {theirs: replace(NOTHING_KNOWN, asked=known.asked)}


def test_rows_of_swapped_operations_stay_apart_and_are_there_again_when_they_are_swapped_back(
    connection: Connection, known: TargetState
) -> None:
    failing = replace(known, failure=bad(Reason.QUOTA))
    put(connection, known, operation())
    put(connection, failing, globex(), "u")
    for token, name in (("u", operation()), ("t", globex())):
        assert list(read(connection, name, token, BOTH).values()) == [replace(NOTHING_KNOWN, asked=known.asked)]
        put(connection, NOTHING_KNOWN, name, token)
    assert read(connection, operation(), "t", BOTH) == {KEY: known}
    assert list(read(connection, globex(), "u", BOTH).values()) == [failing]


def test_what_was_seen_in_one_window_is_known_in_all_of_the_campaign(
    connection: Connection, known: TargetState
) -> None:
    for window, seen in (("1h", ("fax", "mailbox")), ("today", ("fax", "tcpa"))):
        put(connection, replace(known, seen=seen), operation(target(window=window)))
    found = read(connection, operation(target(window="1h"), target(window="30m"), target("another")))
    assert {key.window: one.seen for key, one in found.items()} == dict.fromkeys(
        ("1h", "30m"), ("fax", "mailbox", "tcpa")
    )
    assert found[TargetKey("acme", "32841", "30m")].data is None


@pytest.mark.parametrize("edited", [target(delay=60.0), target(zone=ZoneInfo("UTC"))], ids=["delay", "zone"])
def test_of_another_reading_all_but_the_data_is_true(
    connection: Connection, known: TargetState, edited: object
) -> None:
    put(connection, known, operation())
    found = read(connection, operation(edited))[KEY]  # type: ignore[arg-type]
    assert found == replace(known, data=None)


def test_a_delay_does_not_change_how_today_is_read(connection: Connection, known: TargetState) -> None:
    put(connection, known, operation(target(window="today")))
    assert read(connection, operation(target(window="today", delay=60.0))) == {
        TargetKey("acme", "32841", "today"): known
    }


@pytest.mark.parametrize("stored", [None, "of another version"])
def test_a_snapshot_that_cannot_be_read_is_as_good_as_none(
    connection: Connection, known: TargetState, stored: str | None
) -> None:
    put(connection, known, operation())
    connection.execute(targets.update().values(snapshot=stored))
    assert read(connection, operation()) == {KEY: replace(NOTHING_KNOWN, asked=known.asked)}


def test_what_is_written_bears_the_version_of_its_token(connection: Connection, known: TargetState) -> None:
    put(connection, known, operation())
    assert connection.execute(select(targets.c.version)).scalars().all() == [3]


def test_campaigns_of_long_ago_are_forgotten(connection: Connection, known: TargetState, clock: VirtualClock) -> None:
    put(connection, known, operation(target("old"), target("never asked"), target("never polled"), target("gone")))
    connection.execute(text("update targets set asked = null where campaign <> 'old'"))
    connection.execute(text("update targets set polled = null where campaign in ('never polled', 'gone')"))
    clock.true += 30 * DAY
    put(connection, replace(known, asked=stamp(clock)), operation(target("new")))
    rows.prune(connection, clock, lambda name: name[0] == "never polled")
    left = set(connection.execute(select(targets.c.campaign)).scalars())
    assert left == {"old", "never asked", "never polled", "new"}, "gone was never polled, and nobody needs it"
    clock.true += (rows.KEPT_DAYS - 30) * DAY + 301.0
    rows.prune(connection, clock, lambda name: name[0] == "never polled")
    assert set(connection.execute(select(targets.c.campaign)).scalars()) == {"new", "never polled"}


def test_a_wrong_wall_clock_forgets_nothing_within_a_boot(
    connection: Connection, known: TargetState, clock: VirtualClock
) -> None:
    put(connection, known, operation())
    clock.shift(400 * DAY)
    rows.prune(connection, clock)
    assert read(connection, operation()) == {KEY: known}
    clock.reboot()
    rows.prune(connection, clock)
    assert read(connection, operation()) == {}
