"""Which failures a poll may try once more (pure), after how many seconds."""

from random import Random

from exporter.model import Failure, Reason, Report
from exporter.polling.cooldown import SHORT_WAIT


def retry_delay(outcome: Report | Failure, previous: Reason | None, random: Random) -> float | None:
    """Seconds to wait before the one retry; None where there is none.

    A dropped connection may be an accident; two polls in a row are none. A concurrent request of somebody else needs
    time to end. A short pause that the vendor asked for is kept, a long one leaves the rest to the next poll. After a
    time-out the vendor may still be at work, and every other answer would be the same again.

    Args:
        outcome: what the first request brought.
        previous: why the token's poll before this one failed, if it did.
        random: for the jitter, so that many exporters do not come back as one.
    """
    if not isinstance(outcome, Failure):
        return None
    asked_for = outcome.retry_after or 0.0
    if asked_for > SHORT_WAIT:
        return None
    if outcome.reason is Reason.CONNECT and previous is not Reason.CONNECT:
        return max(random.uniform(2.0, 4.0), asked_for)
    if outcome.reason is Reason.CONCURRENCY:
        return max(random.uniform(10.5, 12.5), asked_for)
    return None
