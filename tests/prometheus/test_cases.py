"""Every alert has its cases, every case is one, and promtool passes them all."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from needed_rules import asked, name_of, only, write
from rule_cases import FILES, OF_ONE_EXPORTER, SPANISH_FILES, Case, cases, load, seconds
from rulebook import ALERTS, series

from prometheus.generate import GROUPS, RULES, SPANISH_RULES
from prometheus.rule import Alert, Language


@pytest.fixture(params=ALERTS, ids=lambda alert: alert.name)
def alert(request: pytest.FixtureRequest) -> Alert:
    found: Alert = request.param
    return found


LOOKS = 4
"""Evaluations of all the rules in a case beside the first; each takes its time."""


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_promtool_passes(path: Path, run: Callable[..., str], tmp_path: Path) -> None:
    """With the rules that a case asks about; promtool evaluates all that it is given at every step."""
    content = load(path)
    files = write(tmp_path, content["evaluation_interval"], content["tests"])
    assert run("promtool", "test", "rules", *files).count("SUCCESS") == len(files)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_no_rule_of_the_committed_file_fails_in_any_case(path: Path, run: Callable[..., str], tmp_path: Path) -> None:
    """A rule that finds two series where it wants one fails, and promtool with it, whichever rule the case is about."""
    content = load(path)
    own_step = seconds(content["evaluation_interval"])
    files = []
    for number, case in enumerate(content["tests"]):
        step = -(-max(moments(case)) // (LOOKS * own_step)) * own_step
        told = {
            "rule_files": [str(RULES)],
            "evaluation_interval": f"{step}s",
            "group_eval_order": content["group_eval_order"],
            "tests": [
                {
                    **{part: case[part] for part in ("name", "interval", "input_series") if part in case},
                    "promql_expr_test": [
                        {"expr": "absent(vector(1))", "eval_time": f"{LOOKS * step}s", "exp_samples": []}
                    ],
                }
            ],
        }
        files.append(tmp_path / f"case{number}.json")
        files[-1].write_text(json.dumps(told), encoding="utf-8")
    assert run("promtool", "test", "rules", *files).count("SUCCESS") == len(files)


def moments(case: Case) -> list[int]:
    """When the case looks."""
    kinds = ("alert_rule_test", "promql_expr_test")
    return [seconds(test["eval_time"]) for kind in kinds for test in case.get(kind, ())]


def test_a_case_lives_with_all_that_its_alert_reads() -> None:
    for alert in ALERTS:
        for case in cases(alert.name).values():
            found = {name_of(rule) for group in only(asked(case)) for rule in group.rules}
            assert alert.name in found
            assert {name for name in series(alert.expr) if ":" in name} <= found


@pytest.mark.parametrize(
    ("path", "rules"),
    [(path, RULES) for path in FILES] + [(path, SPANISH_RULES) for path in SPANISH_FILES],
    ids=lambda path: path.stem,
)
def test_the_files_name_the_committed_rules(path: Path, rules: Path) -> None:
    (named,) = load(path)["rule_files"]
    assert (path.parent / named).resolve() == rules.resolve()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_groups_are_evaluated_in_the_order_of_the_file(path: Path) -> None:
    assert load(path)["group_eval_order"] == [group.name for group in GROUPS]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_case_tests_something(path: Path) -> None:
    for case in load(path)["tests"]:
        assert case.get("alert_rule_test") or case.get("promql_expr_test"), case["name"]
        alerts = {test["alertname"] for test in case.get("alert_rule_test", ())}
        assert not alerts or alerts == {case["name"].split(":")[0]}, case["name"]


def test_fires_at_its_time_and_not_one_step_before_and_resolves(alert: Alert) -> None:
    case = cases(alert.name)["waits, fires, resolves"]
    at = {seconds(test["eval_time"]): test["exp_alerts"] for test in case["alert_rule_test"]}
    first = min(time for time, alerts in at.items() if alerts)
    assert at[first - case["step"]] == []
    assert at[max(at)] == []
    assert max(at) > first


def test_it_is_pending_while_it_waits(alert: Alert) -> None:
    case = cases(alert.name)["waits, fires, resolves"]
    fires = min(seconds(test["eval_time"]) for test in case["alert_rule_test"] if test["exp_alerts"])
    (pending,) = case["promql_expr_test"]
    assert seconds(pending["eval_time"]) == fires - case["step"]
    assert 'alertstate="pending"' in pending["exp_samples"][0]["labels"]


def test_what_it_says_is_spelled_out(alert: Alert) -> None:
    case = cases(alert.name)["waits, fires, resolves"]
    for expected in (expected for test in case["alert_rule_test"] for expected in test["exp_alerts"]):
        assert expected["exp_labels"]["severity"] == alert.severity.value
        about = {"severity", "job", "operation", "campaign", "window", "api"}
        assert expected["exp_labels"].keys() <= about | ({"instance"} if alert.name in OF_ONE_EXPORTER else set())
        assert expected["exp_annotations"].keys() == {"summary", "description", "runbook_url", "dashboard_url"}


def test_missing_series(alert: Alert) -> None:
    assert cases(alert.name)["missing series"]["alert_rule_test"]


def test_low_volume_where_it_is_a_share(alert: Alert) -> None:
    if any(name.endswith((":ratio", ":usual")) for name in series(alert.expr)):
        assert all(test["exp_alerts"] == [] for test in cases(alert.name)["low volume"]["alert_rule_test"])


SURE = ("WolkvoxBusySpike", "WolkvoxFailedSpike", "WolkvoxCongestionHigh", "WolkvoxBusyUnusual")
SURE_OF_THE_USUAL = ("WolkvoxFailedUnusual", "WolkvoxContactCollapsed", "WolkvoxCarrierTrouble")


@pytest.mark.parametrize("name", SURE + SURE_OF_THE_USUAL)
def test_small_and_clear_fires_and_small_and_unclear_does_not(name: str) -> None:
    clear = [bool(test["exp_alerts"]) for test in cases(name)["small and clear"]["alert_rule_test"]]
    assert clear == [False, True]
    assert all(test["exp_alerts"] == [] for test in cases(name)["small and unclear"]["alert_rule_test"])


@pytest.mark.parametrize("name", [*(name for name in SURE if name.endswith("Unusual")), *SURE_OF_THE_USUAL])
def test_without_history_nothing_is_unusual(name: str) -> None:
    assert all(test["exp_alerts"] == [] for test in cases(name)["no history"]["alert_rule_test"])


@pytest.mark.parametrize("path", SPANISH_FILES, ids=lambda path: path.stem)
def test_promtool_passes_in_spanish(path: Path, run: Callable[..., str], tmp_path: Path) -> None:
    content = load(path)
    files = write(tmp_path, content["evaluation_interval"], content["tests"], Language.SPANISH)
    assert run("promtool", "test", "rules", *files).count("SUCCESS") == len(files)


def test_every_alert_is_spelled_out_in_spanish(alert: Alert) -> None:
    told = [
        expected
        for path in SPANISH_FILES
        for case in load(path)["tests"]
        for test in case["alert_rule_test"]
        if test["alertname"] == alert.name
        for expected in test["exp_alerts"]
    ]
    assert told
    for expected in told:
        assert expected["exp_labels"]["severity"] == alert.severity.value
        assert expected["exp_annotations"].keys() == {"summary", "description", "runbook_url", "dashboard_url"}


def test_two_exporters_raise_one_alert(alert: Alert) -> None:
    if alert.expr.startswith("absent("):  # it fires where no exporter is left
        case = cases(alert.name)["a rollout changes the instance"]
        expected = {0}
    elif alert.name in OF_ONE_EXPORTER:
        case = cases(alert.name)["two exporters raise one alert each"]
        expected = {2}
    else:
        named = re.compile(r"two exporters( and two windows)? raise one alert")
        (case,) = (case for name, case in cases(alert.name).items() if named.fullmatch(name))
        expected = {1}
    assert len(set(re.findall(r'instance="([^"]+)"', str(case["input_series"])))) == 2
    assert {len(test["exp_alerts"]) for test in case["alert_rule_test"]} == expected
