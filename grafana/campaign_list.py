"""The overview's lists of campaigns: those in trouble, and all of them; a row leads to its campaign."""

from grafana_foundation_sdk.models import dashboard as model

from exporter.thresholds import MIN_ATTEMPTS, SPIKE_SHARE, UNUSUAL_FACTOR, UNUSUAL_FLOOR
from grafana import colour, health, reason
from grafana.column import Column, columns, link, lit, mapped
from grafana.frame import CAMPAIGN
from grafana.language import Translate
from grafana.panel import Caption, Panel, Size, grid, mapping, prop, rows
from grafana.promql import EVERY_CAMPAIGN as EVERY
from grafana.promql import named

_HIDDEN = ("Value #reason",)

SHARES = (
    ("answer", "Contact rate", "Contactabilidad", colour.ANSWER),
    ("busy", "Busy", "Ocupado", colour.BUSY),
    ("failed", "Failed", "Fallida", colour.FAILED),
)
"""Result, its heading in both languages, its colour: what the overview shows of each campaign."""

_ATTEMPTS = rows("attempts", EVERY.attempts())
_AGE = rows("age", EVERY.age())
_SHARES_NOW = tuple(rows(result, EVERY.share(result)) for result, *_ in SHARES)
_USUAL = (
    rows("attempts_usual", EVERY.usual_attempts()),
    *(rows(f"{result}_usual", EVERY.usual_share(result)) for result, *_ in SHARES),
)


def _por_ciento(share: float) -> str:
    """Return a share as Spanish writes it, with a space that does not break."""
    return f"{100 * share:.0f}\N{NO-BREAK SPACE}%"


def _to_campaign(translate: Translate) -> model.DynamicConfigValue:
    url = (
        f"/d/{translate(CAMPAIGN, CAMPAIGN + '-es')}?${{datasource:queryparam}}&${{job:queryparam}}"
        "&${instance:queryparam}&${window:queryparam}"
        "&var-operation=${__data.fields.operation:percentencode}&var-campaign=${__data.fields.campaign:percentencode}"
        "&${__url_time_range}"
    )
    return link(translate("Open this campaign", "Abrir esta campaña"), url)


def _number(ref: str, heading: str) -> Column:
    return Column(f"Value #{ref}", heading, "short")


def _share(ref: str, heading: str) -> Column:
    return Column(f"Value #{ref}", heading, "percentunit", more=(prop("decimals", 1),))


def _title(t: Translate) -> Column:
    return Column("title", t("Campaign", "Campaña"), more=(_to_campaign(t),))


def _reason(t: Translate) -> Column:
    reasons = mapping({code: (text, colour.WRONG) for code, text in reason.texts(t).items()})
    return Column("reason", t("Latest poll", "Última consulta"), width=240, more=(mapped(reasons),))


def _last(t: Translate) -> tuple[Column, ...]:
    return (
        Column("Value #age", t("Age of data", "Antigüedad"), "dtdurations"),
        Column("operation", t("Operation", "Operación"), width=150),
        Column("campaign", "Id", width=90),
    )


def in_trouble(t: Translate) -> Panel:
    """Campaigns whose state is worse than idle; the usual figures are in the other list."""
    caption = Caption(
        t("In trouble now, worst first", "Con problemas ahora, primero lo más grave"),
        t(
            f"Spikes count from {MIN_ATTEMPTS} attempts up: a share above {SPIKE_SHARE:.0%}, or above "
            f"{UNUSUAL_FLOOR:.0%} and {UNUSUAL_FACTOR} times the same hour of earlier weeks. Each campaign shows "
            "its worst problem; click a campaign to open it.",
            f"Los picos cuentan desde {MIN_ATTEMPTS} intentos: más del {_por_ciento(SPIKE_SHARE)}, o más del "
            f"{_por_ciento(UNUSUAL_FLOOR)} y {UNUSUAL_FACTOR} veces la misma hora de semanas anteriores. Cada campaña "
            "muestra su peor problema; haga clic en una para abrirla.",
        ),
    )
    state = rows("state", named(health.state(EVERY)))
    panel = grid(caption, Size(24, 8), state, rows("reason", EVERY.reason()), _ATTEMPTS, *_SHARES_NOW, _AGE)
    shown = (
        _title(t),
        Column("Value #state", t("State", "Estado"), "none", 240, lit(mapping(health.texts(t)))),
        _reason(t),
        _number("attempts", t("Attempts", "Intentos")),
        *(_share(result, t(name, nombre)) for result, name, nombre, _ in SHARES),
        *_last(t),
    )
    panel = panel.no_value(t("No campaign is in trouble", "Ninguna campaña tiene problemas"))
    return columns(panel, shown, worst="Value #state", hidden=_HIDDEN, least=health.IDLE + 1)


def every_campaign(t: Translate) -> Panel:
    """Without the state, which costs Prometheus more than all the rest: the list above has it where it matters."""
    caption = Caption(
        t("Every campaign", "Todas las campañas"),
        t(
            "One row per campaign, most attempts first. Usual: the mean of the same hour one and two weeks "
            "earlier, empty without that history. Click a campaign to open it.",
            "Una fila por campaña, primero la de más intentos. Habitual: el promedio de la misma hora una y dos "
            "semanas antes, vacío sin ese historial. Haga clic en una campaña para abrirla.",
        ),
    )
    reasons = rows("reason", named(EVERY.reason()))  # there for each campaign, also where its data was withdrawn
    panel = grid(caption, Size(24, 14), reasons, _ATTEMPTS, *_SHARES_NOW, *_USUAL, _AGE)
    shown = (
        _title(t),
        _reason(t),
        _number("attempts", t("Attempts", "Intentos")),
        _number("attempts_usual", t("Attempts, usual", "Intentos, habitual")),
        *(
            column
            for result, name, nombre, _ in SHARES
            for column in (
                _share(result, t(name, nombre)),
                _share(f"{result}_usual", t(f"{name}, usual", f"{nombre}, habitual")),
            )
        ),
        *_last(t),
    )
    panel = panel.no_value(t("None", "Ninguna"))
    return columns(panel, shown, worst="Value #attempts", hidden=_HIDDEN)
