"""The overview's lists of campaigns: those in trouble, and all of them; a row leads to its campaign."""

from dataclasses import replace

from grafana_foundation_sdk.models import dashboard as model

from exporter.thresholds import SPIKE_SHARES, UNUSUAL_FACTOR, UNUSUAL_FLOOR
from grafana import colour, health, reason, words
from grafana.column import Column, Order, alarming, columns, link, lit, mapped
from grafana.language import Translate
from grafana.panel import FRESH, NOTHING, Caption, Panel, Size, grid, mapping, over_time, prop, rows, timeline
from grafana.promql import AT_END, KEY, named
from grafana.promql import EVERY_CAMPAIGN as EVERY
from grafana.ranked import campaign_url
from prometheus.trouble import STATE

_HIDDEN = ("Value #reason",)
_ROWS_OF_TIMELINE = 15

_ATTEMPTS = rows("attempts", EVERY.attempts())
_AGE = rows("age", EVERY.age())
_SHARES_NOW = tuple(rows(result, EVERY.ratio(result)) for result, *_ in words.SHARES)
_BEYOND = tuple(rows(f"{result}_beyond", EVERY.beyond_usual(result)) for result, *_ in words.SHARES[:3])


def _por_ciento(share: float) -> str:
    """Return a share as Spanish writes it, with a space that does not break."""
    return f"{100 * share:.0f}\N{NO-BREAK SPACE}%"


def _to_campaign(t: Translate) -> model.DynamicConfigValue:
    return link(t("Open this campaign", "Abrir esta campaña"), campaign_url(t, "__data.fields"))


def _number(ref: str, heading: str) -> Column:
    return Column(f"Value #{ref}", heading, "short", 82)


def _share(t: Translate, result: str, name: str, nombre: str) -> Column:
    """A cell is coloured where it is the share that is too high."""
    heading = t("Contact", "Contacto") if result == "answer" else t(name, nombre)
    limit = SPIKE_SHARES.get(result)
    shade = colour.RESULTS[result]
    alarm = alarming((None, "transparent"), (limit, shade)) if limit is not None else ()
    return Column(
        f"Value #{result}", heading, "percentunit", 98 if result == "congestion" else 82, (prop("decimals", 1), *alarm)
    )


def _beyond(t: Translate, result: str, name: str, nombre: str) -> Column:
    heading = t("Contact", "Contacto") if result == "answer" else t(name, nombre)
    return Column(f"Value #{result}_beyond", f"{heading} ±", "percentunit", 92, (prop("decimals", 1),))


def _title(t: Translate, width: int = 0) -> Column:
    return Column("title", t(*words.CAMPAIGN), width=width, more=(_to_campaign(t),))


def _state(t: Translate, width: int) -> Column:
    return Column("Value #state", t(*words.STATE), "none", width, lit(mapping(health.texts(t))))


def _reason(t: Translate) -> Column:
    reasons = mapping({code: (text, colour.WRONG) for code, text in reason.texts(t).items()})
    return Column("reason", t(*words.LATEST_POLL), width=210, more=(mapped(reasons),))


def _last(t: Translate) -> tuple[Column, ...]:
    return (
        Column("Value #age", t("Age", "Edad"), words.AGE_UNIT, 84),
        Column("operation", t(*words.OPERATION), width=142),
        Column("campaign", "Id", width=70),
    )


def in_trouble(t: Translate) -> Panel:
    """Campaigns whose state is worse than idle."""
    caption = Caption(
        t("In trouble now, worst first", "Con problemas ahora, primero lo más grave"),
        t(
            f"All that is wrong with each campaign, the cause first. Busy and failed calls are too many above "
            f"{SPIKE_SHARES['busy']:.0%}, or above {UNUSUAL_FLOOR:.0%} and {UNUSUAL_FACTOR} times the same hour "
            "of earlier "
            "weeks, where the attempts are enough to be sure. Click a campaign to open it.",
            "Todo lo que falla en cada campaña, primero la causa. Las ocupadas y fallidas son demasiadas con más del "
            f"{_por_ciento(SPIKE_SHARES['busy'])}, o más del {_por_ciento(UNUSUAL_FLOOR)} y {UNUSUAL_FACTOR} "
            "veces la misma "
            "hora de semanas anteriores, si los intentos bastan para asegurarlo. Haga clic en una campaña para "
            "abrirla.",
        ),
    )
    state = rows("state", named(EVERY.state()))
    panel = grid(caption, Size(24, 9), state, rows("reason", EVERY.reason()), _ATTEMPTS, *_SHARES_NOW, _AGE)
    shown = (
        _title(t),
        _state(t, 390),
        _reason(t),
        _number("attempts", t(*words.ATTEMPTS)),
        *(_share(t, *each[:3]) for each in words.SHARES),
        *_last(t),
    )
    panel = panel.no_value(t("No campaign is in trouble", "Ninguna campaña tiene problemas"))
    return columns(panel, shown, Order("Value #state", least=health.IDLE + 1), hidden=_HIDDEN)


def every_campaign(t: Translate) -> Panel:
    """All of them, those in trouble first, beside what is usual."""
    caption = Caption(
        t("Every campaign", "Todas las campañas"),
        t(
            "One row per campaign, trouble first, then most attempts. ±: the difference to the same hour one and "
            "two weeks "
            f"earlier, in percentage points; {NOTHING} without that history. Click a campaign to open it.",
            "Una fila por campaña, primero los problemas, luego la de más intentos. ±: la diferencia con la "
            "misma hora una y "
            f"dos semanas antes, en puntos porcentuales; {NOTHING} sin ese historial. Haga clic en una campaña "
            "para abrirla.",
        ),
    )
    state = rows("state", named(EVERY.state()))
    panel = grid(caption, Size(24, 14), state, _ATTEMPTS, *_SHARES_NOW, *_BEYOND, _AGE)
    judged = words.SHARES[:3]
    shown = (
        _title(t),
        _state(t, 292),
        _number("attempts", t(*words.ATTEMPTS)),
        *(column for each in judged for column in (_share(t, *each[:3]), _beyond(t, *each[:3]))),
        _share(t, *words.SHARES[3][:3]),
        *_last(t),
    )
    panel = panel.no_value(t("No campaign is polled in this window", "Ninguna campaña se consulta en esta ventana"))
    return columns(panel, shown, Order("Value #state", then="Value #attempts"), hidden=_HIDDEN)


def troubles_over_time(t: Translate) -> Panel:
    """The campaigns that were in trouble in the time range."""
    caption = Caption(
        t("Trouble over time", "Problemas en el tiempo"),
        t(
            f"The {_ROWS_OF_TIMELINE} campaigns with the worst trouble in this period. Point at a bar to read "
            "what it was.",
            f"Las {_ROWS_OF_TIMELINE} campañas con los problemas más graves del período. Señale una barra para "
            "leer cuál fue.",
        ),
    )
    worst = f"max by ({KEY}) (max_over_time({EVERY.metric(STATE)}[$__range]{AT_END}))"
    chosen = f"topk({_ROWS_OF_TIMELINE}, {worst} > {health.IDLE})"
    query = over_time("troubles", named(replace(EVERY, among=chosen).state(), chosen), "{{title}}")
    panel = timeline(caption, Size(24, 7), query, mapping(health.texts(t)))
    return panel.interval(FRESH).no_value(
        t("No campaign was in trouble in this period", "Ninguna campaña tuvo problemas en este período")
    )
