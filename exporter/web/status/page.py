"""Values to HTML: the Jinja2 environment and what its templates may call."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, tzinfo
from functools import lru_cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from exporter.model import COMPANIONS, Reason
from exporter.palette import PALETTE, PATTERNS, shade
from exporter.web.status.hours import hours_now
from exporter.web.status.i18n import Language
from exporter.web.status.i18n.language import clock_time, machine_time
from exporter.web.status.markup import bar, foreign, percent, share_bar, state
from exporter.web.status.query import Query, campaign_url, operation_url
from exporter.web.status.state import TROUBLE, CampaignSummary, State
from exporter.web.status.text import visible
from exporter.web.status.view import CampaignView, Overview, tally

REFRESH = 10
"""Seconds from one refresh of an open page to the next: data changes in minutes, its age in seconds."""
MOST_PROBLEMS = 8
"""Problems spelt out; more of them are read in the table."""

OPEN_OPERATIONS = 4
"""More operations than this are folded away, so that the campaigns stay in sight."""

MOST_LIVE = 50
"""Campaigns whose live figures are shown. The vendor lets 7 of an operation dial at once."""

MOST_RESTING = 200
"""Campaigns at rest that are named."""

_ROWS = 2_048
"""Rows kept from one page to the next: some 20 pages, 3 MB."""


def aria_sort(query: Query, column: str) -> str:
    """The value of a heading's `aria-sort`, empty where the table is not sorted by it."""
    if query.sort.removeprefix("-") != column:
        return ""
    return "descending" if query.sort.startswith("-") else "ascending"


class Pages:
    """The HTML pages. A template is compiled when the first page needs it, so that no start waits for it."""

    def __init__(self, assets: Mapping[str, str], metrics: str, links: str = "") -> None:
        """`assets` are addresses by file name, relative to the overview as `metrics` is.

        `links` is what every link begins with; empty: all are relative to the overview.
        """
        environment = Environment(
            loader=PackageLoader("exporter.web.status", "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        environment.filters["visible"] = visible
        environment.globals.update(
            assets={name: links + address for name, address in assets.items()},
            metrics=links + metrics,
            links=links,
            home=links or "./",
            palette=PALETTE,
            patterns=PATTERNS,
            shade=shade,
            bar=bar,
            foreign=foreign,
            percent=percent,
            share_bar=share_bar,
            tally=tally,
            state=state,
            aria_sort=aria_sort,
            campaign_url=campaign_url,
            operation_url=operation_url,
            hours_now=hours_now,
            machine_time=machine_time,
            clock_time=clock_time,
            replace=replace,
            most_problems=MOST_PROBLEMS,
            most_live=MOST_LIVE,
            most_resting=MOST_RESTING,
            apis=COMPANIONS,
            open_operations=OPEN_OPERATIONS,
            refresh=REFRESH,
            states=tuple(State),
            reasons=tuple(Reason),
            in_trouble=TROUBLE,
        )

        @lru_cache(maxsize=_ROWS)
        def row(digest: CampaignSummary, language: Language) -> Markup:
            html = environment.get_template("row.html").render(each=digest, lang=language, say=language.say)
            return Markup(html)  # noqa: S704 - made by a template that escapes

        environment.globals["row"] = row
        self._environment = environment

    def overview(self, view: Overview, language: Language) -> str:
        """The page at `/`."""
        zone = _common_zone(view.rows)
        return self._render("overview", language, view=view, at=view.status.at, zone=zone)

    def campaign(self, view: CampaignView, language: Language) -> str:
        """The page of one campaign and window."""
        zone = view.digest.target.zone
        return self._render("campaign", language, view=view, at=view.status.at, zone=zone)

    def missing(self, language: Language) -> str:
        """The page that says that there is no such campaign."""
        return self._render("missing", language)

    def _render(self, name: str, language: Language, **values: Any) -> str:
        return self._environment.get_template(f"{name}.html").render(lang=language, say=language.say, **values)


def _common_zone(digests: Sequence[CampaignSummary]) -> tzinfo:
    """The zone of the campaigns on show, or UTC where they differ or there are none."""
    zones = {each.target.zone.key: each.target.zone for each in digests}
    return next(iter(zones.values())) if len(zones) == 1 else UTC
