"""Trouble on demand in the traffic of one campaign, second by second from when it is switched on to when it is off."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from exporter.simulator.traffic import HOUR, SimulatedCampaign

Counts = Callable[[SimulatedCampaign, int, int], dict[str, int]]
"""Attempts by result of a campaign from one second up to but without another."""


class SpikeKind(StrEnum):
    """What happens to the traffic."""

    BUSY = "busy_spike"
    """Many attempts more end in `busy`."""
    FAILED = "failed_spike"
    """Many attempts more end in `failed`."""
    STOP = "stop"
    """No attempts at all."""


RESULTS = {SpikeKind.BUSY: "busy", SpikeKind.FAILED: "failed"}


@dataclass(frozen=True, slots=True)
class Spike:
    """One spike, over or not; its moments are Unix seconds."""

    campaign: str
    kind: SpikeKind
    start: int
    end: int | None
    """None while it goes on."""
    rate: float
    """Attempts per second that it adds; 0 for a stop."""

    def added(self, start: int, end: int) -> int:
        """Attempts that it adds from `start` up to but without `end`."""
        return self._until(end) - self._until(start)

    def _until(self, second: int) -> int:
        last = second if self.end is None else min(second, self.end)
        return int(max(last - self.start, 0) * self.rate)


def usual_rate(campaign: SimulatedCampaign) -> float:
    """Attempts per second of a spike that nobody overlooks: ten times what the campaign has at its peak."""
    return max(2.0, 10 * campaign.peak / HOUR)


class Spikes:
    """All spikes since the start; those that are over stay part of the past."""

    def __init__(self) -> None:
        self._spikes: list[Spike] = []

    @property
    def all(self) -> tuple[Spike, ...]:
        """Oldest first."""
        return tuple(self._spikes)

    def switch_on(self, campaign: str, kind: SpikeKind, now: float, rate: float) -> Spike:
        """Begin a spike at the next whole second; one of that kind that goes on ends there."""
        self.switch_off(now, campaign, kind)
        spike = Spike(campaign, kind, _next_second(now), None, 0.0 if kind is SpikeKind.STOP else rate)
        self._spikes.append(spike)
        return spike

    def switch_off(self, now: float, campaign: str | None = None, kind: SpikeKind | None = None) -> int:
        """End what goes on, of one campaign or kind or of all, at the next whole second; returns how many ended."""
        ended = 0
        for index, spike in enumerate(self._spikes):
            if spike.end is None and campaign in (None, spike.campaign) and kind in (None, spike.kind):
                self._spikes[index] = replace(spike, end=max(_next_second(now), spike.start))
                ended += 1
        return ended

    def counts(self, usual: Counts, campaign: SimulatedCampaign, start: int, end: int) -> dict[str, int]:
        """Count the usual traffic outside of stops, and what spikes add to it there."""
        own = [spike for spike in self._spikes if spike.campaign == campaign.id]
        if not own:
            return usual(campaign, start, end)
        totals: defaultdict[str, int] = defaultdict(int)
        for first, last in _outside((s for s in own if s.kind is SpikeKind.STOP), start, end):
            for result, count in usual(campaign, first, last).items():
                totals[result] += count
            for spike in own:
                if spike.kind in RESULTS:
                    totals[RESULTS[spike.kind]] += spike.added(first, last)
        return dict(totals)


def _next_second(now: float) -> int:
    """What was counted up to now does not change after the fact."""
    return int(now) + 1


def _outside(stops: Iterable[Spike], start: int, end: int) -> list[tuple[int, int]]:
    """The pieces of a window that no stop covers."""
    pieces = []
    for stop in sorted(stops, key=lambda spike: spike.start):
        if start < (stopped := min(stop.start, end)):
            pieces.append((start, stopped))
        start = max(start, end if stop.end is None else stop.end)
    if start < end:
        pieces.append((start, end))
    return pieces
