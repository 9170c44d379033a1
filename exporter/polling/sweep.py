"""One poll of everything that is due, for a program that ends after it."""

from exporter.model import COMPANIONS
from exporter.polling.companion_runner import CompanionRunner
from exporter.polling.lease_session import LeaseSession
from exporter.polling.poll_runner import PollRunner
from exporter.polling.token_parts import TokenParts


class Sweep:
    """Asks once for what one token's worker would ask for in a loop."""

    def __init__(
        self, parts: TokenParts, session: LeaseSession, polls: PollRunner, companions: CompanionRunner
    ) -> None:
        self._clock = parts.services.clock
        self._timetable, self._control, self._cooldown = parts.timetable, parts.control, parts.cooldown
        self._session = session
        self._polls, self._companions = polls, companions

    async def run(self, patience: float) -> None:
        """Poll every target once that is due, soonest first; it waits `patience` seconds in all for what is not yet.

        The APIs that are asked for the whole operation come first: they may find targets.
        """
        timetable, control = self._timetable, self._control
        patience = await self._ask_companions(patience)
        soonest = sorted(timetable.targets.values(), key=lambda target: timetable.schedule.due(target.key) or 0.0)
        for target in soonest if self._cooldown.rest is None else timetable.in_turn():
            due = timetable.schedule.due(target.key)
            pause = 0.0 if due is None else max(0.0, due - self._clock.monotonic())
            if 0.0 < pause <= patience:
                patience -= pause
                await control.keep(pause)
                pause = 0.0
            if (asked_for := self._cooldown.pause()) > 0:
                await control.keep(asked_for)
            if self._session.held and due is not None and not pause and not control.is_stopping():
                try:
                    await self._polls.poll(target)
                except Exception:  # as in the loop: the other targets are still to be asked
                    timetable.log.exception("poll failed by a fault of the exporter", campaign=target.key.campaign)

    async def _ask_companions(self, patience: float) -> float:
        """Ask every API once that is due, and learn of the targets that they find; what is left of the patience."""
        for _ in COMPANIONS:
            following = self._companions.following()
            if following is None or not self._session.held or self._control.is_stopping():
                break
            pause = max(0.0, following[0] - self._clock.monotonic())
            if pause > patience:
                break
            if pause:
                patience -= pause
                await self._control.keep(pause)
            try:
                await self._companions.discover(following[1])
            except Exception:  # as in the loop: the other requests are still to be made
                self._timetable.log.exception("request failed by a fault of the exporter", api=following[1].value)
            await self._session.settle()
        return patience
