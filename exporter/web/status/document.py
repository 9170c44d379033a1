"""The state as JSON at `/api/v1/status`: its schema and how it is made. docs/status-api.md is written from it."""

from typing import Annotated

from pydantic import Field, with_config
from typing_extensions import TypedDict

from exporter.model import Failure, FileVersion, LeaseWait, Poll, Reason, Status, WaitCause
from exporter.web.status.hours import hours_now
from exporter.web.status.operation_document import (
    EXACT,
    ApiDocument,
    Count,
    DiscoveryDocument,
    HoursDocument,
    VendorQuotaDocument,
    api_document,
    discovery_document,
    hours_document,
    quota_document,
)
from exporter.web.status.state import TROUBLE, CampaignSummary, State
from exporter.web.status.text import encodable
from exporter.web.status.view import OperationView, Overview

Percent = Annotated[float, Field(ge=0, le=100)]


@with_config(EXACT)
class FailureDocument(TypedDict):
    """Why there is no report."""

    reason: Annotated[Reason, Field(description="As in the label `reason` of the metrics.")]
    message: Annotated[str, Field(description="One line for people, in English.")]
    status: Annotated[int | None, Field(description="HTTP status; null if there was no answer.")]
    excerpt: Annotated[str, Field(description="A short piece of the answer: untrusted text, never use it as markup.")]


@with_config(EXACT)
class PollDocument(TypedDict):
    """One finished poll."""

    at: Annotated[float, Field(description="When it began, Unix seconds.")]
    duration: Annotated[float, Field(ge=0, description="Seconds, retries included; 0 if nothing was sent.")]
    requests: Annotated[Count, Field(description="Requests sent: 0, 1, or 2 after a retry.")]
    attempts: Annotated[Count, Field(description="Sum over the report's results; 0 after a failure.")]
    failure: Annotated[FailureDocument | None, Field(description="Null after a success.")]


@with_config(EXACT)
class ResultDocument(TypedDict):
    """One result of a window."""

    result: Annotated[str, Field(description="As in the label `result` of the metrics.")]
    attempts: Count
    share: Annotated[
        Percent,
        Field(description="Percent of the window's attempts, computed from the counts; 0 if there are none."),
    ]
    share_low: Annotated[
        Percent | None, Field(description="Low end of the 95 % interval of the share; null if there are no attempts.")
    ]
    share_high: Annotated[Percent | None, Field(description="Its high end.")]


@with_config(EXACT)
class DataDocument(TypedDict):
    """The published data, as on `/metrics`."""

    at: Annotated[float, Field(description="When the poll that returned it succeeded, Unix seconds.")]
    age: Annotated[float, Field(ge=0, description="Seconds since then.")]
    window_start: Annotated[float, Field(description="Bound of the window that it covers, Unix seconds.")]
    window_end: Annotated[float, Field(description="Bound of the window that it covers, Unix seconds.")]
    no_data: Annotated[bool, Field(description="The API returned no rows for the window.")]
    attempts: Annotated[Count, Field(description="Sum over the results.")]
    results: list[ResultDocument]


@with_config(EXACT)
class CampaignDocument(TypedDict):
    """One campaign in one window."""

    operation: str
    campaign: Annotated[str, Field(description="The id.")]
    window: Annotated[str, Field(description="As written in the configuration.")]
    name: Annotated[str, Field(description="Empty if none is configured.")]
    state: Annotated[State, Field(description="See the states above.")]
    trouble: Annotated[bool, Field(description="Whether the state needs attention.")]
    few_attempts: Annotated[
        bool, Field(description="A share is as high as in a spike, but there are too few attempts to say so.")
    ]
    empty_unconfirmed: Annotated[
        bool, Field(description="The latest answer had no rows and contradicts `data`; the next poll decides.")
    ]
    resting: Annotated[bool, Field(description="Its campaign stopped; the data of its day is final.")]
    hours: Annotated[HoursDocument | None, Field(description="Null if calling is always allowed.")]
    interval: Annotated[float, Field(gt=0, description="Seconds from one poll to the next.")]
    data: Annotated[DataDocument | None, Field(description="Null while there is none or it was withdrawn.")]
    last_poll_at: Annotated[float | None, Field(description="Unix seconds; null before the first poll.")]
    last_success_at: Annotated[float | None, Field(description="Unix seconds; null before the first success.")]
    next_poll_at: Annotated[
        float | None, Field(description="Unix seconds; null while another process holds the token.")
    ]
    failure: Annotated[FailureDocument | None, Field(description="Of the latest poll; null while that succeeded.")]
    polls: Annotated[Count, Field(description="By this process.")]
    failures: Annotated[Count, Field(description="By this process.")]
    history: Annotated[
        list[PollDocument],
        Field(description="The last 20 polls, oldest first, and older failures if those include fewer than 20."),
    ]


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


def campaign(digest: CampaignSummary, at: float) -> CampaignDocument:
    """One campaign in one window, at the moment `at`."""
    target, known = digest.target, digest.known
    return {
        "operation": encodable(target.key.operation),
        "campaign": encodable(target.key.campaign),
        "window": encodable(target.key.window),
        "name": encodable(target.name),
        "state": digest.state,
        "trouble": digest.state in TROUBLE,
        "few_attempts": digest.unsure is not None,
        "empty_unconfirmed": known.empty_unconfirmed,
        "resting": target.resting,
        "hours": hours_document(hours_now(target, at)),
        "interval": target.interval,
        "data": _data(digest, at),
        "last_poll_at": known.last_poll_at,
        "last_success_at": known.last_success_at,
        "next_poll_at": digest.status.next_poll_at,
        "failure": _failure(known.failure),
        "polls": known.polls,
        "failures": known.failures,
        "history": [_poll(poll) for poll in known.history],
    }


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
        "rest": _failure(figures.rest),
        "stretch": figures.stretch,
        "vendor_quota": quota_document(figures.vendor_quota),
        "apis": [api_document(each) for each in figures.apis],
        "discovery": discovery_document(view.status, at),
    }


def _lease_wait(wait: LeaseWait | None) -> LeaseWaitDocument | None:
    return None if wait is None else {"cause": wait.cause, "until": wait.until}


def _data(digest: CampaignSummary, at: float) -> DataDocument | None:
    data = digest.known.data
    if data is None or digest.data_at is None or digest.attempts is None:
        return None
    return {
        "at": digest.data_at,
        "age": max(0.0, at - digest.data_at),
        "window_start": data.bounds.start,
        "window_end": data.bounds.end,
        "no_data": data.no_data,
        "attempts": digest.attempts,
        "results": [
            {
                "result": encodable(row.result),
                "attempts": row.attempts,
                "share": round(digest.shares.get(row.result, 0.0), 4),
                "share_low": _end(digest, row.result, 0),
                "share_high": _end(digest, row.result, 1),
            }
            for row in data.rows
        ],
    }


def _end(digest: CampaignSummary, result: str, end: int) -> float | None:
    return round(digest.intervals[result][end], 4) if result in digest.intervals else None


def _poll(poll: Poll) -> PollDocument:
    return {
        "at": poll.at,
        "duration": poll.duration,
        "requests": poll.requests,
        "attempts": poll.attempts,
        "failure": _failure(poll.failure),
    }


def _failure(failure: Failure | None) -> FailureDocument | None:
    if failure is None:
        return None
    return {
        "reason": failure.reason,
        "message": encodable(failure.message),
        "status": failure.status,
        "excerpt": encodable(failure.excerpt),
    }
