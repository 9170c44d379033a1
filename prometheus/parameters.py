"""What an organisation can set: addresses, the job's name, thresholds."""

import math
from dataclasses import dataclass, field, fields, replace
from typing import Any
from urllib.parse import urlsplit

from exporter import thresholds
from prometheus.rule import HOUR, MINUTE, Language


class ParameterError(ValueError):
    """A parameter that cannot stand in the rules: one line that says which, why, and what is allowed."""


def _setting(default: Any, meaning: str) -> Any:
    return field(default=default, metadata={"help": meaning})


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """All of them, each with what it means; the defaults are those of the committed file."""

    runbooks_url: str = _setting(
        "https://github.com/wolkvox-exporter/wolkvox-exporter/blob/main/docs/runbooks.md",
        "page that `runbook_url` points to; the alert's name in lower case is its anchor",
    )
    grafana_url: str = _setting(
        "",
        "address of Grafana, its path included, put before each `dashboard_url`; needed where alerts are read outside "
        "of Grafana, as in an e-mail (default: none, links begin with /d/)",
    )
    job: str = _setting("wolkvox", "`job` of the exporters in the scrape configuration")
    language: Language = field(default=Language.ENGLISH, metadata={"help": "language of the annotations: en or es"})
    min_attempts: int = _setting(
        thresholds.JUDGED_ATTEMPTS, "attempts in the window below which no share raises an alert"
    )
    usual_attempts: int = _setting(
        thresholds.USUAL_ATTEMPTS,
        "attempts in the same hour of both weeks before, added up, below which nothing is known of what is usual",
    )
    spike_share: float = _setting(
        thresholds.SPIKE_SHARE, "share of busy or of failed attempts, 0 to 1, above which it is a spike"
    )
    spike_low: float = _setting(
        thresholds.SPIKE_LOW_SHARES["busy"], "share, 0 to 1, that the low end of its interval has to exceed as well"
    )
    congestion_share: float = _setting(
        thresholds.CONGESTION_SHARE, "share of congestion, 0 to 1, above which lines are short"
    )
    congestion_low: float = _setting(
        thresholds.SPIKE_LOW_SHARES["congestion"],
        "share of congestion, 0 to 1, that the low end of its interval has to exceed as well",
    )
    unusual_factor: float = _setting(
        float(thresholds.UNUSUAL_FACTOR), "multiple of its usual share above which busy or failed is unusual"
    )
    unusual_floor: float = _setting(
        thresholds.UNUSUAL_FLOOR, "share, 0 to 1, up to which busy or failed is never unusual"
    )
    unusual_margin: float = _setting(
        thresholds.UNUSUAL_MARGIN,
        "multiple of the high end of the usual share that the low end of a share has to exceed as well",
    )
    collapsed_fraction: float = _setting(
        thresholds.COLLAPSED_FRACTION,
        "fraction of the low end of the usual share of answers below which the high end has collapsed",
    )
    carrier_campaigns: int = _setting(
        thresholds.CARRIER_CAMPAIGNS, "campaigns of an operation in trouble at once that make it the carrier's"
    )
    carrier_fraction: float = _setting(
        thresholds.CARRIER_FRACTION, "fraction of the operation's campaigns that have to be among them"
    )
    quota_share: float = _setting(
        thresholds.QUOTA_SHARE,
        "share of the day's budget or of the vendor's quota, 0 to 1, above which its end is near",
    )
    discovery_interval: int = _setting(HOUR, "seconds, the configured `refresh_interval` of discovery")
    live_interval: int = _setting(5 * MINUTE, "seconds, the configured `live_interval`")
    quota_interval: int = _setting(HOUR, "seconds, the configured `quota_interval`")

    def __post_init__(self) -> None:
        """Refuse what would make rules that Prometheus cannot read, or links that lead nowhere.

        Raises:
            ParameterError: A value that is not allowed.
        """
        _check_address("runbooks_url", self.runbooks_url, forbidden="#")
        if self.grafana_url:
            _check_address("grafana_url", self.grafana_url, forbidden="?#")
        if not self.job or not self.job.isprintable() or set('"\\{}`') & set(self.job):
            allowed = "use letters, digits and the like, no quotes, backslashes or braces"
            raise ParameterError(f"--job: {self.job!r} is not a job's name; {allowed}")
        for each in fields(self):
            value = getattr(self, each.name)
            if not isinstance(value, str):
                _check_number(each.name, value)

    def in_language(self, language: Language) -> "Parameters":
        """The same with annotations in this language."""
        return replace(self, language=language)

    @property
    def changed(self) -> dict[str, Any]:
        """Those that are not the default, by name."""
        return {each.name: value for each in fields(self) if (value := getattr(self, each.name)) != each.default}


def flag(name: str) -> str:
    """A parameter as it is written on the command line."""
    return f"--{name.replace('_', '-')}"


def _check_number(name: str, value: float) -> None:
    if not 0 < value < math.inf:
        raise ParameterError(f"{flag(name)}: {value} is not greater than 0 and finite")
    if name.endswith(("_share", "_low", "_floor", "_fraction")) and value >= 1:
        raise ParameterError(f"{flag(name)}: {value} is not a share between 0 and 1; write 25% as 0.25")


def _check_address(name: str, text: str, *, forbidden: str) -> None:
    try:
        parts = urlsplit(text)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in {"http", "https"} or not parts.netloc:
        raise ParameterError(f"{flag(name)}: {text!r} is not a URL; write all of it, such as https://example.com/path")
    strange = next((letter for letter in text if letter in f" {{}}{forbidden}" or not letter.isprintable()), "")
    if strange:
        raise ParameterError(f"{flag(name)}: {strange!r} is not allowed in {text!r}")


DEFAULTS = Parameters()
"""Those of the committed file."""
