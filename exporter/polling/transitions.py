"""What a finished poll makes of what is known of its target (pure)."""

from dataclasses import dataclass, replace

from exporter.clock import Stamp
from exporter.model import Data, Failure, Poll, Report, Snapshot, Target, TimeRange
from exporter.polling import calendar
from exporter.storage.rows import Known
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
    before: Known,
    found: Found | Failure,
    *,
    started: Stamp,
    ended: Stamp,
    sent: Stamp | None,
    requests: int,
) -> tuple[Known, Poll]:
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
    if isinstance(found, Failure):
        poll = replace(poll, failure=found)
        snapshot, success = failed(before.snapshot, poll, found), before.succeeded
    else:
        poll = replace(poll, attempts=sum(row.attempts for row in found.report.rows))
        snapshot, success = succeeded(before.snapshot, poll, found.report, found.bounds), ended
        earlier, data = before.snapshot.data, snapshot.data
        snapshot = replace(snapshot, data=data and calendar.settled(target, earlier, data))
    known = replace(before, snapshot=snapshot, asked=sent or before.asked, succeeded=success, polled=ended)
    return known, poll


def remember(history: tuple[Poll, ...], poll: Poll) -> tuple[Poll, ...]:
    """The history with one more poll: the latest `HISTORY`, and older failures up to `HISTORY` failures in all.

    Failures stay longer than successes, because what is looked for at nine in the morning failed at three.
    """
    polls = (*history, poll)
    older, recent = polls[:-HISTORY], polls[-HISTORY:]
    room = HISTORY - sum(1 for one in recent if one.failure is not None)
    kept = [one for one in older if one.failure is not None]
    return (*(kept[-room:] if room > 0 else ()), *recent)


def succeeded(snapshot: Snapshot, poll: Poll, report: Report, bounds: TimeRange) -> Snapshot:
    """The snapshot after a good report."""
    rows, seen = publish(report, snapshot.seen)
    at = poll.at + poll.duration
    return replace(
        snapshot,
        data=Data(at=at, bounds=bounds, rows=rows, no_data=report.no_data),
        stale=False,
        last_success_at=at,
        last_poll_at=at,
        failure=None,
        seen=seen,
        history=remember(snapshot.history, poll),
        polls=snapshot.polls + 1,
    )


def failed(snapshot: Snapshot, poll: Poll, failure: Failure) -> Snapshot:
    """The snapshot after a failure; the last good data stays."""
    return replace(
        snapshot,
        last_poll_at=poll.at + poll.duration,
        failure=failure,
        history=remember(snapshot.history, poll),
        polls=snapshot.polls + 1,
        failures=snapshot.failures + 1,
    )
