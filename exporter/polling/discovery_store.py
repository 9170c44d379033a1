"""What is known of each operation beside its targets: which campaigns there are, live figures, the vendor's quota."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol

from exporter.clock import Clock, Stamp, age
from exporter.discovery import state as campaigns
from exporter.discovery.state import Belief, DiscoveryState, Rules
from exporter.discovery.text import from_text, to_text
from exporter.model import (
    ApiName,
    CampaignFigures,
    CampaignsAnswer,
    CampaignStatus,
    Data,
    Discovery,
    DiscoveryStatus,
    Failure,
    ListedCampaign,
    LiveAnswer,
    LiveCampaign,
    Operation,
    Reason,
    Target,
    VendorQuota,
)
from exporter.polling.companion_text import live_from_text, live_to_text, quota_from_text, quota_to_text
from exporter.polling.discovered import api_intervals, discovered_targets, rules_of
from exporter.storage.request import NOTHING_STORED_OF_API, StoredApi, StoredApis

ApiAnswer = CampaignsAnswer | LiveAnswer | VendorQuota

_INTERVALS, _MORE = 3, 60.0
"""Live figures and the vendor's quota leave so many of their intervals and so many seconds after their last success."""


class FiguresListener(Protocol):
    """Hears of each change of a campaign's figures; the page does."""

    def set_figures(self, operation: str, campaign: str, figures: CampaignFigures) -> None:
        """What is known of a campaign beside its reports is new or changed."""
        ...

    def drop_figures(self, operation: str, campaign: str) -> None:
        """Nothing is known of a campaign any more."""
        ...


@dataclass(slots=True)
class _Place:
    """What is known of one operation."""

    operation: Operation
    """As it is configured."""
    rules: Rules
    state: DiscoveryState = field(default_factory=DiscoveryState)
    apis: dict[ApiName, StoredApi] = field(default_factory=dict)
    live: dict[str, LiveCampaign] = field(default_factory=dict)
    quota: VendorQuota | None = None
    stored: DiscoveryState | None = None
    """The state that storage has."""
    stored_hash: int = 0
    """Of its text: that of thousands of campaigns is not kept twice."""
    passed: dict[str, ListedCampaign] = field(default_factory=dict)
    shown: dict[str, CampaignFigures] = field(default_factory=dict)
    effective: Operation | None = None
    """With the targets of discovered campaigns."""
    day: str = ""
    """The local date that `effective` is of; empty where it is to be made anew."""
    is_listed: bool = False
    """The targets of an answer to the list, or of none because it failed, are in `effective`."""


