"""Campaign: one campaign's results over time, against its own past, and how old they are."""

from collections.abc import Sequence

from grafana_foundation_sdk.builders import timeseries
from grafana_foundation_sdk.models import common
from grafana_foundation_sdk.models import dashboard as model

from exporter.thresholds import SPIKE_SHARES
from grafana import colour, health, reason, words
from grafana.column import Column, Order, columns, mapped
from grafana.frame import (
    CAMPAIGN,
    Frame,
    Section,
    assemble,
    campaign_variable,
    exporter_variables,
    operation_variable,
    window_variable,
)
from grafana.language import Translate
from grafana.live import live_of_campaign
from grafana.panel import (
    HALF,
    NOTHING,
    Caption,
    Panel,
    Size,
    bars,
    by_result,
    dashed,
    fixed,
    grid,
    latest,
    limited,
    lines,
    mapping,
    of_result,
    over_time,
    painted,
    prop,
    rows,
    steps,
    tile,
    timeline,
)
from grafana.promql import ONE_CAMPAIGN as ONE
from grafana.promql import OPERATION
from grafana.ranked import POLL
from prometheus.promql import WEEKS
from prometheus.recordings import ATTEMPTS

_WEEKS = (0, *WEEKS)


def _tiles(t: Translate) -> tuple[Panel, ...]:
    return (
        tile(
            Caption(
                t("State", "Estado"),
                t(
                    "All that is wrong with the campaign, the cause first, by the same limits as on the overview.",
                    "Todo lo que falla en la campaña, primero la causa, con los mismos límites del resumen.",
                ),
            ),
            latest("state", ONE.state(), "{{operation}}"),
            Size(6, 5),
        )
        .unit("none")
        .color_mode(common.BigValueColorMode.BACKGROUND_SOLID)
        .mappings([mapping(health.texts(t))]),
        tile(
            Caption(
                t("Attempts", "Intentos"),
                t(
                    "Dialling attempts in the window, from the latest poll.",
                    "Intentos de marcación en la ventana, según la última consulta.",
                ),
            ),
            over_time("attempts", f"max({ONE.latest(ATTEMPTS)}) or vector(NaN)", t(*words.ATTEMPTS)),
        ).unit("short"),
        *(_share_tile(t, *each[:3]) for each in words.SHARES),
        tile(
            Caption(
                t(*words.AGE),
                t(
                    "Time since the last successful poll. Beyond two missed polls the data is stale.",
                    "Tiempo desde la última consulta exitosa. Tras dos consultas perdidas los datos están "
                    "desactualizados.",
                ),
            ),
            latest("age", ONE.age(), "{{operation}}"),
        ).unit(words.AGE_UNIT),
    )


def _share_tile(t: Translate, result: str, name: str, nombre: str) -> Panel:
    limit = SPIKE_SHARES.get(result)
    caption = Caption(
        t(name, nombre),
        t(
            f"Share of the window's attempts that ended in `{result}`; {NOTHING} if there were none.",
            f"Proporción de los intentos de la ventana que terminaron en `{result}`; {NOTHING} si no hubo.",
        ),
    )
    well = steps((None, colour.WELL), (limit, colour.RESULTS[result])) if limit else steps((None, colour.PLAIN))
    panel = tile(caption, over_time(result, f"max({ONE.ratio(result)}) or vector(NaN)", t(name, nombre)))
    return panel.unit("percentunit").decimals(1).thresholds(well)


def _results_now(t: Translate) -> tuple[Panel, ...]:
    counts = bars(
        Caption(
            t("Attempts by result now", "Intentos por resultado ahora"),
            t("Attempts in the window by result.", "Intentos en la ventana por resultado."),
        ),
        HALF,
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
        HALF,
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
        Size(24, 4),
        rows("start", bounds["start"]),
        rows("end", bounds["end"]),
        rows("age", ONE.age()),
        rows("interval", ONE.latest("wolkvox_poll_interval_seconds")),
        rows("reason", ONE.reason()),
    ).no_value(t("No data is published", "No hay datos publicados"))
    reasons = mapping({code: (text, colour.WRONG) for code, text in reason.texts(t).items()})
    shown = (
        Column("operation", t(*words.OPERATION)),
        Column("Value #start", t("From", "Desde"), words.MOMENT_UNIT),
        Column("Value #end", t("To", "Hasta"), words.MOMENT_UNIT),
        Column("Value #age", t("Age", "Antigüedad"), words.AGE_UNIT),
        Column("Value #interval", t("Polled every", "Se consulta cada"), words.AGE_UNIT),
        Column("reason", t(*words.LATEST_POLL), more=(mapped(reasons),)),
    )
    return columns(panel, shown, Order("Value #age"), hidden=("Value #reason", "campaign"))


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
    drawn = (by_result(t, counts).unit("short"), by_result(t, percent).unit("percentunit").min(0).max(1))
    return (_states(t), *(panel.no_value(t(*words.NO_POINTS)) for panel in drawn))


