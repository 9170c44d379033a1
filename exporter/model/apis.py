"""The APIs that are asked for a whole operation, and what they say."""

from dataclasses import dataclass
from enum import StrEnum


class ApiName(StrEnum):
    """The vendor's APIs. The values are label values of the page."""

    CAMPAIGN_4 = "campaign_4"
    CAMPAIGNS = "campaigns"
    """`information.php?api=campaigns`"""
    REAL_TIME = "real_time_campaigns"
    """`real_time.php?api=campaigns`"""
    TOKEN_INFO = "token_info"  # noqa: S105 (a name)
    """`information.php?api=token_info`"""


COMPANIONS = (ApiName.CAMPAIGNS, ApiName.REAL_TIME, ApiName.TOKEN_INFO)
"""Those that are asked once for a whole operation, in the order in which they are asked first."""


@dataclass(frozen=True, slots=True)
class ListedCampaign:
    """A campaign as the list names it."""

    id: str
    name: str
    """Empty where the list names none."""
    type: str
    """Lower case: `predictive`, `preview`, or whatever else the vendor says; empty where it says nothing."""
    started: bool


@dataclass(frozen=True, slots=True)
class CampaignsAnswer:
    """What `information.php?api=campaigns` says."""

    campaigns: tuple[ListedCampaign, ...]
    """Each id once, the first row of it."""
    skipped: int = 0
    """Rows without an id."""


@dataclass(frozen=True, slots=True)
class LiveCampaign:
    """A campaign as the live answer shows it. A figure that is missing or is not a number is None."""

    id: str
    started: bool
    records: float | None = None
    """Records of its list."""
    pending: float | None = None
    """Records not yet called: `clean`."""
    dialled: float | None = None
    """Records dialled: `dial`."""
    calls_per_minute: float | None = None
    speed: float | None = None
    recycles: float | None = None
    penetration_day: float | None = None
    """Percent."""
    penetration_now: float | None = None
    """Percent."""


@dataclass(frozen=True, slots=True)
class LiveAnswer:
    """What `real_time.php?api=campaigns` says."""

    campaigns: tuple[LiveCampaign, ...]
    """Each id once, the first row of it."""
    skipped: int = 0
    """Rows without an id."""


@dataclass(frozen=True, slots=True)
class CampaignFigures:
    """What is published of a campaign beside its reports."""

    started: bool | None
    """By the newest word of the vendor; None where there is none."""
    live: LiveCampaign | None = None
    """As the latest live answer shows it; None where that does not name it, or is too old."""


@dataclass(frozen=True, slots=True)
class VendorQuota:
    """What `information.php?api=token_info` says. A figure that is missing or is not a number is None."""

    limit: float | None = None
    """`token_limit`"""
    available: float | None = None
    """`available_consumption_options`"""
    used_by_token: float | None = None
    """`token_use_today`"""
    used_by_all: float | None = None
    """`all_token_today`"""
