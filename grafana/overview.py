"""Campaigns overview: which campaign is in trouble, and why, to be read from across the room."""

from grafana_foundation_sdk.models import dashboard as model

from exporter.thresholds import MIN_ATTEMPTS
from grafana import colour, health
from grafana.campaign_list import SHARES, every_campaign, in_trouble
from grafana.frame import (
    CAMPAIGN,
    EXPORTER_UID,
    OVERVIEW,
    Frame,
    Section,
    assemble,
    exporter_variables,
    operation_variable,
    window_variable,
)
from grafana.language import Translate
from grafana.panel import (
    HALF,
    WHOLE,
    Caption,
    Panel,
    by_result,
    latest,
    lines,
    over_time,
    shades,
    steps,
    tile,
)
from grafana.promql import EVERY_CAMPAIGN as EVERY
from grafana.promql import OPERATION, named

_BUSIEST = 10
"""Lines in one panel that an eye can still follow."""


def _tiles(t: Translate) -> tuple[Panel, ...]:
    number = f"count((\n{health.state(EVERY)}\n) > {health.IDLE}) or vector(0)"
    return (
        tile(
            Caption(
                t("Campaigns in trouble", "Campañas con problemas"),
                t(
                    "Campaigns with at least one problem in the list below. It should be 0.",
                    "Campañas con al menos un problema de la lista de abajo. Debe ser 0.",
                ),
            ),
            latest("trouble", number),
        )
        .unit("none")
        .thresholds(steps((None, colour.PLAIN), (1, colour.WRONG))),
        tile(
            Caption(
                t("Campaigns", "Campañas"),
                t("Campaigns that are polled in this window.", "Campañas que se consultan en esta ventana."),
            ),
            latest("campaigns", f"count({EVERY.latest('wolkvox_poll_interval_seconds')})"),
        ).unit("none"),
        tile(
            Caption(
                t("Attempts", "Intentos"),
                t(
                    "Dialling attempts of all campaigns in the window, from the latest poll.",
                    "Intentos de marcación de todas las campañas en la ventana, según la última consulta.",
                ),
            ),
            latest("attempts", f"sum({EVERY.attempts()})"),
        ).unit("short"),
        *(_share_tile(t, *each) for each in SHARES),
    )


def _share_tile(t: Translate, result: str, name: str, nombre: str, shade: str) -> Panel:
    caption = Caption(
        t(name, nombre),
        t(
            f"Attempts of all campaigns in the window that ended in `{result}`, as a share of all attempts.",
            f"Intentos de todas las campañas en la ventana que terminaron en `{result}`, sobre el total de intentos.",
        ),
    )
    # The colour says which result it is; what is wrong is said by the first tile and the list.
    return (
        tile(caption, latest(result, EVERY.overall_share(result)))
        .unit("percentunit")
        .decimals(1)
        .thresholds(steps((None, shade)))
    )


def _over_time(t: Translate) -> tuple[Panel, ...]:
    total = by_result(
        t,
        lines(
            Caption(
                t("Attempts by result, all campaigns", "Intentos por resultado, todas las campañas"),
                t(
                    "Each point counts the attempts of the window that ends there; neighbouring points overlap.",
                    "Cada punto cuenta los intentos de la ventana que termina ahí; los puntos vecinos se solapan.",
                ),
            ),
            WHOLE,
            over_time("results", f"sum by (result) ({EVERY.results()})", "{{result}}"),
        ),
    ).unit("short")
    return (total, *(_share_lines(t, *each) for each in SHARES), _age_lines(t))


def _share_lines(t: Translate, result: str, name: str, nombre: str, shade: str) -> Panel:
    caption = Caption(
        t(f"{name} by campaign", f"{nombre} por campaña"),
        t(
            f"Share of `{result}`, the {_BUSIEST} highest at each moment, from {MIN_ATTEMPTS} attempts up.",
            f"Proporción de `{result}`, las {_BUSIEST} más altas en cada momento, desde {MIN_ATTEMPTS} intentos.",
        ),
    )
    expr = f"topk({_BUSIEST}, {named(EVERY.share(result, least=MIN_ATTEMPTS))})"
    panel = lines(caption, HALF, over_time(result, expr, "{{title}} · {{operation}}"))
    return panel.unit("percentunit").color_scheme(shades(shade))


def _age_lines(t: Translate) -> Panel:
    caption = Caption(
        t("Age of the data by campaign", "Antigüedad de los datos por campaña"),
        t(
            f"Time since the last successful poll, the {_BUSIEST} oldest at each moment. It rises from 0 to the "
            "interval and drops again.",
            f"Tiempo desde la última consulta exitosa, las {_BUSIEST} más antiguas en cada momento. Sube de 0 "
            "al intervalo y vuelve a bajar.",
        ),
    )
    expr = f"topk({_BUSIEST}, {named(EVERY.age())})"
    panel = lines(caption, HALF, over_time("age", expr, "{{title}} · {{operation}}"))
    return panel.unit("dtdurations").color_scheme(shades(colour.NEUTRAL))


def overview(t: Translate) -> model.Dashboard:
    """All campaigns at a glance."""
    twin = (t("Español", "English"), t(f"{OVERVIEW}-es", OVERVIEW))
    frame = Frame(
        uid=t(OVERVIEW, f"{OVERVIEW}-es"),
        title=t("Wolkvox · Campaigns overview", "Wolkvox · Resumen de campañas"),
        description=t(
            "Every campaign of the dialler at a glance: which is in trouble, and why.",
            "Todas las campañas del marcador de un vistazo: cuál tiene problemas y por qué.",
        ),
        since="now-12h",
        variables=(*exporter_variables(), operation_variable(t), window_variable(t, OPERATION)),
        links=(
            (t("Campaign", "Campaña"), t(CAMPAIGN, f"{CAMPAIGN}-es")),
            (t("Exporter", "Exportador"), EXPORTER_UID),
            twin,
        ),
        alerts='ALERTS{alertname=~"Wolkvox.+", alertstate="firing", job=~"$job|", operation=~"$operation|", '
        'window=~"$window|"}',
    )
    sections = (
        Section(t("Now", "Ahora"), (*_tiles(t), in_trouble(t))),
        Section(t("Every campaign", "Todas las campañas"), (every_campaign(t),)),
        Section(t("Over time", "En el tiempo"), _over_time(t)),
    )
    return assemble(frame, t, sections)
