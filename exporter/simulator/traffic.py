"""What a contact centre's diallers would have done, second by second, as a pure function of a seed.

The traffic is a process in whole seconds: each attempt of a campaign has its result and its moment, and the count of a
window is the number of attempts in it. Hence counts of adjoining windows add up exactly, and overlapping ones agree.
A half-hour block has a number of attempts per result, drawn once per campaign and day; the n-th of N attempts of a
block falls at random within the n-th part of it, so that the count up to any second is arithmetic and no loop.
"""

import math
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from random import Random
from zoneinfo import ZoneInfo

DAY = 86_400
BLOCK = 1_800
BLOCKS = DAY // BLOCK
HOUR = 3_600

SPIKES = ("busy", "failed")
"""The results that spike now and then: numbers that a carrier blocks or loses look like this."""

SPIKE_VOLUME = 0.7
"""Attempts that a spike adds, as a part of the usual ones: its result then has some 45 % of all."""

SHAPE = (0.1,) * 6 + (0.15, 0.35, 0.75, 1.0, 1.0, 0.9, 0.6, 0.5, 0.75, 0.95, 0.9, 0.75, 0.5, 0.3, 0.2) + (0.1,) * 3
"""Relative volume at each full hour of a day: a morning and an afternoon around the lunch hour."""

OPENING = ((7, 19),) * 5 + ((8, 15), (0, 0))
"""Hours in which campaigns may call, Monday first: those that Colombian law leaves to collections.

Ley 2300 of 2023.
"""

TRICKLE = 0.001
"""Relative volume outside the opening hours: a manual call now and then."""

NIGHT = 0.4
WEEKEND = 0.8
SPIKE_HOUR = 0.3

_MASK = (1 << 64) - 1


class Shift(StrEnum):
    """When the diallers work."""

    OFFICE = "office"
    """In the opening hours of a Colombian contact centre; nights and Sundays are nearly idle."""
    ALWAYS = "always"
    """Round the clock, with a softer daily and weekly curve: a demo shows data whenever it is started."""


@dataclass(frozen=True, slots=True)
class SimulatedCampaign:
    """A campaign and its character."""

    id: str
    name: str
    peak: float
    """Attempts per hour at the busiest time of the day; 0 for a campaign that never dials."""
    mix: tuple[tuple[str, float], ...]
    """The parts of the attempts that end in each result."""
    until: int = 24
    """Local hour of the day at which its list is through."""
    spikes: float = 0.08
    """Chance of a day to have a spike of busy or failed attempts."""


class Traffic:
    """Counts of attempts; the only state is a cache of days."""

    def __init__(self, seed: int, zone: ZoneInfo, hours: Shift) -> None:
        self._seed = seed
        self._zone = zone
        self._hours = hours
        self._day = lru_cache(maxsize=8192)(self._make_day)

    def counts(self, campaign: SimulatedCampaign, start: int, end: int) -> dict[str, int]:
        """Attempts by result in the seconds from `start` up to but without `end` (Unix seconds)."""
        totals = [0] * len(campaign.mix)
        if campaign.peak > 0:
            for number in range(start // DAY, -(-end // DAY)):
                day = self._day(campaign, number)
                first = max(start - number * DAY, 0)
                last = min(end - number * DAY, DAY)
                for index in range(len(totals)):
                    totals[index] += day.until(index, last) - day.until(index, first)
        return {result: total for (result, _), total in zip(campaign.mix, totals, strict=True)}

    def _make_day(self, campaign: SimulatedCampaign, number: int) -> "_Day":
        rng = Random(f"{self._seed}/{campaign.id}/{number}")
        weights = [_weight(moment, self._hours, campaign.until) for moment in _middles(number, self._zone)]
        spike = _spike(rng, campaign, weights)
        mood = math.exp(rng.gauss(0, 0.06))
        before = [array("L", [0]) for _ in campaign.mix]
        for block, weight in enumerate(weights):
            volume = campaign.peak * BLOCK / HOUR * weight * mood * math.exp(rng.gauss(0, 0.04))
            for (result, share), sums in zip(campaign.mix, before, strict=True):
                expected = volume * (share + (SPIKE_VOLUME if spike.get(block) == result else 0))
                drawn = expected + math.sqrt(expected) * rng.gauss(0, 1) + rng.random()
                sums.append(sums[-1] + max(int(drawn), 0))
        return _Day(before, rng.getrandbits(64))


class _Day:
    """One campaign on one day of UTC."""

    __slots__ = ("_before", "_seed")

    def __init__(self, before: Sequence["array[int]"], seed: int) -> None:
        self._before = before
        self._seed = seed

    def until(self, index: int, second: int) -> int:
        """Attempts with the result at `index` before that second of the day."""
        sums = self._before[index]
        block, offset = divmod(second, BLOCK)
        count = sums[block]
        if offset:
            place, passed = divmod(offset * (sums[block + 1] - count), BLOCK)
            count += place
            if passed and _mix(self._seed + (index << 40) + (block << 32) + place) % BLOCK < passed:
                count += 1
        return count


def _middles(number: int, zone: ZoneInfo) -> list[datetime]:
    """Local time in the middle of each block of a day of UTC."""
    return [datetime.fromtimestamp(number * DAY + block * BLOCK + BLOCK // 2, zone) for block in range(BLOCKS)]


def _weight(moment: datetime, hours: Shift, until: int) -> float:
    """Volume at a local time in relation to the busiest."""
    if moment.hour >= until:
        return 0.0
    following = SHAPE[(moment.hour + 1) % len(SHAPE)]
    shape = SHAPE[moment.hour] + (following - SHAPE[moment.hour]) * moment.minute / 60
    opens, closes = OPENING[moment.weekday()]
    if hours is Shift.ALWAYS:
        return max(shape, NIGHT) * (WEEKEND if OPENING[moment.weekday()] != OPENING[0] else 1.0)
    return shape if opens <= moment.hour < closes else TRICKLE


def _spike(rng: Random, campaign: SimulatedCampaign, weights: Sequence[float]) -> dict[int, str]:
    """The result that spikes in each block that has a spike."""
    chance, place, length, result = rng.random(), rng.random(), rng.randint(2, 3), rng.choice(SPIKES)
    busy = [block for block, weight in enumerate(weights) if weight > SPIKE_HOUR]
    if chance >= campaign.spikes or not busy:
        return {}
    start = busy[int(place * len(busy))]
    return dict.fromkeys(range(start, start + length), result)


def _mix(number: int) -> int:
    """Scatter a number over 64 bits (the finaliser of splitmix64, https://prng.di.unimi.it/splitmix64.c)."""
    number = (number + 0x9E3779B97F4A7C15) & _MASK
    number = ((number ^ (number >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    number = ((number ^ (number >> 27)) * 0x94D049BB133111EB) & _MASK
    return number ^ (number >> 31)
