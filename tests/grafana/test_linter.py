"""Grafana's dashboard linter, rule by rule (https://github.com/grafana/dashboard-linter/blob/main/docs/index.md).

No rule is switched off and no panel is left out. The rules are our own: the linter is a Go program.
"""

import re
from collections.abc import Iterator
from typing import Any

import promql_parser as promql
import pytest
from grafana_foundation_sdk.models import units
from rulebook import children

from grafana.queries import VALUES, Kind, Query, argument, expand, queries

Board = dict[str, Any]

DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
DRAWN = {"stat", "gauge", "bargauge", "table", "timeseries", "state-timeline", "heatmap"}
UNITS = {value for name, value in vars(units).items() if isinstance(value, str) and not name.startswith("_")}
COUNTING = {"rate", "irate", "increase"}


def nodes(expr: object, above: tuple[object, ...] = ()) -> Iterator[tuple[Any, tuple[Any, ...]]]:
    """Every node of an expression with those above it, the nearest last."""
    yield expr, above
    for each in children(expr):
        yield from nodes(each, (*above, expr))


def panels(board: Board) -> list[dict[str, Any]]:
    return [panel for panel in board["panels"] if panel["type"] in DRAWN]


def variables(board: Board, kind: str) -> list[dict[str, Any]]:
    return [variable for variable in board["templating"]["list"] if variable["type"] == kind]


def asked(board: Board) -> Iterator[Query]:
    return (query for query in queries(board) if query.kind is Kind.PANEL)


def test_every_panel_is_looked_at(board: Board) -> None:
    assert len(panels(board)) == len([panel for panel in board["panels"] if panel["type"] != "row"])


def test_template_datasource(board: Board) -> None:
    (variable,) = variables(board, "datasource")
    assert (variable["name"], variable["label"], variable["query"]) == ("datasource", "Data source", "prometheus")


@pytest.mark.parametrize("name", ["job", "instance"])
def test_template_job_and_instance(board: Board, name: str) -> None:
    (variable,) = (variable for variable in variables(board, "query") if variable["name"] == name)
    assert variable["label"] == name.title()
    assert variable["datasource"] == DATASOURCE
    assert variable["multi"]
    assert variable["includeAll"]
    assert variable["allValue"] == ".+"


def test_template_label_promql(board: Board) -> None:
    for variable in variables(board, "query"):
        assert promql.parse(expand(argument(variable["query"])))
        assert variable["datasource"] == DATASOURCE


def test_template_on_time_change_reload(board: Board) -> None:
    assert {variable["refresh"] for variable in variables(board, "query")} == {2}


def test_panel_datasource(board: Board) -> None:
    for panel in panels(board):
        assert panel["datasource"] == DATASOURCE
        assert all(target["datasource"] == DATASOURCE for target in panel["targets"])


def test_panel_title_description(board: Board) -> None:
    for panel in panels(board):
        assert panel["title"].strip()
        assert panel["description"].strip()


def test_panel_units(board: Board) -> None:
    for panel in panels(board):
        config = panel["fieldConfig"]
        found = [config["defaults"]["unit"]]
        found += [prop["value"] for each in config["overrides"] for prop in each["properties"] if prop["id"] == "unit"]
        assert set(found) <= UNITS, panel["title"]


def test_panel_no_targets(board: Board) -> None:
    for panel in panels(board):
        assert panel["targets"]
        refs = [target["refId"] for target in panel["targets"]]
        assert len(set(refs)) == len(refs)


def test_target_promql(board: Board) -> None:
    for query in queries(board):
        assert promql.parse(query.expr), query


def test_target_rate_interval(board: Board) -> None:
    values = {**VALUES, "__rate_interval": "4321s"}
    for query in asked(board):
        for node, _ in nodes(promql.parse(expand(query.template, values))):
            if isinstance(node, promql.Call) and node.func.name in COUNTING:
                (ranged,) = node.args
                assert ranged.range.total_seconds() == 4321, query


NO_INSTANCE = re.compile(r"campaign:wolkvox_\w+:usual|operation:\w+:\w+|ALERTS")
"""Series of the rules that carry no instance: they outlive the exporters that they come from, or join them, and are
chosen by their job alone."""


@pytest.mark.parametrize("name", ["job", "instance"])
def test_target_job_and_instance(board: Board, name: str) -> None:
    values = {**VALUES, name: "chosen"}
    for query in asked(board):
        for node, _ in nodes(promql.parse(expand(query.template, values))):
            if isinstance(node, promql.VectorSelector):
                found = [each for each in node.matchers.matchers if each.name == name]
                wanted = [(promql.MatchOp.Re, "chosen")]
                if name == "instance" and NO_INSTANCE.fullmatch(str(node.name)):
                    wanted = []
                assert [(each.op, each.value) for each in found] == wanted, query


def test_target_counter_agg(board: Board) -> None:
    for query in asked(board):
        for node, above in nodes(promql.parse(query.expr)):
            if isinstance(node, promql.VectorSelector) and str(node.name).endswith("_total"):
                assert isinstance(above[-1], promql.MatrixSelector)
                assert above[-2].func.name in COUNTING


def test_uneditable_dashboard(board: Board) -> None:
    assert board["editable"] is False
