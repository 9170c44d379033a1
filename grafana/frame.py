"""What every dashboard has around its panels: variables, links, annotations, rows, and the panels' ids."""

from collections.abc import Sequence
from dataclasses import dataclass

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.models import dashboard as model

from grafana import colour
from grafana.language import Translate
from grafana.panel import DATASOURCE, Panel
from grafana.promql import EXPORTER, OPERATION

OVERVIEW = "wolkvox-overview"
CAMPAIGN = "wolkvox-campaign"
EXPORTER_UID = "wolkvox-exporter"
TAG = "wolkvox"


@dataclass(frozen=True, slots=True)
class Section:
    """A row of the dashboard and the panels under it."""

    title: str
    panels: tuple[Panel, ...]


@dataclass(frozen=True, slots=True)
class Frame:
    """A dashboard without its panels."""

    uid: str
    title: str
    description: str
    since: str
    """The start of the time range, such as `now-12h`."""
    variables: tuple[dashboard.QueryVariable, ...]
    twin: tuple[str, str]
    """Title and uid of the same dashboard in the other language."""
    alerts: str
    """The expression of the annotations."""


def _query(name: str, label: str, query: str) -> dashboard.QueryVariable:
    return (
        dashboard.QueryVariable(name)
        .label(label)
        .datasource(DATASOURCE)
        .query(query)
        .refresh(model.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(model.VariableSort.ALPHABETICAL_ASC)
    )


def _any_of(variable: dashboard.QueryVariable, every: str) -> dashboard.QueryVariable:
    chosen = model.VariableOption(selected=True, text=[every], value=["$__all"])
    return variable.multi(True).include_all(True).all_value(".+").current(chosen)


def datasource() -> dashboard.DatasourceVariable:
    """Which Prometheus."""
    return dashboard.DatasourceVariable("datasource").label("Data source").type("prometheus")


def exporter_variables(translate: Translate) -> tuple[dashboard.QueryVariable, ...]:
    """Which exporters. Grafana's linter fixes the labels of these two."""
    instances = 'label_values(wolkvox_exporter_build_info{job=~"$job"}, instance)'
    return (
        _any_of(_query("job", "Job", "label_values(wolkvox_exporter_build_info, job)"), translate("All", "Todos")),
        _any_of(_query("instance", "Instance", instances), translate("All", "Todas")),
    )


def operation_variable(translate: Translate) -> dashboard.QueryVariable:
    """Which operations."""
    query = f"label_values(wolkvox_quota_used_requests{{{EXPORTER}}}, operation)"
    return _any_of(_query("operation", translate("Operation", "Operación"), query), translate("All", "Todas"))


def window_variable(translate: Translate, matchers: str) -> dashboard.QueryVariable:
    """Which window: one, as figures of different windows must never stand in one panel."""
    query = f"label_values(wolkvox_poll_interval_seconds{{{matchers}}}, window)"
    return _query("window", translate("Window", "Ventana"), query)


def campaign_variable(translate: Translate) -> dashboard.QueryVariable:
    """Which campaign, one: its id is the value, its name and id are the text."""
    joined = f'label_join(wolkvox_campaign_info{{{OPERATION}}}, "title", " · ", "name", "campaign")'
    title = f'label_replace({joined}, "title", "$1", "title", " · (.+)")'
    query = f"query_result(max by (campaign, title) ({title}))"
    found = _query("campaign", translate("Campaign", "Campaña"), query)
    return found.regex('/campaign="(?<value>[^"]+)".*title="(?<text>[^"]+)/')


def _annotations(translate: Translate, expr: str) -> dashboard.AnnotationQuery:
    return (
        dashboard.AnnotationQuery()
        .name(translate("Alerts", "Alertas"))
        .datasource(DATASOURCE)
        .enable(True)
        .icon_color(colour.WRONG)
        .expr(expr)
    )


def _link(title: str, uid: str) -> dashboard.DashboardLink:
    return (
        dashboard.DashboardLink(title)
        .type(model.DashboardLinkType.LINK)
        .url(f"/d/{uid}")
        .icon("dashboard")
        .include_vars(True)
        .keep_time(True)
        .target_blank(False)
    )


def _dashboards(title: str) -> dashboard.DashboardLink:
    """All dashboards of the exporter in one drop-down, also those that somebody adds under the tag."""
    return (
        dashboard.DashboardLink(title)
        .type(model.DashboardLinkType.DASHBOARDS)
        .tags([TAG])
        .as_dropdown(True)
        .include_vars(True)
        .keep_time(True)
        .target_blank(False)
    )


def assemble(frame: Frame, translate: Translate, sections: Sequence[Section]) -> model.Dashboard:
    """The whole dashboard, with ids given to its panels from 1 on in the order in which they are read."""
    board = (
        dashboard.Dashboard(frame.title)
        .uid(frame.uid)
        .description(frame.description)
        .tags([TAG])
        .readonly()
        .time(frame.since, "now")
        .refresh("1m")
        .tooltip(model.DashboardCursorSync.CROSSHAIR)
        .variables([datasource(), *frame.variables])
        .annotations([_annotations(translate, frame.alerts)])
        .links([_dashboards(translate("Dashboards", "Tableros")), _link(*frame.twin)])
    )
    for section in sections:
        board = board.with_row(dashboard.Row(section.title))
        for panel in section.panels:
            board = board.with_panel(panel)
    built = board.build()
    for number, placed in enumerate(built.panels or [], 1):
        placed.id_val = number
    return built
