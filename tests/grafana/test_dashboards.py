"""The committed dashboards are what the code makes, and stand as files on their own."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard

from exporter.model import RESULTS
from exporter.palette import PALETTE
from exporter.web.status.i18n import ENGLISH, SPANISH, Language
from grafana import colour, health, reason
from grafana.language import english, spanish
from grafana.library import FOLDER, dashboards, text

Board = dict[str, Any]

UIDS = {"wolkvox-overview", "wolkvox-campaign", "wolkvox-exporter", "wolkvox-overview-es", "wolkvox-campaign-es"}
CAMPAIGN_BOARDS = ["wolkvox-overview", "wolkvox-campaign"]
TWINS = {"wolkvox-overview": "wolkvox-overview-es", "wolkvox-campaign": "wolkvox-campaign-es"}
LABELS_THAT_STAY = {"Data source", "Job", "Instance"}


def leaves(value: object, *path: str) -> Iterator[tuple[tuple[str, ...], object]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from leaves(item, *path, key)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from leaves(item, *path, str(index))
    else:
        yield path, value


def test_the_files_are_what_the_code_makes() -> None:
    made = {f"{board.uid}.json": text(board) for board in dashboards()}
    found = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.iterdir()}
    assert found == made, "run python -m grafana"


def test_the_uids_are_fixed(boards: dict[str, Board]) -> None:
    assert {board["uid"] for board in boards.values()} == set(boards) == UIDS


def test_a_round_trip_through_the_sdk_loses_nothing(board: Board) -> None:
    register_default_plugins()
    again = json.loads(json.dumps(Dashboard.from_json(board), cls=JSONEncoder))
    assert again == board


def test_panel_ids_are_unique(board: Board) -> None:
    ids = [panel["id"] for panel in board["panels"]]
    assert sorted(ids) == list(range(1, len(ids) + 1))


def test_panels_fill_the_grid_without_overlap(board: Board) -> None:
    taken: set[tuple[int, int]] = set()
    for panel in board["panels"]:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert at["x"] + at["w"] <= 24
        assert not taken & cells, panel["title"]
        taken |= cells
    assert len(taken) == 24 * (1 + max(y for _, y in taken)), "a hole in the grid"


def test_panel_types_are_core_ones(board: Board) -> None:
    assert {panel["type"] for panel in board["panels"]} <= {"row", "stat", "table", "timeseries", "bargauge"}


def test_provisioned_files_need_no_inputs(board: Board) -> None:
    assert not {"__inputs", "__requires", "id"} & board.keys()
    assert board["tags"] == ["wolkvox"]


def test_alerts_are_annotations(board: Board) -> None:
    (annotation,) = board["annotations"]["list"]
    assert annotation["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
    assert annotation["expr"].startswith('ALERTS{alertname=~"Wolkvox.+", alertstate="firing"')


def test_links_keep_time_and_variables_and_lead_somewhere(board: Board) -> None:
    assert len(board["links"]) >= 3
    for link in board["links"]:
        assert link["keepTime"]
        assert link["includeVars"]
        assert link["url"].removeprefix("/d/") in UIDS - {board["uid"]}


@pytest.mark.parametrize("uid", ["wolkvox-overview", "wolkvox-overview-es"])
def test_a_row_of_the_overview_leads_to_its_campaign(boards: dict[str, Board], uid: str) -> None:
    board = boards[uid]
    tables = [panel for panel in board["panels"] if panel["type"] == "table"]
    assert len(tables) == 2
    for panel in tables:
        (url,) = [value for path, value in leaves(panel) if path[-1] == "url"]
        campaign = boards[uid.replace("overview", "campaign")]
        assert isinstance(url, str)
        assert url.startswith(f"/d/{campaign['uid']}?")
        set_by_link = set(re.findall(r"var-(\w+)=|\$\{(\w+):queryparam\}", url))
        named = {name or kept for name, kept in set_by_link}
        assert named == {variable["name"] for variable in campaign["templating"]["list"]}
        assert "${__url_time_range}" in url
        fields = set(re.findall(r"__data\.fields\.(\w+)", url))
        hidden = next(step for step in panel["transformations"] if step["id"] == "organize")["options"]["excludeByName"]
        assert not fields & hidden.keys()


@pytest.mark.parametrize("uid", CAMPAIGN_BOARDS)
def test_the_spanish_twin_differs_in_words_only(boards: dict[str, Board], uid: str) -> None:
    ours, twin = dict(leaves(boards[uid])), dict(leaves(boards[TWINS[uid]]))
    assert ours.keys() == twin.keys()
    for path, value in ours.items():
        if path[-1] in {"expr", "query", "refId", "unit", "id", "type", "regex"}:
            assert twin[path] == value, path
    texts = {path: value for path, value in ours.items() if path[-1] in {"title", "description"}}
    assert not [path for path, value in texts.items() if isinstance(value, str) and value == twin[path]]
    labels = [variable["label"] for variable in boards[TWINS[uid]]["templating"]["list"]]
    theirs = {variable["label"] for variable in boards[uid]["templating"]["list"]}
    assert {label for label in labels if label in theirs} == LABELS_THAT_STAY


def test_colours_mean_the_same_result_everywhere(board: Board) -> None:
    for panel in board["panels"]:
        legends = {target.get("legendFormat") for target in panel.get("targets", ())}
        if "{{result}}" not in legends:
            continue
        defaults = panel["fieldConfig"]["defaults"]["color"]
        assert (defaults["mode"], defaults["fixedColor"]) == ("fixed", PALETTE["other"])
        drawn = {
            override["matcher"]["options"]: prop["value"]["fixedColor"]
            for override in panel["fieldConfig"]["overrides"]
            for prop in override["properties"]
            if prop["id"] == "color"
        }
        assert drawn == {**PALETTE, "unknown": PALETTE["other"]}


def test_every_documented_result_has_a_colour() -> None:
    assert set(RESULTS) <= colour.RESULTS.keys()


def test_no_named_palette_brings_red_or_green_by_chance(board: Board) -> None:
    modes = {value for path, value in leaves(board["panels"]) if path[-2:] == ("color", "mode")}
    assert modes <= {"fixed", "shades", "thresholds"}


def test_units_are_per_column_where_a_column_is_an_id(board: Board) -> None:
    for panel in board["panels"]:
        if panel["type"] == "table":
            assert panel["fieldConfig"]["defaults"]["unit"] == "none"
            for override in panel["fieldConfig"]["overrides"]:
                units = [prop for prop in override["properties"] if prop["id"] == "unit"]
                assert bool(units) == override["matcher"]["options"].startswith("Value #")


@pytest.mark.parametrize("translate", [english, spanish])
def test_every_state_and_reason_has_its_own_words(translate: Any) -> None:
    states = health.texts(translate)
    assert states.keys() == {str(number) for number in range(len(health.TROUBLES) + 2)}
    assert len({words for words, _ in states.values()}) == len(states)
    reasons = reason.texts(translate)
    assert len(set(reasons.values())) == len(reasons)


def test_provisioning_reads_the_dashboards_and_the_rules_prometheus() -> None:
    folder = FOLDER.parent / "provisioning"
    (source,) = yaml.safe_load((folder / "datasources" / "prometheus.yml").read_text())["datasources"]
    assert (source["type"], source["url"]) == ("prometheus", "http://prometheus:9090")
    (provider,) = yaml.safe_load((folder / "dashboards" / "wolkvox.yml").read_text())["providers"]
    assert provider["options"]["path"] == "/etc/grafana/dashboards"
    assert not provider["allowUiUpdates"]


@pytest.mark.parametrize("uid", CAMPAIGN_BOARDS)
@pytest.mark.parametrize("language", [ENGLISH, SPANISH], ids=lambda language: language.code)
def test_legends_name_the_results_as_the_status_page_does(
    boards: dict[str, Board], uid: str, language: Language
) -> None:
    board = boards[uid if language is ENGLISH else TWINS[uid]]
    overrides = [each for panel in board["panels"] for each in panel.get("fieldConfig", {}).get("overrides", ())]
    named = {
        (each["matcher"]["options"], prop["value"])
        for each in overrides
        for prop in each["properties"]
        if prop["id"] == "displayName" and each["matcher"]["options"] in colour.RESULTS
    }
    assert named == {(result, language.result(result)) for result in colour.RESULTS}
