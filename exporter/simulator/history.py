"""The past of the demo as Prometheus would have scraped it, to be made into blocks.

OpenMetrics text with timestamps, https://prometheus.io/docs/specs/om/open_metrics_spec/, for
`promtool tsdb create-blocks-from openmetrics`. Metrics, labels and values are those of the page, made by its catalogue.
"""

import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import IO, Any, TypeAlias

from exporter.clock import Stamp
from exporter.metrics.catalogue import (
    CAMPAIGN,
    CAMPAIGN_METRICS,
    OPERATION,
    OPERATION_METRICS,
    TARGET,
    TARGET_METRICS,
    Described,
    Kind,
    Metric,
    Polled,
    calling_hours,
    utc_offset,
)
from exporter.metrics.past import END, Labels, labels_of, series_of, type_line, value_of
from exporter.model import RESULTS, Config, Data, Failure, Operation, OperationStats, Target, TargetState
from exporter.simulator import answer
from exporter.simulator.campaigns import CampaignList
from exporter.simulator.demo import TODAY
from exporter.simulator.settings import SimulatorSettings
from exporter.simulator.traffic import Traffic
from exporter.wolkvox.campaign_4 import parse_response
from exporter.wolkvox.results import publish
from exporter.wolkvox.window import bounds

_Sample: TypeAlias = tuple[int, float, str, str]
"""Moment, value, labels beyond the subject's as they are written, suffix of the name."""

OF_OPERATION = (
    "wolkvox_api_requests_total",
    "wolkvox_quota_budget_requests",
    "wolkvox_quota_used_requests",
    "wolkvox_token_lease_held",
)
"""The operations' metrics that a look back needs; the past has no failures."""


@dataclass(frozen=True, slots=True)
class Past:
    """The scrapes of the past: when they were, in Unix seconds, and the labels that Prometheus adds."""

    start: int
    end: int
    step: int
    job: str = "wolkvox"
    instance: str = "localhost:10965"

    @property
    def moments(self) -> range:
        """When each was."""
        return range(self.start, self.end + 1, self.step)


Progress = Callable[[float], None]
"""Told the part that is done, 0 to 1, now and then; what it raises ends the writing."""

REPORTED = 100
"""Scrapes between two reports of progress."""


def write_history(config: Config, settings: SimulatorSettings, past: Past, out: IO[bytes], progress: Progress) -> None:
    """Write all samples of a configuration's targets, family by family, series by series."""
    added = (("job", past.job), ("instance", past.instance))
    simulated = _Simulated(settings, past)
    targets = [target for operation in config.operations for target in operation.targets]
    campaigns = {(target.key.operation, target.key.campaign): target for target in targets}
    with ExitStack() as stack:
        families = _PastFamilies(stack)
        families.add("up", Kind.GAUGE, added, ((moment, 1.0, "", "") for moment in past.moments))
        for number_of_target, target in enumerate(targets):
            polled = []
            for moment in past.moments:
                polled.append((moment, Polled(target, simulated.state(target, moment), moment)))
                if len(polled) % REPORTED == 0:
                    progress((number_of_target + len(polled) / len(past.moments)) / len(targets))
            subject = (*added, *_labels(TARGET, target.key.operation, target.key.campaign, target.key.window))
            for metric in TARGET_METRICS:
                families.add(metric.name, metric.kind, subject, _samples(metric, polled))
        for campaign, target in campaigns.items():
            described = [(moment, _described(target, moment)) for moment in past.moments]
            for fact in CAMPAIGN_METRICS:
                subject = (*added, *_labels(CAMPAIGN, *campaign))
                families.add(fact.name, fact.kind, subject, _samples(fact, described))
        for operation in config.operations:
            figures = [(moment, _figures(operation, past, moment)) for moment in past.moments]
            for spent in OPERATION_METRICS:
                if spent.name in OF_OPERATION:
                    subject = (*added, *_labels(OPERATION, operation.name))
                    families.add(spent.name, spent.kind, subject, _samples(spent, figures))
        families.write(out)
    progress(1.0)


def _described(target: Target, moment: int) -> Described:
    return Described(target.name, utc_offset(target.zone, moment), calling_hours(target, moment))


def _labels(names: Sequence[str], *values: str) -> Labels:
    return tuple(zip(names, values, strict=True))


class _Simulated:
    """What the exporter would have known, made as it makes it of the API's answers."""

    def __init__(self, settings: SimulatorSettings, past: Past) -> None:
        self._traffic = Traffic(settings.seed, settings.zone, settings.hours)
        self._roster = CampaignList(settings.generated, settings.unknown)
        self._start = past.start

    def state(self, target: Target, moment: int) -> TargetState:
        """After a poll at that moment."""
        asked = bounds(target.window, target.delay, target.zone, moment)
        campaign = self._roster.find(target.key.campaign)
        counts = {} if campaign is None else self._traffic.counts(campaign, int(asked.start), int(asked.end))
        reply = answer.report(answer.rows(counts))
        report = parse_response(reply.status, reply.body)
        if isinstance(report, Failure):
            raise TypeError(f"an answer of the simulator is not understood: {report.message}")
        rows, _ = publish(report, tuple(result for result in counts if result not in RESULTS))
        polled = Stamp(moment, "", moment)
        return TargetState(
            data=Data(bounds=asked, rows=rows, no_data=report.no_data),
            succeeded=polled,
            polled=polled,
            polls=int((moment - self._start) // target.interval) + 1,
        )


def _figures(operation: Operation, past: Past, moment: int) -> OperationStats:
    """What the exporter would have spent by then."""
    midnight = bounds(TODAY, 0, operation.zone, moment).start
    return OperationStats(
        operation.name,
        requests=_requests(operation, moment - past.start),
        budget=operation.budget,
        used=_requests(operation, moment - midnight),
        lease_held=True,
    )


def _requests(operation: Operation, seconds: float) -> int:
    return sum(int(seconds // target.interval) + 1 for target in operation.targets)


def _samples(metric: Metric[Any], subjects: Iterable[tuple[int, Any]]) -> Iterator[_Sample]:
    for moment, subject in subjects:
        for value, labels, suffix in metric.samples(subject):
            yield moment, value, labels, suffix


class _PastFamilies:
    """Samples on their way to a file: each family apart, its series one after another, only one subject in memory."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self._parts: dict[str, IO[bytes]] = {}

    def add(self, name: str, kind: Kind, subject: Labels, samples: Iterable[_Sample]) -> None:
        """Put the samples of one subject behind those of others."""
        series: dict[str, list[str]] = {}
        common = labels_of(subject)
        for moment, value, labels, suffix in samples:
            text = series_of(name, suffix, common, labels)
            series.setdefault(text, []).append(f"{text} {value_of(value)} {moment}\n")
        part = self._parts.get(name)
        if part is None:
            unnamed = tempfile.TemporaryFile()  # noqa: SIM115  # the stack is its context manager
            part = self._parts[name] = self._stack.enter_context(unnamed)
            part.write(type_line(name, kind))
        for written in series.values():
            part.write("".join(written).encode())

    def write(self, out: IO[bytes]) -> None:
        """Write family after family, and the end."""
        for part in self._parts.values():
            part.seek(0)
            shutil.copyfileobj(part, out)
        out.write(END)
