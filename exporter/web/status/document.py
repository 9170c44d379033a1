"""The state as JSON at `/api/v1/status`: its schema and how it is made. docs/status-api.md is written from it."""

from typing import Annotated

from pydantic import Field, with_config
from typing_extensions import TypedDict

from exporter.model import FileVersion, LeaseWait, Reason, Status, WaitCause
from exporter.web.status.campaign_document import CampaignDocument, FailureDocument, failure_document
from exporter.web.status.operation_document import (
    EXACT,
    ApiDocument,
    Count,
    DiscoveryDocument,
    VendorQuotaDocument,
    api_document,
    discovery_document,
    quota_document,
)
from exporter.web.status.state import State
from exporter.web.status.text import encodable
from exporter.web.status.view import OperationView, Overview


@with_config(EXACT)
class QuotaDocument(TypedDict):
    """The requests of an operation on its local day."""

    used: Annotated[Count, Field(description="Sent today, by any process on the storage.")]
    budget: Annotated[
        int | None, Field(ge=0, description="Requests that may be sent in a day; null if no limit is configured.")
    ]
    left: Annotated[
        int | None, Field(ge=0, description="Requests that may still be sent today; null if no limit is configured.")
    ]
    planned: Annotated[Count, Field(description="Requests that the plan sends on a full day.")]
    fits: Annotated[bool, Field(description="Whether the plan stays within the budget.")]


@with_config(EXACT)
class LeaseWaitDocument(TypedDict):
    """Why this process may not send with the operation's token."""

    cause: Annotated[
        WaitCause,
        Field(
            description="`process`: another process polls; `silence`: the one that did stopped responding; "
            "`request`: a request of one that ended may be in progress; `storage`: the file is new, and an earlier "
            "request may be in progress."
        ),
    ]
    until: Annotated[float | None, Field(description="Unix seconds; null while another process polls.")]


@with_config(EXACT)
class OperationDocument(TypedDict):
    """One operation."""

    operation: Annotated[str, Field(description="Its name.")]
    server: Annotated[str, Field(description="Scheme, host and port of the API.")]
    campaigns: Annotated[Count, Field(description="A campaign in several windows counts once.")]
    windows: Annotated[Count, Field(description="Windows of all campaigns, each of which is polled.")]
    trouble: Annotated[Count, Field(description="Campaigns with a window in trouble.")]
    windows_in_trouble: Count
    quota: QuotaDocument
    requests: Annotated[Count, Field(description="Sent by this process.")]
    failures: Annotated[
        dict[Reason, Count], Field(description="Failed polls of this process by reason; every reason is present.")
    ]
    lag: Annotated[float, Field(ge=0, description="Seconds that the most overdue poll is late.")]
    next_poll_at: Annotated[float | None, Field(description="Unix seconds; null if this process plans none.")]
    lease_held: Annotated[
        bool, Field(description="Whether this process may send; if not, `lease_wait` says what it waits for.")
    ]
    lease_wait: Annotated[
        LeaseWaitDocument | None,
        Field(description="What this process waits for before it may send; null while it may."),
    ]
    rest: Annotated[FailureDocument | None, Field(description="Why the token is paused; null if it is not.")]
    stretch: Annotated[
        float | None, Field(ge=1, description="Factor by which intervals are stretched; null if there is no budget.")
    ]
    vendor_quota: Annotated[VendorQuotaDocument | None, Field(description="Null if it is not asked for.")]
    apis: Annotated[list[ApiDocument], Field(description="The APIs that are asked for the whole operation.")]
    discovery: Annotated[
        DiscoveryDocument | None, Field(description="Null if neither the list nor the live figures are asked for.")
    ]


@with_config(EXACT)
class SummaryDocument(TypedDict):
    """Counts over all campaigns and windows, regardless of the filter."""

    campaigns: Annotated[Count, Field(description="A campaign in several windows counts once.")]
    windows: Annotated[Count, Field(description="Windows of all campaigns, each of which is polled.")]
    trouble: Annotated[Count, Field(description="Campaigns with a window in trouble.")]
    windows_in_trouble: Count
    states: Annotated[dict[State, Count], Field(description="Windows in each state; every state is present.")]
    found: Annotated[Count, Field(description="Windows that match the filter: the length of the list `campaigns`.")]


@with_config(EXACT)
class FileDocument(TypedDict):
    """Which version of a file is in use."""

    name: Annotated[str, Field(description="Without its folder.")]
    modified_at: Annotated[float, Field(description="Unix seconds.")]
    checksum: Annotated[str, Field(description="The first eight digits that `sha256sum` prints.")]


@with_config(EXACT)
class ConfigDocument(TypedDict):
    """The configuration in use."""

    loaded_at: Annotated[float, Field(description="Unix seconds.")]
    last_reload_successful: bool
    file: Annotated[FileDocument | None, Field(description="null in the demo.")]


@with_config(EXACT)
class HeadDocument(TypedDict):
    """All but the campaigns."""

    version: Annotated[str, Field(description="Of the exporter.")]
    at: Annotated[float, Field(description="The time of this status, Unix seconds.")]
    started_at: Annotated[float, Field(description="Unix seconds.")]
    config: ConfigDocument
    summary: SummaryDocument
    operations: list[OperationDocument]


@with_config(EXACT)
class StatusDocument(HeadDocument):
    """The whole answer."""

    campaigns: Annotated[
        list[CampaignDocument],
        Field(description="One for each campaign and window, trouble first, or in the order of `sort`."),
    ]


def head(view: Overview) -> HeadDocument:
    """All but the campaigns."""
    status: Status = view.status
    return {
        "version": status.version,
        "at": status.at,
        "started_at": status.started_at,
        "config": {
            "loaded_at": status.reloaded_at,
            "last_reload_successful": status.reload_ok,
            "file": _file(status.file),
        },
        "summary": {
            "campaigns": view.all.campaigns,
            "windows": view.all.windows,
            "trouble": view.trouble.campaigns,
            "windows_in_trouble": view.trouble.windows,
            "states": dict(view.states),
            "found": view.found.windows,
        },
        "operations": [_operation(each, status.at) for each in view.operations],
    }


def _file(file: FileVersion | None) -> FileDocument | None:
    if file is None:
        return None
    return {"name": encodable(file.name), "modified_at": file.modified_at, "checksum": file.checksum}


def _operation(view: OperationView, at: float) -> OperationDocument:
    figures = view.status.figures
    return {
        "operation": encodable(figures.operation),
        "server": encodable(view.status.server),
        "campaigns": view.all.campaigns,
        "windows": view.all.windows,
        "trouble": view.trouble.campaigns,
        "windows_in_trouble": view.trouble.windows,
        "quota": {
            "used": figures.used,
            "budget": figures.budget,
            "left": None if figures.budget is None else max(0, figures.budget - figures.used),
            "planned": view.status.requests_per_day,
            "fits": view.fits,
        },
        "requests": figures.requests,
        "failures": dict(figures.failures),
        "lag": view.status.lag,
        "next_poll_at": view.next_poll_at,
        "lease_held": figures.lease_held,
        "lease_wait": _lease_wait(figures.lease_wait),
        "rest": failure_document(figures.rest),
        "stretch": figures.stretch,
        "vendor_quota": quota_document(figures.vendor_quota),
        "apis": [api_document(each) for each in figures.apis],
        "discovery": discovery_document(view.status, at),
    }


def _lease_wait(wait: LeaseWait | None) -> LeaseWaitDocument | None:
    return None if wait is None else {"cause": wait.cause, "until": wait.until}
