"""The vendor's endpoint as an aiohttp application."""

import asyncio
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from random import Random

from aiohttp import web

from exporter.clock import Clock
from exporter.model import LONGEST_WINDOW
from exporter.simulator import answer, wire
from exporter.simulator.answer import Row, SimulatedAnswer
from exporter.simulator.campaigns import CampaignList
from exporter.simulator.fault import Faults, Rule
from exporter.simulator.render_fault import render_fault
from exporter.simulator.request_log import LoggedRequest, RequestLog, RequestOutcome, fingerprint
from exporter.simulator.settings import SimulatorSettings
from exporter.simulator.spikes import Spikes
from exporter.simulator.traffic import SimulatedCampaign, Traffic

PATH = "/api/v2/reports_manager.php"
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
    """Answers reports as the API page describes, unless a fault is switched on."""

    def __init__(self, settings: SimulatorSettings, clock: Clock) -> None:
        self.settings = settings
        self.clock = clock
        self.campaigns = CampaignList(settings.generated, settings.unknown)
        self.traffic = Traffic(settings.seed, settings.zone, settings.hours)
        self.spikes = Spikes()
        self.faults = Faults(Random(f"{settings.seed}/faults"))
        self.request_log = RequestLog(clock, settings.log_size, settings.log_file)
        self._latencies = Random(f"{settings.seed}/latencies")
        self._spent: dict[str, tuple[date, int]] = {}
        for rule in settings.rules:
            self.faults.switch_on(rule)

    def counts(self, campaign: SimulatedCampaign, start: int, end: int) -> dict[str, int]:
        """Attempts by result from `start` up to but without `end`, as far as they are visible now."""
        visible = int(self.clock.now() - self.settings.lag)
        return self.spikes.counts(self.traffic.counts, campaign, start, max(start, min(end, visible)))

    async def report(self, request: web.Request) -> web.StreamResponse:
        """Handle one request, from the note of its arrival to that of its end."""
        query = request.query
        token = request.headers.get("wolkvox-token", "")
        asked = [query.get(name, "") for name in REQUIRED]
        received = self.clock.monotonic()
        for _ in range(YIELDS):  # a client that gave up one request and sent this one has none under way
            await asyncio.sleep(0)
        entry = self.request_log.arrive(token, asked[0], asked[1], asked[2], received)
        rule = self.faults.draw(entry.token, asked[0])
        outcome, status = RequestOutcome.GONE, None
        try:
            reply = self._reply(request, entry, rule)
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

    def _latency(self) -> float:
        stray = self._latencies.uniform(-self.settings.jitter, self.settings.jitter)
        return max(self.settings.latency * (1 + stray), 0.0)

    def _rows(self, request: web.Request, entry: LoggedRequest) -> Sequence[Row]:
        """Check a request in this order: token, quota, company, parameters, dates; then look its campaign up."""
        self._admit(request.headers.get("wolkvox-token", ""), entry.overlap)
        query = request.query
        if not all(query.get(name) for name in ("api", *REQUIRED)):
            raise _RefusedError(answer.MISSING_PARAMETER)
        if query["api"] != "campaign_4":
            raise _RefusedError(answer.WRONG_API)
        start, end = self._moment(query["date_ini"], 0), self._moment(query["date_end"], 1)
        if end.replace(tzinfo=None) - start.replace(tzinfo=None) > LONGEST:
            raise _RefusedError(answer.TOO_LONG)
        campaign = self.campaigns.find(query["campaign_id"])
        if campaign is None:
            return ()
        return answer.rows(self.counts(campaign, int(start.timestamp()), int(end.timestamp())))

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
        today = datetime.fromtimestamp(self.clock.now(), self.settings.zone).date()
        day, used = self._spent.get(fingerprint(token), (today, 0))
        used = used if day == today else 0
        if self.settings.quota is not None and used >= self.settings.quota:
            raise _RefusedError(answer.QUOTA_USED)
        self._spent[fingerprint(token)] = (today, used + 1)

    def _moment(self, text: str, fold: int) -> datetime:
        """Read `YYYYmmddHHiiss` in the operation's zone; where clocks repeat an hour the window is the wider one."""
        if not (len(text) == len("YYYYmmddHHiiss") and text.isascii() and text.isdigit()):
            raise _RefusedError(answer.BAD_DATES)
        try:
            return datetime.strptime(text, DATE_FORMAT).replace(tzinfo=self.settings.zone, fold=fold)
        except ValueError as error:
            raise _RefusedError(answer.BAD_DATES) from error
