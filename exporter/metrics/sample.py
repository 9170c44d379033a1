"""Samples and their lines, which are the same in both text formats.

Sources: the Prometheus text format 0.0.4, https://prometheus.io/docs/instrumenting/exposition_formats/, and OpenMetrics
1.0, https://prometheus.io/docs/specs/om/open_metrics_spec/.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

from prometheus_client.utils import floatToGoString

from exporter.metrics.format import Exposition


class Sample(NamedTuple):
    """One value of a family."""

    value: float
    labels: str = ""
    """Those beyond the labels of its subject, as `pair` and `pairs` make them."""
    suffix: str = ""
    """Appended to the family's name: `_bucket`, `_sum` and `_count` of histograms."""


@lru_cache(maxsize=4096)
def number(value: float) -> str:
    """A value as the client library and Go write it."""
    return str(floatToGoString(value))  # type: ignore[no-untyped-call]


def readable(value: str) -> str:
    """A label value that UTF-8 can hold: half a surrogate pair is spelled out, all else stays."""
    return value if value.isascii() else value.encode("utf-8", "backslashreplace").decode("utf-8")


@lru_cache(maxsize=4096)
def pair(name: str, value: str) -> str:
    """One label."""
    escaped = readable(value).replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")
    return f'{name}="{escaped}"'


def pairs(names: Sequence[str], values: Sequence[str]) -> str:
    """Several labels."""
    return ",".join([pair(name, value) for name, value in zip(names, values, strict=True)])


@lru_cache(maxsize=256)
def header(name: str, kind: str, meaning: str, exposition: Exposition) -> str:
    """The lines that introduce a family. OpenMetrics names counters without their `_total`."""
    if exposition is Exposition.OPENMETRICS and kind == "counter":
        name = name.removesuffix("_total")
    return f"# HELP {name} {meaning}\n# TYPE {name} {kind}\n"


def lines(name: str, subject: str, samples: Iterable[Sample]) -> bytes:
    """The lines of one subject in one family; `subject` is its labels, as `pairs` makes them.

    A series never stands twice: values whose labels read the same (only what UTF-8 cannot hold can bring that about)
    are summed.
    """
    values: dict[str, float] = {}
    for value, labels, suffix in samples:
        inner = f"{subject},{labels}" if subject and labels else subject or labels
        series = f"{name}{suffix}{{{inner}}}" if inner else f"{name}{suffix}"
        values[series] = values[series] + value if series in values else value
    return "".join([f"{series} {number(value)}\n" for series, value in values.items()]).encode()
