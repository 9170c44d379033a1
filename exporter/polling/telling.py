"""What the log says of polls: one line where something changes, none while it stays the same."""

import logging

from structlog.stdlib import BoundLogger

from exporter.model import Failure, Poll, Target


def tell(logger: BoundLogger, target: Target, before: Failure | None, poll: Poll) -> None:
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
