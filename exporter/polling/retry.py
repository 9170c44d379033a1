"""Which failures a poll may try once more (pure), after how many seconds."""

from random import Random

from exporter.model import Failure, Reason, Report


def retry_delay(outcome: Report | Failure, previous: Reason | None, random: Random) -> float | None:
    """Seconds to wait before the one retry; None where there is none.

    A dropped connection may be an accident; two polls in a row are none. A concurrent request of somebody else needs
    time to end. After a time-out the vendor may still be at work, and every other answer would be the same again.

    Args:
        outcome: what the first request brought.
        previous: why the token's poll before this one failed, if it did.
        random: for the jitter, so that many exporters do not come back as one.
    """
    if not isinstance(outcome, Failure):
        return None
    if outcome.reason is Reason.CONNECT and previous is not Reason.CONNECT:
        return random.uniform(2.0, 4.0)
    if outcome.reason is Reason.CONCURRENCY:
        return random.uniform(10.5, 12.5)
    return None
