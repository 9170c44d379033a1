"""The state of a campaign and window, derived from what is known of it alone."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from exporter.confidence import wilson
from exporter.model import Reason, Row, Target, TargetKey, TargetState, TargetStatus
from exporter.thresholds import JUDGED_ATTEMPTS, SPIKE_LOW_SHARES, SPIKE_SHARES
from exporter.web.status.text import visible


class State(StrEnum):
    """States in the order of trouble. The values are those of the query and of the JSON: add to them, never rename."""

    STALE = "stale"
    """The last data became too old and was withdrawn."""
    FAILING = "failing"
    """The latest poll failed; earlier data may still be shown."""
    SPIKE = "spike"
    """The data is good and says that busy, failed or congestion is high."""
    OK = "ok"
    NO_DATA = "no_data"
    """The API said that the window is empty."""
    WAITING = "waiting"
    """Not polled yet."""


TROUBLE = frozenset({State.STALE, State.FAILING, State.SPIKE})
"""The states that need attention."""

_SEARCHED = 1_000
"""Characters of a target's names that a search reads."""

_RANK = {state: rank for rank, state in enumerate(State)}


@dataclass(frozen=True, slots=True, eq=False)  # compared as an object: what is drawn of one may be kept for it
class CampaignSummary:
    """What lists, sums and sorting need of one target."""

    status: TargetStatus
    state: State
    order: tuple[float, float, str, str, float, str]
    """Sorts by trouble, the worst first; then by operation, name and window."""
    reason: Reason | None
    attempts: int | None
    """None where no data is shown."""
    shares: dict[str, float]
    """Result to percent of the attempts, computed from the counts; empty where there are none."""
    spike: tuple[str, float] | None
    """The result that is highest above what `SPIKE_SHARES` allows, and its percent."""
    unsure: tuple[str, float] | None
    """The same where the attempts are too few to say so."""
    intervals: dict[str, tuple[float, float]]
    """Result to the ends of its share's 95 % interval, in percent; of those with a share."""
    data_at: float | None
    """When the data that is shown came, Unix seconds."""
    text: str
    """Case-folded, to search in."""

    @property
    def target(self) -> Target:
        """What is polled."""
        return self.status.target

    @property
    def known(self) -> TargetState:
        """What is known."""
        return self.status.state

    @property
    def length(self) -> float:
        """Seconds of the window; `today` is longer than all others."""
        return _length(self.target)


def shares_of(rows: Iterable[Row]) -> dict[str, float]:
    """Percent of all attempts by result; the vendor's own percentages are rounded and may be missing."""
    counts = {row.result: row.attempts for row in rows}
    total = sum(counts.values())
    return {result: 100.0 * count / total for result, count in counts.items()} if total else {}


def intervals_of(rows: Iterable[Row]) -> dict[str, tuple[float, float]]:
    """The ends of the 95 % interval of each share, in percent; empty where there are no attempts."""
    counts = {row.result: row.attempts for row in rows}
    total = sum(counts.values())
    ends = {result: wilson(count, total) for result, count in counts.items()} if total else {}
    return {result: (100.0 * low, 100.0 * high) for result, (low, high) in ends.items()}


def _high(shares: dict[str, float]) -> list[tuple[float, str]]:
    """Shares above what `SPIKE_SHARES` allows, the highest first."""
    limits = ((result, 100 * limit) for result, limit in SPIKE_SHARES.items())
    return sorted(
        ((shares[result], result) for result, limit in limits if shares.get(result, 0.0) > limit), reverse=True
    )


def _is_sure(result: str, attempts: int | None, intervals: dict[str, tuple[float, float]]) -> bool:
    """Whether there are attempts enough to call a high share a spike, as the alerts do."""
    return (
        attempts is not None and attempts >= JUDGED_ATTEMPTS and intervals[result][0] > 100 * SPIKE_LOW_SHARES[result]
    )


def _state(known: TargetState, spike: tuple[str, float] | None) -> State:
    if known.stale:
        return State.STALE
    if known.failure is not None:
        return State.FAILING
    if known.data is None:
        return State.WAITING
    if known.data.no_data:
        return State.NO_DATA
    return State.OK if spike is None else State.SPIKE


def _length(target: Target) -> float:
    return float("inf") if target.window.length is None else target.window.length


def digest(status: TargetStatus) -> CampaignSummary:
    """Judge one target."""
    known, target = status.state, status.target
    data = known.published
    rows = () if data is None else data.rows
    attempts = None if data is None else sum(row.attempts for row in rows)
    shares = shares_of(rows)
    intervals = intervals_of(rows)
    high = _high(shares)
    spikes = [(result, share) for share, result in high if _is_sure(result, attempts, intervals)]
    spike = spikes[0] if spikes else None
    unsure = (high[0][1], high[0][0]) if high and spike is None else None
    state = _state(known, spike)
    blind = state is State.FAILING and data is None
    return CampaignSummary(
        status=status,
        state=state,
        order=(
            _RANK[state] - (0.5 if blind else 0.0),
            0.0 if spike is None else -spike[1],
            target.key.operation,
            target.name.casefold(),
            _length(target),
            target.key.campaign,
        ),
        reason=None if known.failure is None else known.failure.reason,
        attempts=attempts,
        shares=shares,
        spike=spike,
        unsure=unsure,
        intervals=intervals,
        data_at=None if data is None else known.last_success_at,
        text=visible(
            f"{target.name}\N{MIDDLE DOT}{target.key.campaign}\N{MIDDLE DOT}{target.key.operation}", _SEARCHED
        ).casefold(),
    )


class CampaignSummaries:
    """Summaries kept from one page to the next: states are replaced whole.

    One that is still the same object is not summarized again.
    """

    def __init__(self) -> None:
        self._known: dict[TargetKey, CampaignSummary] = {}

    def of(self, statuses: Iterable[TargetStatus]) -> tuple[CampaignSummary, ...]:
        """The summaries of all targets, in their order; those of removed targets are dropped."""
        found = tuple(self._each(statuses))
        self._known = {each.target.key: each for each in found}
        return found

    def _each(self, statuses: Iterable[TargetStatus]) -> Iterator[CampaignSummary]:
        for status in statuses:
            known = self._known.get(status.target.key)
            same = known is not None and known.known is status.state and known.target is status.target
            if known is not None and same and known.status.next_poll_at == status.next_poll_at:
                yield known
            else:
                yield digest(status)
