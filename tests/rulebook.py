"""The rules for the tests that look at them, and what their expressions are made of."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import promql_parser as promql

from exporter.metrics import catalogue
from prometheus.generate import GROUPS
from prometheus.rule import Alert, Recording

ROOT = Path(__file__).parents[1]
RECORDINGS = [rule for group in GROUPS for rule in group.rules if isinstance(rule, Recording)]
ALERTS = [rule for group in GROUPS for rule in group.rules if isinstance(rule, Alert)]
EXPORTED = {
    metric.name
    for metrics in (
        catalogue.TARGET_METRICS,
        catalogue.CAMPAIGN_METRICS,
        catalogue.FIGURE_METRICS,
        catalogue.OPERATION_METRICS,
        catalogue.EXPORTER_METRICS,
        catalogue.LIVE_METRICS,
        catalogue.PROCESS_METRICS,
    )
    for metric in metrics
} | {
    "wolkvox_calling_hours_change_timestamp_seconds",
    "wolkvox_calling_hours_open",
    "wolkvox_poll_interval_stretch_ratio",
}
"""Names of the exporter's metrics; a histogram's without `_bucket`."""


def children(expr: Any) -> list[Any]:
    """The parts right below one part of a parsed expression."""
    match expr:
        case promql.AggregateExpr():
            below = [expr.expr, expr.param]
        case promql.BinaryExpr():
            below = [expr.lhs, expr.rhs]
        case promql.Call():
            below = list(expr.args)
        case promql.MatrixSelector():
            below = [expr.vector_selector]
        case promql.ParenExpr() | promql.UnaryExpr() | promql.SubqueryExpr():
            below = [expr.expr]
        case _:
            below = []
    return [each for each in below if each is not None]


def nodes(expr: Any) -> Iterator[Any]:
    """Every part of a parsed expression, itself included."""
    yield expr
    for each in children(expr):
        yield from nodes(each)


def series(text: str) -> set[str]:
    """The names of all series that an expression reads."""
    return {node.name for node in nodes(promql.parse(text)) if isinstance(node, promql.VectorSelector) and node.name}


def under(text: str, functions: set[str]) -> set[str]:
    """The names of the series that an expression reads under one of these functions."""
    calls = (node for node in nodes(promql.parse(text)) if isinstance(node, promql.Call))
    return {name for call in calls if call.func.name in functions for name in _names(call)}


def _names(call: promql.Call) -> set[str]:
    return {node.name for node in nodes(call) if isinstance(node, promql.VectorSelector) and node.name}
