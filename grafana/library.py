"""All dashboards, and the JSON that Grafana reads."""

import json
from pathlib import Path

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard

from grafana.campaign import campaign
from grafana.exporter import exporter
from grafana.language import english, spanish
from grafana.overview import overview

FOLDER = Path(__file__).parent / "dashboards"


def dashboards() -> tuple[Dashboard, ...]:
    """Every dashboard in each language."""
    return tuple(make(translate) for translate in (english, spanish) for make in (overview, campaign, exporter))


MARKS = {
    "titleFormat": "{{alertname}}",
    "textFormat": "{{operation}} · {{campaign}} · {{window}}",
    "tagKeys": "severity",
}
"""How annotations say which alert it is, and of which campaign. The SDK has no names for these."""


def text(board: Dashboard) -> str:
    """The file's content."""
    made = json.loads(json.dumps(board, cls=JSONEncoder))
    for annotation in made["annotations"]["list"]:
        annotation.update(MARKS)
    return json.dumps(made, indent=2, ensure_ascii=False) + "\n"
