"""A token's rest: after some refusals, and while a vendor stalls, asking for other campaigns would bring the same."""

from collections.abc import Callable, Iterable
from dataclasses import replace

from structlog.stdlib import BoundLogger

from exporter.clock import Clock, Stamp, age, stamp
from exporter.model import Failure, Poll, Reason, Target, TargetKey, TargetState
from exporter.storage.request import StoredCooldown

REASONS = frozenset({Reason.AUTH, Reason.QUOTA, Reason.FORBIDDEN})
"""The refusals that concern the token and not the campaign."""

SHORT_WAIT = 60.0
"""Seconds that polls are late for rather than failed, where the vendor asked for a pause."""

_SILENT = frozenset({Reason.TIMEOUT, Reason.CONNECT})
"""Failures that say nothing of whether a resting token is well."""


class Cooldown:
    """Whether a token rests, and which targets failed unsent because of it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._unsent: set[TargetKey] = set()
        self.rest: StoredCooldown | None = None
        """To be stored with each poll, so that a restart does not end it."""
        self.latest: tuple[str, Reason | None] | None = None
        """The campaign of this process's latest request on the token, and its failure; None before the first."""

    @property
    def failure(self) -> Failure | None:
        """Why the token rests, while it does."""
        return None if self.rest is None else self.rest.failure

    def refusal(self, seconds: float) -> Failure | None:
        """Why nothing is sent now: the latest refusal was less than `seconds` ago. After that one poll may find out."""
        left = self._left(seconds)
        if self.rest is None or left <= 0:
            return None
        failure = self.rest.failure
        return replace(failure, message=f"not sent, the token rests for {left:.0f} s: {failure.message}")

    def pause(self) -> float:
        """Seconds, up to `SHORT_WAIT`, for which the vendor asked and polls wait; 0 where they need not or fail."""
        if self.rest is None or not is_pause(self.rest.failure):
            return 0.0
        left = self._left(0.0)
        return left if left <= SHORT_WAIT else 0.0

    def unsent(self, key: TargetKey) -> None:
        """Remember a target that failed unsent."""
        if self.rest is not None:
            self._unsent.add(key)

    def refused(self, failure: Failure, at: Stamp) -> bool:
        """Rest from `at` on; True where that is news."""
        before, self.rest = self.rest, StoredCooldown(failure, at)
        return before is None

    def goes_on(self, failure: Failure, at: Stamp) -> bool:
        """Rest on from `at` where the request that was to find out got no answer; False where something was learnt."""
        if self.rest is None or is_pause(self.rest.failure) or failure.reason not in _SILENT:
            return False
        self.rest = StoredCooldown(self.rest.failure, at)
        return True

    def answered(self) -> frozenset[TargetKey] | None:
        """End the rest; the targets that failed unsent, None where there was no rest."""
        if self.rest is None:
            return None
        unsent = frozenset(self._unsent)
        self.rest = None
        self._unsent.clear()
        return unsent

    def conclude(
        self,
        key: TargetKey,
        failure: Failure | None,
        sent: Stamp | None,
        known: Iterable[tuple[TargetKey, TargetState]],
        log: BoundLogger,
    ) -> frozenset[TargetKey]:
        """Take in what a poll says of the token; the targets that failed unsent, where that ends its rest.

        Args:
            key: Which target was polled.
            failure: Why the poll failed, if it did.
            sent: When its latest request left; None where nothing was sent.
            known: What was known before it of each of the token's targets.
            log: For the lines on what changes.
        """
        if sent is None:
            self.unsent(key)
            return frozenset()
        ended = frozenset[TargetKey]()
        if failure is not None and is_pause(failure):
            self.refused(failure, stamp(self._clock))
            log.warning("token waits, as the vendor asks", seconds=failure.retry_after, detail=failure.message)
        elif failure is not None and (failure.reason in REASONS or stalls(failure, key.campaign, self.latest, known)):
            if self.refused(failure, sent):
                log.warning("token rests", reason=failure.reason.value, detail=failure.message)
        elif failure is not None and self.goes_on(failure, sent):
            pass
        elif (unsent := self.answered()) is not None:
            log.info("token rests no longer")
            ended = unsent - {key}
        self.latest = key.campaign, None if failure is None else failure.reason
        return ended

    def _left(self, seconds: float) -> float:
        """Seconds that the rest still takes, where the next request may come `seconds` after the refused one."""
        if self.rest is None:
            return 0.0
        failure = self.rest.failure
        span = 0.0 if is_pause(failure) else seconds
        return max(span, failure.retry_after or 0.0) - age(self._clock, self.rest.since)


def is_pause(failure: Failure) -> bool:
    """Whether the vendor only asked to be left alone for a while, after which polls go on as planned."""
    return failure.retry_after is not None and failure.reason not in REASONS


def stalls(
    failure: Failure,
    campaign: str,
    latest: tuple[str, Reason | None] | None,
    known: Iterable[tuple[TargetKey, TargetState]],
) -> bool:
    """Whether a poll's failure is the second time-out in a row on its token, the first of another campaign.

    One slow campaign is its own trouble. Two of them are the vendor's, and requests that timed out may still lie in its
    queue: more of them would be served at once.

    Args:
        failure: Of the poll that has just ended.
        campaign: Which it asked for.
        latest: The request before it, by this process, also of a campaign that a reload has removed since.
        known: What was known before it of each of the token's targets, for the first request of this process.
    """
    if failure.reason is not Reason.TIMEOUT:
        return False
    if latest is not None:
        return latest[1] is Reason.TIMEOUT and latest[0] != campaign
    asked = [(one.asked.monotonic, key, one) for key, one in known if one.asked is not None]
    if not asked:
        return False
    _, key, before = max(asked, key=lambda one: one[0])
    return key.campaign != campaign and _timed_out(before.history)


def _timed_out(history: tuple[Poll, ...]) -> bool:
    """Whether the latest poll that sent something ended in a time-out."""
    sent = next((poll for poll in reversed(history) if poll.requests), None)
    return sent is not None and sent.failure is not None and sent.failure.reason is Reason.TIMEOUT


def in_turn(targets: Iterable[Target], asked: Callable[[TargetKey], Stamp | None]) -> list[Target]:
    """The targets, those of the campaign first that has waited longest since it was asked for anything."""
    moments = {target: -1.0 if (one := asked(target.key)) is None else one.monotonic for target in targets}
    latest: dict[str, float] = {}
    for target, moment in moments.items():
        latest[target.key.campaign] = max(moment, latest.get(target.key.campaign, -1.0))
    return sorted(moments, key=lambda target: (latest[target.key.campaign], moments[target]))
