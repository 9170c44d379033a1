"""What no linter sees: windows stay apart, gauges stay gauges, two exporters are not two campaigns."""

from collections.abc import Iterator
from typing import Any

import promql_parser as promql
import pytest
from rulebook import RECORDINGS

from grafana.queries import (
    EMPTY_WHEN_WELL,
    NEEDS_COMPANIONS,
    NEEDS_HISTORY,
    NEEDS_LICENCES,
    VALUES,
    Kind,
    argument,
    expand,
    queries,
)

Board = dict[str, Any]

PER_WINDOW = ("wolkvox_campaign_", "wolkvox_poll_interval_seconds", "campaign:wolkvox_")
NOT_PER_WINDOW = {
    "wolkvox_campaign_info",
    "wolkvox_campaign_utc_offset_seconds",
    "wolkvox_campaign_started",
    "wolkvox_campaign_list_pending_records",
    "wolkvox_campaign_list_records",
    "wolkvox_campaign_list_recycles",
    "wolkvox_campaign_calls_per_minute",
    "wolkvox_campaign_penetration_percent",
}
PER_OPERATION = {"wolkvox_poll_interval_stretch_ratio"}
NO_INSTANCE = ("operation:", "ALERTS")
OVER_RANGES = {"rate", "irate", "increase", "delta", "idelta", "deriv", "sum_over_time", "avg_over_time"}
COUNTERS = ("_total", "_bucket", "_sum", "_count")
ADDING = {"sum", "avg", "count", "group", "stddev", "stdvar", "quantile", "count_values"}


def selectors(expr: Any) -> Iterator[tuple[str, dict[str, str]]]:
    """Metric name and matchers of each selector."""
    found: list[tuple[str, dict[str, str]]] = []

    def look(node: object) -> None:
        if isinstance(node, promql.VectorSelector):
            matchers = {each.name: each.value for each in node.matchers.matchers}
            found.append((str(node.name), matchers))
        if isinstance(node, promql.MatrixSelector):
            look(node.vector_selector)

    promql.walk(expr, look)
    return iter(found)


def spreads(expr: Any) -> bool:
    """Whether the result may have a series for each instance.

    Raises:
        AssertionError: A sum over instances, which would count what two exporters publish twice.
    """
    match expr:
        case promql.VectorSelector() | promql.MatrixSelector():
            return not str(getattr(expr, "name", "")).startswith(NO_INSTANCE)
        case promql.Call():
            found = [spreads(each) for each in expr.args]
            return any(found)
        case promql.ParenExpr() | promql.UnaryExpr() | promql.SubqueryExpr():
            return spreads(expr.expr)
        case promql.AggregateExpr():
            inner, op = spreads(expr.expr), str(expr.op)
            keeps = op in {"topk", "bottomk"} or _keeps_instance(expr.modifier)
            assert keeps or not inner or op not in ADDING, f"{op} over instances: {expr.prettify()}"
            return inner and keeps
        case promql.BinaryExpr():
            left, right = spreads(expr.lhs), spreads(expr.rhs)
            return left or right
    return False


def _keeps_instance(modifier: Any) -> bool:
    if modifier is None:
        return False
    named = "instance" in modifier.labels
    return named if modifier.type == promql.AggModifierType.By else not named


def test_every_campaign_query_is_about_one_window(board: Board) -> None:
    seen = 0
    for query in queries(board, {**VALUES, "window": "chosen"}):
        if query.kind is Kind.PANEL:
            for name, matchers in selectors(promql.parse(query.expr)):
                if name.startswith(PER_WINDOW) and name not in NOT_PER_WINDOW:
                    assert matchers["window"] == "chosen", query
                    seen += 1
    assert seen


def test_the_window_is_a_single_choice(board: Board) -> None:
    (window,) = (each for each in board["templating"]["list"] if each["name"] == "window")
    assert not window["multi"]
    assert not window["includeAll"]


@pytest.mark.parametrize("uid", ["wolkvox-campaign", "wolkvox-campaign-es"])
def test_the_campaign_dashboard_is_about_one_campaign(boards: dict[str, Board], uid: str) -> None:
    (campaign,) = (each for each in boards[uid]["templating"]["list"] if each["name"] == "campaign")
    assert not campaign["multi"]
    for query in queries(boards[uid], {**VALUES, "campaign": "chosen"}):
        if query.kind is Kind.PANEL:
            found = selectors(promql.parse(query.expr))
            chosen = [matchers.get("campaign") for name, matchers in found if name not in PER_OPERATION]
            assert set(chosen) <= {"chosen"}, query


