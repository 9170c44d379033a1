"""Exporter: is the data fresh, what do polls cost, and why do they fail."""

from grafana_foundation_sdk.models import dashboard as model

from exporter.thresholds import QUOTA_SHARE
from grafana import colour, reason, words
from grafana.alert_list import alerts
from grafana.column import Column, Order, columns, mapped
from grafana.frame import (
    EXPORTER_UID,
    Frame,
    Section,
    assemble,
    exporter_variables,
    operation_variable,
    window_variable,
)
from grafana.language import Translate
from grafana.live import discovery_section
from grafana.panel import (
    HALF,
    THIRD,
    Caption,
    Panel,
    Size,
    dashed,
    fixed,
    grid,
    latest,
    limited,
    lines,
    mapping,
    over_time,
    prop,
    rows,
    shades,
    steps,
    tile,
)
from grafana.process import process
from grafana.promql import AT_END, KEY, OPERATION, Scope, named
from grafana.promql import EVERY_CAMPAIGN as EVERY
from grafana.promql import exporter_metric as own
from grafana.ranked import COUNT, RANKED, campaign_lines, lowest

_WIDE = Size(6, 5)
_POLLS = "15m"
"""Polls come every 5 minutes: a rate over less shows bursts, not a rate."""
_PER_OPERATION = "{{operation}} · {{instance}}"


def _operation(name: str) -> str:
    """A metric that the exporter publishes for each operation."""
    return f"{name}{{{OPERATION}}}"


def _rate(selector: str) -> str:
    return f"rate({selector}[$__rate_interval])"


def _used() -> str:
    """Quota used over budget, 0 to 1; absent where no budget is enforced."""
    used, budget = _operation("wolkvox_quota_used_requests"), _operation("wolkvox_quota_budget_requests")
    return f"{used} / {budget}"


def _up() -> str:
    """Whether each exporter could be scraped: ours only, and also one that is down and publishes nothing."""
    seen = f"last_over_time({own('wolkvox_exporter_build_info')}[1d])"
    return f"max by (job, instance) ({own('up')} and on (job, instance) {seen})"


def _states(t: Translate) -> tuple[Panel, ...]:
    down = mapping({"0": (t("down", "caído"), colour.WRONG), "1": (t("up", "arriba"), colour.WELL)})
    refused = mapping({"0": (t("refused", "rechazada"), colour.WRONG), "1": (t("loaded", "cargada"), colour.WELL)})
    stood = mapping({"0": (t("standby", "en espera"), colour.PLAIN), "1": (t("polling", "consultando"), colour.WELL)})
    return (
        tile(
            Caption(
                t("Exporter", "Exportador"),
                t(
                    "Whether Prometheus could scrape it last time; also one that was seen within a day and is down.",
                    "Si Prometheus pudo leerlo la última vez; también el que se vio en el último día y está caído.",
                ),
            ),
            latest("up", _up(), "{{instance}}"),
        )
        .unit("none")
        .mappings([down]),
        tile(
            Caption(
                t("Configuration", "Configuración"),
                t(
                    "Whether the last reload succeeded; if not, the one before is still in use.",
                    "Si la última recarga se aceptó; si no, sigue en uso la anterior.",
                ),
            ),
            latest("reload", own("wolkvox_config_last_reload_successful"), "{{instance}}"),
        )
        .unit("none")
        .mappings([refused]),
        tile(
            Caption(
                "Token",
                t(
                    "Whether this exporter polls, or is on standby while another holds the token's lease.",
                    "Si este exportador consulta, o espera mientras otro tiene el turno del token.",
                ),
            ),
            latest("lease", _operation("wolkvox_token_lease_held"), _PER_OPERATION),
            _WIDE,
        )
        .unit("none")
        .mappings([stood]),
    )


