"""The APIs that are asked for a whole operation: when each is due, one request to it, and what came of it."""

from exporter.clock import Stamp, age, stamp
from exporter.model import ApiName, DayCount, Failure, Operation, Reason
from exporter.polling.companion_log import CompanionLog
from exporter.polling.discovered import api_intervals, api_timeout
from exporter.polling.discovery_store import ApiAnswer
from exporter.polling.lease_session import LeaseSession
from exporter.polling.poll_runner import ANSWER_PAUSE, departed
from exporter.polling.timetable import ARRIVAL_MARGIN, UNFINISHED_MARGIN
from exporter.polling.token_parts import TokenParts
from exporter.storage.database import StorageError
from exporter.storage.request import (
    ApiRequest,
    ApiResult,
    BudgetExhaustedError,
    NotOwnerError,
    Request,
    TooEarlyError,
)
from exporter.wolkvox.client import Answer

UNSENT_PAUSE = 60.0
"""Seconds after which a request is tried again that could not be recorded or had no budget; at most its interval."""


class CompanionRunner:
    """Asks the companions of campaign_4 with one token, one at a time, each on its own interval; it never retries."""

    def __init__(self, parts: TokenParts, session: LeaseSession) -> None:
        services = parts.services
        self._clock, self._store = services.clock, services.store
        self._ledger, self._api = services.ledger, services.api
        self._timetable, self._control, self._cooldown = parts.timetable, parts.control, parts.cooldown
        self._storage, self._learner = parts.storage, parts.learner
        self._session = session
        self._not_before: dict[ApiName, float] = {}
        self._unrecorded: set[ApiName] = set()  # not asked because storage failed
        self._log = CompanionLog(parts.timetable)

    def following(self) -> tuple[float, ApiName] | None:
        """The API that is due first, and when, in monotonic seconds; None where none is asked, or the token rests.

        Where nothing else is left that could find out whether a resting token is well, they do.
        """
        if self._unrecorded and not self._storage.is_failing:
            for api in self._unrecorded:
                self._not_before.pop(api, None)
            self._unrecorded.clear()
        if self._cooldown.rest is not None and self._timetable.has_polls():
            return None
        intervals = api_intervals(self._timetable.operation)
        return min(((self._due(api, interval), api) for api, interval in intervals.items()), default=None, key=_moment)

    async def discover(self, api: ApiName) -> None:
        """Ask one API, and take over the targets that it finds."""
        is_first = self._store.discoveries.of(self._timetable.operation.name).api(api).polled is None
        await self.ask(api)
        self._learner.follow(self._timetable.follow_discovery(awaited=is_first))

    async def ask(self, api: ApiName) -> None:
        """Ask one API, whatever comes of it; raises only faults of the program's own."""
        operation = self._timetable.operation
        begun = stamp(self._clock)
        try:
            await self._conclude(operation, api, *await self._send(operation, api))
        except NotOwnerError:
            self._session.lose()
        except TooEarlyError as early:  # another process asked since, perhaps with another token of the operation
            await self._learner.learn_apis()
            self._not_before[api] = begun.monotonic + min(early.wait, ANSWER_PAUSE) + ARRIVAL_MARGIN
        except Exception:
            self._not_before[api] = self._clock.monotonic() + api_intervals(operation).get(api, UNSENT_PAUSE)
            failure = Failure(Reason.INTERNAL, "fault of the exporter; its log has the traceback, please report it")
            await self._conclude(operation, api, failure, None, 0.0)
            raise

    def _due(self, api: ApiName, interval: float) -> float:
        """When an API may be asked, in monotonic seconds; in the past for one that never was."""
        known = self._store.discoveries.of(self._timetable.operation.name).api(api)
        not_before = self._not_before.get(api, 0.0)
        if known.asked is None:
            return not_before
        waited = age(self._clock, known.asked)
        is_ended = known.polled is not None and age(self._clock, known.polled) <= waited
        margin = ARRIVAL_MARGIN if is_ended else UNFINISHED_MARGIN
        return max(self._clock.monotonic() + interval + margin - waited, not_before)

    async def _send(self, operation: Operation, api: ApiName) -> tuple[ApiAnswer | Failure, Stamp | None, float]:
        """Record the request and send it: its answer, when it left, and how much later than it was recorded."""
        refusal = self._session.storage_refusal()
        if refusal is not None:
            return refusal, None, 0.0
        timeout = api_timeout(operation)
        self._control.expect(timeout)
        asked = ApiRequest(operation.name, operation.base_url, api, timeout)
        interval = api_intervals(operation)[api]
        request = Request(self._session.token, asked, self._timetable.today(), operation.budget, interval)
        try:
            grant = await self._ledger.begin(request)
        except StorageError as error:
            self._storage.failed(error)
            return Failure(Reason.STORAGE, f"not sent: {error}"), None, 0.0
        except BudgetExhaustedError:
            message = f"not sent: the day's budget of {operation.budget} requests is used up until midnight in "
            return Failure(Reason.BUDGET, f"{message}{operation.zone.key}"), None, 0.0
        self._storage.recovered()
        count = DayCount(request.day, grant.used)
        self._session.count(count)
        self._store.stats.sent(operation.name, count, api)
        answer = await self._answer(operation, api, timeout, grant.at.monotonic)
        self._store.stats.answered(operation.name, answer.duration, api)
        sent = departed(grant.at, answer.sent_at)
        return answer.outcome, sent, sent.monotonic - grant.at.monotonic

    async def _answer(self, operation: Operation, api: ApiName, seconds: float, granted_at: float) -> Answer[ApiAnswer]:
        if api is ApiName.CAMPAIGNS:
            listed = await self._api.campaigns(operation, seconds, granted_at)
            return Answer(listed.outcome, listed.sent_at, listed.duration)
        if api is ApiName.REAL_TIME:
            live = await self._api.real_time(operation, seconds, granted_at)
            return Answer(live.outcome, live.sent_at, live.duration)
        quota = await self._api.token_info(operation, seconds, granted_at)
        return Answer(quota.outcome, quota.sent_at, quota.duration)

    async def _conclude(
        self, operation: Operation, api: ApiName, outcome: ApiAnswer | Failure, sent: Stamp | None, late: float
    ) -> None:
        """Publish what the request brought, and store it."""
        failure = outcome if isinstance(outcome, Failure) else None
        if failure is not None and failure.reason is Reason.STORAGE:
            self._unrecorded.add(api)
        if sent is None:
            pause = min(UNSENT_PAUSE, api_intervals(operation).get(api, UNSENT_PAUSE))
            self._not_before[api] = max(self._not_before.get(api, 0.0), self._clock.monotonic() + pause)
        discoveries = self._store.discoveries
        current = not self._control.retired and self._timetable.operation.base_url == operation.base_url
        if current and self._timetable.operation.name == operation.name:
            before = discoveries.of(operation.name).api(api)
            discoveries.record(operation.name, api, outcome, sent, stamp(self._clock))
            self._log.answered(api, before, outcome)
            self._log.followed(discoveries.of(operation.name))
            if failure is not None:
                self._store.stats.api_failed(operation.name, api)
            self._store.show_apis(operation.name)
        self._session.show()
        if failure is None and not self._timetable.has_polls() and self._cooldown.answered() is not None:
            self._timetable.log.info("token rests no longer")
        if failure is not None and failure.reason is Reason.TIMEOUT and late > 0:
            await self._control.keep_whole(late)  # the vendor may still be at work on a request that was given up
        if failure is None or failure.reason is not Reason.STORAGE:
            await self._store_result(operation, api)

    async def _store_result(self, operation: Operation, api: ApiName) -> None:
        place = self._store.discoveries.of(operation.name)
        state = place.to_store()
        result = ApiResult(operation.name, operation.base_url, api, place.api(api), state)
        try:
            await self._ledger.finish_api(self._session.token, result, self._cooldown.rest)
        except StorageError as error:
            self._storage.failed(error)
        else:
            if state is not None:
                self._store.discoveries.of(operation.name).note_stored(state)


def _moment(one: tuple[float, ApiName]) -> float:
    return one[0]
