"""Asks for the past windows of one operation: with the token's lease, on record, one at a time, within the budget."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from math import ceil
from random import Random

import structlog

from exporter.backfill.error import TokenInUseError
from exporter.backfill.windows import PastWindow
from exporter.clock import Clock, Stamp, stamp
from exporter.discovery.state import DiscoveryState, Rules, list_answered
from exporter.discovery.text import to_text
from exporter.duration import format_duration
from exporter.model import (
    ApiName,
    Discovery,
    Failure,
    LeaseWait,
    Operation,
    Reason,
    Report,
    WaitCause,
)
from exporter.polling.api import CampaignApi
from exporter.polling.cooldown import Cooldown, is_pause
from exporter.polling.poll_log import tell_wait
from exporter.polling.poll_runner import departed
from exporter.polling.retry import retry_delay
from exporter.storage.database import StorageError
from exporter.storage.lease import MISSED_SECONDS
from exporter.storage.ledger import Ledger
from exporter.storage.past import PastAnswer
from exporter.storage.request import (
    ApiRequest,
    ApiResult,
    BudgetExhaustedError,
    NotOwnerError,
    PastRequest,
    Request,
    StoredApi,
    TooEarlyError,
)
from exporter.wolkvox.window import date_of

LEASE_PAUSE = 1.0
"""Seconds between two looks at a lease that is not free yet."""

MOST_IN_A_ROW = 5
"""Failures in a row, whatever the campaign, after which the vendor is left alone."""

MOST_OF_CAMPAIGN = 3
"""Failures of one campaign in a row after which it is left out."""

_OF_CAMPAIGN = frozenset({Reason.NOT_FOUND, Reason.BAD_REQUEST, Reason.INVALID_RESPONSE, Reason.TOO_LARGE})
"""Failures that say nothing of other campaigns."""


@dataclass(frozen=True, slots=True)
class Missing:
    """A window that could not be had."""

    window: PastWindow
    reason: Reason
    message: str


@dataclass(slots=True)
class PastProgress:
    """How far an operation is."""

    asked: int = 0
    """Windows that were answered, or failed."""
    missing: list[Missing] = field(default_factory=list)
    stopped: str = ""
    """Why the rest was not asked for; empty where all was."""


class PastAsker:
    """One operation's token: its lease, and its windows one after another."""

    def __init__(  # noqa: PLR0913 (the rooms that a request goes through)
        self,
        operation: Operation,
        *,
        ledger: Ledger,
        api: CampaignApi,
        clock: Clock,
        random: Random,
        stopping: asyncio.Event,
    ) -> None:
        self._operation = operation
        self._ledger = ledger
        self._api = api
        self._clock = clock
        self._random = random
        self._stopping = stopping
        self._cooldown = Cooldown(clock)
        self._previous: Reason | None = None
        self._log = structlog.get_logger(__name__).bind(operation=operation.name)
        self.progress = PastProgress()

    @property
    def token(self) -> str:
        """The token's hash in storage."""
        return self._ledger.hash(self._operation.token)

    async def take(self, longest: float) -> bool:
        """Take the token's lease, and wait for what a dead process left in flight; False where it was stopped.

        Args:
            longest: The longest time limit of a request, in seconds.

        Raises:
            TokenInUseError: a living process polls with it.
            StorageError: storage cannot tell.
        """
        before: LeaseWait | None = None
        # Of a process on another machine only silence tells that it is dead.
        lives_from = self._clock.monotonic() + (MISSED_SECONDS if self._ledger.is_shared else 0.0)
        while not await self._ledger.leases.acquire(self.token, longest):
            wait = self._ledger.leases.waiting(self.token)
            if wait is not None:
                if wait.cause is WaitCause.PROCESS and self._clock.monotonic() >= lives_from:
                    raise TokenInUseError(self._operation.name)
                tell_wait(self._log, before, wait, self._operation.zone)
                before = wait
            await self._clock.wait(self._stopping, LEASE_PAUSE)
            if self._stopping.is_set():
                return False
        self._cooldown.rest = await self._ledger.leases.rest(self.token)
        return True

    async def ask_list(self, discovery: Discovery) -> DiscoveryState | None:
        """Ask for the list of campaigns, under the lease; None where it cannot be had, and then nothing else is."""
        operation, seconds = self._operation, discovery.settings.timeout
        asked = ApiRequest(operation.name, operation.base_url, ApiName.CAMPAIGNS, seconds)
        try:
            await self._ledger.records.adopt(operation)
            request = Request(self.token, asked, self._day(), operation.budget, discovery.refresh_interval)
            grant = await self._ledger.begin(request)
        except TooEarlyError as early:
            wait = format_duration(ceil(early.wait))
            self.progress.stopped = f"the list of campaigns was asked for a moment ago without success; wait {wait}"
            return None
        except (BudgetExhaustedError, NotOwnerError, StorageError) as error:
            self.progress.stopped = self._reason(error)
            return None
        answer = await self._api.campaigns(operation, seconds, grant.at.monotonic)
        now = stamp(self._clock)
        state = None
        if isinstance(answer.outcome, Failure):
            self.progress.stopped = f"the list of campaigns cannot be had: {answer.outcome.message}"
            known = StoredApi(grant.at, now, None, answer.outcome, None)
        else:
            state = list_answered(DiscoveryState(), Rules(discovery), answer.outcome, now.wall)
            known = StoredApi(grant.at, now, now, None, None)
        result = ApiResult(
            operation.name, operation.base_url, ApiName.CAMPAIGNS, known, None if state is None else to_text(state)
        )
        try:
            await self._ledger.finish_api(self.token, result, self._cooldown.rest)
        except StorageError as error:
            self.progress.stopped = self._reason(error)
        return state

    async def ask(self, windows: Iterable[PastWindow], told: Callable[[], None]) -> None:
        """Ask for the windows, as long as budget and vendor allow; what came of it is in `progress`.

        Args:
            windows: One after another.
            told: Called after each.
        """
        in_a_row, of_campaign = 0, Counter[str]()
        for window in windows:
            campaign = window.target.key.campaign
            if of_campaign[campaign] >= MOST_OF_CAMPAIGN:
                continue
            if in_a_row >= MOST_IN_A_ROW:
                self.progress.stopped = f"{in_a_row} requests in a row failed"
            elif not self.progress.stopped:
                self.progress.stopped = await self._resting(window)
            if self._is_over():
                return
            failure = await self._poll(window)
            if self._is_over():
                return
            if failure is None:
                in_a_row = of_campaign[campaign] = 0
            else:
                self.progress.missing.append(Missing(window, failure.reason, failure.message))
                of_campaign[campaign] += failure.reason in _OF_CAMPAIGN
                in_a_row += failure.reason not in _OF_CAMPAIGN
            self.progress.asked += 1
            told()

    async def release(self) -> None:
        """Give the lease up, so that a running exporter need not wait."""
        with suppress(StorageError):
            await self._ledger.leases.release([self.token])

    def _is_over(self) -> bool:
        return bool(self.progress.stopped) or self._stopping.is_set()

    async def _resting(self, window: PastWindow) -> str:
        """Why the token rests, where it does; a short pause that the vendor asked for is kept here."""
        pause = self._cooldown.pause()
        if pause > 0:
            await self._clock.wait(self._stopping, pause)
        shortest = min((target.interval for target in self._operation.targets), default=window.target.interval)
        failure = self._cooldown.refusal(shortest)
        return "" if failure is None else failure.message

    async def _poll(self, window: PastWindow) -> Failure | None:
        """Ask for one window, once more where the failure allows it; why it could not be had."""
        found, sent, late = await self._send(window)
        delay = retry_delay(found, self._previous, self._random)
        if delay is not None and isinstance(found, Failure):
            if is_pause(found):
                self._cooldown.refused(found, stamp(self._clock))
            await self._finish(window, None)
            await self._clock.wait(self._stopping, delay)
            if self._stopping.is_set():
                return found
            second, again, later = await self._send(window)
            if again is not None:
                found, sent, late = second, again, later
        failure = found if isinstance(found, Failure) else None
        self._previous = None if failure is None else failure.reason
        if sent is not None:
            self._cooldown.conclude(window.target.key, failure, sent, (), self._log)
            if late > 0:
                await self._clock.wait(self._stopping, late)
            await self._finish(window, None if isinstance(found, Failure) else found)
        return failure

    async def _send(self, window: PastWindow) -> tuple[Report | Failure, Stamp | None, float]:
        """Record a request and send it: what it brought, when it left, how much longer the vendor may be at work."""
        operation, target = self._operation, window.target
        asked = PastRequest(operation.name, target.timeout)
        try:
            grant = await self._ledger.begin(Request(self.token, asked, self._day(), operation.budget, 0.0))
        except (BudgetExhaustedError, NotOwnerError, StorageError) as error:
            self.progress.stopped = self._reason(error)
            return Failure(Reason.STORAGE, f"not sent: {self.progress.stopped}"), None, 0.0
        answer = await self._api.campaign_4(operation, target, window.asked, grant.at.monotonic)
        sent = departed(grant.at, answer.sent_at)
        given_up = isinstance(answer.outcome, Failure) and answer.outcome.reason is Reason.TIMEOUT
        return answer.outcome, sent, sent.monotonic - grant.at.monotonic if given_up else 0.0

    async def _finish(self, window: PastWindow, report: Report | None) -> None:
        """Store that the request is over, and what it brought."""
        answer = None
        if report is not None:
            answer = PastAnswer(self._operation.base_url, window.target, window.end, report)
        try:
            await self._ledger.finish_past(self.token, answer, self._cooldown.rest)
        except StorageError as error:
            self.progress.stopped = self._reason(error)

    def _day(self) -> str:
        """The operation's local date, ISO."""
        return date_of(self._operation.zone, self._clock.now())

    def _reason(self, error: Exception) -> str:
        """Why nothing more is asked."""
        if isinstance(error, BudgetExhaustedError):
            budget, zone = self._operation.budget, self._operation.zone.key
            return f"the day's budget of {budget} requests is used up until midnight in {zone}"
        if isinstance(error, NotOwnerError):
            return "another process took the token"
        return f"storage failed: {error}"
