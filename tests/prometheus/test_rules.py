import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import promql_parser as promql
import pytest
import yaml
from rulebook import ALERTS, EXPORTED, RECORDINGS, children, series, under

from prometheus.document import document, duration
from prometheus.generate import GROUPS, RULES
from prometheus.rule import Alert, Group, Recording, hurried, runbook_url

EXPRESSIONS = {**{rule.record: rule.expr for rule in RECORDINGS}, **{rule.name: rule.expr for rule in ALERTS}}
COUNTING = {"rate", "irate", "increase", "delta", "deriv", "sum_over_time", "avg_over_time"}


def committed() -> list[dict[str, Any]]:
    groups: list[dict[str, Any]] = yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"]
    return groups


@pytest.fixture(params=ALERTS, ids=lambda alert: alert.name)
def alert(request: pytest.FixtureRequest) -> Alert:
    found: Alert = request.param
    return found


def test_the_committed_file_is_what_the_code_writes() -> None:
    assert RULES.read_text(encoding="utf-8") == document(GROUPS)


def test_prometheus_takes_the_file(run: Callable[..., str]) -> None:
    assert f"{len(RECORDINGS) + len(ALERTS)} rules found" in run("promtool", "check", "rules", RULES)


def test_recordings_stand_before_the_alerts_that_use_them() -> None:
    recorded: set[str] = set()
    for group in GROUPS:
        reads = {name for rule in group.rules for name in series(rule.expr) if ":" in name}
        inside = {rule.record for rule in group.rules if isinstance(rule, Recording)}
        assert reads <= recorded | inside, group.name
        recorded |= inside


def test_groups_are_small_and_every_rule_has_one_name() -> None:
    assert all(len(group.rules) <= 20 for group in GROUPS)
    assert len({group.name for group in GROUPS}) == len(GROUPS)
    assert len(EXPRESSIONS) == len(RECORDINGS) + len(ALERTS)


def test_every_rule_has_its_comment_in_the_file() -> None:
    lines = RULES.read_text(encoding="utf-8").splitlines()
    starts = [index for index, line in enumerate(lines) if re.match(r" +- (alert|record|name):", line)]
    assert len(starts) == len(EXPRESSIONS) + len(GROUPS)
    assert all(lines[index - 1].lstrip().startswith("#") for index in starts)


def test_recordings_are_named_by_level_metric_and_operation() -> None:
    assert all(re.fullmatch(r"campaign:wolkvox_[a-z_]+:[a-z_]+", rule.record) for rule in RECORDINGS)


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_expressions_read_only_what_there_is(name: str) -> None:
    assert series(EXPRESSIONS[name]) <= EXPORTED | {rule.record for rule in RECORDINGS} | {"up"}


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_no_moving_window_is_counted_again(name: str) -> None:
    assert all(each.endswith("_total") for each in under(EXPRESSIONS[name], COUNTING))


def _is_over_instances(node: object) -> bool:
    return (
        isinstance(node, promql.AggregateExpr)
        and str(node.op) in {"max", "min"}
        and node.modifier is not None
        and node.modifier.type == promql.AggModifierType.Without
        and {"instance", "pod"} <= set(node.modifier.labels)
    )


def _raw(node: Any) -> set[str]:
    """Series with an instance that are read outside of an aggregation over instances."""
    if _is_over_instances(node):
        return set()
    if isinstance(node, promql.VectorSelector):
        kept = not (node.name or "").endswith((":usual", ":timestamp_seconds"))
        return {node.name} if kept and node.name else set()
    return {name for each in children(node) for name in _raw(each)}


def test_alerts_and_usual_values_do_not_depend_on_the_instance() -> None:
    usual = {rule.record: rule.expr for rule in RECORDINGS if rule.record.endswith(":usual")}
    alerts = {alert.name: alert.expr for alert in ALERTS if not alert.expr.startswith("absent(")}
    assert {name: raw for name, expr in {**usual, **alerts}.items() if (raw := _raw(promql.parse(expr)))} == {}


