"""The overview and the campaign's page as values, before they become HTML or JSON."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from exporter.model import OperationStatus, Reason, Status, TargetKey
from exporter.thresholds import QUOTA_SHARE, STRETCH
from exporter.web.status.hours import HoursNow, HoursSummary, hours_now, hours_summary
from exporter.web.status.live import LiveRow, LiveView, live_view, started
from exporter.web.status.query import PAGE_ROWS, Query, ordered
from exporter.web.status.state import TROUBLE, CampaignSummary, State
from exporter.web.status.text import encodable

LATE = 120.0
"""Seconds from which a late poll is a problem; the schedule's own jitter is less."""


class Tally(NamedTuple):
    """How many campaigns, and in how many windows. A campaign in several windows is one campaign."""

    campaigns: int
    windows: int


NOTHING = Tally(0, 0)


def tally(digests: Iterable[CampaignSummary]) -> Tally:
    """Count the campaigns and windows of these summaries."""
    keys = [each.target.key for each in digests]
    return Tally(len({(key.operation, key.campaign) for key in keys}), len(keys))


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that needs attention, listed once however many campaigns it affects."""

    kind: str
    """`config`, `failing`, `stale`, `spike`, `late`, `quota`, `plan`, `stretch`, `vendor_quota`, `dry`, or the value of
    an `ApiName` that cannot be read."""
    operation: str
    """Empty where it concerns the whole exporter."""
    reason: Reason | None = None
    hit: Tally = NOTHING
    since: float | None = None
    """The earliest last success among them; None where one of them never had any."""
    figure: float = 0.0
    """Seconds of `late` and `dry`, percent of `quota` and `vendor_quota`, the factor of `stretch`."""
    need: int = 0
    """Requests a day of `plan`."""
    budget: int = 0
    """Of `plan`."""


@dataclass(frozen=True, slots=True)
class OperationView:
    """An operation with the totals of its campaigns."""

    status: OperationStatus
    all: Tally
    trouble: Tally
    next_poll_at: float | None
    started: int
    """Campaigns that dial, by the list and the live figures."""
    hours: HoursSummary | None
    """None where calling is always allowed."""

    @property
    def vendor_percent(self) -> float | None:
        """How much of Wolkvox's quota all tokens have used; None where that is not known."""
        quota = self.status.figures.vendor_quota
        if quota is None or quota.used_by_all is None or not quota.limit:
            return None
        return min(100.0 * quota.used_by_all / quota.limit, 100.0)

    @property
    def fits(self) -> bool:
        """Whether a full day of the plan stays within the budget."""
        budget = self.status.figures.budget
        return budget is None or self.status.requests_per_day <= budget

    @property
    def used_percent(self) -> float | None:
        """How much of today's budget is used; None where there is none."""
        figures = self.status.figures
        if figures.budget is None:
            return None
        return min(100.0, 100.0 * figures.used / figures.budget) if figures.budget else 100.0


class Ages(NamedTuple):
    """When the newest and the oldest data on show came, Unix seconds."""

    newest: float
    oldest: float


@dataclass(frozen=True, slots=True)
class Overview:
    """Everything that `/` shows."""

    status: Status
    query: Query
    states: Mapping[State, int]
    """Windows in each state, over all, not only those that the filter lets through."""
    reasons: Sequence[Reason]
    """Why some are failing now."""
    all: Tally
    trouble: Tally
    ages: Ages | None
    next_poll_at: float | None
    problems: Sequence[Problem]
    operations: Sequence[OperationView]
    matching: Sequence[CampaignSummary]
    """What the filter lets through, in the order asked for."""
    found: Tally
    """Of what the filter lets through."""
    page: int
    pages: int
    live: LiveView
    listed: Sequence[CampaignSummary]
    """Those of `matching` that stand in the table."""
    resting: Sequence[CampaignSummary]
    """The others: good windows of campaigns at rest, whose figures are shown until midnight."""

    @property
    def rows(self) -> Sequence[CampaignSummary]:
        """Of this page."""
        return self.listed[(self.page - 1) * PAGE_ROWS : self.page * PAGE_ROWS]

    @property
    def first(self) -> int:
        """Number of the first row of this page."""
        return (self.page - 1) * PAGE_ROWS + 1


def overview(status: Status, digests: Sequence[CampaignSummary], query: Query) -> Overview:
    """The overview that the query asks for. A page past the end is the last one."""
    by_operation: defaultdict[str, list[CampaignSummary]] = defaultdict(list)
    for each in digests:
        by_operation[each.target.key.operation].append(each)
    operations = [_operation(each, by_operation[each.figures.operation], status.at) for each in status.operations]
    found = ordered(filter(query.matches, digests), query.sort)
    listed = [each for each in found if not _is_folded(each)]
    live = live_view(status.operations, query.operation)
    pages = max(1, math.ceil(len(listed) / PAGE_ROWS))
    page = min(query.page, pages)
    moments = [each.data_at for each in digests if each.data_at is not None]
    states = Counter(each.state for each in digests)
    failing = {each.reason for each in digests if each.reason is not None}
    return Overview(
        status=status,
        query=query,
        states={state: states[state] for state in State},
        reasons=[reason for reason in Reason if reason in failing],
        all=tally(digests),
        trouble=tally(each for each in digests if each.state in TROUBLE),
        ages=Ages(max(moments), min(moments)) if moments else None,
        next_poll_at=_earliest(each.next_poll_at for each in operations),
        problems=_problems(status, digests, operations, live.dialling),
        operations=operations,
        matching=found,
        found=tally(found),
        page=page,
        pages=pages,
        live=live,
        listed=listed,
        resting=[each for each in found if _is_folded(each)],
    )


