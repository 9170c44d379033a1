"""Write the dashboards, so that Grafana finds them without Python: `python -m grafana`."""

from grafana.library import FOLDER, dashboards, text

for board in dashboards():
    (FOLDER / f"{board.uid}.json").write_text(text(board), encoding="utf-8")
