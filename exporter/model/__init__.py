"""The nouns: frozen values that travel from the configuration to the page, and no behaviour beyond themselves.

Units: every span is in seconds; every `at`, `start` and `end` is in Unix seconds of the wall clock.
"""

from exporter.model.apis import (
    COMPANIONS,
    ApiName,
    CampaignFigures,
    CampaignsAnswer,
    ListedCampaign,
    LiveAnswer,
    LiveCampaign,
    VendorQuota,
)
from exporter.model.config import AddressFamily, CampaignSettings, Config, Discovery, FileVersion, Operation, PollWhich
from exporter.model.hours import Hours, Span
from exporter.model.report import RESULTS, Failure, Reason, Report, Row, TimeRange
from exporter.model.state import NOTHING_KNOWN, Data, Poll, TargetState, merge_seen
from exporter.model.stats import (
    LATENCY_BOUNDS,
    LATEST_DEPARTURE,
    NO_LATENCY,
    ApiStats,
    DayCount,
    Latency,
    LeaseWait,
    OperationStats,
    WaitCause,
)
from exporter.model.status import CampaignStatus, DiscoveryStatus, OperationStatus, Status, TargetStatus
from exporter.model.target import LONGEST_WINDOW, SETTLING, TODAY, YESTERDAY, Target, TargetKey, Window

__all__ = [
    "COMPANIONS",
    "LATENCY_BOUNDS",
    "LATEST_DEPARTURE",
    "LONGEST_WINDOW",
    "NOTHING_KNOWN",
    "NO_LATENCY",
    "RESULTS",
    "SETTLING",
    "TODAY",
    "YESTERDAY",
    "AddressFamily",
    "ApiName",
    "ApiStats",
    "CampaignFigures",
    "CampaignSettings",
    "CampaignStatus",
    "CampaignsAnswer",
    "Config",
    "Data",
    "DayCount",
    "Discovery",
    "DiscoveryStatus",
    "Failure",
    "FileVersion",
    "Hours",
    "Latency",
    "LeaseWait",
    "ListedCampaign",
    "LiveAnswer",
    "LiveCampaign",
    "Operation",
    "OperationStats",
    "OperationStatus",
    "Poll",
    "PollWhich",
    "Reason",
    "Report",
    "Row",
    "Span",
    "Status",
    "Target",
    "TargetKey",
    "TargetState",
    "TargetStatus",
    "TimeRange",
    "VendorQuota",
    "WaitCause",
    "Window",
    "merge_seen",
]