def _is_folded(digest: CampaignSummary) -> bool:
    return digest.target.resting and digest.state not in TROUBLE


@dataclass(frozen=True, slots=True)
class CampaignView:
    """Everything that the page of one campaign and window shows."""

    status: Status
    digest: CampaignSummary
    siblings: Sequence[CampaignSummary]
    """All windows of the campaign, this one included."""
    live: LiveRow | None
    """None where neither the list nor the live figures name it."""
    hours: HoursNow | None
    """None where calling is always allowed."""


def campaign(status: Status, digests: Iterable[CampaignSummary], key: TargetKey) -> CampaignView | None:
    """The page of one target, whose key came in a URL; None where it is not configured."""
    siblings = [each for each in digests if each.target.key.campaign == key.campaign]
    siblings = [each for each in siblings if encodable(each.target.key.operation) == key.operation]
    found = next((each for each in siblings if each.target.key.window == key.window), None)
    if found is None:
        return None
    rows = live_view(status.operations, found.target.key.operation)
    live = next((row for row in (*rows.dialling, *rows.resting) if row.campaign.campaign == key.campaign), None)
    return CampaignView(status, found, siblings, live, hours_now(found.target, status.at))


def _operation(status: OperationStatus, digests: Sequence[CampaignSummary], at: float) -> OperationView:
    return OperationView(
        status=status,
        all=tally(digests),
        trouble=tally(each for each in digests if each.state in TROUBLE),
        next_poll_at=_earliest(each.status.next_poll_at for each in digests),
        started=started(status),
        hours=hours_summary((each.target for each in digests), at),
    )


def _earliest(moments: Iterable[float | None]) -> float | None:
    return min((moment for moment in moments if moment is not None), default=None)


def _problems(
    status: Status, digests: Sequence[CampaignSummary], operations: Sequence[OperationView], live: Sequence[LiveRow]
) -> list[Problem]:
    """The exporter's own problems first, then those that affect most campaigns."""
    whole = [] if status.reload_ok else [Problem("config", "", since=status.reloaded_at)]
    groups: defaultdict[tuple[str, str, Reason | None], list[CampaignSummary]] = defaultdict(list)
    for each in digests:
        if each.state in TROUBLE:
            groups[(each.target.key.operation, *_kind(each))].append(each)
    hit = [
        Problem(kind, operation, reason, tally(members), _since(members))
        for (operation, kind, reason), members in groups.items()
    ]
    hit.sort(
        key=lambda problem: (problem.kind == "spike", -problem.hit.campaigns, -problem.hit.windows, problem.operation)
    )
    return whole + hit + [problem for each in operations for problem in (*_strains(each), *_dry(each, live))]


def _kind(digest: CampaignSummary) -> tuple[str, Reason | None]:
    if digest.reason is not None:
        return "failing", digest.reason
    return ("spike" if digest.state is State.SPIKE else "stale"), None


def _since(digests: Sequence[CampaignSummary]) -> float | None:
    moments = [each.known.last_success_at for each in digests]
    known = [moment for moment in moments if moment is not None]
    return min(known) if len(known) == len(moments) else None


def _strains(operation: OperationView) -> Iterable[Problem]:
    status, name, used = operation.status, operation.status.figures.operation, operation.used_percent
    if status.lag >= LATE:
        yield Problem("late", name, figure=status.lag)
    if used is not None and used >= 100 * QUOTA_SHARE:
        yield Problem("quota", name, figure=used)
    budget = status.figures.budget
    if budget is not None and not operation.fits:
        yield Problem("plan", name, need=status.requests_per_day, budget=budget)
    if status.figures.stretch is not None and status.figures.stretch > STRETCH:
        yield Problem("stretch", name, figure=status.figures.stretch)
    if operation.vendor_percent is not None and operation.vendor_percent > 100 * QUOTA_SHARE:
        yield Problem("vendor_quota", name, figure=operation.vendor_percent)
    yield from (Problem(api.api, name, since=api.last_success_at) for api in status.figures.apis if api.up is False)


def _dry(operation: OperationView, live: Sequence[LiveRow]) -> Iterable[Problem]:
    """Lists that are about to run dry, as one problem."""
    name = operation.status.figures.operation
    near = [row.dry_in for row in live if row.operation == name and row.is_near_dry and row.dry_in is not None]
    if near:
        yield Problem("dry", name, hit=Tally(len(near), len(near)), figure=min(near))
