"""What could not be had, in words (pure)."""

import shlex
from collections.abc import Iterator
from datetime import datetime

from exporter.backfill.asking import Missing, PastProgress

PROMTOOL = "promtool tsdb create-blocks-from openmetrics --max-block-duration=64h"
"""Without the flag promtool reads the file once for every two hours of it."""


def next_line(file: str, samples: int) -> str:
    """What to do with the file, ready for a shell; a file without samples is of no use to promtool."""
    if not samples:
        return "next: run the same command again once the reason above is gone, the file has no samples yet"
    return f"next: {PROMTOOL} {shlex.quote(file)} DIRECTORY, where DIRECTORY is the --storage.tsdb.path of Prometheus"


def missing_lines(operation: str, progress: PastProgress) -> Iterator[str]:
    """A line for each campaign, window and reason that failed, and one where the rest was not asked for."""
    kinds: dict[tuple[str, str, str], list[Missing]] = {}
    for one in progress.missing:
        key = one.window.target.key
        kinds.setdefault((key.campaign, key.window, one.reason), []).append(one)
    for (campaign, window, reason), found in kinds.items():
        first = datetime.fromtimestamp(found[0].window.end, found[0].window.target.zone)
        count = f"{len(found)} {'window' if len(found) == 1 else 'windows'} of {window}"
        yield (
            f"operation {operation}, campaign {campaign}: {count} failed with {reason}, first the one that ends at"
            f" {first:%Y-%m-%d %H:%M}: {found[0].message}"
        )
    if progress.stopped:
        yield f"operation {operation}: stopped early, {progress.stopped}"
