"""What each API is asked, and how its answer is read."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar
from urllib.parse import quote

from exporter.model import (
    RESULTS,
    CampaignsAnswer,
    Failure,
    LiveAnswer,
    Report,
    Target,
    TimeRange,
    VendorQuota,
)
from exporter.wolkvox.campaign_4 import parse_response
from exporter.wolkvox.campaigns import parse_campaigns
from exporter.wolkvox.real_time import parse_real_time
from exporter.wolkvox.token_info import parse_token_info

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class VendorRequest(Generic[T]):
    """A request to one of the vendor's APIs."""

    path: str
    """After `/api/v2/`, with the query, quoted (RFC 3986, 2.1)."""
    timeout: float
    """Seconds of its whole time."""
    parse: Callable[[int, bytes], T | Failure]
    """From an answer's status and decoded body to what it means."""
    texts: Callable[[T], Iterable[str]]
    """What of the answer is published as the vendor wrote it."""


def campaign_4(target: Target, bounds: TimeRange) -> VendorRequest[Report]:
    """The report "Result campaign by machine" of one campaign: the vendor's parameters in the vendor's order."""
    campaign = quote(target.key.campaign, safe="")
    query = f"api=campaign_4&campaign_id={campaign}&date_ini={bounds.date_ini}&date_end={bounds.date_end}"
    return VendorRequest(f"reports_manager.php?{query}", target.timeout, parse_response, _results)


def campaigns(timeout: float) -> VendorRequest[CampaignsAnswer]:
    """The list of all campaigns."""
    return VendorRequest("information.php?api=campaigns", timeout, parse_campaigns, _names)


def real_time(timeout: float) -> VendorRequest[LiveAnswer]:
    """The live figures of all campaigns."""
    return VendorRequest("real_time.php?api=campaigns", timeout, parse_real_time, _ids)


def token_info(timeout: float) -> VendorRequest[VendorQuota]:
    """The vendor's own count of its quota."""
    return VendorRequest("information.php?api=token_info", timeout, parse_token_info, _none)


def _results(report: Report) -> Iterator[str]:
    return (row.result for row in report.rows if row.result not in RESULTS)


def _names(answer: CampaignsAnswer) -> Iterator[str]:
    return (text for campaign in answer.campaigns for text in (campaign.id, campaign.name, campaign.type))


def _ids(answer: LiveAnswer) -> Iterator[str]:
    return (campaign.id for campaign in answer.campaigns)


def _none(_: VendorQuota) -> tuple[()]:
    return ()
