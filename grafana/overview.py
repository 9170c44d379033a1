"""Campaigns overview: which campaign is in trouble, and why, to be read from across the room."""

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.models import dashboard as model

from exporter.thresholds import JUDGED_ATTEMPTS, SPIKE_SHARES
from grafana import colour, health, words
from grafana.alert_list import alerts
from grafana.campaign_list import every_campaign, in_trouble, troubles_over_time
from grafana.frame import (
    OVERVIEW,
    Frame,
    Section,
    assemble,
    exporter_variables,
    operation_variable,
    window_variable,
)
from grafana.language import Translate
from grafana.live import live_sections
from grafana.panel import WHOLE, Caption, Panel, Size, by_result, latest, limited, lines, over_time, steps, tile
from grafana.promql import AT_END, OPERATION, Scope, overall_attempts, overall_results, overall_share
from grafana.promql import EVERY_CAMPAIGN as EVERY
from grafana.ranked import COUNT, POLL, RANKED, campaign_lines, highest, lowest


def _tiles(t: Translate) -> tuple[Panel, ...]:
    number = f"count({EVERY.state()} > {health.IDLE}) or vector(0)"
    firing = (
        'count(ALERTS{alertname=~"Wolkvox.+", alertstate="firing", job=~"$job", operation=~"$operation|"}) or vector(0)'
    )
    return (
        tile(
            Caption(
                t("In trouble", "Con problemas"),
                t(
                    "Campaigns with at least one problem in the list below. It should be 0.",
                    "Campañas con al menos un problema de la lista de abajo. Debe ser 0.",
                ),
            ),
            latest("trouble", number),
        )
        .unit("none")
        .thresholds(_none_is_well()),
        tile(
            Caption(
                t("Alerts firing", "Alertas activas"),
                t("Alerts of the rules for these operations.", "Alertas de las reglas para estas operaciones."),
            ),
            latest("alerts", firing),
        )
        .unit("none")
        .thresholds(_none_is_well()),
        tile(
            Caption(
                t("Campaigns", "Campañas"),
                t("Campaigns that are polled in this window.", "Campañas que se consultan en esta ventana."),
            ),
            latest("campaigns", f"count({EVERY.latest('wolkvox_poll_interval_seconds')})"),
        ).unit("none"),
        tile(
            Caption(
                t(*words.ATTEMPTS),
                t(
                    "Dialling attempts of all campaigns in the window, from the latest poll.",
                    "Intentos de marcación de todas las campañas en la ventana, según la última consulta.",
                ),
            ),
            over_time("attempts", overall_attempts(), t(*words.ATTEMPTS)),
        ).unit("short"),
        *(_share_tile(t, *each[:3]) for each in words.SHARES),
    )


def _none_is_well() -> dashboard.ThresholdsConfig:
    return steps((None, colour.WELL), (1, colour.WRONG))


def _share_tile(t: Translate, result: str, name: str, nombre: str) -> Panel:
    limit = SPIKE_SHARES.get(result)
    judged = f" From {limit:.0%} up it has the colour of the alert." if limit else ""
    juzgado = f" Desde {100 * limit:.0f} % toma el color de la alerta." if limit else ""
    caption = Caption(
        t(name, nombre),
        t(
            f"Attempts of all campaigns in the window that ended in `{result}`, as a share of all attempts.{judged}",
            f"Intentos de todas las campañas en la ventana que terminaron en `{result}`, sobre el total.{juzgado}",
        ),
    )
    well = steps((None, colour.WELL), (limit, colour.RESULTS[result])) if limit else steps((None, colour.PLAIN))
    panel = tile(caption, over_time(result, overall_share(result), t(name, nombre)))
    return panel.unit("percentunit").decimals(1).thresholds(well)


