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
    """Every dashboard, those about campaigns in each language."""
    return (overview(english), campaign(english), exporter(), overview(spanish), campaign(spanish))


def text(board: Dashboard) -> str:
    """The file's content."""
    return json.dumps(board, cls=JSONEncoder, indent=2, ensure_ascii=False) + "\n"
