"""The rules that a question stands on, and no others: promtool takes every rule at every step from the beginning on."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from rule_cases import Case
from rulebook import ALERTS, RECORDINGS, series

from prometheus.document import document
from prometheus.generate import groups
from prometheus.parameters import DEFAULTS
from prometheus.rule import Alert, Group, Language, Recording

RULES: dict[str, Recording | Alert] = {rule.record: rule for rule in RECORDINGS} | {rule.name: rule for rule in ALERTS}

_BY_LANGUAGE = {language: groups(DEFAULTS.in_language(language)) for language in Language}
_NAME = re.compile(r"[A-Za-z_][\w:]*")


def name_of(rule: Recording | Alert) -> str:
    """The series that it records, or the alert."""
    return rule.record if isinstance(rule, Recording) else rule.name


def needed(*names: str) -> set[str]:
    """The rules of these names with all that they stand on; an alert's description may ask for recorded series too."""
    found: set[str] = set()
    waiting = {name for name in names if name in RULES}
    while waiting:
        found |= waiting
        waiting = {name for each in waiting for name in _read(RULES[each]) if name in RULES} - found
    return found


def _read(rule: Recording | Alert) -> set[str]:
    told = set(_NAME.findall(" ".join(rule.description))) if isinstance(rule, Alert) else set()
    return series(rule.expr) | told


def only(names: set[str], language: Language = Language.ENGLISH) -> tuple[Group, ...]:
    """The groups as they are, with the rules of these names."""
    kept = (
        replace(group, rules=tuple(rule for rule in group.rules if name_of(rule) in names))
        for group in _BY_LANGUAGE[language]
    )
    return tuple(group for group in kept if group.rules)


def asked(case: Case) -> set[str]:
    """The rules that decide how a case ends."""
    alerts = {test["alertname"] for test in case.get("alert_rule_test", ())}
    words = {word for test in case.get("promql_expr_test", ()) for word in _NAME.findall(test["expr"])}
    return needed(*alerts, *words)


def write(folder: Path, step: str, cases: Sequence[Case], language: Language = Language.ENGLISH) -> list[Path]:
    """Files for promtool in which each case lives with the rules that it asks about."""
    alike: dict[frozenset[str], list[Case]] = {}
    for case in cases:
        alike.setdefault(frozenset(asked(case)), []).append(case)
    return list(_written(folder, step, alike, language))


def _written(folder: Path, step: str, alike: dict[frozenset[str], list[Case]], language: Language) -> Iterator[Path]:
    for number, (names, cases) in enumerate(alike.items()):
        found = only(set(names), language)
        rules, path = folder / f"rules{number}.yml", folder / f"cases{number}.json"  # JSON is YAML
        rules.write_text(document(found, DEFAULTS.in_language(language)), encoding="utf-8")
        told = {
            "rule_files": [rules.name],
            "evaluation_interval": step,
            "group_eval_order": [group.name for group in found],
            "tests": cases,
        }
        path.write_text(json.dumps(told), encoding="utf-8")
        yield path
