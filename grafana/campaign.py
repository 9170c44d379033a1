"""Campaign: one campaign's results over time, against its own past, and how old they are."""

from collections.abc import Sequence

from grafana_foundation_sdk.builders import timeseries
from grafana_foundation_sdk.models import dashboard as model

from grafana import colour, health, reason
from grafana.column import Column, columns, mapped
from grafana.frame import (
    CAMPAIGN,
    EXPORTER_UID,
    OVERVIEW,
    Frame,
    Section,
    assemble,
    campaign_variable,
    exporter_variables,
    operation_variable,
    window_variable,
)
from grafana.language import Translate
from grafana.panel import (
    HALF,
    THIRD,
    TILE,
    Caption,
    Panel,
    Size,
    bars,
    by_result,
    fixed,
    grid,
    latest,
    lines,
    mapping,
    of_result,
    over_time,
    prop,
    rows,
    steps,
    tile,
)
from grafana.promql import ONE_CAMPAIGN as ONE
from grafana.promql import OPERATION
from prometheus.promql import WEEKS

_WEEKS = (0, *WEEKS)
_SHARES = (
    ("answer", "Contact rate", "Contactabilidad", colour.ANSWER),
    ("busy", "Busy", "Ocupado", colour.BUSY),
    ("failed", "Failed", "Fallida", colour.FAILED),
    ("congestion", "Congestion", "Congestión", colour.CONGESTION),
)


def _tiles(t: Translate) -> tuple[Panel, ...]:
    return (
        tile(
            Caption(
                t("State", "Estado"),
                t(
                    "The worst of the campaign's problems, by the same limits as on the overview.",
                    "El peor de los problemas de la campaña, con los mismos límites del resumen.",
                ),
            ),
            latest("state", health.state(ONE), "{{operation}}"),
            Size(8, 4),
        )
        .unit("none")
        .mappings([mapping(health.texts(t))]),
        tile(
            Caption(
                t("Attempts", "Intentos"),
                t(
                    "Dialling attempts in the window, from the latest poll.",
                    "Intentos de marcación en la ventana, según la última consulta.",
                ),
            ),
            latest("attempts", ONE.attempts(), "{{operation}}"),
        ).unit("short"),
        *(_share_tile(t, *each) for each in _SHARES[:3]),
    )


def _share_tile(t: Translate, result: str, name: str, nombre: str, shade: str) -> Panel:
    caption = Caption(
        t(name, nombre),
        t(
            f"Share of the window's attempts that ended in `{result}`; empty if there were none.",
            f"Proporción de los intentos de la ventana que terminaron en `{result}`; vacío si no hubo.",
        ),
    )
    query = latest(result, ONE.share(result), "{{operation}}")
    return tile(caption, query, TILE).unit("percentunit").decimals(1).thresholds(steps((None, shade)))


def _results_now(t: Translate) -> tuple[Panel, ...]:
    counts = bars(
        Caption(
            t("Results now", "Resultados ahora"),
            t("Attempts in the window by result.", "Intentos en la ventana por resultado."),
        ),
        THIRD,
        latest("results", ONE.results(), "{{result}}"),
    ).unit("short")
    percent = bars(
        Caption(
            t("Shares as Wolkvox reports them", "Proporciones según Wolkvox"),
            t(
                "The percentages by result that the API reports, already rounded; 0 in an empty window.",
                "Los porcentajes por resultado que entrega la API, ya redondeados; 0 en una ventana vacía.",
            ),
        ),
        THIRD,
        latest("percent", ONE.percent(), "{{result}}"),
    ).unit("percent")
    for result, shade in colour.RESULTS.items():
        counts = counts.override_by_name(result, of_result(t, result, shade))
        percent = percent.override_by_name(result, of_result(t, result, shade))
    return counts, percent.max(100), _window(t)


def _window(t: Translate) -> Panel:
    bounds = {
        bound: f"1000 * {ONE.latest(f'wolkvox_campaign_window_{bound}_timestamp_seconds')}"
        for bound in ("start", "end")
    }
    panel = grid(
        Caption(
            t("What the data covers", "Período de los datos"),
            t(
                "The bounds of the window, the age of the data, and why the latest poll failed, if it did.",
                "Los límites de la ventana, la antigüedad de los datos y, si falló la última consulta, el motivo.",
            ),
        ),
        THIRD,
        rows("start", bounds["start"]),
        rows("end", bounds["end"]),
        rows("age", ONE.age()),
        rows("interval", ONE.latest("wolkvox_poll_interval_seconds")),
        rows("reason", ONE.reason()),
    ).no_value("-")
    reasons = mapping({code: (text, colour.WRONG) for code, text in reason.texts(t).items()})
    shown = (
        Column("operation", t("Operation", "Operación")),
        Column("Value #start", t("From", "Desde"), "dateTimeAsLocal"),
        Column("Value #end", t("To", "Hasta"), "dateTimeAsLocal"),
        Column("Value #age", t("Age", "Antigüedad"), "dtdurations"),
        Column("Value #interval", t("Polled every", "Se consulta cada"), "dtdurations"),
        Column("reason", t("Latest poll", "Última consulta"), more=(mapped(reasons),)),
    )
    return columns(panel, shown, worst="Value #age", hidden=("Value #reason", "campaign"))


