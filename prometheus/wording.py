"""Pieces of annotations that several alerts share: Prometheus templates, expanded when an alert is sent."""

_CAMPAIGN_LABELS = "$labels.operation $labels.campaign"

CAMPAIGN = (
    "Campaign {{ $labels.campaign }}"
    '{{ with printf `wolkvox_campaign_info{operation=%q,campaign=%q,name!=""}` '
    f"{_CAMPAIGN_LABELS} | query }}}} ({{{{ . | first | label `name` }}}}){{{{ end }}}}"
    " of {{ $labels.operation }}"
)
"""The campaign by its number, by its name where it has one, and by its operation."""

WINDOW = "{{ if eq $labels.window `today` }}since midnight{{ else }}in the last {{ $labels.window }}{{ end }}"

OPERATION = "Operation {{ $labels.operation }}"

CAMPAIGN_DASHBOARD = (
    "/d/wolkvox-campaign?var-job={{ $labels.job | urlquery }}&var-operation={{ $labels.operation | urlquery }}"
    "&var-campaign={{ $labels.campaign | urlquery }}"
)
WINDOW_DASHBOARD = CAMPAIGN_DASHBOARD + "&var-window={{ $labels.window | urlquery }}"
OPERATION_DASHBOARD = (
    "/d/wolkvox-exporter?var-job={{ $labels.job | urlquery }}&var-operation={{ $labels.operation | urlquery }}"
)
EXPORTER_DASHBOARD = "/d/wolkvox-exporter?var-job={{ $labels.job | urlquery }}"


def latest(series: str, then: str, otherwise: str = "") -> str:
    """Insert `then`, with the first sample of `series` as `.`, where that series of the alert's window exists."""
    selector = f"{series}{{operation=%q,campaign=%q,window=%q}}"
    fallback = f"{{{{ else }}}}{otherwise}" if otherwise else ""
    return f"{{{{ with printf `{selector}` {_CAMPAIGN_LABELS} $labels.window | query }}}}{then}{fallback}{{{{ end }}}}"


def usual(share: str) -> str:
    """Insert what the share usually is, as a percentage."""
    return latest(
        f"campaign:wolkvox_{share}:usual", " (usually {{ . | first | value | humanizePercentage }} at this hour)"
    )
