"""A page of metrics as a strict parser of the client library reads it."""

from collections import defaultdict
from collections.abc import Iterable

from prometheus_client.metrics_core import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families as read_text
from prometheus_client.samples import Sample

DATA = (
    "wolkvox_campaign_attempts",
    "wolkvox_campaign_attempts_percent",
    "wolkvox_campaign_no_data",
    "wolkvox_campaign_window_start_timestamp_seconds",
    "wolkvox_campaign_window_end_timestamp_seconds",
)
"""The families that leave together when their data is too old."""


class Page:
    """Samples by name and labels."""

    def __init__(self, families: Iterable[Metric]) -> None:
        self._samples: defaultdict[str, list[Sample]] = defaultdict(list)
        for family in families:
            for sample in family.samples:
                self._samples[sample.name].append(sample)

    def find(self, name: str, /, **labels: str) -> list[Sample]:
        """The samples of that name that bear these labels."""
        return [one for one in self._samples.get(name, ()) if labels.items() <= one.labels.items()]

    def value(self, name: str, /, **labels: str) -> float | None:
        """The one sample that fits, None where there is none."""
        found = self.find(name, **labels)
        assert len(found) <= 1, f"{name}{labels}: {len(found)} samples, expected one"
        return found[0].value if found else None

    def number(self, name: str, /, **labels: str) -> float:
        """The one sample that fits, which has to be there."""
        value = self.value(name, **labels)
        assert value is not None, f"{name}{labels} is not on the page"
        return value

    def by(self, label: str, name: str, /, **labels: str) -> dict[str, float]:
        """Values by one of their labels."""
        return {one.labels[label]: one.value for one in self.find(name, **labels)}

    def attempts(self, campaign: str, /, **labels: str) -> dict[str, int]:
        """Attempts of a campaign by result."""
        return {
            result: int(value)
            for result, value in self.by("result", DATA[0], campaign=campaign, **labels).items()
        }  # fmt: skip

    def reason(self, campaign: str, /, **labels: str) -> str | None:
        """Why the latest poll of a campaign failed, None where it did not."""
        reasons = self.by("reason", "wolkvox_campaign_failure", campaign=campaign, **labels)
        assert len(reasons) <= 1, f"{campaign} fails for several reasons at once: {reasons}"
        return next(iter(reasons), None)

    def shown(self, campaign: str, /, **labels: str) -> set[str]:
        """Which families of data the campaign has."""
        return {name for name in DATA if self.find(name, campaign=campaign, **labels)}


def openmetrics(text: str) -> Page:
    """Read OpenMetrics."""
    return Page(read_openmetrics(text))  # type: ignore[no-untyped-call]


def plain(text: str) -> Page:
    """Read the text format 0.0.4."""
    return Page(read_text(text))
