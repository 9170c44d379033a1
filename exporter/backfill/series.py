"""The answers about the past -> the file that Prometheus takes them from: streamed, one series in memory."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import IO, Any, TypeAlias
from zoneinfo import ZoneInfo

from exporter.backfill.timeline import Known, Shown, learn, shown
from exporter.backfill.windows import Days, PastWindow
from exporter.calling_hours import next_change
from exporter.metrics.catalogue import (
    CAMPAIGN,
    CAMPAIGN_METRICS,
    TARGET,
    TARGET_METRICS,
    Described,
    Kind,
    Metric,
    calling_hours,
    utc_offset,
)
from exporter.metrics.past import END, Labels, labels_of, series_of, type_line, value_of
from exporter.model import Report, Target, TargetKey

QUARTER = 900
"""Seconds: no zone sets its clock between two multiples of it."""

_LINES = 2_000
"""That are in memory at a time."""

Answers: TypeAlias = Callable[[Sequence[Target]], Iterable[tuple[PastWindow, Report]]]
"""What is known of all windows of one campaign; called again for each family, so that only one is in memory."""

Progress: TypeAlias = Callable[[float], None]
"""Told the part that is done, 0 to 1, now and then; what it raises ends the writing."""


@dataclass(frozen=True, slots=True)
class Scrapes:
    """Which moments are written, and with which labels of Prometheus."""

    days: Callable[[ZoneInfo], Days]
    """Those of a zone."""
    interval: int
    """Seconds from one scrape to the next."""
    labels: Labels
    """`job` and `instance`."""


@dataclass(frozen=True, slots=True)
class _Stretch:
    """From one moment to another nothing changes."""

    since: int
    until: int
    subject: Any


def write_past(
    out: IO[bytes],
    campaigns: Mapping[tuple[str, str], Sequence[Target]],
    answers: Answers,
    scrapes: Scrapes,
    progress: Progress,
) -> int:
    """Write what scrapes of the past would have read, family by family; how many samples that are.

    Args:
        out: Where to.
        campaigns: The targets of each campaign, with the step of the backfill for their interval.
        answers: What is known of them.
        scrapes: When.
        progress: Told how far it is.
    """
    families: list[tuple[Metric[Any], bool]] = [
        *((metric, True) for metric in TARGET_METRICS if metric.kind is Kind.GAUGE),
        *((metric, False) for metric in CAMPAIGN_METRICS),
    ]
    written, steps = 0, len(families) * max(1, len(campaigns))
    for place, (metric, is_of_target) in enumerate(families):
        out.write(type_line(metric.name, metric.kind))
        for number, (campaign, targets) in enumerate(campaigns.items()):
            known = learn(answers(targets))
            if is_of_target:
                subjects = _targets(targets, known, scrapes)
            else:
                subjects = _campaign(campaign, targets, known, scrapes)
            for labels, stretches in subjects:
                for samples in _write(out, metric, labels_of((*scrapes.labels, *labels)), stretches, scrapes):
                    written += samples
                    progress((place * len(campaigns) + number) / steps)
            progress((place * len(campaigns) + number + 1) / steps)
    out.write(END)
    return written


def _targets(
    targets: Iterable[Target], known: Mapping[TargetKey, Sequence[Known]], scrapes: Scrapes
) -> Iterator[tuple[Labels, Iterable[_Stretch]]]:
    for target in targets:
        key, end = target.key, scrapes.days(target.zone).span(target.zone)[1]
        labels = tuple(zip(TARGET, (key.operation, key.campaign, key.window), strict=True))
        yield labels, map(_stretch, shown(target, known.get(key, ()), end))


def _stretch(one: Shown) -> _Stretch:
    return _Stretch(one.since, one.until, one.polled)


def _campaign(
    campaign: tuple[str, str],
    targets: Sequence[Target],
    known: Mapping[TargetKey, Sequence[Known]],
    scrapes: Scrapes,
) -> Iterator[tuple[Labels, Iterable[_Stretch]]]:
    """A campaign is described from the first answer on."""
    since = min((history[0].since for history in known.values()), default=None)
    if since is not None:
        until = scrapes.days(targets[0].zone).span(targets[0].zone)[1]
        yield tuple(zip(CAMPAIGN, campaign, strict=True)), _described(targets[0], since, until)


def _described(target: Target, since: int, until: int) -> Iterator[_Stretch]:
    cuts = {since, *range(since - since % QUARTER + QUARTER, until, QUARTER), until}
    if target.hours is not None:
        moment = next_change(target.hours, target.zone, since)
        while moment is not None and moment < until:
            cuts.add(int(moment))
            moment = next_change(target.hours, target.zone, moment)
    ordered = sorted(cut for cut in cuts if since <= cut <= until)
    for start, end in pairwise(ordered):
        yield _Stretch(start, end, Described(target.name, utc_offset(target.zone, start), calling_hours(target, start)))


def _write(
    out: IO[bytes], metric: Metric[Any], subject: str, stretches: Iterable[_Stretch], scrapes: Scrapes
) -> Iterator[int]:
    """Write one subject of a family, series by series; how many samples, after each part of one."""
    found: dict[str, list[tuple[range, str]]] = {}
    for stretch in stretches:
        step = scrapes.interval
        moments = range(-(-stretch.since // step) * step, stretch.until, step)
        if moments:
            for value, labels, suffix in metric.samples(stretch.subject):
                series = series_of(metric.name, suffix, subject, labels)
                found.setdefault(series, []).append((moments, value_of(value)))
    for series, parts in found.items():
        for moments, shown_value in parts:
            beginning = f"{series} {shown_value} "
            for place in range(0, len(moments), _LINES):
                some = moments[place : place + _LINES]
                out.write("".join([f"{beginning}{moment}\n" for moment in some]).encode())
                yield len(some)
