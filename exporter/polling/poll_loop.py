"""One turn after another: what of a token's work is due, and what is to be waited for."""

from exporter.model import Target, TargetKey
from exporter.polling.companion_runner import CompanionRunner
from exporter.polling.lease_session import LeaseSession
from exporter.polling.pace_keeper import PaceKeeper
from exporter.polling.poll_runner import PollRunner
from exporter.polling.token_parts import TokenParts

TURN_SECONDS = 5.0
"""The longest a worker waits before it looks around again."""

STANDBY_SECONDS = 2.0
"""How often a worker without the lease asks for it, and reads what the process that holds it stored."""

WATCHED_SECONDS = 30.0
"""The same where storage is shared: the supervisor looks for all workers at once, and wakes those with a reason."""


class PollLoop:
    """Decides what one token's worker does next."""

    def __init__(
        self, parts: TokenParts, session: LeaseSession, polls: PollRunner, companions: CompanionRunner
    ) -> None:
        services = parts.services
        self._clock, self._renew = services.clock, services.renew
        self._standby_seconds = WATCHED_SECONDS if services.ledger.is_shared else STANDBY_SECONDS
        self._timetable, self._control, self._cooldown = parts.timetable, parts.control, parts.cooldown
        self._learner, self._session = parts.learner, session
        self._polls, self._companions = polls, companions
        self._pace = PaceKeeper(parts.timetable, services.store, services.clock)

    async def turn(self) -> None:
        """Do what is due, or wait a little."""
        self._control.expect(TURN_SECONDS)
        await self._session.yield_lease()
        if not await self._session.settle():
            self._pace.follow(self._session.used)
            await self._fail_due()
            await self._control.pause(TURN_SECONDS if self._session.is_blocked else self._standby_seconds)
            return
        await self._session.retry_storage()
        await self._session.turn_day()
        self._timetable.follow_clock()
        if edited := self._timetable.follow_discovery():
            self._learner.follow(edited)
            return
        self._pace.follow(self._session.used)
        following, head = self._companions.following(), self._timetable.head()
        now = self._clock.monotonic()
        pauses = [TURN_SECONDS]
        if following is not None:
            pauses.append(following[0] - now)
        if head is not None:
            pauses.append(max(head[0] - now, self._cooldown.pause()))
        if min(pauses) > 0:
            await self._control.pause(min(pauses))
        elif not self._is_able():
            return
        elif following is not None and following[0] <= now:
            await self._companions.discover(following[1])
        elif head is not None and not self._timetable.put_off(self._timetable.targets[head[1]]):
            await self._poll_in_turn(head[1])

    def _is_able(self) -> bool:
        """Whether it may still poll, and knows what it needs: a reload may have come since it settled."""
        return self._session.is_settled and not self._control.is_stopping()

    async def _poll_in_turn(self, due: TargetKey) -> None:
        """Poll the target that is due, after the one whose turn it is to check whether a resting token works again."""
        if await self._is_renewed():
            return
        probe = self._probe()
        if probe is not None and probe.key != due:
            await self._polls.poll(probe)
        if self._session.held and due in self._timetable.targets and not self._control.is_stopping():
            await self._polls.poll(self._timetable.targets[due])

    async def _is_renewed(self) -> bool:
        """Whether a resting token, or what else its operation is, has just been replaced."""
        if self._renew is None or not self._session.may_check():
            return False
        operation = self._timetable.operation
        await self._renew()
        return self._control.is_stopping() or self._timetable.operation is not operation

    def _probe(self) -> Target | None:
        """The target that is to check whether a resting token works again; None where none may.

        Campaigns take turns: that of one alone may be what the vendor cannot answer.
        """
        if not self._session.may_check():
            return None
        return next((one for one in self._timetable.in_turn() if self._timetable.wait(one) <= 0), None)

    async def _fail_due(self) -> None:
        """While storage cannot tell who may ask, or when, what is due fails: its silence must not look like health."""
        if not self._session.is_blocked:
            return
        timetable = self._timetable
        for key in self._learner.unlearned:
            if timetable.schedule.interval(key) != timetable.interval(timetable.targets[key]):
                timetable.add(key)
        following = self._companions.following()
        while following is not None and following[0] <= self._clock.monotonic():
            await self._companions.ask(following[1])
            following = self._companions.following()
        while (head := timetable.schedule.head()) is not None and head[0] <= self._clock.monotonic():
            await self._polls.poll(timetable.targets[head[1]])
