"""Every query of a dashboard as Prometheus gets it: variables filled in, ready to be parsed or asked."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

VALUES: Mapping[str, str] = {
    "job": ".+",
    "instance": ".+",
    "operation": ".+",
    "window": "1h",
    "campaign": "32841",
    "__rate_interval": "5m",
    "__interval": "1m",
    "__range": "12h",
}
"""What variables become where nothing else is asked for: everything, of one campaign and one window."""

_VARIABLE = re.compile(r"\$(?:\{(\w+)(?::\w+)?\}|([a-zA-Z_]\w*))")
"""Not `$1`, which means a group of a regular expression in `label_replace`, to Grafana too."""
_FUNCTION = re.compile(r"(label_values|query_result)\((.+)\)", re.DOTALL)
_LABEL = re.compile(r",\s*([a-zA-Z_]\w*)\s*$")


class Kind(StrEnum):
    """What asks."""

    PANEL = "panel"
    VARIABLE = "variable"
    ANNOTATION = "annotation"


@dataclass(frozen=True, slots=True)
class Query:
    """One question to Prometheus."""

    dashboard: str
    """The dashboard's uid."""
    kind: Kind
    name: str
    """The panel's title, or the name of the variable or the annotation."""
    ref: str
    """Tells a panel's queries apart; empty for other kinds."""
    template: str
    """As the dashboard has it; of a variable, the expression alone."""
    expr: str
    """PromQL, without any variable left."""
    since: str
    """Start of the time range that is drawn, such as `now-12h`; empty where the value now is all that is asked for."""
    interval: str
    """The least time between two of its points, such as `5m`; empty where the panel sets none."""


@dataclass(frozen=True, slots=True)
class Silence:
    """Queries that rightly return nothing."""

    names: tuple[str, ...]
    """Titles of the panels, in each language."""
    refs: tuple[str, ...]
    why: str


EMPTY_WHEN_WELL = (
    Silence(
        ("Failing campaigns now", "Campañas con fallas ahora"),
        ("failure", "waiting"),
        "The table has a row only for a campaign whose latest poll failed.",
    ),
    Silence(
        ("Failed polls per hour by reason", "Consultas fallidas por hora y motivo"),
        ("failures",),
        "Reasons at 0 are not drawn: sixteen lines on the axis would hide the one that matters.",
    ),
    Silence(
        ("Failed companion requests per hour", "Solicitudes compañeras fallidas por hora"),
        ("api_failures",),
        "Apis at 0 are not drawn.",
    ),
    Silence(
        ("Trouble over time", "Problemas en el tiempo"),
        ("troubles",),
        "There is a row only for a campaign that was in trouble.",
    ),
    Silence(("Alerts", "Alertas"), ("", "alerts"), "There is a mark or a row only while an alert fires or is pending."),
)
"""Empty while all is well. The overview's first table hides every row then, though its queries return data."""

NEEDS_HISTORY = Silence(
    (),
    ("answer_beyond", "busy_beyond", "failed_beyond", "week_before", "weeks_before"),
    "Compares with one and two weeks earlier; the usual values are recorded by the rules.",
)
"""Empty, in any panel, until that history is there."""

NEEDS_LICENCES = Silence(
    (
        "Quota used",
        "Quota used against budget",
        "Share of the budget used",
        "Stretch of the intervals",
        "Cuota usada",
        "Cuota usada y presupuesto",
        "Proporción del presupuesto usado",
        "Estiramiento de los intervalos",
    ),
    ("budget", "share", "quota", "stretch"),
    "Without the number of licences no budget is enforced.",
)
"""Empty where no operation has its licences configured."""

NEEDS_COMPANIONS = Silence(
    (),
    (
        "list_started",
        "left",
        "pending",
        "records",
        "calls",
        "reached",
        "recycles",
        "api",
        "found",
        "started",
        "vendor",
    ),
    "The list, the live figures and the vendor's quota are asked for only where the configuration says so.",
)
"""Empty, in any panel, where no companion api is asked."""


def expand(template: str, values: Mapping[str, str] = VALUES) -> str:
    """Fill in the variables. A variable without a value is a KeyError that names it."""
    return _VARIABLE.sub(lambda found: values[found[1] or found[2]], template)


def queries(dashboard: Mapping[str, Any], values: Mapping[str, str] = VALUES) -> Iterator[Query]:
    """Every query of a dashboard, given as the JSON that Grafana reads."""
    for kind, name, ref, template, since, interval in _templates(dashboard):
        yield Query(dashboard["uid"], kind, name, ref, template, expand(template, values), since, interval)


def _templates(dashboard: Mapping[str, Any]) -> Iterator[tuple[Kind, str, str, str, str, str]]:
    whole = dashboard["time"]["from"]
    for variable in dashboard["templating"]["list"]:
        if variable["type"] == "query":
            yield Kind.VARIABLE, variable["name"], "", argument(variable["query"]), "", ""
    for annotation in dashboard["annotations"]["list"]:
        yield Kind.ANNOTATION, annotation["name"], "", annotation["expr"], whole, "1m"
    for panel in dashboard["panels"]:
        interval = panel.get("interval") or ""
        for target in panel.get("targets", ()):
            since = whole if target["range"] else ""
            yield Kind.PANEL, panel["title"], target["refId"], target["expr"], since, interval


def argument(query: str) -> str:
    """The PromQL inside a variable's `label_values(expr, label)` or `query_result(expr)`.

    Raises:
        ValueError: It is neither.
    """
    found = _FUNCTION.fullmatch(query)
    if found is None:
        raise ValueError(f"{query}: not label_values(expr, label) or query_result(expr)")
    return _LABEL.sub("", found[2]) if found[1] == "label_values" else found[2]
