"""The dashboards' state of a campaign and its alerts never disagree: they are made of the same conditions."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rule_cases import FILES, Case, load, seconds
from rulebook import ALERTS

from prometheus.document import document
from prometheus.generate import GROUPS, groups
from prometheus.parameters import DEFAULTS, Parameters
from prometheus.promql import WINDOW
from prometheus.rule import MINUTE, Alert, Recording
from prometheus.trouble import STATE, Trouble

RAISED_BY = {
    Trouble.CONTACT: ("WolkvoxContactCollapsed",),
    Trouble.SILENT: ("WolkvoxDiallingStopped",),
    Trouble.CONGESTION: ("WolkvoxCongestionHigh",),
    Trouble.BUSY: ("WolkvoxBusySpike", "WolkvoxBusyUnusual"),
    Trouble.FAILED: ("WolkvoxFailedSpike", "WolkvoxFailedUnusual"),
    Trouble.UNANSWERED: ("WolkvoxCampaignStale",),
}
"""Trouble -> the alerts that it stands for. What is idle or withdrawn has none."""

OTHERS = replace(
    DEFAULTS,
    min_attempts=30,
    usual_attempts=60,
    spike_share=0.33,
    spike_low=0.22,
    congestion_share=0.07,
    congestion_low=0.03,
    unusual_factor=3,
    unusual_floor=0.12,
    unusual_margin=1.5,
    collapsed_fraction=0.4,
)

ON_WINDOW = f"on ({', '.join(WINDOW)})"
EXPRESSIONS = {alert.name: alert.expr for alert in ALERTS}


@pytest.mark.parametrize("parameters", [DEFAULTS, OTHERS], ids=["as committed", "with other thresholds"])
def test_the_state_holds_the_conditions_of_the_alerts(parameters: Parameters) -> None:
    rules = [rule for group in groups(parameters) for rule in group.rules]
    (state,) = (rule.expr for rule in rules if isinstance(rule, Recording) and rule.record == STATE)
    alerts = {rule.name: rule.expr for rule in rules if isinstance(rule, Alert)}
    for name in (name for names in RAISED_BY.values() for name in names):
        assert "".join(alerts[name].split()) in "".join(state.split()), name


def both_ways(trouble: Trouble, names: tuple[str, ...]) -> Iterator[str]:
    """Expressions that are empty where state and alerts agree; an exporter without polls has no state."""
    shown = f"(floor({STATE} / {trouble.value}) % 2 == 1)"
    for name in names:
        yield f"(({EXPRESSIONS[name]}) and {ON_WINDOW} wolkvox_campaign_up) unless {ON_WINDOW} {shown}"
    yield shown + "".join(f"\nunless {ON_WINDOW} ({EXPRESSIONS[name]})" for name in names)


QUESTIONS = [each for trouble, names in RAISED_BY.items() for each in both_ways(trouble, names)]


def polled(case: Case) -> list[dict[str, str]]:
    """The case's series, and that each campaign in it is polled."""
    given: list[dict[str, str]] = case["input_series"]
    ups = set()
    for each in given:
        labels = dict(re.findall(r'(\w+)="([^"]*)"', each["series"]))
        if {"instance", "campaign", "window"} <= labels.keys():
            kept = (f'{name}="{labels[name]}"' for name in (*WINDOW, "instance") if name in labels)
            ups.add(f"wolkvox_campaign_up{{{','.join(kept)}}}")
    known = {each["series"].split("{")[0] for each in given}
    return given if "wolkvox_campaign_up" in known else [*given, *({"series": up, "values": "1+0x999"} for up in ups)]


def moments(case: Case, step: int) -> list[str]:
    """When the case looks, or at the evaluation after it."""
    kinds = ("alert_rule_test", "promql_expr_test")
    found = {seconds(test["eval_time"]) for kind in kinds for test in case.get(kind, ())}
    return [f"{moment}s" for moment in sorted({-(-each // step) * step for each in found})]


def questions(case: Case, step: int) -> dict[str, Any]:
    return {
        "name": case["name"],
        "interval": case["interval"],
        "input_series": polled(case),
        "promql_expr_test": [
            {"expr": each, "eval_time": moment, "exp_samples": []}
            for moment in moments(case, step)
            for each in QUESTIONS
        ],
    }


def about_campaigns(path: Path) -> list[Case]:
    """The cases of alerts that a trouble stands for, and those of the state itself."""
    alerts = {name for names in RAISED_BY.values() for name in names}
    found: list[Case] = load(path)["tests"]
    return [case for case in found if case["name"].split(":")[0] in alerts or path.stem == "trouble"]


RECORDED = tuple(group for group in GROUPS if isinstance(group.rules[0], Recording))
"""Without the alerts, whose conditions are asked for instead."""

COARSE = 5 * MINUTE
"""Seconds between two evaluations at the least: no wait is tested here, and each takes its time."""


@pytest.mark.parametrize("path", [path for path in FILES if about_campaigns(path)], ids=lambda path: path.stem)
def test_state_and_alerts_agree_in_every_case(path: Path, run: Callable[..., str], tmp_path: Path) -> None:
    rules, asked = tmp_path / "rules.yml", tmp_path / "agree.json"
    rules.write_text(document(RECORDED), encoding="utf-8")
    step = max(COARSE, seconds(load(path)["evaluation_interval"]))
    told = {
        "evaluation_interval": f"{step}s",
        "rule_files": [str(rules)],
        "group_eval_order": [group.name for group in RECORDED],
        "tests": [questions(case, step) for case in about_campaigns(path)],
    }
    asked.write_text(json.dumps(told), encoding="utf-8")
    assert "SUCCESS" in run("promtool", "test", "rules", asked)
