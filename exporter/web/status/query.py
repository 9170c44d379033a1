"""What the reader asks to see: a filter, an order and a page, read from the URL's query."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from urllib.parse import quote, urlencode

from exporter.model import Reason, TargetKey
from exporter.web.status.state import TROUBLE, CampaignSummary, State
from exporter.web.status.text import encodable

PAGE_ROWS = 100
"""Rows of one page: what a browser lays out without a pause."""

_LONGEST = 200


def _share(digest: CampaignSummary, result: str) -> float | None:
    return digest.shares.get(result, 0.0) if digest.shares else None


_WORDS: Mapping[str, Callable[[CampaignSummary], tuple[str, ...]]] = {
    "name": lambda each: (each.target.name.casefold() or each.target.key.campaign, each.target.key.campaign),
    "id": lambda each: (each.target.key.campaign.rjust(64),),
    "operation": lambda each: (each.target.key.operation.casefold(),),
}
"""Columns that sort as text. Ids are padded so that numbers sort by size."""

_FIGURES: Mapping[str, Callable[[CampaignSummary], float | None]] = {
    "window": lambda each: each.length,
    "attempts": lambda each: each.attempts,
    "contact": lambda each: _share(each, "answer"),
    "busy": lambda each: _share(each, "busy"),
    "failed": lambda each: _share(each, "failed"),
    "age": lambda each: None if each.data_at is None else -each.data_at,
    "next": lambda each: each.status.next_poll_at,
}
"""Columns that sort as numbers; None comes last in either direction."""

COLUMNS = ("state", *_WORDS, *_FIGURES)
"""What `sort` may name, with a leading `-` for the other direction."""

DESCENDING_FIRST = frozenset({"attempts", "contact", "busy", "failed", "age"})
"""Columns that a first click sorts with the largest values on top."""

FILTERS = frozenset({"trouble", *State, *Reason})
"""What `state` may be."""


@dataclass(frozen=True, slots=True)
class Query:
    """A view of the overview; each field stands in the URL where it differs from its default."""

    operation: str = ""
    state: str = ""
    """A state, a reason, or `trouble`."""
    text: str = ""
    sort: str = ""
    """A column, or `-` and a column; empty: trouble first."""
    page: int = 1

    def matches(self, digest: CampaignSummary) -> bool:
        """Whether the filter lets this one through."""
        if self.operation and digest.target.key.operation != self.operation:
            return False
        if self.state and not _is(digest, self.state):
            return False
        return not self.text or self.text.casefold() in digest.text

    def url(self, path: str = "./") -> str:
        """The address of this view, of the overview at `path`."""
        fields = {"operation": self.operation, "state": self.state, "q": self.text, "sort": self.sort}
        given = {name: value for name, value in fields.items() if value}
        if self.page > 1:
            given["page"] = str(self.page)
        return f"{path}?{_encoded(given)}" if given else path

    def sorted_by(self, column: str) -> "Query":
        """The view that a click on this column's heading leads to: its usual direction, then the other one."""
        usual, other = (f"-{column}", column) if column in DESCENDING_FIRST else (column, f"-{column}")
        return replace(self, sort=other if self.sort == usual else usual, page=1)


def parse(parameters: Mapping[str, str]) -> Query:
    """The view that a query string asks for. Unknown values are ignored: a stale link still works."""
    state, sort = parameters.get("state", ""), parameters.get("sort", "")
    page = parameters.get("page", "1")
    return Query(
        operation=parameters.get("operation", ""),
        state=state if state in FILTERS else "",
        text=parameters.get("q", "").strip()[:_LONGEST],
        sort=sort if sort.removeprefix("-") in COLUMNS else "",
        page=max(1, int(page)) if page.isascii() and page.isdigit() and len(page) <= 6 else 1,  # noqa: PLR2004 - digits
    )


def ordered(digests: Iterable[CampaignSummary], sort: str) -> list[CampaignSummary]:
    """The digests in the order asked for; equals stay in the order of trouble."""
    found = sorted(digests, key=lambda each: each.order)
    column, reverse = sort.removeprefix("-"), sort.startswith("-")
    if column in _WORDS:
        found.sort(key=_WORDS[column], reverse=reverse)
    elif column in _FIGURES:
        figure = _FIGURES[column]
        known = [(value, each) for each in found if (value := figure(each)) is not None]
        known.sort(key=lambda pair: pair[0], reverse=reverse)
        found = [each for _, each in known] + [each for each in found if figure(each) is None]
    elif column == "state":
        found.sort(key=lambda each: each.order[0], reverse=reverse)
    return found


def campaign_url(key: TargetKey) -> str:
    """The page of one target, relative to the overview; names may hold anything and are percent-encoded."""
    return "campaign?" + _encoded({"operation": key.operation, "campaign": key.campaign, "window": key.window})


def operation_url(operation: str, home: str) -> str:
    """The overview of one operation; `home` is the address of the overview."""
    return Query(operation=operation).url(home)


def _encoded(parameters: Mapping[str, str]) -> str:
    return urlencode({name: encodable(value) for name, value in parameters.items()}, quote_via=quote, safe="")


def _is(digest: CampaignSummary, wanted: str) -> bool:
    if wanted == "trouble":
        return digest.state in TROUBLE
    return digest.state == wanted or (digest.reason is not None and digest.reason == wanted)
