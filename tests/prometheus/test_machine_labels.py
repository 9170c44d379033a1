"""What a machine, a pod or a node adds to the labels neither hides an alert nor doubles it; cluster and namespace stay.

The first case of every alert is lived through again under other circumstances, and must end in the same alerts.
"""

import copy
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from needed_rules import write
from rule_cases import OF_ONE_EXPORTER, Case, cases, seconds
from rulebook import ALERTS

from prometheus.rule import Alert

HERE = 'node="n1", pod="wolkvox-6b9f7-x2x", pod_template_hash="6b9f7", container="exporter", region="bogota"'
THERE = 'node="n2", pod="wolkvox-58c4d-9zz", pod_template_hash="58c4d", container="exporter", region="cali"'
PLACE = 'cluster="%s", namespace="dialling"'

COUNTED_OVER_TIME = {"WolkvoxInternalFault"}
"""A counter that changes its name in mid-course begins anew: what rose in that step is lost, as it always is."""

_STEPS = re.compile(r"(_|-?[\d.]+)(?:([+-][\d.]+)x(\d+)|x(\d+))?|stale")


@pytest.fixture(params=ALERTS, ids=lambda alert: alert.name)
def alert(request: pytest.FixtureRequest) -> Alert:
    found: Alert = request.param
    return found


def values(text: str) -> Iterator[str]:
    """promtool's short form, written out: `1+0x2 stale` is `1 1 1 stale`, `_x2` is `_ _`."""
    for found in _STEPS.finditer(text):
        first, slope, more, times = found.groups()
        if slope:
            yield from (f"{float(first) + number * float(slope):.15g}" for number in range(int(more) + 1))
        elif times:
            yield from [first] * (int(times) if first == "_" else int(times) + 1)
        else:
            yield found[0]


def labelled(series: str, labels: str) -> str:
    return series.replace("{", f"{{{labels}, ", 1)


def is_of_exporter(series: str) -> bool:
    return "instance=" in series


def renamed(series: str) -> str:
    return series.replace('instance="a:10965"', 'instance="z:10965"')


def on_a_node(given: list[Case]) -> list[Case]:
    return [
        {**each, "series": labelled(each["series"], HERE) if is_of_exporter(each["series"]) else each["series"]}
        for each in given
    ]


def twice_on_two_nodes(given: list[Case]) -> list[Case]:
    """The same address, as of pods in the host's network, on two nodes."""
    own = [each for each in given if is_of_exporter(each["series"])]
    return on_a_node(given) + [{**each, "series": labelled(each["series"], THERE)} for each in own]


def two_exporters(given: list[Case]) -> list[Case]:
    own = [each for each in given if is_of_exporter(each["series"])]
    return on_a_node(given) + [{**each, "series": renamed(labelled(each["series"], THERE))} for each in own]


def rescheduled(given: list[Case], at: int) -> list[Case]:
    """From a step on the exporter runs on another node, under another address."""
    found = []
    for each in on_a_node(given):
        steps = list(values(each["values"]))
        if not is_of_exporter(each["series"]) or len(steps) <= at:
            found.append(each)
            continue
        moved = renamed(each["series"].replace(HERE, THERE))
        found += [
            {"series": each["series"], "values": " ".join([*steps[:at], "stale"])},
            {"series": moved, "values": " ".join([*["_"] * at, *steps[at:]])},
        ]
    return found


def only_alerts(case: Case) -> Case:
    return copy.deepcopy({name: part for name, part in case.items() if name not in {"step", "promql_expr_test"}})


@pytest.fixture
def live_through(run: Callable[..., str], tmp_path: Path) -> Callable[[Case, int], None]:
    def call(case: Case, step: int) -> None:
        run("promtool", "test", "rules", *write(tmp_path, f"{step}s", [case]))

    return call


def also_named(case: Case) -> None:
    """Where a description lists the exporters, the second one stands in it too."""
    for test in case["alert_rule_test"]:
        for expected in test["exp_alerts"]:
            told = expected["exp_annotations"]
            told["description"] = told["description"].replace("a:10965", "a:10965, z:10965")


def moved(case: Case) -> None:
    for test in case["alert_rule_test"]:
        for expected in test["exp_alerts"]:
            told = expected["exp_annotations"]
            told["description"] = told["description"].replace("a:10965", "z:10965")


def test_one_address_on_two_nodes_is_one_exporter(alert: Alert, live_through: Callable[[Case, int], None]) -> None:
    whole = cases(alert.name)["waits, fires, resolves"]
    case = only_alerts(whole)
    case["input_series"] = twice_on_two_nodes(case["input_series"])
    if alert.name == "WolkvoxExporterDown":  # it lists targets, and these are two
        for expected in (expected for test in case["alert_rule_test"] for expected in test["exp_alerts"]):
            told = expected["exp_annotations"]
            told["description"] = told["description"].replace("a:10965", "a:10965, a:10965")
    live_through(case, whole["step"])


def test_two_exporters_on_two_nodes_raise_one_alert(alert: Alert, live_through: Callable[[Case, int], None]) -> None:
    if alert.name in OF_ONE_EXPORTER:
        return
    whole = cases(alert.name)["waits, fires, resolves"]
    case = only_alerts(whole)
    case["input_series"] = two_exporters(case["input_series"])
    also_named(case)
    live_through(case, whole["step"])


def test_a_reschedule_in_mid_course_changes_nothing(alert: Alert, live_through: Callable[[Case, int], None]) -> None:
    """It moves while the alert is pending: the alert is not begun anew."""
    if alert.name in OF_ONE_EXPORTER | COUNTED_OVER_TIME:
        return
    whole = cases(alert.name)["waits, fires, resolves"]
    case = only_alerts(whole)
    pending = whole["promql_expr_test"][0]["eval_time"]
    case["input_series"] = rescheduled(case["input_series"], seconds(pending) // whole["step"])
    moved(case)
    live_through(case, whole["step"])


def test_cluster_and_namespace_stay_so_that_two_clusters_are_two_places(
    alert: Alert, live_through: Callable[[Case, int], None]
) -> None:
    if alert.expr.startswith("absent("):
        return
    whole = cases(alert.name)["waits, fires, resolves"]
    case = only_alerts(whole)
    given = on_a_node(case["input_series"])
    case["input_series"] = [
        {**each, "series": labelled(each["series"], PLACE % cluster)} for cluster in "ns" for each in given
    ]
    for test in case["alert_rule_test"]:
        test["exp_alerts"] = [
            {**expected, "exp_labels": {**expected["exp_labels"], "cluster": cluster, "namespace": "dialling"}}
            for expected in test["exp_alerts"]
            for cluster in "ns"
        ]
    live_through(case, whole["step"])


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("1+0x2 stale", "1 1 1 stale"),
        ("_x2 5", "_ _ 5"),
        ("10-2x2 _ 1.5", "10 8 6 _ 1.5"),
        ("3x2", "3 3 3"),
    ],
)
def test_short_forms_are_written_out(text: str, steps: str) -> None:
    assert " ".join(values(text)) == steps
