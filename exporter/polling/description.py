"""What `check` says about operations: what they cost, and what would be asked now."""

import math
from collections.abc import Iterable, Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from exporter.calling_hours import is_open, next_change
from exporter.duration import format_duration
from exporter.model import ApiName, Hours, Operation, Target
from exporter.polling.plan import ANSWER_SECONDS, OperationPlan, Pace, plan
from exporter.targets import targets_of
from exporter.wolkvox.window import bounds

_MOST_REQUESTS = 12
"""Kinds of requests that are shown; the rest is counted."""

_MOST_HOURS = 4
_NAMES = {ApiName.CAMPAIGNS: "list", ApiName.REAL_TIME: "live figures", ApiName.TOKEN_INFO: "vendor's quota"}


def describe(operation: Operation, now: float) -> str:
    """The plan of an operation at `now`, in Unix seconds: lines for people, without a line break at the end."""
    cost = plan(operation)
    found = () if operation.discovery is None else targets_of(operation.discovery.settings, operation.name, "", "")
    targets = (*operation.targets, *found)
    rows = [
        ("server", operation.base_url),
        ("local time now", _local_time(operation.zone, now)),
        ("campaigns", f"{cost.campaigns} listed, and those that discovery finds" if found else str(cost.campaigns)),
        ("windows", ", ".join(dict.fromkeys(target.key.window for target in targets))),
        ("requests per cycle", str(cost.requests_per_cycle)),
        (
            "requests per day",
            f"{cost.requests_per_day}, in a day of {cost.day / 3_600:g} h ({operation.zone.key})",
        ),
        *_yesterday(operation, cost.day),
        *(
            (f"of these, {_NAMES[api]}", f"{count}, every {format_duration(every)}")
            for api, every, count in cost.companions
        ),
        *_discovered(cost),
        ("budget per day", _budget(cost)),
        ("smallest interval", _smallest_interval(cost)),
        ("time per cycle", f"{format_duration(cost.cycle_seconds)}, at {ANSWER_SECONDS} s an answer"),
        ("resulting interval", ", ".join(_pace(pace, len(cost.paces)) for pace in cost.paces) or "-"),
        *_hours(targets, now),
        *_requests(targets, operation.zone, now),
    ]
    width = max(len(name) for name, _ in rows)
    return "\n".join([f"operation {cost.operation}", *(f"  {name:<{width}}  {value}" for name, value in rows)])


def _smallest_interval(cost: OperationPlan) -> str:
    """Of the listed campaigns; those that discovery finds are stretched instead."""
    found = cost.smallest_interval
    return "-" if found is None or not cost.campaigns else format_duration(found)


def _yesterday(operation: Operation, day: int) -> Iterator[tuple[str, str]]:
    """A row for the part of the requests that is seldom needed."""
    targets = [target for target in operation.targets if target.window.days_ago]
    if targets:
        most = math.ceil(sum(day / target.interval for target in targets))
        yield "of these, yesterday", f"at most {most}; {2 * len(targets)} where the first two answers of a day agree"


def _discovered(cost: OperationPlan) -> Iterator[tuple[str, str]]:
    """Rows for campaigns whose number nobody knows yet."""
    if cost.discovered is not None:
        every = format_duration(cost.discovered.interval)
        most = f"at most {cost.discovered.requests_per_day} a day, every {every}"
        yield "a discovered campaign", f"{most} while it is started"
        longer = "with more of them the intervals become longer"
        yield "campaigns that fit", f"{cost.discovered.capacity} can be started all day at this interval; {longer}"


def _hours(targets: Iterable[Target], now: float) -> Iterator[tuple[str, str]]:
    """A row for each kind of calling hours."""
    kinds = list(
        dict.fromkeys((target.hours.week, target.hours.holidays, target.zone) for target in targets if target.hours)
    )
    for week, holidays, zone in kinds[:_MOST_HOURS]:
        hours = Hours(week, holidays, 0.0)
        change = next_change(hours, zone, now)
        state = "open" if is_open(hours, zone, now) else "closed"
        until = (
            "" if change is None else f" until {datetime.fromtimestamp(change, zone):%a %Y-%m-%d %H:%M} ({zone.key})"
        )
        closed = "" if holidays is None else f", closed on the public holidays of {holidays}"
        yield "calling hours", f"{state} now{until}{closed}"
    if len(kinds) > _MOST_HOURS:
        yield "more hours", f"{len(kinds) - _MOST_HOURS} kinds are not shown"


def _local_time(zone: ZoneInfo, now: float) -> str:
    local = datetime.fromtimestamp(now, zone)
    offset = f"{local:%z}"
    return f"{local:%Y-%m-%d %H:%M:%S}, UTC{offset[:3]}:{offset[3:5]} ({zone.key})"


def _requests(targets: Iterable[Target], home: ZoneInfo, now: float) -> Iterator[tuple[str, str]]:
    """A row for each window as the next request would ask for it. They differ where zone or delay do."""
    kinds = list(dict.fromkeys((target.window, target.delay, target.zone) for target in targets))
    for window, delay, zone in kinds[:_MOST_REQUESTS]:
        asked = bounds(window, delay, zone, now)
        local = "" if zone == home else f", {_local_time(zone, now)}"
        yield f"a request for {window.label}", f"date_ini={asked.date_ini} date_end={asked.date_end}{local}"
    if len(kinds) > _MOST_REQUESTS:
        yield "more requests", f"{len(kinds) - _MOST_REQUESTS} kinds are not shown"


def _budget(cost: OperationPlan) -> str:
    if cost.budget is None:
        return "not limited, licenses is not given"
    share = f", of which {100 * cost.requests_per_day / cost.budget:.1f} % planned" if cost.budget else ""
    return f"{cost.budget}{share}"


def _pace(pace: Pace, paces: int) -> str:
    text = format_duration(pace.resulting)
    if pace.resulting > pace.interval:
        text += f" instead of {format_duration(pace.interval)}"
    return text if paces == 1 else f"{text} for {pace.targets} {'request' if pace.targets == 1 else 'requests'}"
