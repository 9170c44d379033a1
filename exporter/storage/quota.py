"""How many requests each operation sent on each of its days: the table `usage`."""

from sqlalchemy import Connection, and_, bindparam, select

from exporter.storage.schema import usage

KEPT_DAYS = 41
"""Days with requests that are kept of each operation. Counted, not dated: the wall clock may be wrong for a while."""


_COUNT = (
    usage.update()
    .where(usage.c.operation == bindparam("the_operation"), usage.c.day == bindparam("the_day"))
    .values(requests=usage.c.requests + 1)
    .returning(usage.c.requests)
)


def count(connection: Connection, operation: str, day: str) -> int:
    """Count one more request of the operation on that day; how many there are with it."""
    counted = connection.execute(_COUNT, {"the_operation": operation, "the_day": day}).scalar()
    if counted is None:
        connection.execute(usage.insert().values(operation=operation, day=day, requests=1))
        return 1
    return int(counted)


def used(connection: Connection, operation: str, day: str) -> int:
    """Requests of the operation on that day."""
    found = select(usage.c.requests).where(usage.c.operation == operation, usage.c.day == day)
    return connection.execute(found).scalar() or 0


def restore(connection: Connection, operation: str, day: str, requests: int) -> None:
    """Let the day's count be no lower than `requests`."""
    place = and_(usage.c.operation == operation, usage.c.day == day)
    stored = connection.execute(select(usage.c.requests).where(place)).scalar()
    if stored is None:
        connection.execute(usage.insert().values(operation=operation, day=day, requests=requests))
    elif stored < requests:
        connection.execute(usage.update().where(place).values(requests=requests))


def prune(connection: Connection) -> None:
    """Forget days that nothing depends on any more."""
    kept: dict[str, int] = {}
    for row in connection.execute(select(usage).order_by(usage.c.day.desc())).all():
        kept[row.operation] = kept.get(row.operation, 0) + 1
        if kept[row.operation] > KEPT_DAYS:
            connection.execute(usage.delete().where(usage.c.operation == row.operation, usage.c.day == row.day))