class DiscoveryStore:
    """The present state of discovery, live figures and quota of every operation."""

    def __init__(self, clock: Clock, listener: FiguresListener) -> None:
        self._clock = clock
        self._listener = listener
        self._places: dict[str, _Place] = {}

    def set_operation(self, operation: Operation, *, kept: bool) -> None:
        """Take over a configured operation; what was known under its name stays where it is `kept`."""
        before = self._places.get(operation.name)
        rules = rules_of(operation)
        if before is None or not kept:
            shown = {} if before is None else before.shown
            place = _Place(operation, rules, shown=shown)
        else:
            place = replace(before, operation=operation, rules=rules, effective=None)
            place.state = campaigns.reconfigured(place.state, rules, self._clock.now())
        self._places[operation.name] = place
        self._refresh(place)

    def drop_operation(self, name: str) -> None:
        """Forget an operation."""
        place = self._places.pop(name, None)
        for campaign in () if place is None else place.shown:
            self._listener.drop_figures(name, campaign)

    def effective(self, configured: Operation) -> Operation | None:
        """The operation with the targets of its discovered campaigns, the same object while they stay the same.

        None where another operation has its name by now: a reload has come.
        """
        place = self._places.get(configured.name)
        if place is None or place.operation is not configured:
            return None
        if place.rules.discovery is None:
            return configured
        day = self._day(place.rules.discovery)
        if place.effective is None or place.day != day:
            now = self._clock.now()
            place.day = day
            place.state = campaigns.settled(place.state, place.rules, now)
            targets = (*place.operation.targets, *discovered_targets(place.operation, place.state, place.rules, now))
            if place.effective is None or place.effective.targets != targets:
                place.effective = replace(place.operation, targets=targets)
            self._refresh_figures(place)
            place.is_listed = place.is_listed or _is_answered(place.apis.get(ApiName.CAMPAIGNS))
        return place.effective

    def api(self, name: str, api: ApiName) -> StoredApi:
        """What is known of an API of an operation."""
        place = self._places.get(name)
        return NOTHING_STORED_OF_API if place is None else place.apis.get(api, NOTHING_STORED_OF_API)

    def configured(self, name: str) -> frozenset[str]:
        """The campaigns that an operation asks for whatever their state."""
        place = self._places.get(name)
        return frozenset() if place is None else place.rules.configured

    def quota(self, name: str) -> VendorQuota | None:
        """The vendor's own count, unless it is too old."""
        place = self._places.get(name)
        return None if place is None else place.quota

    def found(self, name: str) -> int | None:
        """How many campaigns of the last good list pass the filters; None before the first list."""
        place = self._places.get(name)
        if place is None or place.rules.discovery is None or place.state.listed is None:
            return None
        return len(place.passed)

    def excess(self, name: str) -> int:
        """How many campaigns the cut has left out."""
        place = self._places.get(name)
        if place is None or place.rules.discovery is None:
            return 0
        found = sum(1 for one in place.passed if one not in place.rules.configured)
        return max(0, found - place.rules.discovery.max_campaigns)

    def is_doubted(self, name: str) -> bool:
        """Whether the latest list was empty, against the one before, and is not believed yet."""
        place = self._places.get(name)
        return place is not None and place.state.belief is Belief.DOUBTED

    def asked_campaigns(self, name: str) -> frozenset[str]:
        """The discovered campaigns that run by what is known."""
        place = self._places.get(name)
        lives = {} if place is None else place.state.lives
        return frozenset(one for one, life in lives.items() if life.stopped_at is None)

    def record(self, name: str, api: ApiName, outcome: ApiAnswer | Failure, asked: Stamp | None, ended: Stamp) -> None:
        """Take in what a request brought that left at `asked`, or why none left."""
        place = self._places.get(name)
        if place is None:
            return
        before = place.apis.get(api, NOTHING_STORED_OF_API)
        known = replace(before, asked=asked or before.asked, polled=ended)
        place.day = place.day if place.is_listed else ""
        if isinstance(outcome, Failure):
            place.apis[api] = replace(known, failure=outcome)
            return
        answer = self._take(place, outcome)
        place.apis[api] = replace(known, failure=None, succeeded=ended, answer=answer)
        self._refresh(place)

    def to_store(self, name: str) -> str | None:
        """The state of the campaigns as text, where it is not what was stored last."""
        place = self._places.get(name)
        return None if place is None or place.state is place.stored else to_text(place.state)

    def stored(self, name: str, text: str) -> None:
        """Note that storage has this text, which `to_store` gave."""
        place = self._places.get(name)
        if place is not None:
            place.stored, place.stored_hash = place.state, hash(text)

    def restore(self, name: str, stored: StoredApis) -> None:
        """Take over what storage knows, where that is newer."""
        place = self._places.get(name)
        if place is None:
            return
        told = _told(place.apis)
        for api, known in stored.apis.items():
            mine = place.apis.get(api, NOTHING_STORED_OF_API)
            place.apis[api] = replace(known if _is_newer(known, mine) else mine, asked=_later(known.asked, mine.asked))
            if place.apis[api].answer != mine.answer:
                self._read(place, api)
        text = stored.discovery
        if text is not None and hash(text) != place.stored_hash and _told(stored.apis) >= told:
            place.stored, place.stored_hash = from_text(text), hash(text)
            place.state = campaigns.reconfigured(place.stored, place.rules, self._clock.now())
        self._refresh(place)

    def succeeded(self, target: Target, data: Data, asked: float) -> None:
        """Take in a good report of a target that was asked for at `asked`, in Unix seconds."""
        place = self._places.get(target.key.operation)
        if place is None or target.key.campaign not in place.state.lives:
            return
        state = campaigns.target_succeeded(place.state, target.key.campaign, target.window, data.bounds, asked)
        if state is not place.state:
            place.state = state
            place.day = ""

    def expire(self) -> bool:
        """Withdraw the figures that have become too old; whether the vendor's own count is among them."""
        is_gone = False
        for place in self._places.values():
            intervals = api_intervals(place.operation)
            if place.live and self._is_old(place, ApiName.REAL_TIME, intervals):
                place.live = {}
                self._refresh_figures(place)
            if place.quota is not None and self._is_old(place, ApiName.TOKEN_INFO, intervals):
                place.quota, is_gone = None, True
        return is_gone

    def unready(self) -> list[str]:
        """The operations whose list was neither answered nor refused yet, or whose campaigns are not known yet."""
        return [
            name for name, place in self._places.items() if place.rules.discovery is not None and not place.is_listed
        ]

    def failed(self) -> list[tuple[str, ApiName]]:
        """The APIs whose latest request failed, or that were never asked."""
        return [
            (name, api)
            for name, place in self._places.items()
            for api in api_intervals(place.operation)
            if (known := self.api(name, api)).polled is None or known.failure is not None
        ]

    def status(self, name: str) -> DiscoveryStatus | None:
        """What is known, for the status page; None where neither the list nor the live figures are asked for."""
        place = self._places.get(name)
        if place is None or not {ApiName.CAMPAIGNS, ApiName.REAL_TIME} & api_intervals(place.operation).keys():
            return None
        names = {one.id: one.name for one in (place.state.listed or {}).values()}
        names |= {one: life.name for one, life in place.state.lives.items()}
        names |= {one.key.campaign: one.name for one in place.operation.targets if one.name}
        asked = {one.key.campaign for one in (place.effective or place.operation).targets if not one.resting}
        shown = dict.fromkeys(place.rules.configured, CampaignFigures(None)) | place.shown
        return DiscoveryStatus(
            list_at=self._succeeded_at(place, ApiName.CAMPAIGNS),
            found=self.found(name),
            doubted=place.state.belief is Belief.DOUBTED,
            campaigns=tuple(
                CampaignStatus(one, names.get(one, ""), figures.started, figures.live, asked=one in asked)
                for one, figures in shown.items()
            ),
            live_at=self._succeeded_at(place, ApiName.REAL_TIME),
        )

    @staticmethod
    def _succeeded_at(place: _Place, api: ApiName) -> float | None:
        succeeded = place.apis.get(api, NOTHING_STORED_OF_API).succeeded
        return None if succeeded is None else succeeded.wall

    def _take(self, place: _Place, answer: ApiAnswer) -> str:
        """Take in a good answer; it as storage keeps it."""
        now = self._clock.now()
        if isinstance(answer, CampaignsAnswer):
            place.state = campaigns.list_answered(place.state, place.rules, answer, now)
            return "{}"  # the state has the campaigns
        if isinstance(answer, VendorQuota):
            place.quota = answer
            return quota_to_text(answer)
        place.state = campaigns.live_answered(place.state, place.rules, answer, now)
        wanted = self._tracked(place)
        kept = LiveAnswer(tuple(one for one in answer.campaigns if one.id in wanted))
        place.live = {one.id: one for one in kept.campaigns}
        return live_to_text(kept)

    def _read(self, place: _Place, api: ApiName) -> None:
        """Take in an answer that was stored."""
        text = place.apis[api].answer
        intervals = api_intervals(place.operation)
        old = self._is_old(place, api, intervals)
        if api is ApiName.TOKEN_INFO:
            place.quota = None if old else quota_from_text(text)
        elif api is ApiName.REAL_TIME:
            live = None if old else live_from_text(text)
            place.live = {} if live is None else {one.id: one for one in live.campaigns}

    def _is_old(self, place: _Place, api: ApiName, intervals: dict[ApiName, float]) -> bool:
        succeeded = place.apis.get(api, NOTHING_STORED_OF_API).succeeded
        if succeeded is None or api not in intervals:
            return True
        return age(self._clock, succeeded) >= _INTERVALS * intervals[api] + _MORE

    def _refresh(self, place: _Place) -> None:
        """Bring up to date what follows from the state."""
        place.passed = campaigns.passed(place.state, place.rules)
        place.day = ""
        self._refresh_figures(place)

    def _tracked(self, place: _Place) -> Iterable[str]:
        """The campaigns of which figures are shown."""
        passed = place.passed if place.rules.discovery is not None else {}
        return place.rules.configured | place.state.lives.keys() | campaigns.chosen(place.state, place.rules, passed)

    def _refresh_figures(self, place: _Place) -> None:
        """Tell the listener of the figures that have changed."""
        name = place.operation.name
        shown: dict[str, CampaignFigures] = {}
        for campaign in self._tracked(place):
            figures = CampaignFigures(campaigns.is_started(place.state, campaign), place.live.get(campaign))
            if figures.started is None and figures.live is None:
                continue
            shown[campaign] = figures
            if place.shown.get(campaign) != figures:
                self._listener.set_figures(name, campaign, figures)
        for campaign in place.shown.keys() - shown.keys():
            self._listener.drop_figures(name, campaign)
        place.shown = shown

    def _day(self, discovery: Discovery) -> str:
        return datetime.fromtimestamp(self._clock.now(), discovery.settings.zone).date().isoformat()


def _is_answered(known: StoredApi | None) -> bool:
    if known is None or known.polled is None:
        return False
    return known.failure is None or known.failure.reason is not Reason.STORAGE


def _is_newer(known: StoredApi, mine: StoredApi) -> bool:
    return known.polled is not None and (mine.polled is None or known.polled.monotonic > mine.polled.monotonic)


def _later(one: Stamp | None, other: Stamp | None) -> Stamp | None:
    moments = [moment for moment in (one, other) if moment is not None]
    return max(moments, key=lambda moment: moment.monotonic, default=None)


def _told(apis: dict[ApiName, StoredApi]) -> float:
    """When the state of the campaigns was last told, in monotonic seconds."""
    asked = (apis.get(ApiName.CAMPAIGNS), apis.get(ApiName.REAL_TIME))
    return max((one.polled.monotonic for one in asked if one is not None and one.polled is not None), default=-1.0)
