"""Keeps what is known of each operation beside its targets, and tells the page of the figures that change."""

from dataclasses import replace
from typing import Protocol

from exporter.clock import Clock, Stamp, age
from exporter.discovery import state as campaigns
from exporter.discovery.text import from_text
from exporter.model import (
    ApiName,
    CampaignFigures,
    CampaignsAnswer,
    Data,
    Discovery,
    Failure,
    LiveAnswer,
    Operation,
    Reason,
    Target,
    VendorQuota,
)
from exporter.polling.companion_text import live_from_text, live_to_text, quota_from_text, quota_to_text
from exporter.polling.discovered import discovered_targets
from exporter.polling.discovery_place import DiscoveryPlace
from exporter.storage.request import StoredApi, StoredApis
from exporter.wolkvox.window import date_of

ApiAnswer = CampaignsAnswer | LiveAnswer | VendorQuota

_TELLING = frozenset({ApiName.CAMPAIGNS, ApiName.REAL_TIME})
"""The APIs that say which campaigns are started."""

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


class DiscoveryStore:
    """The present state of discovery, live figures and quota of every operation."""

    def __init__(self, clock: Clock, listener: FiguresListener) -> None:
        self._clock = clock
        self._listener = listener
        self._places: dict[str, DiscoveryPlace] = {}

    def set_operation(self, operation: Operation, *, kept: bool) -> None:
        """Take over a configured operation; what was known under its name stays where it is `kept`."""
        before = self.of(operation.name)
        if before.operation is None or not kept:
            place = DiscoveryPlace.of(operation)
            place.shown = before.shown
        else:
            place = before.edited(operation, self._clock.now())
        self._places[operation.name] = place
        self._refresh(operation.name, place)

    def of(self, name: str) -> DiscoveryPlace:
        """What is known of an operation; nothing where it is not configured."""
        return self._places.get(name) or DiscoveryPlace.unknown()

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
            targets = (*configured.targets, *discovered_targets(configured, place.state, place.rules, now))
            if place.effective is None or place.effective.targets != targets:
                place.effective = replace(configured, targets=targets)
            self._refresh_figures(configured.name, place)
            place.is_listed = place.is_listed or _is_answered(place.apis.get(ApiName.CAMPAIGNS))
        return place.effective

    def record(self, name: str, api: ApiName, outcome: ApiAnswer | Failure, asked: Stamp | None, ended: Stamp) -> None:
        """Take in what a request brought that left at `asked`, or why none left."""
        place = self._places.get(name)
        if place is None:
            return
        before = place.api(api)
        known = replace(before, asked=asked or before.asked, polled=ended)
        place.day = place.day if place.is_listed else ""
        if isinstance(outcome, Failure):
            place.apis[api] = replace(known, failure=outcome)
            return
        answer = self._take(place, outcome)
        place.apis[api] = replace(known, failure=None, succeeded=ended, answer=answer)
        self._refresh(name, place)

    def restore(self, name: str, stored: StoredApis) -> None:
        """Take over what storage knows, where that is newer."""
        place = self._places.get(name)
        if place is None:
            return
        told = _told(place.apis)
        for api, known in stored.apis.items():
            mine = place.api(api)
            place.apis[api] = replace(known if _is_newer(known, mine) else mine, asked=_later(known.asked, mine.asked))
            if place.apis[api].answer != mine.answer:
                self._read(place, api)
        text = stored.discovery
        if text is not None and hash(text) != place.stored_hash and _told(stored.apis) >= told:
            place.stored, place.stored_hash = from_text(text), hash(text)
            place.state = campaigns.reconfigured(place.stored, place.rules, self._clock.now())
        self._refresh(name, place)

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
        for name, place in self._places.items():
            if place.live and self._is_old(place, ApiName.REAL_TIME):
                place.live = {}
                self._refresh_figures(name, place)
            if place.quota is not None and self._is_old(place, ApiName.TOKEN_INFO):
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
            for api in place.intervals
            if (known := place.api(api)).polled is None or known.failure is not None
        ]

    def _take(self, place: DiscoveryPlace, answer: ApiAnswer) -> str:
        """Take in a good answer; it as storage keeps it."""
        now = self._clock.now()
        if isinstance(answer, CampaignsAnswer):
            place.state = campaigns.list_answered(place.state, place.rules, answer, now)
            return "{}"  # the state has the campaigns
        if isinstance(answer, VendorQuota):
            place.quota = answer
            return quota_to_text(answer)
        place.state = campaigns.live_answered(place.state, place.rules, answer, now)
        wanted = place.tracked()
        kept = LiveAnswer(tuple(one for one in answer.campaigns if one.id in wanted))
        place.live = {one.id: one for one in kept.campaigns}
        return live_to_text(kept)

    def _read(self, place: DiscoveryPlace, api: ApiName) -> None:
        """Take in an answer that was stored."""
        text = place.apis[api].answer
        old = self._is_old(place, api)
        if api is ApiName.TOKEN_INFO:
            place.quota = None if old else quota_from_text(text)
        elif api is ApiName.REAL_TIME:
            live = None if old else live_from_text(text)
            place.live = {} if live is None else {one.id: one for one in live.campaigns}

    def _is_old(self, place: DiscoveryPlace, api: ApiName) -> bool:
        succeeded = place.api(api).succeeded
        if succeeded is None or api not in place.intervals:
            return True
        return age(self._clock, succeeded) >= _INTERVALS * place.intervals[api] + _MORE

    def _refresh(self, name: str, place: DiscoveryPlace) -> None:
        """Bring up to date what follows from the state."""
        place.passed = campaigns.passed(place.state, place.rules)
        place.day = ""
        self._refresh_figures(name, place)

    def _refresh_figures(self, name: str, place: DiscoveryPlace) -> None:
        """Tell the listener of the figures that have changed."""
        shown: dict[str, CampaignFigures] = {}
        is_told = not _TELLING.isdisjoint(place.intervals)  # else what was told once would be shown for ever
        for campaign in place.tracked():
            started = campaigns.is_started(place.state, campaign) if is_told else None
            figures = CampaignFigures(started, place.live.get(campaign))
            if figures.started is None and figures.live is None:
                continue
            shown[campaign] = figures
            if place.shown.get(campaign) != figures:
                self._listener.set_figures(name, campaign, figures)
        for campaign in place.shown.keys() - shown.keys():
            self._listener.drop_figures(name, campaign)
        place.shown = shown

    def _day(self, discovery: Discovery) -> str:
        return date_of(discovery.settings.zone, self._clock.now())


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