def _over_time(t: Translate) -> tuple[Panel, ...]:
    caption = Caption(
        t("Attempts by result, all campaigns", "Intentos por resultado, todas las campañas"),
        t(
            "Each point counts the attempts of the window that ends there; neighbouring points overlap.",
            "Cada punto cuenta los intentos de la ventana que termina ahí; los puntos vecinos se solapan.",
        ),
    )
    total = by_result(t, lines(caption, WHOLE, over_time("results", overall_results(), "{{result}}")))
    total = total.unit("short").interval(POLL).no_value(t(*words.NO_POINTS))
    return (total, *(_share_lines(t, *each[:3]) for each in words.SHARES), _age_lines(t))


def _share_lines(t: Translate, result: str, name: str, nombre: str) -> Panel:
    """Of the contact rate the lowest are asked for, of the others the highest: those that are surely so."""
    limit = SPIKE_SHARES.get(result)
    which, cuales = ("highest", "más altas") if limit else ("lowest", "más bajas")
    caption = Caption(
        t(f"{name}: the {which} now", f"{nombre}: las {cuales} ahora"),
        t(
            f"Share of `{result}` of the {COUNT} campaigns where it is surely {which} now, from {JUDGED_ATTEMPTS} "
            "attempts up.",
            f"Proporción de `{result}` de las {COUNT} campañas con las {cuales} ahora, con seguridad, desde "
            f"{JUDGED_ATTEMPTS} intentos.",
        ),
    )
    if limit:
        expr = highest(lambda some: some.judged(result), EVERY.ratio(result, "low", AT_END))
        panel = limited(campaign_lines(t, caption, RANKED, result, expr), (limit, colour.RESULTS[result]))
    else:
        expr = lowest(lambda some: some.judged(result), EVERY.ratio(result, "high", AT_END))
        panel = campaign_lines(t, caption, RANKED, result, expr)
    return panel.unit("percentunit")


def _age_lines(t: Translate) -> Panel:
    caption = Caption(
        t("Age of the data over its limit", "Edad de los datos sobre su límite"),
        t(
            f"Time since the last successful poll of the {COUNT} most overdue campaigns, over the limit: two "
            "polls missed. "
            "At 100% the data is stale.",
            f"Tiempo desde la última consulta exitosa de las {COUNT} campañas más atrasadas, sobre el límite: dos "
            "consultas "
            "perdidas. Con 100 % los datos están desactualizados.",
        ),
    )
    expr = lowest(Scope.age_of_limit, EVERY.deadline(AT_END))
    panel = limited(campaign_lines(t, caption, Size(24, 11), "age", expr), (1, colour.WRONG))
    return panel.unit("percentunit").axis_soft_max(1)


def overview(t: Translate) -> model.Dashboard:
    """All campaigns at a glance."""
    frame = Frame(
        uid=t(OVERVIEW, f"{OVERVIEW}-es"),
        title=t("Wolkvox · Campaigns overview", "Wolkvox · Resumen de campañas"),
        description=t(
            "Every campaign of the dialler at a glance: which is in trouble, and why.",
            "Todas las campañas del marcador de un vistazo: cuál tiene problemas y por qué.",
        ),
        since="now-12h",
        variables=(*exporter_variables(t), operation_variable(t), window_variable(t, OPERATION)),
        twin=(t("Español", "English"), t(f"{OVERVIEW}-es", OVERVIEW)),
        alerts='ALERTS{alertname=~"Wolkvox.+", alertstate="firing", job=~"$job|", operation=~"$operation|", '
        'window=~"$window|"}',
    )
    sections = (
        Section(t("Now", "Ahora"), (*_tiles(t), in_trouble(t), troubles_over_time(t))),
        Section(t("Alerts", "Alertas"), (alerts(t, 'operation=~"$operation|"'),)),
        Section(t("Every campaign", "Todas las campañas"), (every_campaign(t),)),
        Section(t("Over time", "En el tiempo"), _over_time(t)),
        *live_sections(t),
    )
    return assemble(frame, t, sections)