def test_the_check_for_instances_sees_a_raw_series() -> None:
    assert _raw(promql.parse("max without (instance, pod) (a) > 2 * (b offset 1w)")) == {"b"}
    assert _raw(promql.parse("max without (instance) (a)")) == {"a"}
    assert _raw(promql.parse("time() - campaign:wolkvox_busy:usual")) == set()


def test_alerts_are_named_alike(alert: Alert) -> None:
    assert re.fullmatch(r"Wolkvox([A-Z][a-z]+)+", alert.name)
    assert len(alert.name) <= 40


def test_summaries_are_static_sentences(alert: Alert) -> None:
    assert re.fullmatch(r"[A-Z][^{}.]*\.", alert.summary)


def test_descriptions_are_templated_and_say_what_to_look_at_first(alert: Alert) -> None:
    assert "Look first" in alert.description
    assert "{{ $labels." in alert.description or not alert.expr.count("campaign")
    assert not re.search(r"\$value(?! \| humanize)", alert.description)


def test_shares_need_volume(alert: Alert) -> None:
    if any(name.endswith(":ratio") for name in series(alert.expr)):
        assert re.search(r"campaign:wolkvox_attempts:sum\) >= \d+$", alert.expr, re.MULTILINE)


def test_every_alert_waits(alert: Alert) -> None:
    assert alert.wait >= 300


def test_dashboard_links_fill_in_what_the_alert_is_about(alert: Alert) -> None:
    link = alert.dashboard
    assert re.fullmatch(r"/d/wolkvox-(campaign|exporter)\?(&?var-[a-z]+=\{\{ \$labels\.[a-z]+ \| urlquery \}\})+", link)
    assert all(name == label for name, label in re.findall(r"var-([a-z]+)=\{\{ \$labels\.([a-z]+)", link))
    if link.startswith("/d/wolkvox-campaign"):
        assert {"job", "operation", "campaign"} <= set(re.findall(r"var-([a-z]+)=", link))


def test_committed_alerts_have_all_their_parts() -> None:
    for rule in (rule for group in committed() for rule in group["rules"] if "alert" in rule):
        assert rule["labels"].keys() == {"severity"}
        assert rule["labels"]["severity"] in {"critical", "warning", "info"}
        assert rule["annotations"].keys() == {"summary", "description", "runbook_url", "dashboard_url"}
        assert rule["for"]


@pytest.mark.parametrize(
    ("seconds", "text"), [(1, "1s"), (90, "90s"), (600, "10m"), (3600, "1h"), (5400, "90m"), (86400, "1d")]
)
def test_durations_are_written_in_the_largest_unit_that_divides_them(seconds: int, text: str) -> None:
    assert duration(seconds) == text


def test_runbook_urls_are_anchors_of_the_alerts_name() -> None:
    assert runbook_url(ALERTS[0], "https://wiki/runbooks") == "https://wiki/runbooks#wolkvoxbusyspike"


def test_a_hurried_copy_differs_in_its_durations_only() -> None:
    hasty = hurried(GROUPS, 120)
    waits = {rule.name: (rule.wait, rule.linger) for group in hasty for rule in group.rules if isinstance(rule, Alert)}
    assert waits["WolkvoxBusySpike"] == (5, 5)
    assert waits["WolkvoxTokenRefused"] == (2, 0)
    assert [rule.expr for group in hasty for rule in group.rules] == list(EXPRESSIONS.values())


def test_no_wait_is_hurried_away() -> None:
    (group,) = hurried((Group("one", "", (ALERTS[0],)),), 10**6)
    (rule,) = group.rules
    assert isinstance(rule, Alert)
    assert (rule.wait, rule.linger) == (1, 1)


def test_the_hurried_copy_is_valid(run: Callable[..., str], tmp_path: Path) -> None:
    path = tmp_path / "rules.yml"
    path.write_text(document(hurried(GROUPS, 120)), encoding="utf-8")
    assert "SUCCESS" in run("promtool", "check", "rules", path)
