"""What a finished poll makes of what is known of its target (pure)."""

from dataclasses import dataclass, replace

from exporter.clock import Stamp
from exporter.model import Data, Failure, Poll, Report, Target, TargetState, TimeRange
from exporter.polling import calendar
from exporter.polling.empty_answer import contradicts
from exporter.wolkvox.results import publish

HISTORY = 20
"""Polls that are kept for each target, and failures beyond those."""


@dataclass(frozen=True, slots=True)
class Found:
    """A good report and the window that it was asked for."""

    report: Report
    bounds: TimeRange


def concluded(  # noqa: PLR0913 (all that is known of a poll)
    target: Target,
    before: TargetState,
    found: Found | Failure,
    *,
    started: Stamp,
    ended: Stamp,
    sent: Stamp | None,
    requests: int,
) -> tuple[TargetState, Poll]:
    """What is known of the target after a poll, and the poll as its history keeps it.

    Args:
        target: Which was polled.
        before: What was known of it.
        found: What the poll brought.
        started: When it began.
        ended: When it was over.
        sent: When its latest request left; None where nothing was sent.
        requests: How many were sent.
    """
    duration = ended.monotonic - started.monotonic if requests else 0.0
    poll = Poll(ended.wall - duration, duration, requests)
    asked = sent or before.asked
    if isinstance(found, Failure):
        poll = replace(poll, failure=found)
        after = failed(before, poll, found, ended)
    else:
        poll = replace(poll, attempts=sum(row.attempts for row in found.report.rows))
        if not before.empty_unconfirmed and contradicts(target, before.data, found.report, found.bounds):
            after = doubted(before, poll, ended)
        else:
            after = succeeded(before, poll, found, ended)
            after = replace(after, data=after.data and calendar.settled(target, before.data, after.data))
    return replace(after, asked=asked), poll


def remember(history: tuple[Poll, ...], poll: Poll) -> tuple[Poll, ...]:
    """The history with one more poll: the latest `HISTORY`, and older failures up to `HISTORY` failures in all.

    Failures stay longer than successes, because what is looked for at nine in the morning failed at three.
    """
    polls = (*history, poll)
    older, recent = polls[:-HISTORY], polls[-HISTORY:]
    room = HISTORY - sum(1 for one in recent if one.failure is not None)
    kept = [one for one in older if one.failure is not None]
    return (*(kept[-room:] if room > 0 else ()), *recent)


def succeeded(state: TargetState, poll: Poll, found: Found, ended: Stamp) -> TargetState:
    """The state after a good report."""
    rows, seen = publish(found.report, state.seen)
    return replace(
        state,
        data=Data(bounds=found.bounds, rows=rows, no_data=found.report.no_data),
        stale=False,
        succeeded=ended,
        polled=ended,
        failure=None,
        empty_unconfirmed=False,
        seen=seen,
        history=remember(state.history, poll),
        polls=state.polls + 1,
    )


def doubted(state: TargetState, poll: Poll, ended: Stamp) -> TargetState:
    """The state after an answer without rows that is not believed yet: the vendor answered, and the data stays."""
    return replace(
        state,
        polled=ended,
        failure=None,
        empty_unconfirmed=True,
        history=remember(state.history, poll),
        polls=state.polls + 1,
    )


def failed(state: TargetState, poll: Poll, failure: Failure, ended: Stamp) -> TargetState:
    """The state after a failure; the last good data stays."""
    return replace(
        state,
        polled=ended,
        failure=failure,
        history=remember(state.history, poll),
        polls=state.polls + 1,
        failures=state.failures + 1,
    )
