"""Which campaigns a simulated operation has, and when each dials: a pure function of a seed and the time.

Campaigns come and go: each day brings new ones, which are made, started, perhaps stopped for a while, run through their
list and are deleted a day later. They take turns in lanes, so that an operation always has about as many that dial as
the vendor allows. The named ones are there every day.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from random import Random
from zoneinfo import ZoneInfo

from exporter.simulator.campaigns import invent
from exporter.simulator.traffic import DAY, HOUR, OPENING, Shift, SimulatedCampaign

MOST_DAILY = 80
"""New campaigns of a day at most: their ids have two digits for it."""

_SPAN = 100_000
"""Ids that an operation's campaigns have for themselves."""

_DAYS = _SPAN // 100
_REMEMBERED = 40
"""Days after which the reports of a campaign are gone."""
_MINUTE = 60
_SHORTEST = 600
_BREAK_AT = 0.4
_BREAK = 1_200
"""Seconds for which a campaign is stopped in the middle."""
_LANES_WITH_BREAKS = 5
"""With fewer lanes, breaks would show as too few campaigns that dial."""

Span = tuple[int, int]
"""Unix seconds, the last excluded."""


@dataclass(frozen=True, slots=True)
class Life:
    """A campaign, and when it is what. Moments are Unix seconds."""

    campaign: SimulatedCampaign
    kind: str = "predictive"
    made_at: float = 0.0
    deleted_at: float = float("inf")
    dials: tuple[Span, ...] = ()
    """When it dials, in order."""
    lingers: int = 0
    """Seconds for which its status stays `Started` after its last attempt."""
    finishes: bool = True
    """Whether its list is through at the end; else it was stopped before."""

    def exists(self, now: float) -> bool:
        """Whether the list names it."""
        return self.made_at <= now < self.deleted_at

    def is_started(self, now: float) -> bool:
        """Whether its status is `Started`."""
        last = self.dials[-1][1] if self.dials else 0
        return any(start <= now < end + (self.lingers if end == last else 0) for start, end in self.dials)

    def within(self, start: int, end: int) -> Iterator[Span]:
        """The parts of a window in which it dials."""
        for first, last in self.dials:
            if max(first, start) < min(last, end):
                yield max(first, start), min(last, end)


class Lives:
    """The campaigns of one operation; the only state is a cache of days."""

    def __init__(  # noqa: PLR0913 (what an operation is like)
        self,
        number: int,
        named: Sequence[SimulatedCampaign],
        *,
        seed: int,
        zone: ZoneInfo,
        hours: Shift,
        dialling: int,
        daily: int,
        generated: Sequence[SimulatedCampaign] = (),
        resting: Sequence[SimulatedCampaign] = (),
    ) -> None:
        """Args are those of `SimulatorSettings`; `number` tells operations apart.

        The `generated` ones dial as the named ones do and beside the limit, those `resting` never.
        """
        self._number = number
        self._every_day = (*named, *generated)
        self._seed = seed
        self._zone = zone
        self._hours = hours
        self._lanes = max(dialling - sum(campaign.peak > 0 for campaign in named), 0)
        self._daily = min(max(daily - len(named), 0), MOST_DAILY) if self._lanes else 0
        self._resting = tuple(map(Life, resting))
        self._day = lru_cache(maxsize=64)(self._make_day)

    def listed(self, now: float) -> list[Life]:
        """The campaigns that the list names at a moment, by id."""
        today = datetime.fromtimestamp(now, self._zone).date()
        coming = (self._day(today + timedelta(days=shift)) for shift in (-2, -1, 0, 1))
        new = [life for day in coming for life in day.values() if life.exists(now)]
        return [*self._resting, *(self._today(campaign, today) for campaign in self._every_day), *new]

    def find(self, campaign_id: str, now: float) -> Life | None:
        """A campaign that a day of the last month brought, or that tomorrow brings."""
        if not (campaign_id.isascii() and campaign_id.isdigit()):
            return None
        operation, rest = divmod(int(campaign_id), _SPAN)
        today = datetime.fromtimestamp(now, self._zone).date()
        tomorrow = today + timedelta(days=1)
        age = (_number(tomorrow) - rest // 100) % _DAYS
        if operation != self._number + 1 or age > _REMEMBERED:
            return None
        return self._day(tomorrow - timedelta(days=age)).get(campaign_id)

    def _today(self, campaign: SimulatedCampaign, today: date) -> Life:
        opens, closes = self._open(today)
        until = closes
        if campaign.until < DAY // HOUR:
            until = min(closes, self._midnight(today) + campaign.until * HOUR)
        dials = ((opens, until),) if campaign.peak > 0 and opens < until else ()
        return Life(campaign, dials=dials)

    def _midnight(self, day: date) -> int:
        return int(datetime(day.year, day.month, day.day, tzinfo=self._zone).timestamp())

    def _open(self, day: date) -> Span:
        midnight = self._midnight(day)
        if self._hours is Shift.ALWAYS:
            return midnight, self._midnight(day + timedelta(days=1))
        opens, closes = OPENING[day.weekday()]
        return midnight + opens * HOUR, midnight + closes * HOUR

    def _make_day(self, day: date) -> dict[str, Life]:
        opens, closes = self._open(day)
        if not self._daily or opens == closes:
            return {}
        # Lanes are shifted against each other, which adds a short turn to each but the first.
        turns = max(round((self._daily - self._lanes + 1) / self._lanes), 1)
        length = (closes - opens) / turns
        slots = [
            opens + (turn - lane / self._lanes) * length
            for lane in range(self._lanes)
            for turn in range(turns + (lane > 0))
        ]
        first = (self._number + 1) * _SPAN + _number(day) * 100
        begins = enumerate(sorted(slots)[:100])
        lives = (self._make(str(first + place), start, length, (opens, closes)) for place, start in begins)
        return {life.campaign.id: life for life in lives if life is not None}

    def _make(self, campaign_id: str, start: float, length: float, span: Span) -> Life | None:
        rng = Random(f"{self._seed}/life/{campaign_id}")
        end = start + length * (1 - rng.uniform(0.08, 0.18))
        pause = start + length * _BREAK_AT
        pieces = [(start, end)]
        if self._lanes >= _LANES_WITH_BREAKS and rng.random() < 0.3 and length / self._lanes > _BREAK:  # noqa: PLR2004
            pieces = [(start, pause), (pause + _BREAK, end)]
        clipped = [(max(int(a), span[0]), min(int(b), span[1])) for a, b in pieces]
        dials = tuple((a, b) for a, b in clipped if b - a >= _SHORTEST)
        if not dials:
            return None
        lull = max(min(start + length, span[1]) - dials[-1][1] - _MINUTE, 0)
        return Life(
            campaign=invent(campaign_id),
            kind="preview" if rng.random() < 0.12 else "predictive",  # noqa: PLR2004
            made_at=dials[0][0] - rng.uniform(10 * _MINUTE, 2 * HOUR),
            deleted_at=dials[-1][1] + rng.uniform(20 * HOUR, DAY + 6 * HOUR),
            dials=dials,
            lingers=int(min(rng.uniform(2, 12) * _MINUTE, lull)) if rng.random() < 0.4 else 0,  # noqa: PLR2004
            finishes=rng.random() < 0.7,  # noqa: PLR2004
        )


def _number(day: date) -> int:
    return (day - date(1970, 1, 1)).days % _DAYS
