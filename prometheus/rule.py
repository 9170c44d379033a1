"""The nouns: recording rules, alerts and groups of them, as frozen values. Every duration is in seconds."""

import re
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import NamedTuple
from urllib.parse import quote

MINUTE = 60
HOUR = 60 * MINUTE
DAY = 24 * HOUR


class Severity(StrEnum):
    """How soon somebody has to look."""

    CRITICAL = "critical"
    """Calls or figures are lost now: look at once."""
    WARNING = "warning"
    """Look within the shift."""
    INFO = "info"
    """Look when there is time."""


class Language(StrEnum):
    """Languages of the annotations."""

    ENGLISH = "en"
    SPANISH = "es"


class Text(NamedTuple):
    """A text for people in every language, as a Prometheus template or a part of one."""

    en: str
    es: str

    def in_language(self, language: Language) -> str:
        """The text in one of them."""
        return self.en if language is Language.ENGLISH else self.es


@dataclass(frozen=True, slots=True)
class Recording:
    """A series computed ahead, `level:metric:operation`."""

    record: str
    expr: str
    comment: str


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert.

    `summary` and `description` are Prometheus templates (https://prometheus.io/docs/prometheus/latest/configuration/template_reference/);
    the summary has no variable part, so that notifications group under it.
    """

    name: str
    expr: str
    wait: int
    """The rule's `for`."""
    severity: Severity
    summary: Text
    description: Text
    dashboard: str
    """Path and query of the dashboard in Grafana, with the alert's labels filled in."""
    comment: str
    """Why the thresholds are what they are, and when to change them."""
    linger: int = 0
    """The rule's `keep_firing_for`; 0 leaves it out."""


@dataclass(frozen=True, slots=True)
class Group:
    """Rules that are evaluated one after another."""

    name: str
    comment: str
    rules: tuple[Recording | Alert, ...]


def runbook_url(alert: Alert, base: str) -> str:
    """The alert's section: its name in lower case, as GitHub makes anchors of headings."""
    return f"{base}#{quote(re.sub(r'[^a-z0-9-]', '', alert.name.lower()))}"


def scale_durations(groups: tuple[Group, ...], divisor: int) -> tuple[Group, ...]:
    """The same rules with `for` and `keep_firing_for` divided, at least 1 s: for trying the alerts out end to end."""

    def hurry(rule: Recording | Alert) -> Recording | Alert:
        if isinstance(rule, Recording):
            return rule
        linger = max(1, rule.linger // divisor) if rule.linger else 0
        return replace(rule, wait=max(1, rule.wait // divisor), linger=linger)

    return tuple(replace(group, rules=tuple(hurry(rule) for rule in group.rules)) for group in groups)