def _tiles(t: Translate) -> tuple[Panel, ...]:
    return (
        *_states(t),
        tile(
            Caption(
                t("Failing", "Con fallas"),
                t(
                    "Campaigns and windows whose latest poll failed.",
                    "Campañas y ventanas con la última consulta fallida.",
                ),
            ),
            latest("failing", f"count({EVERY.latest('wolkvox_campaign_up')} == 0) or vector(0)"),
        )
        .unit("none")
        .thresholds(steps((None, colour.WELL), (1, colour.WRONG))),
        tile(
            Caption(
                t("Oldest data", "Datos más viejos"),
                t(
                    "Age of the most overdue campaign's data over its limit, two missed polls; at 100% it is stale.",
                    "Edad de los datos de la campaña más atrasada sobre su límite, dos consultas perdidas; con 100 % "
                    "están desactualizados.",
                ),
            ),
            latest("age", f"max({EVERY.age_of_limit()})"),
        )
        .unit("percentunit")
        .decimals(0)
        .thresholds(steps((None, colour.WELL), (1, colour.WRONG))),
        tile(
            Caption(
                t("Quota used", "Cuota usada"),
                t(
                    "Requests sent this local day, over the budget. At 100% polling stops until midnight.",
                    "Solicitudes del día sobre el presupuesto. Con 100 % las consultas paran hasta medianoche.",
                ),
            ),
            latest("quota", f"max by (job, operation) ({_used()})", "{{operation}}"),
            _WIDE,
        )
        .unit("percentunit")
        .decimals(0)
        .no_value(t("No budget is set", "Sin presupuesto"))
        .thresholds(steps((None, colour.WELL), (QUOTA_SHARE, colour.DOUBTFUL), (1, colour.WRONG))),
    )


def _failing(t: Translate) -> tuple[Panel, ...]:
    unanswered = f"({EVERY.latest('wolkvox_campaign_up')} == 0)"
    panel = grid(
        Caption(
            t("Failing campaigns now", "Campañas con fallas ahora"),
            t(
                "Why the latest poll failed, oldest data first.",
                "Por qué falló la última consulta, primero lo más viejo.",
            ),
        ),
        HALF,
        rows("failure", named(f"({EVERY.reason()}) and on ({KEY}) {unanswered}")),
        rows("waiting", f"{EVERY.age()} and {unanswered}"),
    ).no_value(t("All latest polls succeeded", "Todas las últimas consultas fueron exitosas"))
    reasons = mapping({code: (text, colour.WRONG) for code, text in reason.texts(t).items()})
    shown = (
        Column("title", t(*words.CAMPAIGN)),
        Column("reason", t("Reason", "Motivo"), width=230, more=(mapped(reasons),)),
        Column("Value #waiting", t("Age", "Edad"), words.AGE_UNIT, 92),
        Column("operation", t(*words.OPERATION), width=165),
        Column("campaign", "Id", width=72),
    )
    by_reason = lines(
        Caption(
            t("Failed polls per hour by reason", "Consultas fallidas por hora y motivo"),
            t(
                "All windows of the selected operations; those at 0 are not drawn.",
                "Todas las ventanas de las operaciones elegidas; los que están en 0 no se dibujan.",
            ),
        ),
        HALF,
        over_time(
            "failures",
            "3600 * max by (reason) (sum by (instance, reason) "
            f"({_rate(_operation('wolkvox_poll_failures_total'))})) > 0",
            "{{reason}}",
        ),
    ).no_value(
        # It has a point every quarter of an hour: of what failed since then it knows nothing yet.
        t("No poll failed until the last quarter of an hour", "Ninguna consulta falló hasta el último cuarto de hora")
    )
    by_reason = by_reason.unit("short").interval(_POLLS).color_scheme(shades(colour.WRONG))
    for code, text in reason.texts(t).items():
        by_reason = by_reason.override_by_name(code, [prop("displayName", text)])
    return columns(panel, shown, Order("Value #waiting"), hidden=("Value #failure",)), by_reason


def _freshness(t: Translate) -> tuple[Panel, ...]:
    lag = lines(
        Caption(
            t("Lag", "Atraso"),
            t(
                "How late the most overdue poll of each operation is. It grows if a cycle takes too long.",
                "Cuánto se atrasa la consulta más atrasada de cada operación. Crece si un ciclo tarda demasiado.",
            ),
        ),
        RANKED,
        over_time("lag", _operation("wolkvox_poll_lag_seconds"), _PER_OPERATION),
    ).no_value(t(*words.NO_POINTS))
    caption = Caption(
        t("Age of the data over its limit", "Edad de los datos sobre su límite"),
        t(
            f"The {COUNT} most overdue campaigns; at 100%, two missed polls, the data is stale.",
            f"Las {COUNT} campañas más atrasadas; con 100 %, dos consultas perdidas, están desactualizados.",
        ),
    )
    age = campaign_lines(t, caption, RANKED, "age", lowest(Scope.age_of_limit, EVERY.deadline(AT_END)))
    return (
        lag.unit(words.AGE_UNIT).color_scheme(shades(colour.NEUTRAL)),
        limited(age, (1, colour.WRONG)).unit("percentunit").axis_soft_max(1),
    )


