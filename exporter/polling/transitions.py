"""What a finished poll makes of a snapshot (pure)."""

from dataclasses import replace

from exporter.model import Data, Failure, Poll, Report, Snapshot, TimeRange
from exporter.wolkvox.results import publish

HISTORY = 20
"""Polls that are kept for each target, and failures beyond those."""


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
