"""What the log says of polls: one line where something changes, none while it stays the same."""

import logging
from datetime import datetime
from zoneinfo import ZoneInfo

from structlog.stdlib import BoundLogger

from exporter.model import Failure, LeaseWait, Poll, Target, TargetState, WaitCause


def log_poll(logger: BoundLogger, target: Target, before: Failure | None, poll: Poll) -> None:
    """Log what a poll changed; `before` is the failure of the poll before it."""
    failure = poll.failure
    if failure is None and before is None and not logging.getLogger().isEnabledFor(logging.DEBUG):
        return  # by far the most polls: nothing to say of them
    log = logger.bind(campaign=target.key.campaign, window=target.key.window)
    if failure is None:
        if before is not None:
            log.info("poll succeeded again", was=before.reason.value, attempts=poll.attempts)
    elif before is None or before.reason is not failure.reason:
        # A whole token's campaigns fail unsent with one cause, and that has a line of its own.
        say = log.warning if poll.requests else log.info
        say("poll failed", reason=failure.reason.value, status=failure.status, detail=failure.message)
    log.debug("poll ended", requests=poll.requests, duration=round(poll.duration, 3), ok=failure is None)


def tell_doubt(logger: BoundLogger, target: Target, before: TargetState, after: TargetState) -> None:
    """Log that an answer without rows is not believed yet."""
    if after.empty_unconfirmed and not before.empty_unconfirmed:
        logger.info(
            "empty answer not believed yet",
            campaign=target.key.campaign,
            window=target.key.window,
            hint="the report before it had many attempts in nearly the same time; the next answer decides",
        )


_WAITS = {
    WaitCause.PROCESS: "another process on this storage polls; this one shows what it finds and takes over after it",
    WaitCause.SILENCE: "the process that polled is silent; it counts as dead at {until} unless it shows itself",
    WaitCause.REQUEST: "a request of a process that has ended may be under way until {until}",
    WaitCause.STORAGE: "the storage file is new, and a request that the one before knew of may be under way "
    "until {until}",
}


def tell_wait(logger: BoundLogger, before: LeaseWait | None, wait: LeaseWait, zone: ZoneInfo) -> None:
    """Log what a process waits for before it may send; `before` is what it waited for until now."""
    if before is None or before.cause is not wait.cause:
        until = "" if wait.until is None else datetime.fromtimestamp(wait.until, zone).isoformat()
        logger.info("standing by", waits_for=wait.cause.value, detail=_WAITS[wait.cause].format(until=until))
