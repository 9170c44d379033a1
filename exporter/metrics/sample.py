"""Samples and their lines, which are the same in both text formats.

Sources: the Prometheus text format 0.0.4, https://prometheus.io/docs/instrumenting/exposition_formats/, and OpenMetrics
1.0, https://prometheus.io/docs/specs/om/open_metrics_spec/.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

from prometheus_client.utils import floatToGoString


class Sample(NamedTuple):
    """One value of a family, with the labels that it has beyond those of its subject."""

    value: float
    labels: tuple[tuple[str, str], ...] = ()
    suffix: str = ""
    """Appended to the family's name: `_bucket`, `_sum` and `_count` of histograms."""


def number(value: float) -> str:
    """A value as the client library and Go write it."""
    return str(floatToGoString(value))  # type: ignore[no-untyped-call]


@lru_cache(maxsize=4096)
def escape(value: str) -> str:
    """A label value as it stands between quotes. What UTF-8 cannot hold (half a surrogate pair) is spelled out."""
    if not value.isascii():
        value = value.encode("utf-8", "backslashreplace").decode("utf-8")
    return value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")


def pair(name: str, escaped: str) -> str:
    """One label; its value is escaped already."""
    return f'{name}="{escaped}"'


def pairs(names: Sequence[str], escaped: Sequence[str]) -> str:
    """Several labels."""
    return ",".join(pair(name, value) for name, value in zip(names, escaped, strict=True))


def lines(name: str, subject: str, samples: Iterable[Sample]) -> bytes:
    """The lines of one subject in one family; `subject` is its labels, as `pairs` makes them.

    A series never stands twice: values whose labels read the same (only what UTF-8 cannot hold can bring that about)
    are summed.
    """
    values: dict[str, float] = {}
    for value, labels, suffix in samples:
        series = f"{name}{suffix}{_braced(subject, labels)}"
        values[series] = values[series] + value if series in values else value
    return "".join([f"{series} {number(value)}\n" for series, value in values.items()]).encode()


def _braced(subject: str, labels: tuple[tuple[str, str], ...]) -> str:
    if labels:
        extra = ",".join([f'{name}="{escape(value)}"' for name, value in labels])
        return f"{{{subject},{extra}}}" if subject else f"{{{extra}}}"
    return f"{{{subject}}}" if subject else ""