def _requests(t: Translate) -> tuple[Panel, ...]:
    buckets = _rate(_operation("wolkvox_api_request_duration_seconds_bucket"))
    total = _rate(_operation("wolkvox_api_request_duration_seconds_sum"))
    count = _rate(_operation("wolkvox_api_request_duration_seconds_count"))
    per_api = f"{{{{api}}}} · {_PER_OPERATION}"
    sent = lines(
        Caption(
            t("Requests per hour", "Solicitudes por hora"),
            t(
                "Requests sent to the API, with retries; each counts against the daily quota.",
                "Solicitudes enviadas a la API, con reintentos; cada una cuenta para la cuota diaria.",
            ),
        ),
        THIRD,
        over_time("requests", f"3600 * {_rate(_operation('wolkvox_api_requests_total'))}", per_api),
    )
    slow = lines(
        Caption(
            t("Request duration, 90th percentile", "Duración de solicitudes, percentil 90"),
            t(
                "9 of 10 requests took no longer than this. The vendor's limit is 60 s.",
                "9 de cada 10 solicitudes no tardaron más. El límite del proveedor es 60 s.",
            ),
        ),
        THIRD,
        over_time("p90", f"histogram_quantile(0.9, sum by (instance, operation, le) ({buckets})) >= 0", _PER_OPERATION),
    )
    mean = lines(
        Caption(
            t("Mean request duration", "Duración media de las solicitudes"),
            t(
                "From the request's first byte to the end of the answer.",
                "Desde el primer byte de la solicitud hasta el final de la respuesta.",
            ),
        ),
        THIRD,
        over_time("mean", f"{total} / ({count} > 0)", per_api),
    )
    panels = (sent.unit("short"), slow.unit("s"), mean.unit("s"))
    return tuple(
        panel.interval(_POLLS).color_scheme(shades(colour.NEUTRAL)).no_value(t(*words.NO_POINTS)) for panel in panels
    )


def _quota(t: Translate) -> tuple[Panel, ...]:
    budget = t("budget", "presupuesto")
    amounts = lines(
        Caption(
            t("Quota used against budget", "Cuota usada y presupuesto"),
            t(
                "Requests sent since local midnight by any exporter on the same storage; dashed: the day's budget, "
                "drawn only if licenses are configured.",
                "Solicitudes desde la medianoche local de todos los exportadores con el mismo almacenamiento; "
                "discontinua: "
                "el presupuesto del día, si se configuran licencias.",
            ),
        ),
        HALF,
        over_time("used", _operation("wolkvox_quota_used_requests"), _PER_OPERATION),
        over_time("budget", _operation("wolkvox_quota_budget_requests"), f"{_PER_OPERATION} · {budget}"),
    )
    share = lines(
        Caption(
            t("Share of the budget used", "Proporción del presupuesto usado"),
            t(
                "It should stay below 100% until the end of the day.",
                "Debe quedar por debajo de 100 % hasta el final del día.",
            ),
        ),
        HALF,
        over_time("share", _used(), _PER_OPERATION),
    )
    outline = [dashed(10, 6), prop("custom.lineWidth", 1)]
    nothing = t("No budget is set", "Sin presupuesto")
    return (
        amounts.unit("short")
        .color_scheme(shades(colour.NEUTRAL))
        .override_by_regexp(f"/ {budget}$/", outline)
        .no_value(nothing),
        limited(share.unit("percentunit").color_scheme(fixed(colour.NEUTRAL)).no_value(nothing), (1, colour.WRONG)),
    )


def exporter(t: Translate) -> model.Dashboard:
    """The exporter itself."""
    frame = Frame(
        uid=t(EXPORTER_UID, f"{EXPORTER_UID}-es"),
        title=t("Wolkvox · Exporter", "Wolkvox · Exportador"),
        description=t(
            "Whether the data is fresh, what the polls cost, and why they fail.",
            "Si los datos están al día, cuánto cuestan las consultas y por qué fallan.",
        ),
        since="now-12h",
        variables=(*exporter_variables(t), operation_variable(t), window_variable(t, OPERATION)),
        twin=(t("Español", "English"), t(f"{EXPORTER_UID}-es", EXPORTER_UID)),
        alerts='ALERTS{alertname=~"Wolkvox.+", alertstate="firing", job=~"$job|", operation=~"$operation|"}',
    )
    sections = (
        Section(t("Now", "Ahora"), _tiles(t)),
        Section(t("Failures", "Fallas"), _failing(t)),
        Section(t("Alerts", "Alertas"), (alerts(t, 'operation=~"$operation|"'),)),
        Section(t("Freshness", "Actualidad"), _freshness(t)),
        Section(t("Requests", "Solicitudes"), _requests(t)),
        Section(t("Quota", "Cuota"), _quota(t)),
        discovery_section(t),
        Section(t("Process", "Proceso"), process(t)),
    )
    return assemble(frame, t, sections)
