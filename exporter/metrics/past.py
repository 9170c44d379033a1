"""OpenMetrics with timestamps, as `promtool tsdb create-blocks-from openmetrics` takes it.

https://prometheus.io/docs/specs/om/open_metrics_spec/. The families follow one another, and so do the series in each
and the samples in each of these.
"""

from collections.abc import Sequence
from typing import TypeAlias

from exporter.metrics.sample import pairs

END = b"# EOF\n"

Labels: TypeAlias = Sequence[tuple[str, str]]


def type_line(name: str, kind: str) -> bytes:
    """What a family begins with."""
    return f"# TYPE {name.removesuffix('_total')} {kind}\n".encode()


def labels_of(labels: Labels) -> str:
    """The labels of a subject as they are written."""
    return pairs(*zip(*labels, strict=True))


def series_of(name: str, suffix: str, subject: str, labels: str) -> str:
    """A series: the labels of its subject, then its own."""
    return f"{name}{suffix}{{{subject},{labels}}}" if labels else f"{name}{suffix}{{{subject}}}"


def value_of(value: float) -> str:
    """A value as it is written."""
    return f"{value:.15g}"
