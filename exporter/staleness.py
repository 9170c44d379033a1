"""How long data may be shown after its last success."""


def stale_after(given: float | None, interval: float) -> float:
    """Seconds: what the configuration says, by default long enough for three polls to fail.

    Args:
        given: `stale_after` as configured; None where it is not given.
        interval: Seconds from poll to poll as they are in force: outside calling hours those of `off_interval`, and
            stretched where the budget makes polls rarer.
    """
    return 3 * interval + 60 if given is None else given