def _states(t: Translate) -> Panel:
    caption = Caption(
        t("Trouble over time", "Problemas en el tiempo"),
        t("Point at a bar to read what was wrong.", "Señale una barra para leer qué falló."),
    )
    query = over_time("states", ONE.state(), "{{operation}}")
    panel = timeline(caption, Size(24, 4), query, mapping(health.texts(t)))
    return panel.interval(POLL).no_value(t(*words.NO_POINTS))


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
            SPIKE_SHARES.get(result),
        ).unit("percentunit")
        for result, name, nombre, shade in words.SHARES
    )
    counts = _compared(t, attempts, [ONE.attempts(weeks=weeks) for weeks in _WEEKS], colour.NEUTRAL)
    return (counts.unit("short"), *shares, _age(t))


def _compared(
    t: Translate, caption: Caption, exprs: Sequence[str], shade: str, limit: float | None = None
) -> timeseries.Panel:
    now, *before = (t("Now", "Ahora"), t("1 week earlier", "1 semana antes"), t("2 weeks earlier", "2 semanas antes"))
    queries = [
        over_time(ref, expr, name)
        for ref, expr, name in zip(("now", "week_before", "weeks_before"), exprs, (now, *before), strict=True)
    ]
    panel = lines(caption, HALF, *queries).color_scheme(fixed(shade)).no_value(t(*words.NO_POINTS))
    if limit is not None:
        panel = limited(panel, (limit, colour.WRONG))
    for name, dash in zip(before, ((10, 6), (3, 6)), strict=True):
        panel = panel.override_by_name(name, [dashed(*dash), prop("custom.lineWidth", 1)])
    return panel.interval(POLL)


def _age(t: Translate) -> Panel:
    caption = Caption(
        t("Age of the data", "Antigüedad de los datos"),
        t(
            "Time since the last successful poll. It rises from 0 to the interval and drops again while polls succeed; "
            "above the dashed limit the data is stale.",
            "Tiempo desde la última consulta exitosa. Sube de 0 al intervalo y vuelve a bajar con cada consulta; "
            "por encima "
            "del límite discontinuo los datos están desactualizados.",
        ),
    )
    panel = lines(
        caption,
        HALF,
        over_time("age", ONE.age(), t("Age", "Antigüedad")),
        over_time("limit", ONE.age_limit(), t("Limit", "Límite")),
    )
    limit = [dashed(10, 6), painted(colour.WRONG), prop("custom.lineWidth", 1)]
    panel = panel.override_by_name(t("Limit", "Límite"), limit).no_value(t(*words.NO_POINTS))
    return panel.unit(words.AGE_UNIT).color_scheme(fixed(colour.NEUTRAL))


def campaign(t: Translate) -> model.Dashboard:
    """One campaign in one window."""
    frame = Frame(
        uid=t(CAMPAIGN, f"{CAMPAIGN}-es"),
        title=t("Wolkvox · Campaign", "Wolkvox · Campaña"),
        description=t(
            "One campaign's results over time, compared with its own past, and how old they are.",
            "Los resultados de una campaña en el tiempo, comparados con su propio historial, y su antigüedad.",
        ),
        since="now-24h",
        variables=(
            *exporter_variables(t),
            operation_variable(t),
            campaign_variable(t),
            window_variable(t, f'{OPERATION}, campaign="$campaign"'),
        ),
        twin=(t("Español", "English"), t(f"{CAMPAIGN}-es", CAMPAIGN)),
        alerts='ALERTS{alertname=~"Wolkvox.+", alertstate="firing", job=~"$job|", operation=~"$operation|", '
        'campaign=~"$campaign|", window=~"$window|"}',
    )
    sections = (
        Section(t("Now: ${campaign:text}, ${window}", "Ahora: ${campaign:text}, ${window}"), _tiles(t)),
        Section(t("Results now", "Resultados ahora"), _results_now(t)),
        Section(t("Results over time", "Resultados en el tiempo"), _results_over_time(t)),
        Section(t("Compared with its own past", "Comparación con su historial"), _against_the_past(t)),
        live_of_campaign(t),
    )
    return assemble(frame, t, sections)
