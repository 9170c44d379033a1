"""A plain page with links, for a server that has no pages for people."""

from collections.abc import Iterable
from html import escape

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>Wolkvox exporter</title></head>
<body>
<h1>Wolkvox exporter</h1>
<ul>
{links}
</ul>
</body>
</html>
"""


def landing_page(home: str, telemetry_path: str, others: Iterable[str]) -> str:
    """HTML that links to the metrics and the other paths below `home`; no style, no script, nothing that loads."""
    links = [f'<li><a href="{escape(home + telemetry_path[1:])}">Metrics</a></li>']
    links += [f'<li><a href="{escape(home + path[1:])}">{escape(path)}</a></li>' for path in others]
    return _PAGE.format(links="\n".join(links))
