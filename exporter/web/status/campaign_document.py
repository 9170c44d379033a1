"""One campaign in one window as JSON: its schema and how it is made."""

from typing import Annotated

from pydantic import Field, with_config
from typing_extensions import TypedDict

from exporter.model import Failure, Poll, Reason
from exporter.web.status.hours import hours_now
from exporter.web.status.operation_document import (
    EXACT,
    Count,
    HoursDocument,
    hours_document,
)
from exporter.web.status.state import TROUBLE, CampaignSummary, State
from exporter.web.status.text import encodable

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


def campaign_document(digest: CampaignSummary, at: float) -> CampaignDocument:
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
        "failure": failure_document(known.failure),
        "polls": known.polls,
        "failures": known.failures,
        "history": [_poll(poll) for poll in known.history],
    }


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
        "failure": failure_document(poll.failure),
    }


def failure_document(failure: Failure | None) -> FailureDocument | None:
    """Why there is no report; None where there is one."""
    if failure is None:
        return None
    return {
        "reason": failure.reason,
        "message": encodable(failure.message),
        "status": failure.status,
        "excerpt": encodable(failure.excerpt),
    }
