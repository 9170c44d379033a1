"""What the companion apis say: the live figures of each list, discovery, and the vendor's own quota.

Where an api is not asked its series are absent: the panels then say so in a sentence.
"""

from grafana_foundation_sdk.builders import timeseries

from exporter.thresholds import QUOTA_SHARE
from grafana import colour, words
from grafana.column import Column, Order, alarming, columns, link, lit
from grafana.frame import Section
from grafana.language import Translate
from grafana.panel import (
    DAY,
    FRESH,
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
    tile,
    timeline,
)
from grafana.promql import OPERATION, named
from grafana.ranked import campaign_url

_LIST = "job, operation, campaign"
_ONE = f'{OPERATION}, campaign="$campaign"'
_DRY_MINUTES = 30
"""Minutes of records left at which a list is about to run dry: those of WolkvoxListRunsDry."""

NOT_ASKED = ("Live figures are not asked for, or none came", "No se piden cifras en vivo, o no llegó ninguna")
NOT_STRETCHED = ("No stretch is published", "No se publica estiramiento")
NO_LIST = ("Campaigns are not discovered here", "Aquí no se descubren campañas")
NONE_FAILED = (
    "No companion request failed until the last quarter of an hour",
    "Ninguna solicitud compañera falló hasta el último cuarto de hora",
)
NO_TOKEN_INFO = ("The vendor's quota is not asked for", "No se pide la cuota del proveedor")


def _live(name: str, about: str, *labels: str) -> str:
    by = ", ".join((_LIST, *labels))
    return f"max by ({by}) (wolkvox_campaign_{name}{{{about}}})"


def _minutes_left(about: str) -> str:
    pending, speed = _live("list_pending_records", about), _live("calls_per_minute", about)
    return f"({pending} / ({speed} > 0)) and {_live('started', about)} == 1"


def _lists(t: Translate) -> Panel:
    caption = Caption(
        t("Lists of the started campaigns", "Listas de las campañas iniciadas"),
        t(
            "Live figures of the vendor, the list that runs dry first on top. Records are rows of the list, not "
            "attempts.",
            "Cifras en vivo del proveedor, primero la lista que se acaba antes. Los registros son filas de la "
            "lista, no intentos.",
        ),
    )
    panel = grid(
        caption,
        Size(24, 8),
        rows("list_started", named(_live("started", OPERATION))),
        rows("left", _minutes_left(OPERATION)),
        rows("pending", _live("list_pending_records", OPERATION)),
        rows("records", _live("list_records", OPERATION)),
        rows("calls", _live("calls_per_minute", OPERATION)),
        rows("reached", f'max by ({_LIST}) (wolkvox_campaign_penetration_percent{{{OPERATION}, period="day"}})'),
        rows("recycles", _live("list_recycles", OPERATION)),
    ).no_value(t(*NOT_ASKED))
    started = mapping({"1": (t("started", "iniciada"), colour.WELL), "0": (t("stopped", "detenida"), colour.QUIET)})
    dry = alarming((None, colour.DOUBTFUL), (_DRY_MINUTES, "transparent"))
    leads = link(t("Open this campaign", "Abrir esta campaña"), campaign_url(t, "__data.fields"))
    shown = (
        Column("title", t(*words.CAMPAIGN), more=(leads,)),
        Column("Value #list_started", t(*words.STATE), "none", 110, lit(started)),
        Column("Value #left", t("Minutes left", "Minutos restantes"), "short", 160, (prop("decimals", 0), *dry)),
        Column("Value #pending", t("Pending", "Pendientes"), "short", 120),
        Column("Value #records", t("Records", "Registros"), "short", 120),
        Column("Value #calls", t("Calls a minute", "Llamadas por minuto"), "short", 180),
        Column("Value #reached", t("Reached today", "Penetración hoy"), "percent", 150),
        Column("Value #recycles", t("Recycles", "Reciclajes"), "short", 110),
        Column("operation", t(*words.OPERATION), width=165),
        Column("campaign", "Id", width=80),
    )
    return columns(panel, shown, Order("Value #left", greatest_first=False))


def live_sections(t: Translate) -> tuple[Section, ...]:
    """Of the overview."""
    return (Section(t("Lists, live", "Listas, en vivo"), (_lists(t),)),)