def test_what_is_a_rolling_window_is_never_counted_over_time(board: Board) -> None:
    for query in queries(board):
        expr = promql.parse(query.expr)

        def look(node: object, query: object = query) -> None:
            if isinstance(node, promql.Call) and node.func.name in OVER_RANGES:
                assert all(name.endswith(COUNTERS) for name, _ in selectors(node)), query

        promql.walk(expr, look)


def test_nothing_is_summed_over_instances(board: Board) -> None:
    for query in queries(board):
        spreads(promql.parse(query.expr))


@pytest.mark.parametrize(
    "expr",
    [
        "sum(a)",
        "count by (job) (a == 0)",
        "sum without (instance) (a)",
        "max(sum by (operation) (rate(a_total[5m])))",
        "1 - avg(a)",
    ],
)
def test_a_sum_over_instances_is_found(expr: str) -> None:
    with pytest.raises(AssertionError, match="over instances"):
        spreads(promql.parse(expr))


@pytest.mark.parametrize(
    "expr", ["sum(max without (instance, pod) (a))", "sum without (result) (a)", "sum by (instance) (a)", "topk(3, a)"]
)
def test_a_sum_of_what_is_already_one_is_none(expr: str) -> None:
    spreads(promql.parse(expr))
    assert True


def test_what_is_recorded_is_recorded_by_the_rules(board: Board) -> None:
    for query in queries(board):
        recorded = {name for name, _ in selectors(promql.parse(query.expr)) if ":" in name}
        assert recorded <= {rule.record for rule in RECORDINGS}


def test_what_is_drawn_of_every_campaign_over_hours_is_recorded(boards: dict[str, Board]) -> None:
    for query in queries(boards["wolkvox-overview"]):
        if query.kind is Kind.PANEL and query.since:
            names = {name for name, _ in selectors(promql.parse(query.expr))}
            assert "wolkvox_campaign_attempts" not in names, query


def test_the_lists_of_silent_queries_name_what_is_there(boards: dict[str, Board]) -> None:
    found = {(query.name, query.ref) for board in boards.values() for query in queries(board)}
    for silence in (*EMPTY_WHEN_WELL, NEEDS_LICENCES, NEEDS_COMPANIONS):
        assert silence.why
        for name in silence.names:
            assert [ref for ref in silence.refs if (name, ref) in found], name
    refs = {ref for _, ref in found}
    assert set(NEEDS_HISTORY.refs) <= refs
    for silence in (*EMPTY_WHEN_WELL, NEEDS_LICENCES, NEEDS_COMPANIONS):
        assert set(silence.refs) <= refs | {""}


def test_lines_and_marks_are_asked_for_over_time(board: Board) -> None:
    drawn = {panel["title"] for panel in board["panels"] if panel["type"] in {"timeseries", "state-timeline"}}
    drawn |= {panel["title"] for panel in board["panels"] if panel.get("options", {}).get("graphMode") == "area"}
    marks = {annotation["name"] for annotation in board["annotations"]["list"]}
    assert {query.name for query in queries(board) if query.since} == drawn | marks
    assert {query.since for query in queries(board)} == {"", board["time"]["from"]}


@pytest.mark.parametrize(
    ("template", "expr"),
    [
        ('a{job=~"$job"}', 'a{job=~".+"}'),
        ('a{job=~"${job}|"}[$__rate_interval]', 'a{job=~".+|"}[5m]'),
        ("${campaign:text}", "32841"),
        ('label_replace(a, "x", "$1", "y", "(.+)")', 'label_replace(a, "x", "$1", "y", "(.+)")'),
    ],
)
def test_variables_are_filled_in(template: str, expr: str) -> None:
    assert expand(template) == expr


def test_an_unknown_variable_is_named() -> None:
    with pytest.raises(KeyError, match="nowhere"):
        expand("a[$nowhere]")


@pytest.mark.parametrize(
    ("query", "expr"),
    [
        ("label_values(a, job)", "a"),
        ('label_values(a{b="c, d", e=~"f"}, job)', 'a{b="c, d", e=~"f"}'),
        ("query_result(max by (a, b) (c))", "max by (a, b) (c)"),
    ],
)
def test_the_promql_inside_a_variable(query: str, expr: str) -> None:
    assert argument(query) == expr


def test_a_variable_that_asks_otherwise_is_refused() -> None:
    with pytest.raises(ValueError, match="not label_values"):
        argument("metrics(.*)")
