"""Made-up targets and snapshots for the figures about the page: 100 campaigns an operation, one window, 9 results."""

import random
import sys
from zoneinfo import ZoneInfo

from exporter.clock import Stamp
from exporter.model import (
    RESULTS,
    Data,
    Latency,
    OperationStats,
    Poll,
    Row,
    Target,
    TargetKey,
    TargetState,
    TimeRange,
    Window,
)

_RESULTS = (*RESULTS, "answer-machine", "abandon")
_HOUR = Window("1h", 3600)
_ZONE = ZoneInfo("America/Bogota")
_PER_OPERATION = 100


def figure(line: str) -> None:
    """Print one figure."""
    sys.stdout.write(f"{line}\n")


def operations(campaigns: int) -> list[str]:
    """Names of as many operations as the campaigns need."""
    return [f"operation-{number:03d}" for number in range((campaigns + _PER_OPERATION - 1) // _PER_OPERATION)]


def targets(campaigns: int) -> list[Target]:
    """As many targets as campaigns."""
    names = operations(campaigns)
    return [
        Target(
            key=TargetKey(names[number // _PER_OPERATION], str(30_000 + number), "1h"),
            name=f"Campaña {number}",
            window=_HOUR,
            zone=_ZONE,
            interval=300.0,
            delay=0.0,
            timeout=60.0,
            stale_after=960.0,
        )
        for number in range(campaigns)
    ]


def snapshot(dice: random.Random, polls: int) -> TargetState:
    """What is known after some polls. No two are alike: each value that can change does."""
    at = 1_700_000_000.0 + 300 * polls + round(dice.random(), 6)
    counts = [dice.randrange(3000) for _ in _RESULTS]
    rows = tuple(
        Row(result, count, round(100 * count / sum(counts), 2)) for result, count in zip(_RESULTS, counts, strict=True)
    )
    history = tuple(
        Poll(at=at - 300 * ago, duration=dice.random(), requests=1, attempts=dice.randrange(10_000))
        for ago in range(min(polls, 20))
    )
    return TargetState(
        data=Data(TimeRange(at - 3600, at, "20231114161320", "20231114171320"), rows, no_data=False),
        succeeded=Stamp(at, "boot", at),
        polled=Stamp(at, "boot", at),
        seen=_RESULTS[len(RESULTS) :],
        history=history,
        polls=polls,
    )


def figures(operation: str, requests: int) -> OperationStats:
    """The counts of an operation after some requests."""
    latency = Latency(buckets=(0, 0, 0, *(requests for _ in range(8))), count=requests, total=0.9 * requests)
    return OperationStats(operation, requests, latency, budget=12_000, used=requests, lease_held=True)
