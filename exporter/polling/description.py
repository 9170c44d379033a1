"""What `check` says about operations: what they cost, and what would be asked now."""

import math
from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from exporter.duration import format_duration
from exporter.model import Operation
from exporter.polling.plan import ANSWER_SECONDS, OperationPlan, Pace, plan
from exporter.wolkvox.window import bounds

_MOST_REQUESTS = 12
"""Kinds of requests that are shown; the rest is counted."""


def describe(operation: Operation, now: float) -> str:
    """The plan of an operation at `now`, in Unix seconds: lines for people, without a line break at the end."""
    cost = plan(operation)
    rows = [
        ("server", operation.base_url),
        ("local time now", _local_time(operation.zone, now)),
        ("campaigns", str(cost.campaigns)),
        ("windows", ", ".join(cost.windows)),
        ("requests per cycle", str(cost.requests_per_cycle)),
        (
            "requests per day",
            f"{cost.requests_per_day}, in a day of {cost.day / 3_600:g} h ({operation.zone.key})",
        ),
        *_yesterday(operation, cost.day),
        ("budget per day", _budget(cost)),
        ("smallest interval", "-" if cost.smallest_interval is None else format_duration(cost.smallest_interval)),
        ("time per cycle", f"{format_duration(cost.cycle_seconds)}, at {ANSWER_SECONDS} s an answer"),
        ("resulting interval", ", ".join(_pace(pace, len(cost.paces)) for pace in cost.paces)),
        *_requests(operation, now),
    ]
    width = max(len(name) for name, _ in rows)
    return "\n".join([f"operation {cost.operation}", *(f"  {name:<{width}}  {value}" for name, value in rows)])


def _yesterday(operation: Operation, day: int) -> Iterator[tuple[str, str]]:
    """A row for the part of the requests that is seldom needed."""
    targets = [target for target in operation.targets if target.window.days_ago]
    if targets:
        most = math.ceil(sum(day / target.interval for target in targets))
        yield "of these, yesterday", f"at most {most}; {2 * len(targets)} where the first two answers of a day agree"


def _local_time(zone: ZoneInfo, now: float) -> str:
    local = datetime.fromtimestamp(now, zone)
    offset = f"{local:%z}"
    return f"{local:%Y-%m-%d %H:%M:%S}, UTC{offset[:3]}:{offset[3:5]} ({zone.key})"


def _requests(operation: Operation, now: float) -> Iterator[tuple[str, str]]:
    """A row for each window as the next request would ask for it. They differ where zone or delay do."""
    kinds = list(dict.fromkeys((target.window, target.delay, target.zone) for target in operation.targets))
    for window, delay, zone in kinds[:_MOST_REQUESTS]:
        asked = bounds(window, delay, zone, now)
        local = "" if zone == operation.zone else f", {_local_time(zone, now)}"
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
