"""One token's polls, one after another, for as long as the program runs."""

from collections.abc import Awaitable, Callable
from random import Random
from typing import Protocol

from exporter.clock import Clock
from exporter.model import COMPANIONS, ApiName, Operation, Target, TargetKey
from exporter.polling.companion_runner import CompanionApi, CompanionRunner
from exporter.polling.cooldown import Cooldown
from exporter.polling.lease_session import LeaseSession
from exporter.polling.loop_control import LoopControl
from exporter.polling.pace_keeper import PaceKeeper
from exporter.polling.poll_runner import PollApi, PollRunner
from exporter.polling.state_store import StateStore
from exporter.polling.timetable import Timetable
from exporter.storage.ledger import Ledger

TURN_SECONDS = 5.0
"""The longest a worker waits before it looks around again."""

STANDBY_SECONDS = 2.0
"""How often a worker without the lease asks for it, and reads what the process that holds it stored."""

FIRST_BACKOFF, LONGEST_BACKOFF = 1.0, 60.0
"""Seconds between two starts of a worker that fails again and again."""


class Api(PollApi, CompanionApi, Protocol):
    """The vendor; see `wolkvox.client.Client`."""


class Worker:
    """Polls the targets of one operation with its token, never two at once."""

    def __init__(  # noqa: PLR0913 (the rooms that it joins)
        self,
        operation: Operation,
        *,
        ledger: Ledger,
        api: Api,
        store: StateStore,
        clock: Clock,
        random: Random,
        renew: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        """`renew` reads the operation's secrets again, before a request that checks whether a resting token works."""
        self._clock = clock
        self._renew = renew
        # Where storage is shared the supervisor looks for all workers, and wakes those that have a reason.
        self._standby_seconds = TURN_SECONDS if ledger.is_shared else STANDBY_SECONDS
        self._control = control = LoopControl(clock)
        self._cooldown = cooldown = Cooldown(clock)
        self._timetable = timetable = Timetable(operation, store, clock)
        self._session = LeaseSession(timetable, control, cooldown, ledger=ledger, store=store, clock=clock)
        self._pace = PaceKeeper(timetable, store, clock)
        parts = timetable, control, self._session, cooldown
        self._runner = PollRunner(*parts, ledger=ledger, api=api, store=store, clock=clock, random=random)
        self._companions = CompanionRunner(*parts, ledger=ledger, api=api, store=store, clock=clock)
        self.apply_config(operation)

    @property
    def operation(self) -> Operation:
        """What it polls."""
        return self._timetable.operation

    @property
    def token(self) -> str:
        """The token's hash in storage, as the file that is open now has it."""
        return self._session.token

    def apply_config(self, operation: Operation) -> None:
        """Take over an edited operation with the same token, also after `stop`; unchanged targets keep their place."""
        self._session.apply_config(self._timetable.apply_config(operation))
        self._control.go_on()

    def stop(self) -> None:
        """End after the poll under way."""
        self._control.stop()

    def retire(self) -> None:
        """End after the poll under way and publish nothing of it: a reload has no use for the token any more."""
        self._control.retire()

    async def settle(self) -> bool:
        """Hold the lease and know what storage knows; False where that is not so, another process polls then."""
        return await self._session.settle()

    def lose(self) -> None:
        """The lease went to another process while this one was silent."""
        self._session.lose()

    def hand_over(self) -> None:
        """The lease was given up, so that another replica polls from now on."""
        self._session.hand_over()

    def look_around(self) -> None:
        """Look for the lease, or for news, at once; nothing changes for one that polls."""
        if not self._session.held:
            self._control.wake()

    def stuck(self) -> bool:
        """Whether it has not turned for longer than anything it does can take."""
        return self._control.is_stuck()

    def lag(self) -> float:
        """How late the most overdue poll is; 0 while another process polls."""
        return self._timetable.schedule.lag(self._clock.monotonic()) if self._session.held else 0.0

    def next_poll_at(self, key: TargetKey) -> float | None:
        """When the target is due, by the wall clock; None while another process polls."""
        due = self._timetable.schedule.due(key)
        if not self._session.held or due is None:
            return None
        return self._clock.now() + max(0.0, due - self._clock.monotonic())

    async def run(self) -> None:
        """Poll until stopped, also after a fault of the program's own."""
        backoff = FIRST_BACKOFF
        while not self._control.is_stopping():
            try:
                await self._turn()
            except Exception:  # whatever it is, the other tokens go on and this one tries again
                self._timetable.log.exception("worker failed, it starts again", seconds=backoff)
                await self._control.keep(backoff)
                backoff = min(2 * backoff, LONGEST_BACKOFF)
            else:
                backoff = FIRST_BACKOFF

    async def sweep(self, patience: float) -> None:
        """Poll every target once that is due, soonest first; it waits `patience` seconds in all for what is not yet.

        The APIs that are asked for the whole operation come first: they may find targets.
        """
        timetable, control = self._timetable, self._control
        patience = await self._ask_companions(patience)
        for target in timetable.soonest_first() if self._cooldown.rest is None else timetable.in_turn():
            due = timetable.schedule.due(target.key)
            pause = 0.0 if due is None else max(0.0, due - self._clock.monotonic())
            if 0.0 < pause <= patience:
                patience -= pause
                await control.pause(pause)
                pause = 0.0
            if (asked_for := self._cooldown.pause()) > 0:
                await control.keep(asked_for)
            if self._session.held and due is not None and not pause and not control.is_stopping():
                try:
                    await self._runner.poll(target)
                except Exception:  # as in `run`: the other targets are still to be asked
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
                await self._control.pause(pause)
            try:
                await self._ask(following[1])
            except Exception:  # as in `run`: the other requests are still to be made
                self._timetable.log.exception("request failed by a fault of the exporter", api=following[1].value)
            await self._session.settle()
        return patience

    async def _ask(self, api: ApiName) -> None:
        """Ask an API, and take over the targets that it finds."""
        is_first = self._companions.is_first(api)
        await self._companions.ask(api)
        self._session.follow(self._timetable.follow_discovery(awaited=is_first))

    async def _turn(self) -> None:
        """Do what is due, or wait a little."""
        self._control.expect(TURN_SECONDS)
        if not await self._session.settle():
            self._pace.follow(self._session.used)
            await self._fail_due()
            await self._control.pause(self._standby_seconds)
            return
        await self._session.turn_day()
        self._timetable.follow_clock()
        if edited := self._timetable.follow_discovery():
            self._session.follow(edited)
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
            await self._ask(following[1])
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
            await self._runner.poll(probe)
        if self._session.held and due in self._timetable.targets and not self._control.is_stopping():
            await self._runner.poll(self._timetable.targets[due])

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
        now = self._clock.monotonic()
        return next((one for one in self._timetable.in_turn() if self._timetable.earliest(one) <= now), None)

    async def _fail_due(self) -> None:
        """While storage cannot tell who may ask, or when, what is due fails: its silence must not look like health."""
        if not self._session.is_blocked:
            return
        timetable = self._timetable
        for key in self._session.unlearned:
            if timetable.schedule.interval(key) != timetable.interval(timetable.targets[key]):
                timetable.add(key)
        following = self._companions.following()
        while following is not None and following[0] <= self._clock.monotonic():
            await self._companions.ask(following[1])
            following = self._companions.following()
        while (head := timetable.schedule.head()) is not None and head[0] <= self._clock.monotonic():
            await self._runner.poll(timetable.targets[head[1]])
