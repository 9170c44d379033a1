"""One token's polls, one after another, for as long as the program runs."""

from exporter.model import Operation, TargetKey
from exporter.polling.companion_runner import CompanionRunner
from exporter.polling.lease_session import LeaseSession
from exporter.polling.poll_loop import PollLoop
from exporter.polling.poll_runner import PollRunner
from exporter.polling.sweep import Sweep
from exporter.polling.token_parts import Services, TokenParts

FIRST_BACKOFF, LONGEST_BACKOFF = 1.0, 60.0
"""Seconds between two starts of a worker that fails again and again."""


class Worker:
    """Polls the targets of one operation with its token, never two at once."""

    def __init__(self, operation: Operation, services: Services) -> None:
        parts = TokenParts.of(operation, services)
        self._clock = services.clock
        self._timetable, self._control, self._learner = parts.timetable, parts.control, parts.learner
        self.session = session = LeaseSession(parts)
        """Whether it holds the lease of its token."""
        runners = PollRunner(parts, session), CompanionRunner(parts, session)
        self._loop = PollLoop(parts, session, *runners)
        self._sweep = Sweep(parts, session, *runners)
        self.apply_config(operation)

    @property
    def operation(self) -> Operation:
        """What it polls."""
        return self._timetable.operation

    def apply_config(self, operation: Operation) -> None:
        """Take over an edited operation with the same token, also after `stop`; unchanged targets keep their place."""
        self._learner.apply_config(self._timetable.apply_config(operation))
        self.session.apply_config()
        self._control.go_on()

    def stop(self) -> None:
        """End after the poll under way."""
        self._control.stop()

    def retire(self) -> None:
        """End after the poll under way and publish nothing of it: a reload has no use for the token any more."""
        self._control.retire()

    def look_around(self) -> None:
        """Look for the lease, or for news, at once; nothing changes for one that polls."""
        if not self.session.held:
            self._control.wake()

    def stuck(self) -> bool:
        """Whether it has not turned for longer than anything it does can take."""
        return self._control.is_stuck()

    def lag(self) -> float:
        """How late the most overdue poll is; 0 while another process polls."""
        return self._timetable.schedule.lag(self._clock.monotonic()) if self.session.held else 0.0

    def next_poll_at(self, key: TargetKey) -> float | None:
        """When the target is due, by the wall clock; None while another process polls."""
        due = self._timetable.schedule.due(key)
        if not self.session.held or due is None:
            return None
        return self._clock.now() + max(0.0, due - self._clock.monotonic())

    async def run(self) -> None:
        """Poll until stopped, also after a fault of the program's own."""
        backoff = FIRST_BACKOFF
        while not self._control.is_stopping():
            try:
                await self._loop.turn()
            except Exception:  # whatever it is, the other tokens go on and this one tries again
                self._timetable.log.exception("worker failed, it starts again", seconds=backoff)
                await self._control.keep(backoff)
                backoff = min(2 * backoff, LONGEST_BACKOFF)
            else:
                backoff = FIRST_BACKOFF

    async def sweep(self, patience: float) -> None:
        """Poll once what is due, and wait `patience` seconds in all for what is not yet."""
        await self._sweep.run(patience)
