"""One token's polls, one after another: due poll, ledger, client, board, storage."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime
from random import Random
from typing import Protocol

import structlog

from exporter.clock import Clock, Stamp, age, stamp
from exporter.model import Failure, LeaseWait, Operation, Poll, Reason, Report, Target, TargetKey, TimeRange
from exporter.polling import calendar
from exporter.polling.cooldown import REASONS, Cooldown, in_turn, is_pause, stalls
from exporter.polling.poll_log import log_poll, tell_wait
from exporter.polling.retry import retry_delay
from exporter.polling.schedule import Schedule
from exporter.polling.state_store import StateStore
from exporter.polling.transitions import failed, succeeded
from exporter.storage.database import StorageError
from exporter.storage.ledger import (
    BudgetExhaustedError,
    Ledger,
    NotOwnerError,
    PollResult,
    Request,
    RequestRefusedError,
    TooEarlyError,
)
from exporter.storage.rows import Known, reading
from exporter.wolkvox.client import Answer
from exporter.wolkvox.window import bounds

TURN_SECONDS = 5.0
"""The longest a worker waits before it looks around again."""

STANDBY_SECONDS = 2.0
"""How often a worker without the lease asks for it, and reads what the holder put down."""

GRACE_SECONDS = 30.0
"""How much longer than planned a step may take before the worker counts as stuck."""

ARRIVAL_MARGIN = 0.1
"""Added to each interval: two requests that left an interval apart may arrive a little closer."""

UNFINISHED_MARGIN = 0.5
"""The same after a restart, where it is not known how long after its record the latest request left."""

ANSWER_PAUSE = 10.0
"""How often to look for the answer to a request that another process sent with another token of the operation."""

STORAGE_PAUSE = 5.0
"""For so long after storage failed it is not tried again: each try may take seconds."""

CLOCK_STEP = 0.5
"""A wall clock that moved so much against the monotonic one was stepped; slower drift each poll notices by itself."""

FIRST_BACKOFF, LONGEST_BACKOFF = 1.0, 60.0
"""Seconds between two starts of a worker that fails again and again."""


class Api(Protocol):
    """The vendor."""

    async def campaign_4(self, operation: Operation, target: Target, bounds: TimeRange, started: float) -> Answer:
        """One request; see `wolkvox.client.Client`."""
        ...


@dataclass(frozen=True, slots=True)
class _Begun:
    """A poll under way."""

    target: Target
    server: str
    at: Stamp
    known: Known
    """What was known before it."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """What one poll's request, or its retry, brought."""

    outcome: Report | Failure
    bounds: TimeRange | None
    asked: Stamp | None
    """When the latest request left; None where none did."""
    requests: int
    late: float = 0.0
    """Seconds for which the vendor may still be at work on a request that was given up: it left so long after its
    record, from which its time was counted."""


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
        """`renew` reads the operation's secrets again, before a request that finds out whether the token is well."""
        self._operation = operation
        self._ledger = ledger
        self._api = api
        self._store = store
        self._clock = clock
        self._random = random
        self._renew = renew
        self._log = structlog.get_logger().bind(operation=operation.name)
        self._targets: dict[TargetKey, Target] = {}
        self._fresh: set[TargetKey] = set()  # new or edited: what storage knows of them is still to be learnt
        self._schedule = Schedule()
        self._offset = 0.0
        self._held = False
        self._standing_by = False
        self._wait: LeaseWait | None = None
        self._generation = ledger.generation
        self._version = -1  # before the first that storage counts
        self._cooldown = Cooldown(clock)
        self._previous: Reason | None = None
        self._storage_failed_at: float | None = None
        self._day = ""
        self._used = 0
        self._stopping = asyncio.Event()
        self._retired = False
        self._wake = asyncio.Event()
        self._deadline = clock.awake() + GRACE_SECONDS
        self.apply_config(operation)

    @property
    def operation(self) -> Operation:
        """What it polls."""
        return self._operation

    @property
    def token(self) -> str:
        """The token's hash in storage, as the file that is open now has it."""
        return self._ledger.hash(self._operation.token)

    def apply_config(self, operation: Operation) -> None:
        """Take over an edited operation with the same token, also after `stop`; unchanged targets keep their place."""
        before, self._operation = self._operation, operation
        self._log = structlog.get_logger().bind(operation=operation.name)
        targets = {target.key: target for target in operation.targets}
        for key in self._targets.keys() - targets.keys():
            self._schedule.drop(key)
            self._fresh.discard(key)
        same_server = before.base_url == operation.base_url
        for key, target in targets.items():
            old = self._targets.get(key)
            if old is None or not same_server or (old.interval, reading(old)) != (target.interval, reading(target)):
                self._fresh.add(key)
        if self._fresh:
            self._version = -1  # without the lease: what was read so far was not of these
        self._day = ""  # the count is kept by name, and the board may know this operation by a new one
        self._targets = targets
        self._retired = False
        self._stopping.clear()
        self._wake.set()

    def stop(self) -> None:
        """End after the poll under way."""
        self._stopping.set()
        self._wake.set()

    def retire(self) -> None:
        """End after the poll under way and publish nothing of it: a reload has no use for the token any more."""
        self._retired = True
        self.stop()

    def lose(self) -> None:
        """The lease went to another process while this one was silent."""
        if self._held:
            self._held = False
            self._standing_by = True
            if self._generation == self._ledger.generation:
                self._log.warning(
                    "lease lost", hint="another process on this storage polls now; this one serves what it puts down"
                )
            self._stand()

    def stuck(self) -> bool:
        """Whether it has not turned for longer than anything it does can take."""
        return self._clock.awake() > self._deadline

    def lag(self) -> float:
        """How late the most overdue poll is; 0 while another process polls."""
        return self._schedule.lag(self._clock.monotonic()) if self._held else 0.0

    def next_poll_at(self, key: TargetKey) -> float | None:
        """When the target is due, by the wall clock; None while another process polls."""
        due = self._schedule.due(key)
        if not self._held or due is None:
            return None
        return self._clock.now() + max(0.0, due - self._clock.monotonic())

    async def run(self) -> None:
        """Poll until stopped, also after a fault of the program's own."""
        backoff = FIRST_BACKOFF
        while not self._stopping.is_set():
            try:
                await self._turn()
            except Exception:  # noqa: BLE001 (whatever it is, the other tokens go on and this one tries again)
                self._log.exception("worker failed, it starts again", seconds=backoff)
                self._expect(backoff)
                await self._clock.wait(self._stopping, backoff)
                backoff = min(2 * backoff, LONGEST_BACKOFF)
            else:
                backoff = FIRST_BACKOFF

    async def _turn(self) -> None:
        """Do what is due, or wait a little."""
        self._expect(TURN_SECONDS)
        if not await self.settle():
            await self._fail_due()
            await self._pause(STANDBY_SECONDS)
            return
        await self._turn_day()
        self._follow_clock()
        head = self._schedule.head()
        pause = TURN_SECONDS if head is None else max(head[0] - self._clock.monotonic(), self._cooldown.pause())
        if pause > 0:
            await self._pause(min(pause, TURN_SECONDS))
        elif head is not None and self._is_able() and not self._put_off(self._targets[head[1]]):
            await self._poll_in_turn(head[1])

    def _is_able(self) -> bool:
        """Whether it may still poll, and knows what it needs: a reload may have come since it settled."""
        return self._held and not self._fresh and not self._stopping.is_set()

    async def _poll_in_turn(self, due: TargetKey) -> None:
        """Poll the target that is due, after the one whose turn it is to find out whether a resting token is well."""
        if await self._is_renewed():
            return
        probe = self._probe()
        if probe is not None and probe.key != due:
            await self._poll(probe)
        if self._held and due in self._targets and not self._stopping.is_set():
            await self._poll(self._targets[due])

    async def _is_renewed(self) -> bool:
        """Whether a resting token, or what else its operation is, has just been replaced."""
        if self._renew is None or self._cooldown.rest is None or self._refusal() is not None:
            return False
        operation = self._operation
        await self._renew()
        return self._stopping.is_set() or self._operation is not operation

    def _probe(self) -> Target | None:
        """The target that is to find out whether a resting token is well; None where none is, or it may not be asked.

        Campaigns take turns: that of one alone may be what the vendor cannot answer.
        """
        if self._cooldown.rest is None or self._refusal() is not None:
            return None
        now = self._clock.monotonic()
        first = in_turn(self._targets.values(), self._asked_at)
        return next((target for target in first if self._earliest(target) <= now), None)

    def _asked_at(self, key: TargetKey) -> Stamp | None:
        return self._store.known(key).asked

    def _put_off(self, target: Target) -> bool:
        """Let the calendar put off a poll that is due; the first one of a target only where it must."""
        if target.window.length is not None:
            return False
        now = self._clock.now()
        known = self._store.known(target.key)
        data = known.snapshot.data
        first = known.asked is None
        due = calendar.opening(target, data, now) if first else calendar.due(target, data, now, now)
        if due > now:
            self._schedule.set(target.key, self._clock.monotonic() + due - now)
        return due > now

    def _follow_clock(self) -> None:
        """Place the days of the calendar anew where the wall clock was stepped: their midnights have moved."""
        offset = self._clock.now() - self._clock.monotonic()
        if abs(offset - self._offset) > CLOCK_STEP:
            self._offset = offset
            for key, target in self._targets.items():
                if target.window.length is None and self._schedule.due(key) is not None:
                    self._schedule.set(key, self._earliest(target))

    async def _fail_due(self) -> None:
        """While storage cannot tell who may ask, or when, what is due fails: its silence must not look like health."""
        if self._standing_by or self._storage_failed_at is None:
            return
        for key in self._fresh:
            target = self._targets[key]
            if self._schedule.interval(key) != target.interval:
                self._schedule.add(key, target.interval, self._earliest(target))
        while (head := self._schedule.head()) is not None and head[0] <= self._clock.monotonic():
            await self._poll(self._targets[head[1]])

    async def sweep(self, patience: float) -> None:
        """Poll every target once that is due, soonest first; it waits `patience` seconds in all for what is not yet."""
        for target in self._order():
            due = self._schedule.due(target.key)
            pause = 0.0 if due is None else max(0.0, due - self._clock.monotonic())
            if 0.0 < pause <= patience:
                patience -= pause
                await self._pause(pause)
                pause = 0.0
            if (asked_for := self._cooldown.pause()) > 0:
                self._expect(asked_for)
                await self._clock.wait(self._stopping, asked_for)
            if self._held and due is not None and not pause and not self._stopping.is_set():
                try:
                    await self._poll(target)
                except Exception:  # noqa: BLE001 (as in `run`: the other targets are still to be asked)
                    self._log.exception("poll failed by a fault of the exporter", campaign=target.key.campaign)

    def _order(self) -> list[Target]:
        """The targets soonest first; while the token rests, in the order in which they may find out."""
        targets = self._targets.values()
        if self._cooldown.rest is not None:
            return in_turn(targets, self._asked_at)
        return sorted(targets, key=lambda target: self._schedule.due(target.key) or 0.0)

    async def settle(self) -> bool:
        """Hold the lease and know what storage knows; False where that is not so, another process polls then."""
        if self._generation != self._ledger.generation:  # another file: nothing is held in it yet
            self._generation = self._ledger.generation
            self._held, self._standing_by, self._version = False, True, -1
        if self._held and not self._fresh:
            return True
        try:
            if not self._held:
                await self._take_lease()
            while self._held and self._fresh:
                await self._learn()
        except StorageError as error:
            self._storage_failed(error)
            return False
        self._storage_recovered()
        return self._held

    async def _take_lease(self) -> None:
        longest = max((target.timeout for target in self._targets.values()), default=0.0)
        if await self._ledger.acquire(self.token, longest):
            self._wait = None
            self._cooldown.rest = await self._ledger.rest(self.token)
            self._cooldown.latest = None  # another process may have asked since
            self._held = True
            self._fresh = set(self._targets)
            if self._standing_by:
                self._standing_by = False
                self._log.info("lease acquired, this process polls from now on")
        else:
            self._standing_by = True
            before, self._wait = self._wait, self._ledger.waiting(self.token)
            if self._wait is not None:
                tell_wait(self._log, before, self._wait, self._operation.zone)
            self._version, known = await self._ledger.read(self._operation, self._version)
            for key, one in known.items():
                self._store.restore(key, one)
        self._day = self._today()
        self._used = await self._ledger.used(self._operation.name, self._day)
        self._stand()

    async def _learn(self) -> None:
        """Bring board and schedule up to what storage knows of new and edited targets."""
        operation = self._operation
        known = await self._ledger.adopt(operation)
        if self._operation is not operation:  # edited meanwhile: what was learnt may be of another server or window
            return
        for key, target in self._targets.items():
            if key not in self._fresh:
                continue
            if key in known:
                self._store.restore(key, known[key])
            self._schedule.add(key, target.interval, self._earliest(target))
        self._fresh.clear()

    async def _learn_answer(self, target: Target) -> bool:
        """Show what another process was told, with another token of the operation; False where it still waits."""
        operation = self._operation
        try:
            known = await self._ledger.known(operation, target)
        except StorageError:
            return False
        shown = self._store.known(target.key).polled
        news = known.polled is not None and (shown is None or known.polled.monotonic > shown.monotonic)
        if news and self._operation is operation:
            self._store.restore(target.key, known)
        return news

    def _earliest(self, target: Target) -> float:
        """The first moment at which the target may be asked for."""
        now = self._clock.monotonic()
        known = self._store.known(target.key)
        wait = 0.0
        if known.asked is not None:
            waited = age(self._clock, known.asked)
            is_ended = known.polled is not None and age(self._clock, known.polled) <= waited
            wait = max(0.0, target.interval + (ARRIVAL_MARGIN if is_ended else UNFINISHED_MARGIN) - waited)
        if target.window.length is not None:
            return now + wait
        moment = self._clock.now() + wait
        return now + wait + calendar.opening(target, known.snapshot.data, moment) - moment

    async def _poll(self, target: Target) -> None:
        begun = _Begun(target, self._operation.base_url, stamp(self._clock), self._store.known(target.key))
        self._schedule.take(target.key)
        try:
            await self._conclude(begun, await self._ask(begun))
        except NotOwnerError:
            self._reschedule(target.key, begun.at.monotonic)
            self.lose()
        except TooEarlyError as early:  # another process asked since; the ledger knows better than this schedule
            news = await self._learn_answer(target)
            wait = early.wait if news else min(early.wait, ANSWER_PAUSE)
            self._reschedule(target.key, begun.at.monotonic + wait)
        except Exception:
            # Should concluding be what fails, the target comes again all the same.
            self._reschedule(target.key, self._clock.monotonic() + target.interval)
            failure = Failure(Reason.INTERNAL, "fault of the exporter; its log has the traceback, please report it")
            await self._conclude(begun, _Asked(failure, None, None, 0))
            raise

    async def _ask(self, begun: _Begun) -> _Asked:
        """Ask once, and once more where the failure allows; raises `NotOwnerError`, `TooEarlyError`."""
        target = begun.target
        refusal = self._refusal()
        if refusal is not None:
            return _Asked(refusal, None, None, 0)
        first = await self._send(target, target.interval, 1)
        delay = retry_delay(first.outcome, self._previous, self._random)
        if delay is None:
            return first
        await self._keep_pause(first.outcome)
        self._expect(delay)
        await self._clock.wait(self._stopping, delay)
        if self._stopping.is_set() or self._is_outdated(begun):
            return first
        try:
            second = await self._send(target, 0.0, 2)
        except RequestRefusedError:
            return first
        return first if second.requests == 0 else second

    async def _keep_pause(self, outcome: Report | Failure) -> None:
        """Put down before a retry that the vendor asked for a pause, for whoever may take over meanwhile."""
        if isinstance(outcome, Failure) and is_pause(outcome):
            self._cooldown.refused(outcome, stamp(self._clock))
            try:
                await self._ledger.put_rest(self.token, self._cooldown.rest)
            except StorageError as error:
                self._storage_failed(error)

    def _refusal(self) -> Failure | None:
        """Why nothing is sent now, if so."""
        now = self._clock.monotonic()
        failed_at = self._storage_failed_at
        if not self._held or self._fresh or (failed_at is not None and now - failed_at < STORAGE_PAUSE):
            return Failure(Reason.STORAGE, "not sent: storage failed a moment ago and cannot record requests")
        shortest = min(target.interval for target in self._targets.values())
        # Half the margin: the poll that is due an interval after the refused one is the one to find out.
        return self._cooldown.refusal(shortest + ARRIVAL_MARGIN / 2)

    async def _send(self, target: Target, interval: float, number: int) -> _Asked:
        operation = self._operation
        self._expect(target.timeout)
        request = Request(self.token, target, self._today(), operation.budget, interval)
        try:
            grant = await self._ledger.begin(request)
        except StorageError as error:
            self._storage_failed(error)
            return _Asked(Failure(Reason.STORAGE, f"not sent: {error}"), None, None, 0)
        except BudgetExhaustedError:
            message = (
                f"not sent: the day's budget of {operation.budget} requests is used up until midnight in "
                f"{operation.zone.key}; raise quota_share or licenses, or lengthen interval"
            )
            return _Asked(Failure(Reason.BUDGET, message), None, None, 0)
        self._storage_recovered()
        self._used = grant.used
        self._store.sent(operation.name, grant.used)
        asked_for = bounds(target.window, target.delay, target.zone, self._clock.now())
        answer = await self._api.campaign_4(operation, target, asked_for, grant.at.monotonic)
        self._store.answered(operation.name, answer.duration)
        left = _left(grant.at, answer.sent_at)
        given_up = isinstance(answer.outcome, Failure) and answer.outcome.reason is Reason.TIMEOUT
        late = left.monotonic - grant.at.monotonic if given_up else 0.0
        return _Asked(answer.outcome, asked_for, left, number, late)

    async def _conclude(self, begun: _Begun, asked: _Asked) -> None:
        """Publish what the poll brought, put it down, and place the next one."""
        key = begun.target.key
        ended = stamp(self._clock)
        current = not self._is_outdated(begun)
        before = self._store.known(key) if current else begun.known
        failure = asked.outcome if isinstance(asked.outcome, Failure) else None
        duration = ended.monotonic - begun.at.monotonic if asked.requests else 0.0
        poll = Poll(ended.wall - duration, duration, asked.requests, failure)
        if failure is None and isinstance(asked.outcome, Report) and asked.bounds is not None:
            poll = replace(poll, attempts=sum(row.attempts for row in asked.outcome.rows))
            seen = self._store.seen(key) if current else before.snapshot.seen
            snapshot = succeeded(replace(before.snapshot, seen=seen), poll, asked.outcome, asked.bounds)
            if snapshot.data is not None:
                data = calendar.settled(begun.target, before.snapshot.data, snapshot.data)
                snapshot = replace(snapshot, data=data)
        elif failure is not None:
            snapshot = failed(before.snapshot, poll, failure)
        known = replace(
            before,
            snapshot=snapshot,
            asked=asked.asked or before.asked,
            succeeded=ended if failure is None else before.succeeded,
            polled=ended,
        )
        self._judge_rest(key, asked, failure)
        if asked.asked is not None:
            self._cooldown.latest = key.campaign, None if failure is None else failure.reason
        self._previous = None if failure is None else failure.reason
        if current:
            log_poll(self._log, begun.target, before.snapshot.failure, poll)
            if failure is not None:
                self._store.failed(key.operation, failure.reason)
            self._store.update(key, known)
        self._stand()
        if key in self._schedule:
            last = ended.monotonic if asked.asked is None else asked.asked.monotonic
            self._schedule.after(key, last + ARRIVAL_MARGIN)
            self._keep_calendar(key, last + ARRIVAL_MARGIN)
        if asked.late > 0:
            self._expect(asked.late)
            await self._clock.wait(asyncio.Event(), asked.late)
        made_anew = self._generation != self._ledger.generation
        if failure is None or failure.reason is not Reason.STORAGE or made_anew:
            await self._put_down(PollResult(begun.target, begun.server, known))

    def _keep_calendar(self, key: TargetKey, asked: float) -> None:
        """Move the target's next poll to where the calendar wants it, if it was last `asked` then."""
        target, planned, interval = self._targets.get(key), self._schedule.due(key), self._schedule.interval(key)
        if target is None or target.window.length is not None or planned is None or interval is None:
            return
        offset = self._clock.now() - self._clock.monotonic()
        data = self._store.known(key).snapshot.data
        moment = calendar.due(target, data, asked + interval + offset, planned + offset)
        if moment != planned + offset:
            self._schedule.set(key, moment - offset)

    def _is_outdated(self, begun: _Begun) -> bool:
        """Whether a reload during a poll has made its report one of another token, server or window."""
        current = self._targets.get(begun.target.key)
        if self._retired or current is None or begun.server != self._operation.base_url:
            return True
        return reading(current) != reading(begun.target)

    async def _put_down(self, outcome: PollResult) -> None:
        try:
            await self._ledger.finish(self.token, outcome, self._cooldown.rest)
        except StorageError as error:
            self._storage_failed(error)

    def _judge_rest(self, key: TargetKey, asked: _Asked, failure: Failure | None) -> None:
        if asked.asked is None:
            self._cooldown.unsent(key)
        elif failure is not None and is_pause(failure):
            self._cooldown.refused(failure, stamp(self._clock))
            self._log.warning("token waits, as the vendor asks", seconds=failure.retry_after, detail=failure.message)
        elif failure is not None and (failure.reason in REASONS or self._stalls(key, failure)):
            if self._cooldown.refused(failure, asked.asked):
                self._log.warning("token rests", reason=failure.reason.value, detail=failure.message)
        elif failure is not None and self._cooldown.goes_on(failure, asked.asked):
            pass
        elif (unsent := self._cooldown.answered()) is not None:
            self._log.info("token rests no longer")
            # They were not asked in this round, so each may be as soon as its own interval allows.
            for waiting in unsent & self._targets.keys() - {key}:
                self._schedule.set(waiting, self._earliest(self._targets[waiting]))

    def _stalls(self, key: TargetKey, failure: Failure) -> bool:
        known = ((one, self._store.known(one)) for one in self._targets)
        return stalls(failure, key.campaign, self._cooldown.latest, known)

    def _storage_failed(self, error: StorageError) -> None:
        if self._storage_failed_at is None:
            self._log.error("storage failed, nothing is sent until it works again", detail=str(error))
        self._storage_failed_at = self._clock.monotonic()

    def _storage_recovered(self) -> None:
        if self._storage_failed_at is not None:
            self._log.info("storage works again")
            self._storage_failed_at = None

    async def _turn_day(self) -> None:
        """Begin the new day's count at the operation's local midnight."""
        if self._today() == self._day:
            return
        try:
            self._used = await self._ledger.used(self._operation.name, self._today())
        except StorageError as error:
            self._storage_failed(error)
            return
        self._day = self._today()
        self._stand()

    def _today(self) -> str:
        return datetime.fromtimestamp(self._clock.now(), self._operation.zone).date().isoformat()

    def _stand(self) -> None:
        if self._stopping.is_set():  # the operation may have another token, and another worker that speaks for it
            return
        rest = self._cooldown.failure
        self._store.set_lease(
            self._operation.name, used=self._used, lease_held=self._held, rest=rest, lease_wait=self._wait
        )

    def _reschedule(self, key: TargetKey, due: float) -> None:
        if key in self._schedule:
            self._schedule.set(key, due)

    def _expect(self, seconds: float) -> None:
        """Promise to turn again within `seconds`."""
        self._deadline = self._clock.awake() + seconds + GRACE_SECONDS

    async def _pause(self, seconds: float) -> None:
        self._expect(seconds)
        self._wake.clear()
        if not self._stopping.is_set():
            await self._clock.wait(self._wake, seconds)


def _left(recorded: Stamp, sent_at: float | None) -> Stamp:
    """When a request left: as the client saw it, or when it was recorded."""
    if sent_at is None:
        return recorded
    later = sent_at - recorded.monotonic
    return Stamp(recorded.wall + later, recorded.boot, sent_at)
