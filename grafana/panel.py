"""The few kinds of panel that the dashboards are made of, on top of the SDK's builders.

Every panel and every query asks the data source that the variable `datasource` names.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from grafana_foundation_sdk.builders import (
    bargauge,
    common,
    dashboard,
    prometheus,
    stat,
    statetimeline,
    table,
    timeseries,
)
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import common as common_model
from grafana_foundation_sdk.models import dashboard as model
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from exporter.web.status.i18n import SPANISH
from grafana import colour
from grafana.language import Translate

DATASOURCE = model.DataSourceRef(type_val="prometheus", uid="${datasource}")

Panel = Builder[model.Panel]


@dataclass(frozen=True, slots=True)
class Caption:
    """What a panel shows, and how to read it."""

    title: str
    description: str


@dataclass(frozen=True, slots=True)
class Size:
    """Columns of the grid's 24, and rows of about 30 pixels."""

    width: int
    height: int


NOTHING = "\N{EN DASH}"
"""A value that there is not."""

TILE = Size(3, 5)
HALF = Size(12, 9)
THIRD = Size(8, 9)
WHOLE = Size(24, 10)


def _query(ref: str, expr: str) -> prometheus.Dataquery:
    return prometheus.Dataquery().ref_id(ref).expr(expr).datasource(DATASOURCE)


def latest(ref: str, expr: str, legend: str = "") -> prometheus.Dataquery:
    """A query for the value now, one figure a series."""
    return _query(ref, expr).instant().legend_format(legend)


def rows(ref: str, expr: str) -> prometheus.Dataquery:
    """A query for the value now, one row a series, its labels as columns; the value's column is `Value #ref`."""
    return _query(ref, expr).instant().format(PromQueryFormat.TABLE)


def over_time(ref: str, expr: str, legend: str) -> prometheus.Dataquery:
    """A query over the dashboard's time range."""
    return _query(ref, expr).range().legend_format(legend)


def steps(*limits: tuple[float | None, str]) -> dashboard.ThresholdsConfig:
    """Colours from each limit upwards; the first limit is None, the bottom."""
    found = [model.Threshold(value=limit, color=shade) for limit, shade in limits]
    return dashboard.ThresholdsConfig().mode(model.ThresholdsMode.ABSOLUTE).steps(found)


def mapping(texts: Mapping[str, tuple[str, str]]) -> model.ValueMap:
    """Words and a colour for values."""
    return model.ValueMap(
        {
            value: model.ValueMappingResult(text=text, color=shade, index=index)
            for index, (value, (text, shade)) in enumerate(texts.items())
        }
    )


def not_a_number() -> model.SpecialValueMap:
    """What a share of nothing shows, instead of NaN or of the last share that there was."""
    result = model.ValueMappingResult(text=NOTHING, color=colour.PLAIN)
    return model.SpecialValueMap(
        options=model.DashboardSpecialValueMapOptions(match=model.SpecialValueMatch.NULL_AND_NAN, result=result)
    )


FRESH = "1m"
"""The least time between two points where the latest is read as now: beside a table it must not be minutes older."""

DAY = 24 * 60
"""Points of a day that lie a minute apart. Of its own, Grafana asks for one a pixel, and a panel is narrow."""


def tile(caption: Caption, query: prometheus.Dataquery, size: Size = TILE) -> stat.Panel:
    """One figure, large; it takes its colour from thresholds or mappings.

    Under a query over time it shows the latest value and draws the others small; `vector(NaN)` stands
    for a series that has ended.
    """
    over_hours = bool(query.build().range_val)
    graph = common_model.BigValueGraphMode.AREA if over_hours else common_model.BigValueGraphMode.NONE
    panel = stat.Panel().interval(FRESH).max_data_points(DAY) if over_hours else stat.Panel()
    return (
        panel.title(caption.title)
        .description(caption.description)
        .datasource(DATASOURCE)
        .height(size.height)
        .span(size.width)
        .with_target(query)
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]).values(False).fields(""))
        .color_mode(common_model.BigValueColorMode.VALUE)
        .graph_mode(graph)
        .justify_mode(common_model.BigValueJustifyMode.CENTER)
        .text_mode(common_model.BigValueTextMode.AUTO)
        .thresholds(steps((None, colour.PLAIN)))
        .mappings([not_a_number()] if over_hours else [])
        .no_value(NOTHING)
    )


def lines(
    caption: Caption, size: Size, *queries: prometheus.Dataquery, table: tuple[str, ...] = ()
) -> timeseries.Panel:
    """Lines over time. A gap in the data stays a gap: what is not known is not drawn.

    The legend is a table of the figures in `table`, such as `max`; a line where there are none.
    """
    mode = common_model.LegendDisplayMode.TABLE if table else common_model.LegendDisplayMode.LIST
    panel = (
        timeseries.Panel()
        .title(caption.title)
        .description(caption.description)
        .datasource(DATASOURCE)
        .height(size.height)
        .span(size.width)
        .legend(
            common.VizLegendOptions()
            .display_mode(mode)
            .placement(common_model.LegendPlacement.BOTTOM)
            .show_legend(True)
            .calcs(list(table))
            .sort_by("Name")
            .sort_desc(False)
        )
        .tooltip(
            common.VizTooltipOptions()
            .mode(common_model.TooltipDisplayMode.MULTI)
            .sort(common_model.SortOrder.DESCENDING)
        )
        .line_width(2)
        .fill_opacity(0)
        .show_points(common_model.VisibilityMode.NEVER)
        .span_nulls(False)
        .axis_soft_min(0)
    )
    for query in queries:
        panel = panel.with_target(query)
    return panel


