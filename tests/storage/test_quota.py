import pytest
from sqlalchemy import Connection, select

from exporter.storage import quota
from exporter.storage.schema import migrate, usage


@pytest.fixture(autouse=True)
def migrated(connection: Connection) -> None:
    migrate(connection)


def days(connection: Connection, operation: str) -> list[str]:
    found = select(usage.c.day).where(usage.c.operation == operation).order_by(usage.c.day)
    return list(connection.execute(found).scalars())


def test_requests_are_counted_by_operation_and_day(connection: Connection) -> None:
    counts = [quota.count(connection, "acme", day) for day in ("2026-01-01", "2026-01-01", "2026-01-02")]
    assert counts == [1, 2, 1]
    assert quota.count(connection, "globex", "2026-01-01") == 1
    assert quota.used(connection, "acme", "2026-01-01") == 2
    assert quota.used(connection, "acme", "2026-01-03") == 0


def test_a_count_that_is_put_back_never_falls(connection: Connection) -> None:
    quota.restore(connection, "acme", "2026-01-01", 5)
    quota.restore(connection, "acme", "2026-01-01", 3)
    assert quota.used(connection, "acme", "2026-01-01") == 5
    quota.restore(connection, "acme", "2026-01-01", 6)
    assert quota.used(connection, "acme", "2026-01-01") == 6


def test_the_latest_days_are_kept_whatever_the_date(connection: Connection) -> None:
    quota.count(connection, "globex", "2001-01-01")
    for number in range(60):
        quota.count(connection, "acme", f"2026-{1 + number // 28:02}-{1 + number % 28:02}")
    before = days(connection, "acme")
    quota.prune(connection)
    assert days(connection, "acme") == before[-quota.KEPT_DAYS :]
    assert days(connection, "globex") == ["2001-01-01"]
