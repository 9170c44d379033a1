"""The parts of `/api/v1/status` that the APIs of a whole operation fill."""

from typing import Annotated

from pydantic import ConfigDict, Field, with_config
from typing_extensions import TypedDict

from exporter.model import ApiName, ApiStats, CampaignStatus, DiscoveryStatus, OperationStatus, VendorQuota
from exporter.web.status.hours import HoursNow
from exporter.web.status.live import dry_in, started
from exporter.web.status.text import encodable

EXACT = ConfigDict(extra="forbid")

Count = Annotated[int, Field(ge=0)]
Figure = Annotated[float, Field(ge=0)]


@with_config(EXACT)
class HoursDocument(TypedDict):
    """Whether calling is allowed."""

    open: bool
    changes_at: Annotated[float | None, Field(description="When that changes, Unix seconds; null if it never does.")]


@with_config(EXACT)
class ApiDocument(TypedDict):
    """One of the APIs that are asked for a whole operation."""

    api: Annotated[ApiName, Field(description="As in the label `api` of the metrics.")]
    up: Annotated[bool | None, Field(description="Whether the latest request succeeded; null before the first.")]
    last_success_at: Annotated[float | None, Field(description="Unix seconds; null before the first success.")]
    requests: Annotated[Count, Field(description="Sent by this process.")]
    failures: Annotated[Count, Field(description="By this process.")]


@with_config(EXACT)
class VendorQuotaDocument(TypedDict):
    """The quota as Wolkvox counts it. A figure that the answer lacks is null."""

    limit: Figure | None
    available: Figure | None
    used_by_token: Figure | None
    used_by_all: Annotated[Figure | None, Field(description="By all tokens of the operation.")]


@with_config(EXACT)
class LiveDocument(TypedDict):
    """One campaign as the list and the live figures show it. They count records of its list, not attempts."""

    campaign: Annotated[str, Field(description="The id.")]
    name: str
    started: Annotated[bool | None, Field(description="Null while nobody says.")]
    asked: Annotated[bool, Field(description="Whether its reports are polled, or else it is at rest.")]
    records: Figure | None
    pending: Annotated[Figure | None, Field(description="Records not called yet.")]
    dialled: Figure | None
    calls_per_minute: Figure | None
    speed: Figure | None
    recycles: Figure | None
    penetration_day: Annotated[Figure | None, Field(description="Percent.")]
    penetration_now: Annotated[Figure | None, Field(description="Percent.")]
    dry_in: Annotated[
        Figure | None,
        Field(description="Seconds until no record is pending, at its calls per minute; null if unknown."),
    ]


@with_config(EXACT)
class DiscoveryDocument(TypedDict):
    """The campaigns of an operation as its list and its live figures show them."""

    list_at: Annotated[float | None, Field(description="When the last good list came, Unix seconds.")]
    list_age: Annotated[Figure | None, Field(description="Seconds since then.")]
    list_doubted: Annotated[bool, Field(description="The latest list was empty, and is not believed yet.")]
    live_at: Annotated[float | None, Field(description="When the last good live figures came, Unix seconds.")]
    live_age: Annotated[Figure | None, Field(description="Seconds since then.")]
    found: Annotated[int | None, Field(ge=0, description="Campaigns in the list that pass the filters.")]
    started: Annotated[Count, Field(description="Campaigns that dial.")]
    campaigns: list[LiveDocument]


def hours_document(now: HoursNow | None) -> HoursDocument | None:
    """Calling hours as JSON."""
    return None if now is None else {"open": now.is_open, "changes_at": now.until}


def api_document(stats: ApiStats) -> ApiDocument:
    """An API as JSON."""
    return {
        "api": stats.api,
        "up": stats.up,
        "last_success_at": stats.last_success_at,
        "requests": stats.requests,
        "failures": stats.failures,
    }


def quota_document(quota: VendorQuota | None) -> VendorQuotaDocument | None:
    """The vendor's quota as JSON."""
    if quota is None:
        return None
    return {
        "limit": quota.limit,
        "available": quota.available,
        "used_by_token": quota.used_by_token,
        "used_by_all": quota.used_by_all,
    }


def discovery_document(status: OperationStatus, at: float) -> DiscoveryDocument | None:
    """The list and the live figures as JSON, at the moment `at`."""
    found: DiscoveryStatus | None = status.discovery
    if found is None:
        return None
    return {
        "list_at": found.list_at,
        "list_age": _age(found.list_at, at),
        "list_doubted": found.doubted,
        "live_at": found.live_at,
        "live_age": _age(found.live_at, at),
        "found": found.found,
        "started": started(status),
        "campaigns": [_campaign(campaign) for campaign in found.campaigns],
    }


def _age(moment: float | None, at: float) -> float | None:
    return None if moment is None else max(at - moment, 0.0)


def _campaign(status: CampaignStatus) -> LiveDocument:
    live = status.live
    return {
        "campaign": encodable(status.campaign),
        "name": encodable(status.name),
        "started": status.started,
        "asked": status.asked,
        "records": None if live is None else live.records,
        "pending": None if live is None else live.pending,
        "dialled": None if live is None else live.dialled,
        "calls_per_minute": None if live is None else live.calls_per_minute,
        "speed": None if live is None else live.speed,
        "recycles": None if live is None else live.recycles,
        "penetration_day": None if live is None else live.penetration_day,
        "penetration_now": None if live is None else live.penetration_now,
        "dry_in": dry_in(status.started, live),
    }
