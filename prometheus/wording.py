"""Pieces of annotations that several alerts share: Prometheus templates, expanded when an alert is sent."""

from prometheus.promql import CAMPAIGN as CAMPAIGN_LABELS
from prometheus.promql import OPERATION as OPERATION_LABELS
from prometheus.promql import WINDOW as WINDOW_LABELS


def _asked(query: str, labels: tuple[str, ...]) -> str:
    """The samples of a query, as a pipeline; `@` in it becomes matchers of the alert's own values of these labels.

    A label that the alert does not have is empty in both: it matches series without it.
    """
    matchers = ",".join(f"{label}=%q" for label in labels)
    values = " ".join(f"$labels.{label}" for label in labels)
    return f"printf `{query.replace('@', matchers)}` {values} | query"


_NAMED = _asked('wolkvox_campaign_info{@,name!=""}', CAMPAIGN_LABELS)

CAMPAIGN = (
    "Campaign {{ $labels.campaign }}"
    f"{{{{ with {_NAMED} }}}}"
    " ({{ . | first | label `name` }}){{ end }}"
    " of {{ $labels.operation }}"
)
"""The campaign by its number, by its name where it has one, and by its operation."""

WINDOW = (
    "{{ if eq $labels.window `today` }}since midnight{{ else if eq $labels.window `yesterday` }}yesterday"
    "{{ else }}in the last {{ $labels.window }}{{ end }}"
)

OPERATION = "Operation {{ $labels.operation }}"

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


def latest(query: str, then: str, otherwise: str = "") -> str:
    """Insert `then`, with the first sample of the query as `.`, where it has one of the alert's window (`@`)."""
    fallback = f"{{{{ else }}}}{otherwise}" if otherwise else ""
    return f"{{{{ with {_asked(query, WINDOW_LABELS)} }}}}{then}{fallback}{{{{ end }}}}"


def usual(share: str) -> str:
    """Insert what the share usually is, as a percentage."""
    return latest(
        f"campaign:wolkvox_{share}:usual{{@}}", " (usually {{ . | first | value | humanizePercentage }} at this hour)"
    )


def exporters(query: str, labels: tuple[str, ...] = OPERATION_LABELS) -> str:
    """The instances of the query's samples, one after another; `@` in it becomes the alert's own labels."""
    return (
        f"{{{{ range $number, $sample := {_asked(query, labels)} | sortByLabel `instance` }}}}"
        "{{ if $number }}, {{ end }}{{ $sample.Labels.instance }}{{ end }}"
    )
