"""The campaigns of an operation as its list and its live figures show them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from exporter.model import CampaignStatus, LiveCampaign, OperationStatus
from exporter.thresholds import DRY_SECONDS

_MINUTE = 60.0


class LiveRow(NamedTuple):
    """One campaign that is started or asked."""

    operation: str
    campaign: CampaignStatus
    dry_in: float | None
    """Seconds until its list has no more records to call, at its calls a minute; None where nobody knows."""

    @property
    def is_near_dry(self) -> bool:
        """Whether the alert would say so."""
        return self.dry_in is not None and self.dry_in < DRY_SECONDS

    @property
    def pending_percent(self) -> float | None:
        """How much of the list is left; None where that is not known."""
        live = self.campaign.live
        if live is None or live.pending is None or not live.records:
            return None
        return min(100.0 * live.pending / live.records, 100.0)


@dataclass(frozen=True, slots=True)
class LiveView:
    """All campaigns of the operations that ask for the list or the live figures."""

    dialling: Sequence[LiveRow]
    """Started or asked: the list that runs dry first comes first."""
    resting: Sequence[LiveRow]
    """The others, by name."""


def dry_in(started: bool | None, live: LiveCampaign | None) -> float | None:
    """Seconds until a list has no more records to call."""
    if not started or live is None or live.pending is None or not live.calls_per_minute:
        return None
    return live.pending / live.calls_per_minute * _MINUTE


def live_view(operations: Sequence[OperationStatus], wanted: str = "") -> LiveView:
    """What the page shows of them; of one operation where one is `wanted`."""
    rows = [
        LiveRow(each.figures.operation, campaign, dry_in(campaign.started, campaign.live))
        for each in operations
        if each.discovery is not None and wanted in ("", each.figures.operation)
        for campaign in each.discovery.campaigns
    ]
    dialling = [row for row in rows if row.campaign.started or row.campaign.asked]
    resting = [row for row in rows if not (row.campaign.started or row.campaign.asked)]
    return LiveView(sorted(dialling, key=_urgency), sorted(resting, key=_name))


def started(status: OperationStatus) -> int:
    """How many campaigns of an operation are started."""
    campaigns = () if status.discovery is None else status.discovery.campaigns
    return sum(campaign.started is True for campaign in campaigns)


def _urgency(row: LiveRow) -> tuple[bool, float, tuple[str, str, str]]:
    return not row.campaign.started, float("inf") if row.dry_in is None else row.dry_in, _name(row)


def _name(row: LiveRow) -> tuple[str, str, str]:
    return row.operation, row.campaign.name.casefold(), row.campaign.campaign