def shades(of: str) -> dashboard.FieldColor:
    """Tints of one colour, for lines that are all the same result."""
    return dashboard.FieldColor().mode(model.FieldColorModeId.SHADES).fixed_color(of)


def fixed(shade: str) -> dashboard.FieldColor:
    """One colour for all."""
    return dashboard.FieldColor().mode(model.FieldColorModeId.FIXED).fixed_color(shade)


def prop(name: str, value: object) -> model.DynamicConfigValue:
    """One property that an override sets."""
    return model.DynamicConfigValue(id_val=name, value=value)


def painted(shade: str) -> model.DynamicConfigValue:
    """The property that gives a series its colour."""
    return prop("color", {"mode": "fixed", "fixedColor": shade})


def of_result(translate: Translate, result: str, shade: str) -> list[model.DynamicConfigValue]:
    """The properties of a result's series: its colour and its name, which is that of the status page."""
    return [painted(shade), prop("displayName", translate(result, SPANISH.result(result)))]


def limited(panel: timeseries.Panel, *limits: tuple[float, str]) -> timeseries.Panel:
    """Draw from which value on something is wrong, as a dashed line."""
    style = common.GraphThresholdsStyleConfig().mode(common_model.GraphThresholdsStyleMode.DASHED)
    return panel.thresholds(steps((None, "transparent"), *limits)).thresholds_style(style)


def dashed(long: int, short: int) -> model.DynamicConfigValue:
    """The property that makes a line one of dashes."""
    return prop("custom.lineStyle", {"fill": "dash", "dash": [long, short]})


def by_result(translate: Translate, panel: timeseries.Panel) -> timeseries.Panel:
    """Areas piled up, one a result, each in its own colour; the legend of the query is `{{result}}`.

    The outlines of those that some eyes take for another are dashed.
    """
    panel = (
        panel.color_scheme(shades(colour.OTHER))
        .line_width(1)
        .fill_opacity(70)
        .stacking(common.StackingConfig().mode(common_model.StackingMode.NORMAL).group("A"))
    )
    for result, shade in colour.RESULTS.items():
        outline = [dashed(*colour.DASHES[result])] if result in colour.DASHES else []
        panel = panel.override_by_name(result, [*of_result(translate, result, shade), *outline])
    return panel


def timeline(caption: Caption, size: Size, query: prometheus.Dataquery, states: model.ValueMap) -> statetimeline.Panel:
    """One row a series, coloured by its state at each moment."""
    return (
        statetimeline.Panel()
        .title(caption.title)
        .description(caption.description)
        .datasource(DATASOURCE)
        .height(size.height)
        .span(size.width)
        .with_target(query)
        .unit("none")
        .mappings([states])
        .color_scheme(dashboard.FieldColor().mode(model.FieldColorModeId.THRESHOLDS))
        .thresholds(steps((None, colour.PLAIN)))
        .show_value(common_model.VisibilityMode.NEVER)
        .merge_values(True)
        .row_height(0.85)
        .fill_opacity(85)
        .line_width(0)
        .legend(common.VizLegendOptions().show_legend(False).calcs([]))
        .tooltip(common.VizTooltipOptions().mode(common_model.TooltipDisplayMode.SINGLE))
    )


def grid(caption: Caption, size: Size, *queries: prometheus.Dataquery) -> table.Panel:
    """A table. Its unit is none at all: each column that has one says so in an override."""
    panel = (
        table.Panel()
        .title(caption.title)
        .description(caption.description)
        .datasource(DATASOURCE)
        .height(size.height)
        .span(size.width)
        .unit("none")
        .show_header(True)
        .cell_height(common_model.TableCellHeight.MD)
        .filterable(False)
        .thresholds(steps((None, colour.PLAIN)))
        .color_scheme(dashboard.FieldColor().mode(model.FieldColorModeId.THRESHOLDS))
    )
    for query in queries:
        panel = panel.with_target(query)
    return panel


def bars(caption: Caption, size: Size, *queries: prometheus.Dataquery) -> bargauge.Panel:
    """Horizontal bars, one a series, with the figure beside each."""
    panel = (
        bargauge.Panel()
        .title(caption.title)
        .description(caption.description)
        .datasource(DATASOURCE)
        .height(size.height)
        .span(size.width)
        .orientation(common_model.VizOrientation.HORIZONTAL)
        .display_mode(common_model.BarGaugeDisplayMode.BASIC)
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]).values(False).fields(""))
        .color_scheme(shades(colour.OTHER))
        .no_value(NOTHING)
        .min(0)
    )
    for query in queries:
        panel = panel.with_target(query)
    return panel
