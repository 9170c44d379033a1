"""A list of the alerts that fire or are about to."""

from grafana import colour, words
from grafana.column import Column, Order, columns, link, lit
from grafana.language import Translate
from grafana.panel import Caption, Panel, Size, grid, mapping, rows
from grafana.ranked import campaign_url


def alerts(t: Translate, about: str) -> Panel:
    """`about` are label matchers that also let alerts through that have no such label."""
    caption = Caption(
        t("Alerts", "Alertas"),
        t(
            "Alerts of these rules that fire, or that will if it lasts. Click a campaign to open it.",
            "Alertas de estas reglas que están activas, o que lo estarán si continúa. Haga clic en una campaña "
            "para abrirla.",
        ),
    )
    expr = (
        "max by (alertname, severity, alertstate, operation, campaign, window) "
        f'(ALERTS{{alertname=~"Wolkvox.+", job=~"$job", {about}}})'
    )
    severe = mapping(
        {
            "critical": (t("critical", "crítica"), colour.WRONG),
            "warning": (t("warning", "advertencia"), colour.DOUBTFUL),
            "info": (t("info", "aviso"), colour.NEUTRAL),
        }
    )
    states = mapping(
        {
            "firing": (t("firing", "activa"), colour.PLAIN),
            "pending": (t("pending", "en espera"), colour.QUIET),
        }
    )
    shown = (
        Column("severity", t("Severity", "Gravedad"), width=110, more=lit(severe)),
        Column("alertname", t("Alert", "Alerta")),
        Column("alertstate", t(*words.STATE), width=100, more=(lit(states)[0],)),
        Column("operation", t(*words.OPERATION), width=165),
        Column(
            "campaign",
            t(*words.CAMPAIGN),
            width=110,
            more=(link(t("Open", "Abrir"), campaign_url(t, "__data.fields")),),
        ),
        Column("window", t(*words.WINDOW), width=90),
    )
    panel = grid(caption, Size(24, 8), rows("alerts", expr)).no_value(t("No alert", "Ninguna alerta"))
    return columns(panel, shown, Order("alertstate", then="severity", greatest_first=False))
