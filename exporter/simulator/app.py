"""The vendor's endpoints as an aiohttp application."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from random import Random

from aiohttp import web

from exporter.clock import Clock
from exporter.model import LONGEST_WINDOW, ApiName
from exporter.simulator import answer, operation_apis, operation_fault, wire
from exporter.simulator.answer import Row, SimulatedAnswer
from exporter.simulator.campaigns import CampaignList
from exporter.simulator.fault import Faults, Rule
from exporter.simulator.lives import Life
from exporter.simulator.operation_apis import ApiRow
from exporter.simulator.operations import Operations
from exporter.simulator.render_fault import fixed, render_fault
from exporter.simulator.request_log import LoggedRequest, RequestLog, RequestOutcome, fingerprint
from exporter.simulator.settings import SimulatorSettings
from exporter.simulator.spikes import Spikes
from exporter.simulator.traffic import SimulatedCampaign, Traffic

PATH = "/api/v2/reports_manager.php"
"""Of the reports."""

APIS = {
    (PATH, "campaign_4"): ApiName.CAMPAIGN_4,
    ("/api/v2/information.php", "campaigns"): ApiName.CAMPAIGNS,
    ("/api/v2/information.php", "token_info"): ApiName.TOKEN_INFO,
    ("/api/v2/real_time.php", "campaigns"): ApiName.REAL_TIME,
}
"""By path and parameter `api`."""

PATHS = tuple(dict.fromkeys(path for path, _ in APIS))

DEFAULT_LIMIT = 12_000
"""Requests a day that `token_info` speaks of where there is no quota: that of twelve licences."""

REQUIRED = ("campaign_id", "date_ini", "date_end")
DATE_FORMAT = "%Y%m%d%H%M%S"
LONGEST = timedelta(seconds=LONGEST_WINDOW)


YIELDS = 4
"""Turns of the event loop in which a client that has hung up is noticed."""


class _RefusedError(Exception):
    def __init__(self, reply: SimulatedAnswer) -> None:
        super().__init__(reply.status)
        self.answer = reply


class Endpoint:
    """Answers as the API pages describe, unless a fault is switched on."""

    def __init__(self, settings: SimulatorSettings, clock: Clock) -> None:
        self.settings = settings
        self.clock = clock
        self.campaigns = CampaignList(settings.generated, settings.unknown)
        self.traffic = Traffic(settings.seed, settings.zone, settings.hours)
        self.spikes = Spikes()
        self.operations = Operations(settings, self.campaigns)
        self.faults = Faults(Random(f"{settings.seed}/faults"))
        self.request_log = RequestLog(clock, settings.log_size, settings.log_file)
        self._latencies = Random(f"{settings.seed}/latencies")
        self._spent: dict[str, tuple[date, int]] = {}
        for rule in settings.rules:
            self.faults.switch_on(rule)

    def asked(self, campaign_id: str, start: int, end: int) -> dict[str, int]:
        """The same by id, of campaigns that come and go too; empty for an unknown one."""
        life = self.operations.find(campaign_id, self.clock.now())
        if life is not None:
            return self.of_life(life, start, max(start, min(end, int(self.clock.now() - self.settings.lag))))
        campaign = self.campaigns.find(campaign_id)
        return {} if campaign is None else self.counts(campaign, start, end)

    def counts(self, campaign: SimulatedCampaign, start: int, end: int) -> dict[str, int]:
        """Attempts by result from `start` up to but without `end`, as far as they are visible now."""
        visible = int(self.clock.now() - self.settings.lag)
        return self.spikes.counts(self.traffic.counts, campaign, start, max(start, min(end, visible)))

    def of_life(self, life: Life, start: int, end: int) -> dict[str, int]:
        """Attempts of a campaign that dials only at times, visible or not."""
        total: Counter[str] = Counter()
        for first, last in life.within(start, end):
            total.update(self.spikes.counts(self.traffic.counts, life.campaign, first, last))
        return total

    async def respond(self, request: web.Request) -> web.StreamResponse:
        """Handle one request, from the note of its arrival to that of its end."""
        query = request.query
        api = APIS.get((request.path, query.get("api", "")))
        token = request.headers.get("wolkvox-token", "")
        asked = [query.get(name, "") for name in REQUIRED]
        asked[0] = asked[0] or query.get("campaign", "")  # as the list calls it
        received = self.clock.monotonic()
        for _ in range(YIELDS):  # a client that gave up one request and sent this one has none under way
            await asyncio.sleep(0)
        name = query.get("api", "") if api is None else api.value
        entry = self.request_log.arrive(token, asked[0], asked[1], asked[2], api=name, received=received)
        rule = self.faults.draw(entry.token, asked[0], name)
        outcome, status = RequestOutcome.GONE, None
        try:
            if api is None or api is ApiName.CAMPAIGN_4:
                reply = self._reply(request, entry, rule)
            else:
                reply = self._companion(request, api, entry, rule)
            await asyncio.sleep(self._latency())
            deliver = wire.whole if rule is None else wire.CUTS.get(rule.fault, wire.whole)
            response = await deliver(request, reply)
            outcome, status = (
                (RequestOutcome.ANSWERED, reply.status) if deliver is wire.whole else (RequestOutcome.CUT, None)
            )
        finally:
            self.request_log.end(entry, outcome, status, None if rule is None else rule.fault.value)
        return response

    def _reply(self, request: web.Request, entry: LoggedRequest, rule: Rule | None) -> SimulatedAnswer:
        try:
            right: SimulatedAnswer | Sequence[Row] = self._rows(request, entry)
        except _RefusedError as refused:
            right = refused.answer
        if rule is not None:
            return render_fault(rule, entry.campaign, self.settings.concurrency, right)
        return right if isinstance(right, SimulatedAnswer) else answer.report(right)

    def _companion(
        self, request: web.Request, api: ApiName, entry: LoggedRequest, rule: Rule | None
    ) -> SimulatedAnswer:
        token = request.headers.get("wolkvox-token", "")
        try:
            self._admit(token, entry.overlap)
        except _RefusedError as refused:
            limit = self.settings.concurrency
            return refused.answer if rule is None else fixed(rule, "", limit) or refused.answer
        return operation_fault.render(
            api, self._operation_rows(api, token, entry.campaign), rule, self.settings.concurrency
        )

    def _operation_rows(self, api: ApiName, token: str, campaign: str) -> Sequence[ApiRow]:
        now = self.clock.now()
        if api is ApiName.TOKEN_INFO:
            used = self._used(token)
            limit = DEFAULT_LIMIT if self.settings.quota is None else self.settings.quota
            return [operation_apis.token_info(limit, used, used + self._used_by_others())]
        lives = [life for life in self.operations.of(token).listed(now) if campaign in ("", life.campaign.id)]
        if api is ApiName.CAMPAIGNS:
            return operation_apis.listed(lives, self.of_life, now, self.settings.zone)
        return operation_apis.live(lives, self.of_life, now)

    def _latency(self) -> float:
        stray = self._latencies.uniform(-self.settings.jitter, self.settings.jitter)
        return max(self.settings.latency * (1 + stray), 0.0)

    def _rows(self, request: web.Request, entry: LoggedRequest) -> Sequence[Row]:
        """Check a request in this order: token, quota, company, parameters, dates; then look its campaign up."""
        self._admit(request.headers.get("wolkvox-token", ""), entry.overlap)
        query = request.query
        if not all(query.get(name) for name in ("api", *REQUIRED)):
            raise _RefusedError(answer.MISSING_PARAMETER)
        if (request.path, query["api"]) not in APIS:
            raise _RefusedError(answer.WRONG_API)
        start, end = self._moment(query["date_ini"], 0), self._moment(query["date_end"], 1)
        if end.replace(tzinfo=None) - start.replace(tzinfo=None) > LONGEST:
            raise _RefusedError(answer.TOO_LONG)
        return answer.rows(self.asked(entry.campaign, int(start.timestamp()), int(end.timestamp())))

    def _admit(self, token: str, overlap: int) -> None:
        if not token:
            raise _RefusedError(answer.NO_TOKEN)
        if self.settings.tokens and token not in self.settings.tokens:
            raise _RefusedError(answer.BAD_TOKEN)
        self._spend(token)
        if overlap >= self.settings.concurrency:
            raise _RefusedError(answer.simultaneous(self.settings.concurrency))

    def _spend(self, token: str) -> None:
        """Count a request in its token's quota of the local day."""
        used = self._used(token)
        if self.settings.quota is not None and used + self._used_by_others() >= self.settings.quota:
            raise _RefusedError(answer.QUOTA_USED)
        self._spent[fingerprint(token)] = (self._local().date(), used + 1)

    def _local(self) -> datetime:
        return datetime.fromtimestamp(self.clock.now(), self.settings.zone)

    def _used(self, token: str) -> int:
        today = self._local().date()
        day, used = self._spent.get(fingerprint(token), (today, 0))
        return used if day == today else 0

    def _used_by_others(self) -> int:
        now = self._local()
        passed = (now.hour * 3_600 + now.minute * 60 + now.second) / 86_400
        return int((self.settings.quota or DEFAULT_LIMIT) * self.settings.others * passed)

    def _moment(self, text: str, fold: int) -> datetime:
        """Read `YYYYmmddHHiiss` in the operation's zone; where clocks repeat an hour the window is the wider one."""
        if not (len(text) == len("YYYYmmddHHiiss") and text.isascii() and text.isdigit()):
            raise _RefusedError(answer.BAD_DATES)
        try:
            return datetime.strptime(text, DATE_FORMAT).replace(tzinfo=self.settings.zone, fold=fold)
        except ValueError as error:
            raise _RefusedError(answer.BAD_DATES) from error
