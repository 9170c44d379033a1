"""What is known of one operation beside its targets: its campaigns, live figures, the vendor's quota."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Self

from exporter.discovery import state as campaigns
from exporter.discovery.state import Belief, DiscoveryState, Rules
from exporter.discovery.text import to_text
from exporter.model import (
    ApiName,
    CampaignFigures,
    CampaignStatus,
    DiscoveryStatus,
    ListedCampaign,
    LiveCampaign,
    Operation,
    VendorQuota,
)
from exporter.polling.discovered import api_intervals, rules_of
from exporter.storage.request import NOTHING_STORED_OF_API, StoredApi


@dataclass(slots=True)
class DiscoveryPlace:
    """One operation's; `DiscoveryStore` changes it, others read it."""

    operation: Operation | None
    """As it is configured; None of one that is not."""
    rules: Rules
    intervals: dict[ApiName, float]
    """Of the APIs that are asked, in seconds."""
    state: DiscoveryState = field(default_factory=DiscoveryState)
    apis: dict[ApiName, StoredApi] = field(default_factory=dict)
    live: dict[str, LiveCampaign] = field(default_factory=dict)
    quota: VendorQuota | None = None
    """The vendor's own count, unless it is too old."""
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

    @classmethod
    def of(cls, operation: Operation) -> Self:
        """That of an operation of which nothing is known yet."""
        return cls(operation, rules_of(operation), api_intervals(operation))

    @classmethod
    def unknown(cls) -> Self:
        """That of an operation that is not configured."""
        nothing = DiscoveryState()
        return cls(None, Rules(None), {}, state=nothing, stored=nothing)

    def edited(self, operation: Operation, at: float) -> Self:
        """The same with what the configuration says now; `at` is this moment in Unix seconds."""
        rules = rules_of(operation)
        return replace(
            self,
            operation=operation,
            rules=rules,
            intervals=api_intervals(operation),
            state=campaigns.reconfigured(self.state, rules, at),
            effective=None,
        )

    def api(self, api: ApiName) -> StoredApi:
        """What is known of an API."""
        return self.apis.get(api, NOTHING_STORED_OF_API)

    def found(self) -> int | None:
        """How many campaigns of the last good list pass the filters; None before the first list."""
        return None if self.rules.discovery is None or self.state.listed is None else len(self.passed)

    def excess(self) -> int:
        """How many campaigns the cut has left out."""
        if self.rules.discovery is None:
            return 0
        found = sum(1 for one in self.passed if one not in self.rules.configured)
        return max(0, found - self.rules.discovery.max_campaigns)

    def is_doubted(self) -> bool:
        """Whether the latest list was empty, against the one before, and is not believed yet."""
        return self.state.belief is Belief.DOUBTED

    def asked_campaigns(self) -> frozenset[str]:
        """The discovered campaigns that run by what is known."""
        return frozenset(one for one, life in self.state.lives.items() if life.stopped_at is None)

    def tracked(self) -> Iterable[str]:
        """The campaigns of which figures are shown."""
        passed = self.passed if self.rules.discovery is not None else {}
        return self.rules.configured | self.state.lives.keys() | campaigns.chosen(self.state, self.rules, passed)

    def to_store(self) -> str | None:
        """The state of the campaigns as text, where it is not what was stored last."""
        return None if self.state is self.stored else to_text(self.state)

    def note_stored(self, text: str) -> None:
        """Note that storage has this text, which `to_store` gave."""
        self.stored, self.stored_hash = self.state, hash(text)

    def status(self) -> DiscoveryStatus | None:
        """What is known, for the status page; None where neither the list nor the live figures are asked for."""
        if self.operation is None or not {ApiName.CAMPAIGNS, ApiName.REAL_TIME} & self.intervals.keys():
            return None
        names = {one.id: one.name for one in (self.state.listed or {}).values()}
        names |= {one: life.name for one, life in self.state.lives.items()}
        names |= {one.key.campaign: one.name for one in self.operation.targets if one.name}
        asked = {one.key.campaign for one in (self.effective or self.operation).targets if not one.resting}
        shown = dict.fromkeys(self.rules.configured, CampaignFigures(None)) | self.shown
        return DiscoveryStatus(
            list_at=self._succeeded_at(ApiName.CAMPAIGNS),
            found=self.found(),
            doubted=self.is_doubted(),
            campaigns=tuple(
                CampaignStatus(one, names.get(one, ""), figures.started, figures.live, asked=one in asked)
                for one, figures in shown.items()
            ),
            live_at=self._succeeded_at(ApiName.REAL_TIME),
        )

    def _succeeded_at(self, api: ApiName) -> float | None:
        succeeded = self.api(api).succeeded
        return None if succeeded is None else succeeded.wall
