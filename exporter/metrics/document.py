"""Writes docs/metrics.md from the catalogue: `python -m exporter.metrics.document`."""

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from exporter.metrics.catalogue import (
    CAMPAIGN_METRICS,
    EXPORTER_METRICS,
    FIGURE_METRICS,
    LIVE_METRICS,
    OPERATION_METRICS,
    PROCESS_METRICS,
    TARGET_METRICS,
    Metric,
)

_INTRODUCTION = """\
# Metrics

Made from `exporter/metrics/catalogue/` by `python -m exporter.metrics.document`; a test holds the two together.

A scrape never asks the API. The exporter polls each campaign and window once per interval
(`wolkvox_poll_interval_seconds`) and publishes the result; `wolkvox_campaign_last_success_timestamp_seconds` shows
how old that is. A campaign's data (attempts, percent, no_data and the window's bounds) disappear together once
they are older than `stale_after`. Windows overlap from poll to poll and records can be reset at the vendor, so the
figures of a window are gauges: never use `rate`, `increase` or `sum_over_time` on them, and never add up different
windows. Counters count the running process and start at 0. Samples have no timestamps.
"""

_RUNTIME = """\
## Of the process and its Python

Made by the Prometheus client library at each scrape: `process_*` (CPU, memory, start time, file descriptors; Linux
only) and `python_*` (version, garbage collection). There are no `_created` series.
"""

_SECTIONS: tuple[tuple[str, Sequence[Metric[Any]]], ...] = (
    ("Of each campaign and window", TARGET_METRICS),
    ("Of each campaign", (*CAMPAIGN_METRICS, *FIGURE_METRICS)),
    ("Of each operation", (*OPERATION_METRICS, *LIVE_METRICS)),
    ("Of the exporter", (*EXPORTER_METRICS, *PROCESS_METRICS)),
)


def document() -> str:
    """The whole document."""
    parts = [_INTRODUCTION]
    parts += [f"## {title}\n\n{_table(map(_row, metrics))}" for title, metrics in _SECTIONS]
    return "\n".join((*parts, _RUNTIME))


def _table(rows: Iterable[str]) -> str:
    return "| metric | type | labels | meaning | from | kept |\n|---|---|---|---|---|---|\n" + "".join(rows)


def _row(metric: Metric[Any]) -> str:
    labels = ", ".join(f"`{label}`" for label in metric.labels)
    return f"| `{metric.name}` | {metric.kind} | {labels} | {metric.meaning} | {metric.source} | {metric.refresh} |\n"


def main(arguments: Sequence[str]) -> None:
    """Write the document to the path given, docs/metrics.md in the working directory by default."""
    path = Path(arguments[0]) if arguments else Path("docs/metrics.md")
    path.write_text(document(), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
