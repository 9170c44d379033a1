"""The answers to windows of the past, by campaign, window and end, so that no backfill asks twice.

They belong to operation and server, not to a token: a rotated one sees the same past.
"""

import json
from array import array
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, delete, select

from exporter.model import Operation, Report, Row, Target
from exporter.storage.rows import span
from exporter.storage.schema import past

KEPT_SECONDS = 40 * 86_400.0
"""How long after it was asked for an answer is kept."""

_ROWS = 1_000
"""That are in memory at a time."""


@dataclass(frozen=True, slots=True)
class PastPlace:
    """One window of one campaign, as the vendor was asked for it."""

    campaign: str
    span: str
    """The window's name in storage."""
    zone: str
    """The clock in which the dates were written."""


@dataclass(frozen=True, slots=True)
class PastAnswer:
    """What the vendor said of a window of the past."""

    server: str
    target: Target
    end: int
    """When the window ends, in Unix seconds."""
    report: Report


def place_of(target: Target) -> PastPlace:
    """Where the answers about a target are."""
    return PastPlace(target.key.campaign, span(target), target.zone.key)


class Ends:
    """The ends of windows that have an answer, eight bytes each: there can be tens of thousands."""

    def __init__(self) -> None:
        self._ends: array[int] = array("q")

    def append(self, end: int) -> None:
        """Add one that is later than all before."""
        self._ends.append(end)

    def __contains__(self, end: int) -> bool:
        place = bisect_left(self._ends, end)
        return place < len(self._ends) and self._ends[place] == end

    def __len__(self) -> int:
        return len(self._ends)


def ends(connection: Connection, operation: Operation) -> dict[PastPlace, Ends]:
    """The ends of the windows of an operation that have an answer."""
    chosen = select(past.c.campaign, past.c.span, past.c.zone, past.c.ending)
    mine = chosen.where(past.c.operation == operation.name, past.c.server == operation.base_url)
    found: dict[PastPlace, Ends] = {}
    for row in connection.execute(mine.order_by(past.c.ending).execution_options(yield_per=_ROWS)):
        found.setdefault(PastPlace(row.campaign, row.span, row.zone), Ends()).append(row.ending)
    return found


def read(connection: Connection, operation: Operation, campaign: str) -> dict[PastPlace, dict[int, str]]:
    """The answers about one campaign as texts, by the ends of their windows."""
    mine = past.c.operation == operation.name, past.c.server == operation.base_url, past.c.campaign == campaign
    found: dict[PastPlace, dict[int, str]] = {}
    for row in connection.execute(select(past.c.span, past.c.zone, past.c.ending, past.c.answer).where(*mine)):
        found.setdefault(PastPlace(campaign, row.span, row.zone), {})[row.ending] = row.answer
    return found


def write(connection: Connection, answer: PastAnswer, now: float) -> None:
    """Keep an answer, in place of an earlier one to the same window."""
    place = place_of(answer.target)
    key: Mapping[str, object] = {
        "operation": answer.target.key.operation,
        "server": answer.server,
        "campaign": place.campaign,
        "span": place.span,
        "zone": place.zone,
        "ending": answer.end,
    }
    connection.execute(delete(past).where(*(past.c[name] == value for name, value in key.items())))
    connection.execute(past.insert().values(**key, answer=to_text(answer.report), stored=now))


def prune(connection: Connection, now: float) -> None:
    """Forget the answers that are too old; `now` in Unix seconds."""
    connection.execute(delete(past).where(past.c.stored < now - KEPT_SECONDS))


def to_text(report: Report) -> str:
    """A report as JSON."""
    rows = [[row.result, row.attempts, row.percent] for row in report.rows]
    return json.dumps([report.no_data, rows], separators=(",", ":"))


def from_text(text: str) -> Report:
    """The report that was written."""
    no_data, rows = json.loads(text)
    return Report(tuple(Row(*row) for row in rows), no_data=no_data)
