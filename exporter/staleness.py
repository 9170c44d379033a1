"""How long data may be shown after its last success (pure). Spans are seconds."""

from dataclasses import dataclass, replace

from exporter.calling_hours import current_interval, is_open, last_change, off_interval
from exporter.model import Target


@dataclass(frozen=True, slots=True)
class Stretch:
    """What an operation's intervals are multiplied with."""

    factor: float = 1.0
    before: float = 1.0
    """The factor until `since`, where it was a larger one."""
    since: float = 0.0
    """When the factor fell last, in monotonic seconds."""

    def changed(self, factor: float, now: float) -> "Stretch":
        """The stretch from now on."""
        if factor < self.factor:
            return Stretch(factor, self.factor, now)
        return self if factor == self.factor else replace(self, factor=factor)


NO_STRETCH = Stretch()


def stale_after(given: float | None, interval: float) -> float:
    """How old data may grow: what the configuration says, by default long enough for three polls to fail.

    Args:
        given: `stale_after` as configured; None where it is not given.
        interval: Seconds from poll to poll as they are in force: outside calling hours those of `off_interval`, and
            stretched where the budget makes polls rarer.
    """
    return 3 * interval + 60 if given is None else given


def allowed_age(target: Target, old: float, at: float, stretch: Stretch, now: float) -> float:
    """How old a target's data may grow under the interval in force.

    What came before the interval became a shorter one does not leave at once: it is given as long as three polls at
    the shorter one may take, so that nothing is missing until the first of them.

    Args:
        target: Whose data.
        old: Its age.
        at: The moment, in Unix seconds.
        stretch: Of the operation.
        now: The moment, in monotonic seconds.
    """
    interval, given = current_interval(target, at), target.stale_after
    limit = stale_after(given, interval * stretch.factor)
    grace = _grace(given, limit, interval * stretch.before, now - stretch.since, old)
    if target.hours is not None and is_open(target.hours, target.zone, at):
        opened = last_change(target.hours, target.zone, at)
        if opened is not None:
            longer = off_interval(target, target.hours) * stretch.factor
            grace = max(grace, _grace(given, limit, longer, at - opened, old))
    return grace


def _grace(given: float | None, limit: float, before: float, since: float, old: float) -> float:
    """The limit, or what is allowed still to data that came before a change to it, `since` seconds ago."""
    return limit if old <= since else max(limit, min(stale_after(given, before), old - since + limit))
