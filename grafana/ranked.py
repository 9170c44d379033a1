"""Lines of the campaigns that stand out now, each in its own colour; the legend gives last and greatest."""

from collections.abc import Callable
from dataclasses import replace

from grafana_foundation_sdk.builders import timeseries

from grafana import colour, words
from grafana.column import link
from grafana.frame import CAMPAIGN
from grafana.language import Translate
from grafana.panel import Caption, Size, lines, over_time, painted
from grafana.promql import EVERY_CAMPAIGN, KEY, Scope, marked, named

COUNT = len(colour.RANKS)
"""Lines in one panel that an eye can still follow."""

RANKED = Size(12, 12)
"""Room for a chart and a legend of all its lines."""

POLL = "5m"
"""The least that lies between two points: the poll interval. What is between two polls is the same figure again."""

Lines = Callable[[Scope], str]
"""What is drawn of the campaigns of a scope, one series each."""


def highest(series: Lines, at_end: str) -> str:
    """Of every campaign, those of which `at_end` is highest, with their place as the label `rank`."""
    return _ranked("topk", series, at_end)


def lowest(series: Lines, at_end: str) -> str:
    """The same, of those of which it is lowest."""
    return _ranked("bottomk", series, at_end)


def _ranked(pick: str, series: Lines, at_end: str) -> str:
    """`at_end` has nothing but selectors of the end of the time range: so it is evaluated once and not at each point.

    The first is among the first two too, and so on: the join sees each campaign once, with its best place.
    """
    picked = [f"{pick}({place}, {at_end})" for place in range(1, COUNT + 1)]
    places = (marked(f"{each} * 0 + 1", "rank", str(place)) for place, each in enumerate(picked, 1))
    found = f"\nor on ({KEY})\n".join(places)
    drawn = series(replace(EVERY_CAMPAIGN, among=picked[-1]))
    return named(f"({drawn})\n* on ({KEY}) group_left (rank) (\n{found}\n)", picked[-1])


def campaign_lines(t: Translate, caption: Caption, size: Size, ref: str, expr: str) -> timeseries.Panel:
    """One line a campaign, which leads to it."""
    query = over_time(ref, expr, "{{rank}} · {{title}} · {{operation}}")
    panel = lines(caption, size, query, table=("lastNotNull", "max")).no_value(t(*words.NO_POINTS))
    for place, shade in enumerate(colour.RANKS, 1):
        panel = panel.override_by_regexp(f"/^{place} · /", [painted(shade)])
    leads = link(t("Open this campaign", "Abrir esta campaña"), campaign_url(t, "__field.labels"))
    return panel.interval(POLL).override_by_regexp("/.+/", [leads])


def campaign_url(t: Translate, source: str) -> str:
    """The address of a campaign's dashboard; `source` is where Grafana finds the labels."""
    return (
        f"/d/{t(CAMPAIGN, CAMPAIGN + '-es')}?${{datasource:queryparam}}&${{job:queryparam}}"
        "&${instance:queryparam}&${window:queryparam}"
        f"&var-operation=${{{source}.operation:percentencode}}&var-campaign=${{{source}.campaign:percentencode}}"
        "&${__url_time_range}"
    )
