"""What is seen on the dashboards, drawn with Grafana 11.6's components: nothing cut, repeated, empty or untrue."""

import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from drawing import SIZES, Picture, Seen, artist
from stage import Stage, stage_in

from exporter.palette import PALETTE
from exporter.simulator.campaigns import COLLECTION, SALES, SURVEYS
from exporter.thresholds import SPIKE_SHARES
from grafana.library import FOLDER
from grafana.queries import EMPTY_WHEN_WELL

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(1800)]

DASHBOARDS = sorted(path.stem for path in FOLDER.glob("*.json"))
CALM = {name for silence in EMPTY_WHEN_WELL for name in silence.names} | {
    "In trouble now, worst first",
    "Con problemas ahora, primero lo más grave",
}
"""Panels that may be empty, with a sentence, while all is well."""

SLOW = {
    panel["title"]
    for board in FOLDER.glob("*.json")
    for panel in json.loads(board.read_text(encoding="utf-8"))["panels"]
    if panel.get("interval") == "15m"
}
"""Panels with a point every quarter of an hour. What only the demo tells them is younger than that, so a chart may have
no point of it yet."""

ARTIFACTS = Path(__file__).parents[2] / "artifacts" / "pictures"
SITE = ARTIFACTS / "site"
"""What `make pictures` bundles."""


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def pictures(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[list[Picture]]:
    """Every dashboard in every size, while all is well and in trouble."""
    folder = tmp_path_factory.mktemp("stage")
    async with stage_in(folder) as stage:
        yield await _draw(stage)


async def _draw(stage: Stage) -> list[Picture]:
    drawn: list[Picture] = []
    async with artist(SITE, stage.server.url, ARTIFACTS) as draws:
        await stage.calm()
        for dashboard in DASHBOARDS:
            drawn += await draws.draw(dashboard, "well", COLLECTION.id)
        await stage.trouble()
        for dashboard in DASHBOARDS:
            drawn += await draws.draw(dashboard, "ill", COLLECTION.id)
    return drawn


def seen(pictures: list[Picture], **wanted: str) -> Iterator[tuple[str, Seen]]:
    """The panels of the pictures that are so."""
    for picture in pictures:
        if all(getattr(picture, name) == value for name, value in wanted.items()):
            for panel in picture.panels:
                yield f"{picture.dashboard} {picture.state} {picture.size}: {panel.title}", panel


def background(shade: str) -> str:
    """As a browser writes a colour."""
    red, green, blue = (int(shade[at : at + 2], 16) for at in (1, 3, 5))
    return f"rgb({red}, {green}, {blue})"


async def test_every_dashboard_is_drawn_in_every_state_and_size(pictures: list[Picture]) -> None:
    drawn = {(picture.dashboard, picture.state, picture.size) for picture in pictures}
    assert drawn == {(uid, state, size) for uid in DASHBOARDS for state in ("well", "ill") for size in SIZES}
    for picture in pictures:
        panels = json.loads((FOLDER / f"{picture.dashboard}.json").read_text(encoding="utf-8"))["panels"]
        assert len(picture.panels) == sum(panel["type"] != "row" for panel in panels)


async def test_no_query_is_an_error(pictures: list[Picture]) -> None:
    assert not [(where, panel.error) for where, panel in seen(pictures) if panel.error]


async def test_no_panel_says_no_data(pictures: list[Picture]) -> None:
    bare = ("No data", "no data", "NaN", "Infinity", "undefined")
    found = [(where, words) for where, panel in seen(pictures) for words in bare if words in panel.text.split("\n")]
    assert not found


async def test_only_what_may_be_is_empty(pictures: list[Picture]) -> None:
    def empty(state: str) -> set[str]:
        return {panel.title for _, panel in seen(pictures, state=state) if panel.no_value}

    assert empty("well") <= CALM | SLOW
    assert empty("ill") <= SLOW


async def test_a_sentence_of_emptiness_stands_only_in_an_empty_panel(pictures: list[Picture]) -> None:
    for where, panel in seen(pictures):
        if panel.table:
            board = json.loads((FOLDER / f"{where.split()[0]}.json").read_text(encoding="utf-8"))
            (sentence,) = (
                each["fieldConfig"]["defaults"]["noValue"]
                for each in board["panels"]
                if each["title"] == panel.title and each["type"] == "table"
            )
            assert panel.table.rows, where
            assert sentence not in panel.text, where


@pytest.mark.parametrize("size", ["desk", "wide", "wall"])
async def test_no_table_is_cut_or_scrolled(pictures: list[Picture], size: str) -> None:
    tables = [(where, panel.table) for where, panel in seen(pictures, size=size) if panel.table]
    assert tables
    assert not [(where, table.cut) for where, table in tables if table.cut]
    assert not [(where, table.scrolled) for where, table in tables if table.scrolled]


async def test_no_name_of_a_timeline_is_cut(pictures: list[Picture]) -> None:
    timelines = [(where, panel) for where, panel in seen(pictures) if panel.kind == "state-timeline"]
    assert timelines
    assert not [(where, panel.cut) for where, panel in timelines if panel.cut]


async def test_headers_are_told_apart_also_on_a_phone(pictures: list[Picture]) -> None:
    for where, panel in seen(pictures):
        if panel.table:
            assert len(set(panel.table.headers)) == len(panel.table.headers), where
            assert not set(panel.table.headers) & set(panel.table.cut), where


async def test_no_axis_repeats_a_label(pictures: list[Picture]) -> None:
    axes = [(where, axis) for where, panel in seen(pictures) if panel.kind == "timeseries" for axis in panel.axes]
    assert axes
    assert not [(where, axis) for where, axis in axes if len(set(axis)) < len(axis)]


@pytest.mark.parametrize(
    ("dashboard", "title", "words"),
    [
        (
            "wolkvox-overview",
            "In trouble now, worst first",
            (
                "Many busy lines · Contact rate collapsed",
                "Many failed calls",
                ("Polls are failing", "Data too old, withdrawn"),
            ),
        ),
        (
            "wolkvox-overview-es",
            "Con problemas ahora, primero lo más grave",
            (
                "Muchas ocupadas · Contacto desplomado",
                "Muchas fallidas",
                ("Consultas con fallas", "Datos viejos, retirados"),
            ),
        ),
    ],
)
async def test_the_list_of_trouble_names_the_cause_first_and_colours_the_cell(
    pictures: list[Picture], dashboard: str, title: str, words: tuple[str, str, tuple[str, str]]
) -> None:
    busy, failed, old = words
    for picture in pictures:
        if (picture.dashboard, picture.state) != (dashboard, "ill") or picture.size == "phone":
            continue
        panel = picture.panel(title)
        assert panel.table
        states = {row[0]: row[1] for row in panel.table.rows}
        assert states[COLLECTION.name] == busy
        assert states[SALES.name].startswith(failed)
        assert states[SURVEYS.name] in old
        assert [row[0] for row in panel.table.rows] == [SURVEYS.name, SALES.name, COLLECTION.name]
        colours = {row[0]: shades for row, shades in zip(panel.table.rows, panel.table.colours, strict=True)}
        assert colours[COLLECTION.name][1] == colours[COLLECTION.name][5] == background(PALETTE["busy"])
        assert colours[SALES.name][1] == colours[SALES.name][6] == background(PALETTE["failed"])
        assert colours[SALES.name][5] == colours[COLLECTION.name][6] == ""


async def test_every_campaign_stands_in_the_list_with_its_state_trouble_first(pictures: list[Picture]) -> None:
    for dashboard, title in (("wolkvox-overview", "Every campaign"), ("wolkvox-overview-es", "Todas las campañas")):
        for picture in pictures:
            if picture.dashboard != dashboard or picture.size == "phone":
                continue
            table = picture.panel(title).table
            assert table
            states = [row[1] for row in table.rows]
            assert "" not in states
            if picture.state == "ill":
                first = {row[0] for row in table.rows[:3]}
                assert first == {COLLECTION.name, SALES.name, SURVEYS.name}
            else:
                assert set(states) <= {"OK", "No calls", "Bien", "Sin llamadas"}


async def test_a_tile_is_red_only_in_trouble(pictures: list[Picture]) -> None:
    for dashboard, title in (("wolkvox-overview", "In trouble"), ("wolkvox-overview-es", "Con problemas")):
        for picture in pictures:
            if picture.dashboard == dashboard:
                number = picture.panel(title).text.split("\n")[-1]
                assert number == {"well": "0", "ill": "3"}[picture.state]


async def test_the_tile_of_a_share_shows_the_trouble_that_the_state_names(pictures: list[Picture]) -> None:
    for dashboard, title in (("wolkvox-campaign", "Busy"), ("wolkvox-campaign-es", "Ocupado")):
        for picture in pictures:
            if (picture.dashboard, picture.state) == (dashboard, "ill"):
                share = float(picture.panel(title).text.split("\n")[-1].rstrip("%"))
                assert share > 100 * SPIKE_SHARES["busy"], picture
