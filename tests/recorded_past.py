"""The past of the recording rules: what Prometheus would have recorded, had it evaluated them all along."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from real_demo import blocks_of
from ruled_prometheus import ruled_prometheus_on

from prometheus.generate import GROUPS
from prometheus.rule import Recording

STEP = 240
"""Seconds between two evaluations: under the five minutes for which Prometheus takes a sample for the present."""

_NAME = re.compile(r"\b\w+:\w+:\w+\b")


def levels() -> Iterator[list[Recording]]:
    """The rules, those first that read no other; then those that read only earlier ones."""
    waiting = [rule for group in GROUPS for rule in group.rules if isinstance(rule, Recording)]
    while waiting:
        names = {rule.record for rule in waiting}
        ready = [rule for rule in waiting if not (_reads(rule) - {rule.record}) & names]
        assert ready, f"rules read each other: {sorted(names)}"
        yield ready
        waiting = [rule for rule in waiting if rule not in ready]


def _reads(rule: Recording) -> set[str]:
    return set(_NAME.findall(rule.expr))


async def backfill(folder: Path, data: Path, target: str, seconds: int) -> None:
    """Add to a stopped Prometheus' data what the rules would have recorded."""
    for number, ready in enumerate(levels()):
        async with ruled_prometheus_on(folder, data, target) as server:
            ((_, now),) = await server.query("vector(time())")
            times = {"start": f"{now - seconds:.0f}", "end": f"{now:.0f}", "step": str(STEP)}
            found = {rule: (await server.get("query_range", query=rule.expr, **times))["result"] for rule in ready}
        written = folder / f"level{number}.txt"
        written.write_text("".join(_lines(found)) + "# EOF\n", encoding="utf-8")
        await blocks_of(written, data)


def _lines(found: Mapping[Recording, list[Any]]) -> Iterator[str]:
    for rule, result in found.items():
        for series in result:
            for at, value in series["values"]:
                yield as_sample(rule, series["metric"], float(at), value)


def as_sample(rule: Recording, labels: Mapping[str, str], at: float, value: str) -> str:
    """One recorded value, as a line of OpenMetrics."""
    inner = ",".join(f'{key}="{text}"' for key, text in labels.items() if key != "__name__")
    return f"{rule.record}{{{inner}}} {value} {at:.3f}\n"
