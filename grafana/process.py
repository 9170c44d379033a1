"""The exporter's process: what it uses, and which version runs where."""

from grafana import colour, words
from grafana.column import Column, Order, columns
from grafana.language import Translate
from grafana.panel import THIRD, Caption, Panel, Size, dashed, grid, lines, over_time, prop, rows, shades
from grafana.promql import exporter_metric as own


def process(t: Translate) -> tuple[Panel, ...]:
    """Processor, memory, files, versions."""
    cpu = lines(
        Caption(
            "CPU",
            t("Processor seconds per second: 1 is one core.", "Segundos de procesador por segundo: 1 es un núcleo."),
        ),
        THIRD,
        over_time("cpu", f"rate({own('process_cpu_seconds_total')}[$__rate_interval])", "{{instance}}"),
    )
    memory = lines(
        Caption(t("Memory", "Memoria"), t("Resident memory of the process.", "Memoria residente del proceso.")),
        THIRD,
        over_time("memory", own("process_resident_memory_bytes"), "{{instance}}"),
    )
    limit = t("limit", "límite")
    files = lines(
        Caption(
            t("Open files", "Archivos abiertos"),
            t("Descriptors in use; dashed: the limit of the process.", "Descriptores en uso; discontinua: el límite."),
        ),
        THIRD,
        over_time("open", own("process_open_fds"), "{{instance}}"),
        over_time("limit", own("process_max_fds"), f"{{{{instance}}}} · {limit}"),
    )
    files = files.override_by_regexp(f"/ {limit}$/", [dashed(10, 6), prop("custom.lineWidth", 1)])
    panels = (cpu.unit("short"), memory.unit("bytes"), files.unit("short"))
    nothing = t(*words.NO_POINTS)
    return (*(panel.color_scheme(shades(colour.NEUTRAL)).no_value(nothing) for panel in panels), _versions(t))


def _versions(t: Translate) -> Panel:
    panel = grid(
        Caption(
            t("Versions", "Versiones"),
            t(
                "Which version runs where, and when its configuration was loaded.",
                "Qué versión corre en cada instancia, y cuándo se cargó su configuración.",
            ),
        ),
        Size(24, 5),
        rows("build", own("wolkvox_exporter_build_info")),
        rows("reloaded", f"1000 * {own('wolkvox_config_last_reload_success_timestamp_seconds')}"),
    ).no_value(t("No exporter is up", "Ningún exportador está arriba"))
    shown = (
        Column("instance", t("Instance", "Instancia")),
        Column("version", t("Version", "Versión"), width=180),
        Column("revision", t("Revision", "Revisión"), width=220),
        Column("python", "Python", width=140),
        Column("Value #reloaded", t("Configuration loaded", "Configuración cargada"), words.MOMENT_UNIT, 240),
    )
    return columns(panel, shown, Order("Value #reloaded"), hidden=("Value #build",))
