"""A token's rest: after some refusals asking for other campaigns would bring the same."""

from dataclasses import replace

from exporter.clock import Clock, Stamp, age
from exporter.model import Failure, Key, Reason
from exporter.storage.ledger import Rest

REASONS = frozenset({Reason.AUTH, Reason.QUOTA, Reason.FORBIDDEN})
"""The refusals that concern the token and not the campaign."""


class Resting:
    """Whether a token rests, and which targets failed unsent because of it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._unsent: set[Key] = set()
        self.rest: Rest | None = None
        """To be put down with each poll, so that a restart does not end it."""

    @property
    def failure(self) -> Failure | None:
        """Why the token rests, while it does."""
        return None if self.rest is None else self.rest.failure

    def refusal(self, seconds: float) -> Failure | None:
        """Why nothing is sent now: the latest refusal was less than `seconds` ago. After that one poll may find out."""
        if self.rest is None:
            return None
        left = seconds - age(self._clock, self.rest.since)
        if left <= 0:
            return None
        failure = self.rest.failure
        return replace(failure, message=f"not sent, the token rests for {left:.0f} s: {failure.message}")

    def unsent(self, key: Key) -> None:
        """Remember a target that failed unsent."""
        if self.rest is not None:
            self._unsent.add(key)

    def refused(self, failure: Failure, at: Stamp) -> bool:
        """Rest from `at` on; True where that is news."""
        before, self.rest = self.rest, Rest(failure, at)
        return before is None

    def answered(self) -> frozenset[Key] | None:
        """End the rest; the targets that failed unsent, None where there was no rest."""
        if self.rest is None:
            return None
        unsent = frozenset(self._unsent)
        self.rest = None
        self._unsent.clear()
        return unsent
