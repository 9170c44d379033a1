"""One poll: ask, retry once where the failure allows, publish and store what came of it, place the next one."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from exporter.clock import Stamp, stamp
from exporter.model import DayCount, Failure, Reason, Target, TargetKey, TargetState
from exporter.polling.cooldown import is_pause
from exporter.polling.lease_session import LeaseSession
from exporter.polling.poll_log import log_poll, tell_doubt
from exporter.polling.retry import retry_delay
from exporter.polling.timetable import ARRIVAL_MARGIN
from exporter.polling.token_parts import TokenParts
from exporter.polling.transitions import Found, concluded
from exporter.storage.database import StorageError
from exporter.storage.request import (
    BudgetExhaustedError,
    NotOwnerError,
    PollResult,
    Request,
    RequestRefusedError,
    TooEarlyError,
)
from exporter.wolkvox.window import bounds

ANSWER_PAUSE = 10.0
"""How often to look for the answer to a request that another process sent with another token of the operation."""


@dataclass(frozen=True, slots=True)
class _Begun:
    """A poll under way."""

    target: Target
    server: str
    at: Stamp
    known: TargetState
    """What was known before it."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """What one poll's request, or its retry, brought."""

    found: Found | Failure
    sent: Stamp | None = None
    """When the latest request left; None where none did."""
    requests: int = 0
    late: float = 0.0
    """Seconds for which the vendor may still be at work on a request that was given up: it left so long after its
    record, from which its time was counted."""