def live_of_campaign(t: Translate) -> Section:
    """Of one campaign."""
    pending = lines(
        Caption(
            t("Records not yet called", "Registros sin llamar"),
            t(
                "What the live answer calls clean. It drops to 0 as the list runs dry.",
                "Lo que la respuesta en vivo llama limpios.",
            ),
        ),
        HALF,
        over_time("pending", _live("list_pending_records", _ONE), t("Pending", "Pendientes")),
        over_time("records", _live("list_records", _ONE), t("Records", "Registros")),
    ).override_by_name(t("Records", "Registros"), [dashed(10, 6)])
    calls = lines(
        Caption(
            t("Calls a minute", "Llamadas por minuto"),
            t("As the vendor counts them now.", "Según el proveedor, ahora."),
        ),
        HALF,
        over_time("calls", _live("calls_per_minute", _ONE), t("Calls a minute", "Llamadas por minuto")),
    )
    panels = tuple(
        panel.unit("short")
        .color_scheme(fixed(colour.NEUTRAL))
        .no_value(t(*NOT_ASKED))
        .interval(FRESH)
        .max_data_points(DAY)
        for panel in (pending, calls)
    )
    return Section(t("List, live", "Lista, en vivo"), panels)


def discovery_section(t: Translate) -> Section:
    """Of the exporter: the companion apis."""
    per_api = "{{api}} · {{operation}}"
    up = mapping({"0": (t("down", "caída"), colour.WRONG), "1": (t("up", "arriba"), colour.WELL)})
    apis = timeline(
        Caption(
            t("Companion apis", "APIs compañeras"),
            t(
                "Whether the list, the live figures and the quota were answered.",
                "Si la lista, las cifras en vivo y la cuota respondieron.",
            ),
        ),
        Size(12, 5),
        over_time("api", f"max by (api, operation) (wolkvox_api_up{{{OPERATION}}})", per_api),
        up,
    )
    apis = apis.interval(FRESH).no_value(t(*NO_LIST))
    found = tile(
        Caption(
            t("Campaigns found", "Campañas encontradas"),
            t(
                "Campaigns of the last good list that pass the filters.",
                "Campañas de la última lista buena que pasan los filtros.",
            ),
        ),
        latest("found", f"max by (operation) (wolkvox_discovered_campaigns{{{OPERATION}}})", "{{operation}}"),
        Size(6, 5),
    )
    started = tile(
        Caption(
            t("Campaigns started", "Campañas iniciadas"),
            t("Campaigns that the vendor says are started.", "Campañas que el proveedor da por iniciadas."),
        ),
        latest("started", f"sum by (operation) ({_live('started', OPERATION)})", "{{operation}}"),
        Size(6, 5),
    )
    stretch = lines(
        Caption(
            t("Stretch of the intervals", "Estiramiento de los intervalos"),
            t(
                "The factor by which intervals are longer, so that the budget lasts until midnight; 1 is as "
                "configured.",
                "El factor que alarga los intervalos para que el presupuesto alcance hasta medianoche; 1 es lo "
                "configurado.",
            ),
        ),
        THIRD,
        over_time("stretch", f"wolkvox_poll_interval_stretch_ratio{{{OPERATION}}}", "{{operation}} · {{instance}}"),
    )
    failures = lines(
        Caption(
            t("Failed companion requests per hour", "Solicitudes compañeras fallidas por hora"),
            t(
                "Requests for the list, the live figures and the quota that failed; apis at 0 are not drawn.",
                "Solicitudes de lista, cifras en vivo y cuota que fallaron; las APIs en 0 no se dibujan.",
            ),
        ),
        THIRD,
        over_time(
            "api_failures",
            f"3600 * max by (api, operation) (rate(wolkvox_api_failures_total{{{OPERATION}}}[$__rate_interval])) > 0",
            per_api,
        ),
    )
    vendor_limit = f"max by (operation) (wolkvox_vendor_quota_limit_requests{{{OPERATION}}})"
    vendor_used = f'max by (operation) (wolkvox_vendor_quota_used_requests{{{OPERATION}, by="all_tokens"}})'
    vendor = lines(
        Caption(
            t("The vendor's quota used by all tokens", "Cuota del proveedor usada por todos los tokens"),
            t("As the vendor counts it, over its limit.", "Según la cuenta del proveedor, sobre su límite."),
        ),
        THIRD,
        over_time("vendor", f"{vendor_used} / {vendor_limit}", "{{operation}}"),
    )
    return Section(
        t("Discovery and companion apis", "Descubrimiento y APIs compañeras"),
        (
            apis,
            found.unit("short").no_value(t(*NO_LIST)),
            started.unit("short").no_value(t(*NO_LIST)),
            _plain(stretch, t(*NOT_STRETCHED)).unit("short"),
            _plain(failures, t(*NONE_FAILED)).unit("short").interval("15m"),
            limited(_plain(vendor, t(*NO_TOKEN_INFO)).unit("percentunit"), (QUOTA_SHARE, colour.WRONG)),
        ),
    )


def _plain(panel: timeseries.Panel, nothing: str) -> timeseries.Panel:
    return panel.color_scheme(shades(colour.NEUTRAL)).no_value(nothing)
