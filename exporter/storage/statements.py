"""The statements that each request runs, built and compiled once: that costs several times what running them does."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, bindparam, func, literal_column, null, select
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.sql.dml import UpdateBase

from exporter.storage.schema import targets, tokens, usage


class Prepared:
    """A statement that SQLAlchemy writes once and the driver runs. Its parameters bear the prefix `the_`."""

    def __init__(self, statement: UpdateBase | Select[Any]) -> None:
        self.statement = statement
        self._text = ""
        self._order: tuple[str, ...] = ()
        self._types: dict[str, Any] = {}

    def run(self, connection: Connection, parameters: Mapping[str, object]) -> DBAPICursor:
        """Execute it with these parameters, in the transaction that is open on `connection`."""
        if not self._text:
            self._compile(connection)
        values = tuple(
            self._types[name](parameters[name]) if name in self._types else parameters[name] for name in self._order
        )
        cursor = connection.connection.cursor()
        cursor.execute(self._text, values)
        return cursor

    def _compile(self, connection: Connection) -> None:
        compiled = self.statement.compile(connection.engine)
        self._text = str(compiled)
        self._order = tuple(compiled.positiontup or ())
        for name in self._order:
            processor = compiled.binds[name].type.dialect_impl(connection.dialect).bind_processor(connection.dialect)
            if processor is not None:
                self._types[name] = processor


_TOKEN = tokens.c.token == bindparam("the_token")
_MINE = and_(_TOKEN, tokens.c.holder == bindparam("the_owner"))

MARK_SENT = Prepared(
    tokens.update()
    .where(_MINE)
    .values(
        beat=bindparam("the_moment", type_=tokens.c.beat.type),
        flight=bindparam("the_moment", type_=tokens.c.beat.type),
        flight_timeout=bindparam("the_timeout"),
    )
)
"""A request of the token is in flight; no row where another process holds the lease."""

MARK_DONE = Prepared(
    tokens.update()
    .where(_MINE)
    .values(
        flight=null(),
        flight_timeout=null(),
        rest=bindparam("the_rest"),
        rest_since=bindparam("the_rest_since", type_=tokens.c.rest_since.type),
        version=tokens.c.version + literal_column("1"),
    )
)
"""No request of the token is in flight; no row where another process holds the lease."""

COUNT = Prepared(
    usage.update()
    .where(usage.c.operation == bindparam("the_operation"), usage.c.day == bindparam("the_day"))
    .values(requests=usage.c.requests + literal_column("1"))
    .returning(usage.c.requests)
)
"""One more request of the operation on the day; no row for the day's first."""


_NAME = and_(
    targets.c.campaign == bindparam("the_campaign"),
    targets.c.span == bindparam("the_span"),
    targets.c.operation == bindparam("the_operation"),
)

ASKED = Prepared(select(targets.c.asked, targets.c.polled).where(_NAME, targets.c.asked.is_not(None)))
"""When the target was last asked for and when that poll ended, as text, with each token and server."""


def _place() -> ColumnElement[bool]:
    return and_(
        _NAME,
        targets.c.token == bindparam("the_token"),
        targets.c.server == bindparam("the_server"),
    )


_STAMP = targets.c.asked.type

ASK = Prepared(targets.update().where(_place()).values(asked=bindparam("the_moment", type_=_STAMP)))
"""The target is asked for now."""

WRITE = Prepared(
    targets.update()
    .where(_place())
    .values(
        asked=bindparam("the_asked", type_=_STAMP),
        succeeded=bindparam("the_succeeded", type_=_STAMP),
        polled=bindparam("the_polled", type_=_STAMP),
        reading=bindparam("the_reading"),
        snapshot=bindparam("the_snapshot"),
        version=func.coalesce(select(tokens.c.version).where(_TOKEN).scalar_subquery(), literal_column("0")),
    )
)
"""What is known of the target, under the present version of its token."""

FORGET = Prepared(targets.delete().where(_place()))
"""The target was never there."""