class PollRunner:
    """Polls one target at a time with one token."""

    def __init__(self, parts: TokenParts, session: LeaseSession) -> None:
        services = parts.services
        self._ledger, self._api, self._store = services.ledger, services.api, services.store
        self._clock, self._random = services.clock, services.random
        self._timetable, self._control, self._cooldown = parts.timetable, parts.control, parts.cooldown
        self._storage, self._learner = parts.storage, parts.learner
        self._session = session
        self._previous: Reason | None = None  # why the token's latest poll failed

    async def poll(self, target: Target) -> None:
        """Poll one target, whatever comes of it; raises only faults of the program's own."""
        timetable = self._timetable
        begun = _Begun(target, timetable.operation.base_url, stamp(self._clock), self._store.known(target.key))
        timetable.schedule.take(target.key)
        try:
            await self._conclude(begun, await self._ask(begun))
        except NotOwnerError:
            timetable.set(target.key, begun.at.monotonic)
            self._session.lose()
        except TooEarlyError as early:  # another process asked since; the ledger knows better than this schedule
            news = await self._learner.learn_answer(target)
            wait = early.wait if news else min(early.wait, ANSWER_PAUSE)
            timetable.set(target.key, begun.at.monotonic + wait + ARRIVAL_MARGIN)
        except Exception:
            # Should concluding be what fails, the target comes again all the same.
            timetable.set(target.key, self._clock.monotonic() + target.interval)
            failure = Failure(Reason.INTERNAL, "fault of the exporter; its log has the traceback, please report it")
            await self._conclude(begun, _Asked(failure))
            raise

    async def _ask(self, begun: _Begun) -> _Asked:
        """Ask once, and once more where the failure allows; raises `NotOwnerError`, `TooEarlyError`."""
        target = begun.target
        refusal = self._session.refusal()
        if refusal is not None:
            return _Asked(refusal)
        first = await self._send(target, target.interval, 1)
        failure = first.found if isinstance(first.found, Failure) else None
        delay = None if failure is None else retry_delay(failure, self._previous, self._random)
        if failure is None or delay is None:
            return first
        await self._keep_pause(failure)
        await self._control.keep(delay)
        if self._control.is_stopping() or self._is_outdated(begun):
            return first
        try:
            second = await self._send(target, 0.0, 2)
        except RequestRefusedError:
            return first
        return first if second.requests == 0 else second

    async def _keep_pause(self, failure: Failure) -> None:
        """Store before a retry that the vendor asked for a pause: another process may take over meanwhile."""
        if is_pause(failure):
            self._cooldown.refused(failure, stamp(self._clock))
            try:
                await self._ledger.put_rest(self._session.token, self._cooldown.rest)
            except StorageError as error:
                self._storage.failed(error)

    async def _send(self, target: Target, interval: float, number: int) -> _Asked:
        """Record a request and send it: the poll's first or second; `interval` as the ledger takes it."""
        operation = self._timetable.operation
        self._control.expect(target.timeout)
        request = Request(self._session.token, target, self._timetable.today(), operation.budget, interval)
        try:
            grant = await self._ledger.begin(request)
        except StorageError as error:
            self._storage.failed(error)
            return _Asked(Failure(Reason.STORAGE, f"not sent: {error}"))
        except BudgetExhaustedError:
            message = (
                f"not sent: the day's budget of {operation.budget} requests is used up until midnight in "
                f"{operation.zone.key}; raise quota_share or licenses, or lengthen interval"
            )
            return _Asked(Failure(Reason.BUDGET, message))
        self._storage.recovered()
        count = DayCount(request.day, grant.used)
        self._session.count(count)
        self._store.stats.sent(operation.name, count)
        asked_for = bounds(target.window, target.delay, target.zone, self._clock.now())
        answer = await self._api.campaign_4(operation, target, asked_for, grant.at.monotonic)
        self._store.stats.answered(operation.name, answer.duration)
        sent = departed(grant.at, answer.sent_at)
        if not isinstance(answer.outcome, Failure):
            return _Asked(Found(answer.outcome, asked_for), sent, number)
        given_up = answer.outcome.reason is Reason.TIMEOUT
        return _Asked(answer.outcome, sent, number, sent.monotonic - grant.at.monotonic if given_up else 0.0)

    async def _conclude(self, begun: _Begun, asked: _Asked) -> None:
        """Publish what the poll brought, place the next one, and store it."""
        key = begun.target.key
        ended = stamp(self._clock)
        current = not self._is_outdated(begun)
        before = self._store.known(key) if current else begun.known
        failure = asked.found if isinstance(asked.found, Failure) else None
        if failure is None and current:  # another window of the campaign may have brought more since
            before = replace(before, seen=self._store.seen(key))
        known, poll = concluded(
            begun.target,
            before,
            asked.found,
            started=begun.at,
            ended=ended,
            sent=asked.sent,
            requests=asked.requests,
        )
        self._judge_rest(key, asked, failure)
        self._previous = None if failure is None else failure.reason
        if current:
            log_poll(self._timetable.log, begun.target, before.failure, poll)
            tell_doubt(self._timetable.log, begun.target, before, known)
            if failure is not None:
                self._store.stats.failed(key.operation, failure.reason)
            self._store.update(key, known)
            if failure is None and known.data is not None and known.succeeded == ended:
                asked_at = begun.at.wall if asked.sent is None else asked.sent.wall
                self._store.discoveries.succeeded(begun.target, known.data, asked_at)
        self._session.show()
        self._timetable.after(key, ended.monotonic if asked.sent is None else asked.sent.monotonic)
        if asked.late > 0:
            await self._control.keep_whole(asked.late)
        if failure is None or failure.reason is not Reason.STORAGE or self._session.is_new_file:
            await self._store_result(PollResult(begun.target, begun.server, known))

    def _judge_rest(self, key: TargetKey, asked: _Asked, failure: Failure | None) -> None:
        ended = self._cooldown.conclude(key, failure, asked.sent, self._known(), self._timetable.log)
        # They were not asked in this round, so each may be as soon as its own interval allows.
        for waiting in ended & self._timetable.targets.keys():
            self._timetable.reset(waiting)

    def _known(self) -> Iterator[tuple[TargetKey, TargetState]]:
        return ((key, self._store.known(key)) for key in self._timetable.targets)

    def _is_outdated(self, begun: _Begun) -> bool:
        """Whether a reload during a poll has made its report one of another token, server or window."""
        current = self._timetable.targets.get(begun.target.key)
        if self._control.retired or current is None or begun.server != self._timetable.operation.base_url:
            return True
        return current.query_key != begun.target.query_key

    async def _store_result(self, result: PollResult) -> None:
        try:
            await self._ledger.finish(self._session.token, result, self._cooldown.rest)
        except StorageError as error:
            self._storage.failed(error)


def departed(recorded: Stamp, sent_at: float | None) -> Stamp:
    """When a request left: as the client saw it, or when it was recorded."""
    if sent_at is None:
        return recorded
    later = sent_at - recorded.monotonic
    return Stamp(recorded.wall + later, recorded.boot, sent_at)
