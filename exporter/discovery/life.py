"""One campaign's life as far as polling is concerned: it is started, stops, is drained window by window, and rests."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import Enum, auto
from zoneinfo import ZoneInfo

from exporter.model import SETTLING, Window
from exporter.wolkvox.window import date_of, day_end, day_start


class Phase(Enum):
    """What is done with one window of a campaign."""

    RUNNING = auto()
    """It is asked while the campaign is started."""
    DRAINING = auto()
    """It is asked after the stop, until it is final."""
    RESTING = auto()
    """It is final and still shown."""
    OVER = auto()
    """It is neither asked nor shown."""


@dataclass(frozen=True, slots=True)
class CampaignLife:
    """A campaign that is asked for, or was."""

    name: str
    """As the list named it last."""
    type: str
    since: float
    """When the exporter learnt that this run began, in Unix seconds."""
    stopped_at: float | None = None
    """When the exporter learnt that it stopped or left the list; None while it runs."""
    days: tuple[str, ...] = ()
    """The local dates on which it ran, of the last two that there were when it began or stopped. A run under way is not
    in here."""
    final: frozenset[str] = frozenset()
    """The labels of the windows that have every attempt of the run."""


def begun(life: CampaignLife | None, name: str, kind: str, zone: ZoneInfo, at: float) -> CampaignLife:
    """The life of a campaign that starts, perhaps once more."""
    days = () if life is None else _recent(life.days, zone, at)
    return CampaignLife(name, kind, since=at, days=days)


def stopped(life: CampaignLife, zone: ZoneInfo, at: float) -> CampaignLife:
    """The life of a campaign that ran until now."""
    days = _recent(life.days, zone, at)
    today, yesterday = _dates(zone, at)
    ran = {today} | ({yesterday} if life.since < day_start(zone, at) else set()) | set(days)
    return replace(life, stopped_at=at, days=tuple(sorted(ran)))


def succeeded(life: CampaignLife, window: Window, start: float, asked: float) -> CampaignLife:
    """The life after a good report.

    Args:
        life: Of the campaign.
        window: Which was asked for.
        start: When the window that the report describes begins.
        asked: When the request for it left.
    """
    if life.stopped_at is None or window.days_ago or window.label in life.final:
        return life
    complete = asked >= life.stopped_at + SETTLING if window.length is None else start >= life.stopped_at
    return replace(life, final=life.final | {window.label}) if complete else life


def phase(life: CampaignLife, window: Window, zone: ZoneInfo, at: float, *, every_day: bool = False) -> Phase:
    """What is done with a window of the campaign at a moment.

    Args:
        life: Of the campaign.
        window: Which window.
        zone: Whose midnights count.
        at: The moment.
        every_day: Whether `yesterday` is asked for although the campaign was not known to run then.
    """
    if window.days_ago:
        return Phase.RUNNING if (every_day and life.stopped_at is None) or ran_yesterday(life, zone, at) else Phase.OVER
    if life.stopped_at is None:
        return Phase.RUNNING
    if window.length is not None:
        return Phase.OVER if window.label in life.final else Phase.DRAINING
    if at >= day_end(zone, life.stopped_at):
        return Phase.OVER
    return Phase.RESTING if window.label in life.final else Phase.DRAINING


def ran_yesterday(life: CampaignLife, zone: ZoneInfo, at: float) -> bool:
    """Whether the campaign ran on the local day before that of the moment."""
    if life.stopped_at is None and life.since < day_start(zone, at):
        return True
    return _dates(zone, at)[1] in life.days


def is_over(life: CampaignLife, windows: Iterable[Window], zone: ZoneInfo, at: float) -> bool:
    """Whether nothing is left to ask or to show, tomorrow included."""
    if life.stopped_at is None or _dates(zone, at)[0] in life.days:
        return False
    return all(phase(life, window, zone, at) is Phase.OVER for window in windows)


def _recent(days: Iterable[str], zone: ZoneInfo, at: float) -> tuple[str, ...]:
    return tuple(sorted(set(days) & set(_dates(zone, at))))


def _dates(zone: ZoneInfo, at: float) -> tuple[str, str]:
    """The local date of the moment and the one before it."""
    start = day_start(zone, at)
    return date_of(zone, start), date_of(zone, start - 1)