def _results_over_time(t: Translate) -> tuple[Panel, ...]:
    counts = lines(
        Caption(
            t("Attempts by result", "Intentos por resultado"),
            t(
                "Each point counts the attempts of the window that ends there; neighbouring points overlap.",
                "Cada punto cuenta los intentos de la ventana que termina ahí; los puntos vecinos se solapan.",
            ),
        ),
        HALF,
        over_time("results", ONE.results(), "{{result}}"),
    )
    percent = lines(
        Caption(
            t("Share by result", "Proporción por resultado"),
            t(
                "Each result's share of the window's attempts; a gap if there were none.",
                "Proporción de cada resultado sobre los intentos de la ventana; vacío si no hubo.",
            ),
        ),
        HALF,
        over_time("shares", ONE.shares(), "{{result}}"),
    )
    return by_result(t, counts).unit("short"), by_result(t, percent).unit("percentunit").min(0).max(1)


def _against_the_past(t: Translate) -> tuple[Panel, ...]:
    same_hour = t(
        "Solid: now. Dashed: the same local hour one and two weeks earlier, where that history exists.",
        "Línea continua: ahora. Discontinua: la misma hora local una y dos semanas antes, si hay ese historial.",
    )
    attempts = Caption(t("Attempts and earlier weeks", "Intentos y semanas anteriores"), same_hour)
    shares = tuple(
        _compared(
            t,
            Caption(t(f"{name} and earlier weeks", f"{nombre} y semanas anteriores"), same_hour),
            [ONE.share(result, weeks=weeks) for weeks in _WEEKS],
            shade,
        ).unit("percentunit")
        for result, name, nombre, shade in _SHARES
    )
    counts = _compared(t, attempts, [ONE.attempts(weeks=weeks) for weeks in _WEEKS], colour.NEUTRAL)
    return (counts.unit("short"), *shares, _age(t))


def _compared(t: Translate, caption: Caption, exprs: Sequence[str], shade: str) -> timeseries.Panel:
    now, *before = (t("Now", "Ahora"), t("1 week earlier", "1 semana antes"), t("2 weeks earlier", "2 semanas antes"))
    queries = [
        over_time(ref, expr, name)
        for ref, expr, name in zip(("now", "week_before", "weeks_before"), exprs, (now, *before), strict=True)
    ]
    panel = lines(caption, HALF, *queries).color_scheme(fixed(shade))
    for name, dash in zip(before, ([10, 6], [3, 6]), strict=True):
        style = prop("custom.lineStyle", {"fill": "dash", "dash": dash})
        panel = panel.override_by_name(name, [style, prop("custom.lineWidth", 1)])
    return panel


def _age(t: Translate) -> Panel:
    caption = Caption(
        t("Age of the data", "Antigüedad de los datos"),
        t(
            "Time since the last successful poll. It rises from 0 to the interval and drops again while polls succeed.",
            "Tiempo desde la última consulta exitosa. Sube de 0 al intervalo y vuelve a bajar con cada consulta.",
        ),
    )
    panel = lines(
        caption,
        HALF,
        over_time("age", ONE.age(), t("Age", "Antigüedad")),
        over_time("interval", ONE.latest("wolkvox_poll_interval_seconds"), t("Interval", "Intervalo")),
    )
    dashed = prop("custom.lineStyle", {"fill": "dash", "dash": [10, 6]})
    panel = panel.override_by_name(t("Interval", "Intervalo"), [dashed, prop("custom.lineWidth", 1)])
    return panel.unit("dtdurations").color_scheme(fixed(colour.NEUTRAL))


def campaign(t: Translate) -> model.Dashboard:
    """One campaign in one window."""
    twin = (t("Español", "English"), t(f"{CAMPAIGN}-es", CAMPAIGN))
    frame = Frame(
        uid=t(CAMPAIGN, f"{CAMPAIGN}-es"),
        title=t("Wolkvox · Campaign", "Wolkvox · Campaña"),
        description=t(
            "One campaign's results over time, compared with its own past, and how old they are.",
            "Los resultados de una campaña en el tiempo, comparados con su propio historial, y su antigüedad.",
        ),
        since="now-24h",
        variables=(
            *exporter_variables(),
            operation_variable(t),
            campaign_variable(t),
            window_variable(t, f'{OPERATION}, campaign="$campaign"'),
        ),
        links=(
            (t("Campaigns overview", "Resumen de campañas"), t(OVERVIEW, f"{OVERVIEW}-es")),
            (t("Exporter", "Exportador"), EXPORTER_UID),
            twin,
        ),
        alerts='ALERTS{alertname=~"Wolkvox.+", alertstate="firing", job=~"$job|", operation=~"$operation|", '
        'campaign=~"$campaign|", window=~"$window|"}',
    )
    sections = (
        Section(t("Now: ${campaign:text}, ${window}", "Ahora: ${campaign:text}, ${window}"), _tiles(t)),
        Section(t("Results now", "Resultados ahora"), _results_now(t)),
        Section(t("Results over time", "Resultados en el tiempo"), _results_over_time(t)),
        Section(t("Compared with its own past", "Comparación con su historial"), _against_the_past(t)),
    )
    return assemble(frame, t, sections)
