"""Pieces of annotations that several alerts share: Prometheus templates, expanded when an alert is sent."""

from prometheus.promql import CAMPAIGN as CAMPAIGN_LABELS
from prometheus.promql import OPERATION as OPERATION_LABELS
from prometheus.promql import WINDOW as WINDOW_LABELS
from prometheus.rule import Text


def _asked(query: str, labels: tuple[str, ...]) -> str:
    """The samples of a query, as a pipeline; `@` in it becomes matchers of the alert's own values of these labels.

    A label that the alert does not have is empty in both: it matches series without it.
    """
    matchers = ",".join(f"{label}=%q" for label in labels)
    values = " ".join(f"$labels.{label}" for label in labels)
    return f"printf `{query.replace('@', matchers)}` {values} | query"


_NAMED = _asked('wolkvox_campaign_info{@,name!=""}', CAMPAIGN_LABELS)
_NAME = f"{{{{ with {_NAMED} }}}} ({{{{ . | first | label `name` }}}}){{{{ end }}}}"

CAMPAIGN = Text(
    f"Campaign {{{{ $labels.campaign }}}}{_NAME} of {{{{ $labels.operation }}}}",
    f"La campaña {{{{ $labels.campaign }}}}{_NAME} de {{{{ $labels.operation }}}}",
)
"""The campaign by its number, by its name where it has one, and by its operation."""

WINDOW = Text(
    "{{ if eq $labels.window `today` }}since midnight{{ else if eq $labels.window `yesterday` }}yesterday"
    "{{ else }}in the last {{ $labels.window }}{{ end }}",
    "{{ if eq $labels.window `today` }}desde la medianoche{{ else if eq $labels.window `yesterday` }}ayer"
    "{{ else if eq $labels.window `1h` }}en la última hora{{ else }}en la última ventana de {{ $labels.window }}"
    "{{ end }}",
)

OPERATION = Text("Operation {{ $labels.operation }}", "Operación {{ $labels.operation }}")

CAMPAIGN_DASHBOARD = (
    "/d/wolkvox-campaign?var-job={{ $labels.job | urlquery }}&var-operation={{ $labels.operation | urlquery }}"
    "&var-campaign={{ $labels.campaign | urlquery }}"
)
WINDOW_DASHBOARD = CAMPAIGN_DASHBOARD + "&var-window={{ $labels.window | urlquery }}"
OPERATION_DASHBOARD = (
    "/d/wolkvox-exporter?var-job={{ $labels.job | urlquery }}&var-operation={{ $labels.operation | urlquery }}"
)
JOB_DASHBOARD = "/d/wolkvox-exporter?var-job={{ $labels.job | urlquery }}"
EXPORTER_DASHBOARD = JOB_DASHBOARD + "&var-instance={{ $labels.instance | urlquery }}"


def latest(query: str, then: str, otherwise: str = "", labels: tuple[str, ...] = WINDOW_LABELS) -> str:
    """Insert `then`, with the samples of the query as `.`, where it has any; `@` in it becomes the alert's own labels.

    The labels are those of the alert's window unless others are named.
    """
    fallback = f"{{{{ else }}}}{otherwise}" if otherwise else ""
    return f"{{{{ with {_asked(query, labels)} }}}}{then}{fallback}{{{{ end }}}}"


def if_started(started: str, stopped: str) -> str:
    """Insert one of both where the vendor says whether the campaign is started or stopped, else nothing."""
    return latest(
        "max(wolkvox_campaign_started{@})",
        f"{{{{ if eq (. | first | value) 1.0 }}}}{started}{{{{ else }}}}{stopped}{{{{ end }}}}",
        labels=CAMPAIGN_LABELS,
    )


_COUNT = latest("max(campaign:wolkvox_attempts:sum{@})", "{{ . | first | value | printf `%.0f` }} ")

SHARE = Text(
    f"{CAMPAIGN.en}: {{{{ $value | humanizePercentage }}}} of the {_COUNT}attempts {WINDOW.en}",
    f"{CAMPAIGN.es}: el {{{{ $value | humanizePercentage }}}} de los {_COUNT}intentos {WINDOW.es}",
)
"""The alert's value as a share of the window's attempts."""


def usual(share: str) -> Text:
    """Insert what the share usually is, as a percentage."""
    query, value = f"campaign:wolkvox_{share}:usual{{@}}", "{{ . | first | value | humanizePercentage }}"
    return Text(
        latest(query, f" (usually {value} at this hour)"),
        latest(query, f" (lo usual a esta hora es {value})"),
    )


def exporters(query: str, labels: tuple[str, ...] = OPERATION_LABELS) -> str:
    """The instances of the query's samples, one after another; `@` in it becomes the alert's own labels."""
    return (
        f"{{{{ range $number, $sample := {_asked(query, labels)} | sortByLabel `instance` }}}}"
        "{{ if $number }}, {{ end }}{{ $sample.Labels.instance }}{{ end }}"
    )
