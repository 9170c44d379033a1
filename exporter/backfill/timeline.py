"""What an exporter would have known and shown, moment by moment, from the answers about the past (pure)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import ceil

from exporter.backfill.windows import PastWindow
from exporter.calling_hours import next_change
from exporter.clock import Stamp
from exporter.metrics.catalogue import Polled
from exporter.model import NOTHING_KNOWN, Report, Target, TargetKey, TargetState, merge_seen
from exporter.polling.transitions import Found, concluded
from exporter.staleness import NO_STRETCH, allowed_age, stale_after
from exporter.wolkvox.window import day_of


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a target from one poll to the next."""

    since: int
    state: TargetState


@dataclass(frozen=True, slots=True)
class Shown:
    """What the page shows of a target from one moment to another, in Unix seconds."""

    since: int
    until: int
    polled: Polled


def learn(answers: Iterable[tuple[PastWindow, Report]]) -> dict[TargetKey, list[Known]]:
    """What is known of each target of one campaign, poll after poll.

    Args:
        answers: Of all windows of the campaign: a result that is seen in one of them is shown in all.
    """
    known: dict[TargetKey, list[Known]] = {}
    seen: tuple[str, ...] = ()
    for window, report in sorted(answers, key=lambda answer: (answer[0].at, answer[0].target.key)):
        history = known.setdefault(window.target.key, [])
        before = history[-1].state if history else NOTHING_KNOWN
        moment = Stamp(window.at, "", window.at)
        after, _ = concluded(
            window.target,
            replace(before, seen=merge_seen(before.seen, seen)),
            Found(report, window.asked),
            started=moment,
            ended=moment,
            sent=moment,
            requests=1,
        )
        if window.target.window.days_ago and after.data is not None:  # of the past nothing is asked a second time
            after = replace(after, data=replace(after.data, final=True))
        seen = merge_seen(seen, after.seen)
        history.append(Known(window.at, replace(after, history=())))
    return known


def shown(target: Target, known: Sequence[Known], end: int) -> Iterator[Shown]:
    """What the page shows of a target up to `end`: nothing before the first poll, and each change of it once."""
    for place, one in enumerate(known):
        until = min(end, known[place + 1].since if place + 1 < len(known) else end)
        if one.since >= until:
            continue
        cuts = sorted({one.since, *(cut for cut in _changes(target, one, until) if one.since < cut < until), until})
        for since, following in pairwise(cuts):
            yield Shown(since, following, _at(target, one.state, since))


def by_campaign(targets: Iterable[Target]) -> Mapping[tuple[str, str], list[Target]]:
    """The targets of each campaign."""
    found: dict[tuple[str, str], list[Target]] = {}
    for target in targets:
        found.setdefault((target.key.operation, target.key.campaign), []).append(target)
    return found


def _changes(target: Target, known: Known, until: int) -> Iterator[int]:
    """When something may change although nothing is polled."""
    data, succeeded = known.state.data, known.state.succeeded
    if data is not None and (day := day_of(target.window, target.zone, data.bounds)) is not None:
        yield day[1]
    intervals = {target.interval}
    if target.hours is not None:
        intervals.add(target.hours.off_interval)
        moment = next_change(target.hours, target.zone, known.since)
        while moment is not None and moment < until:
            yield int(moment)
            yield ceil(moment + stale_after(target.stale_after, target.interval))
            moment = next_change(target.hours, target.zone, moment)
    spans = [stale_after(target.stale_after, interval) for interval in intervals]
    yield from () if succeeded is None else (ceil(succeeded.wall + span) for span in spans)


def _at(target: Target, state: TargetState, moment: int) -> Polled:
    """What the page shows at a moment."""
    data = state.data
    day = None if data is None else day_of(target.window, target.zone, data.bounds)
    if day is not None and day[1] <= moment:
        state = replace(state, data=None)
    elif not target.window.days_ago and state.succeeded is not None:
        age = moment - state.succeeded.wall
        state = replace(state, stale=age >= allowed_age(target, age, moment, NO_STRETCH, moment))
    return Polled(target, state, moment)
