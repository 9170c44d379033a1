"""The committed dashboards are what the code makes, and stand as files on their own."""

import json
import math
import re
from collections.abc import Iterator
from itertools import combinations
from typing import Any

import pytest
import yaml
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard

from exporter.duration import parse_duration
from exporter.model import RESULTS
from exporter.palette import PALETTE
from exporter.thresholds import QUOTA_SHARE, SPIKE_SHARES
from exporter.web.status.i18n import ENGLISH, SPANISH, Language
from grafana import colour, health, reason
from grafana.language import english, spanish
from grafana.library import FOLDER, MARKS, dashboards, text
from grafana.ranked import POLL
from prometheus.trouble import Trouble

Board = dict[str, Any]

CAMPAIGN_BOARDS = ["wolkvox-overview", "wolkvox-campaign"]
ALL_BOARDS = [*CAMPAIGN_BOARDS, "wolkvox-exporter"]
TWINS = {uid: f"{uid}-es" for uid in ALL_BOARDS}
UIDS = {*TWINS, *TWINS.values()}
SAME_IN_BOTH = {"Token", "CPU"}
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
    for annotation in again["annotations"]["list"]:
        annotation.update(MARKS)
    assert again == board


def test_annotations_say_which_alert_and_which_campaign(board: Board) -> None:
    (annotation,) = board["annotations"]["list"]
    assert annotation["titleFormat"] == "{{alertname}}"
    assert {"{{operation}}", "{{campaign}}"} <= set(annotation["textFormat"].split(" · "))
    assert annotation["tagKeys"]


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
    assert {panel["type"] for panel in board["panels"]} <= {
        "row",
        "stat",
        "table",
        "timeseries",
        "bargauge",
        "state-timeline",
    }


def test_provisioned_files_need_no_inputs(board: Board) -> None:
    assert not {"__inputs", "__requires", "id"} & board.keys()
    assert board["tags"] == ["wolkvox"]


def test_alerts_are_annotations(board: Board) -> None:
    (annotation,) = board["annotations"]["list"]
    assert annotation["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
    assert annotation["expr"].startswith('ALERTS{alertname=~"Wolkvox.+", alertstate="firing"')


def test_links_keep_time_and_variables_and_lead_somewhere(board: Board) -> None:
    every, twin = board["links"]
    assert (every["type"], every["tags"], every["asDropdown"]) == ("dashboards", board["tags"], True)
    assert twin["url"].removeprefix("/d/") in UIDS - {board["uid"]}
    for link in board["links"]:
        assert link["keepTime"]
        assert link["includeVars"]


@pytest.mark.parametrize("uid", ["wolkvox-overview", "wolkvox-overview-es"])
def test_a_row_of_the_overview_leads_to_its_campaign(boards: dict[str, Board], uid: str) -> None:
    board = boards[uid]
    tables = [panel for panel in board["panels"] if panel["type"] == "table"]
    assert len(tables) == 4
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


@pytest.mark.parametrize("uid", ALL_BOARDS)
def test_the_spanish_twin_differs_in_words_only(boards: dict[str, Board], uid: str) -> None:
    ours, twin = dict(leaves(boards[uid])), dict(leaves(boards[TWINS[uid]]))
    assert ours.keys() == twin.keys()
    for path, value in ours.items():
        if path[-1] in {"expr", "query", "refId", "unit", "type", "regex"}:
            assert twin[path] == value, path
    texts = {path: value for path, value in ours.items() if path[-1] in {"title", "description"}}
    same = {value for path, value in texts.items() if isinstance(value, str) and value == twin[path]}
    assert same <= SAME_IN_BOTH
    labels = [variable["label"] for variable in boards[TWINS[uid]]["templating"]["list"]]
    theirs = {variable["label"] for variable in boards[uid]["templating"]["list"]}
    assert {label for label in labels if label in theirs} == LABELS_THAT_STAY


def test_colours_mean_the_same_result_everywhere(board: Board) -> None:
    for panel in board["panels"]:
        legends = {target.get("legendFormat") for target in panel.get("targets", ())}
        if "{{result}}" not in legends:
            continue
        defaults = panel["fieldConfig"]["defaults"]["color"]
        assert (defaults["mode"], defaults["fixedColor"]) == ("shades", PALETTE["other"])
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


def apart(one: str, other: str, matrix: list[list[float]]) -> float:
    """How far apart two colours are to eyes that see them through `matrix`: CIE76 in Lab."""

    def lab(shade: str) -> list[float]:
        linear = [_linear(int(shade[at : at + 2], 16) / 255) for at in (1, 3, 5)]
        seen = [min(1.0, max(0.0, sum(row[at] * linear[at] for at in range(3)))) for row in matrix]
        xyz = [sum(row[at] * seen[at] for at in range(3)) / white for row, white in zip(TO_XYZ, WHITE, strict=True)]
        x, y, z = (value ** (1 / 3) if value > 0.008856 else 7.787 * value + 16 / 116 for value in xyz)
        return [116 * y - 16, 500 * (x - y), 200 * (y - z)]

    return math.dist(lab(one), lab(other))


def _linear(value: float) -> float:
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4


TO_XYZ = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
WHITE = (0.9505, 1.0, 1.089)
# Machado, Oliveira and Fernandes 2009, severity 1: https://doi.org/10.1109/TVCG.2009.113
PROTAN = [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
DEUTAN = [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]


@pytest.mark.parametrize("matrix", [PROTAN, DEUTAN], ids=["protan", "deutan"])
def test_results_that_some_eyes_confuse_are_dashed_apart(matrix: list[list[float]]) -> None:
    for one, other in combinations(PALETTE, 2):
        if apart(PALETTE[one], PALETTE[other], matrix) < 15:
            assert colour.DASHES.get(one) != colour.DASHES.get(other), (one, other)


@pytest.mark.parametrize("matrix", [PROTAN, DEUTAN], ids=["protan", "deutan"])
def test_lines_of_campaigns_are_told_apart_by_all_eyes(matrix: list[list[float]]) -> None:
    for one, other in combinations(colour.RANKS, 2):
        assert apart(one, other, matrix) >= 15, (one, other)


def test_no_two_results_share_a_grey() -> None:
    def is_grey(shade: str) -> bool:
        red, green, blue = (int(shade[at : at + 2], 16) for at in (1, 3, 5))
        return max(red, green, blue) - min(red, green, blue) < 24

    assert sum(is_grey(shade) for shade in PALETTE.values()) <= 1


def overrides(panel: dict[str, Any], matcher: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for each in panel["fieldConfig"]["overrides"]:
        if each["matcher"]["id"] == matcher:
            yield each["matcher"]["options"], {prop["id"]: prop["value"] for prop in each["properties"]}


def test_a_cell_without_a_value_is_a_dash_and_an_empty_panel_a_sentence(board: Board) -> None:
    for panel in board["panels"]:
        if panel["type"] == "row":
            continue
        assert panel["fieldConfig"]["defaults"]["noValue"], panel["title"]
        if panel["type"] == "table":
            assert len(panel["fieldConfig"]["defaults"]["noValue"].split()) > 1
            shown = dict(overrides(panel, "byName"))
            assert {props["noValue"] for props in shown.values()} == {"\N{EN DASH}"}, panel["title"]


def test_lines_of_campaigns_differ_and_lead_to_their_campaign(boards: dict[str, Board]) -> None:
    seen = 0
    for board in boards.values():
        for panel in board["panels"]:
            if not any(target.get("legendFormat", "").startswith("{{rank}}") for target in panel.get("targets", ())):
                continue
            seen += 1
            lines = dict(overrides(panel, "byRegexp"))
            shades = [props["color"]["fixedColor"] for props in lines.values() if "color" in props]
            assert len(set(shades)) == len(shades) == len(colour.RANKS)
            (links,) = (props["links"] for props in lines.values() if "links" in props)
            assert "var-campaign=${__field.labels.campaign:percentencode}" in links[0]["url"]
            legend = panel["options"]["legend"]
            assert (legend["displayMode"], legend["calcs"]) == ("table", ["lastNotNull", "max"])
    assert seen == 2 * (5 + 1)


@pytest.mark.parametrize("uid", ["wolkvox-overview", "wolkvox-overview-es"])
def test_the_lowest_are_asked_for_from_below(boards: dict[str, Board], uid: str) -> None:
    for panel in boards[uid]["panels"]:
        picks = "".join(target["expr"] for target in panel.get("targets", ()))
        if re.search(r"lowest|bajas", panel["title"]):
            assert "bottomk(" in picks
            assert "topk(" not in picks.replace("topk by", "")
        if re.search(r"highest|altas", panel["title"]):
            assert "topk(" in picks
            assert "bottomk(" not in picks


def test_tiles_are_calm_while_all_is_well(board: Board) -> None:
    for panel in board["panels"]:
        if panel["type"] == "stat" and panel["fieldConfig"]["defaults"]["thresholds"]:
            first, *later = panel["fieldConfig"]["defaults"]["thresholds"]["steps"]
            assert first["color"] in {colour.WELL, colour.PLAIN}, panel["title"]
            limits = {step["value"] for step in later}
            assert limits <= {1, QUOTA_SHARE, *SPIKE_SHARES.values()}, panel["title"]


def test_thresholds_of_the_alerts_are_drawn(boards: dict[str, Board]) -> None:
    for uid in (*CAMPAIGN_BOARDS, *(TWINS[uid] for uid in CAMPAIGN_BOARDS)):
        drawn = [
            panel["fieldConfig"]["defaults"]["thresholds"]["steps"][1]["value"]
            for panel in boards[uid]["panels"]
            if panel["type"] == "timeseries"
            and panel["fieldConfig"]["defaults"]["custom"].get("thresholdsStyle", {}).get("mode") == "dashed"
        ]
        assert sorted(set(drawn) & set(SPIKE_SHARES.values())) == sorted(set(SPIKE_SHARES.values()))


def test_what_all_campaigns_share_is_drawn_as_coarse_as_it_is_polled(boards: dict[str, Board]) -> None:
    for uid in ("wolkvox-overview", "wolkvox-overview-es"):
        for panel in boards[uid]["panels"]:
            if panel["type"] == "timeseries" and any(target["range"] for target in panel.get("targets", ())):
                assert panel["interval"] == POLL, panel["title"]


def test_a_tile_is_no_older_than_a_minute_in_the_range_that_its_dashboard_opens_with(board: Board) -> None:
    hours = parse_duration(board["time"]["from"].removeprefix("now-")) / 3600
    for panel in board["panels"]:
        if panel["type"] == "stat" and any(target["range"] for target in panel["targets"]):
            assert (panel["interval"], panel["maxDataPoints"] >= 60 * hours) == ("1m", True), panel["title"]


def test_units_are_without_words_of_one_language(board: Board) -> None:
    units = {value for path, value in leaves(board["panels"]) if path[-1] == "unit"}
    units |= {prop["value"] for panel in board["panels"] for _, props in overrides_of(panel) for prop in props}
    assert not units & {"dtdurations", "dateTimeAsLocal", "dateTimeFromNow", "m", "h"}


def overrides_of(panel: dict[str, Any]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    for each in panel.get("fieldConfig", {}).get("overrides", ()):
        yield each["matcher"]["options"], [prop for prop in each["properties"] if prop["id"] == "unit"]


def test_only_exporters_of_ours_are_counted_also_one_that_is_down(boards: dict[str, Board]) -> None:
    for uid in ("wolkvox-exporter", "wolkvox-exporter-es"):
        (expr,) = (target["expr"] for target in boards[uid]["panels"][1]["targets"])
        assert "and on (job, instance) last_over_time(wolkvox_exporter_build_info" in expr


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
    for trouble in Trouble:
        assert str(trouble.value) in states
    assert len({words for words, _ in states.values()}) >= len(Trouble) + 16
    reasons = reason.texts(translate)
    assert len(set(reasons.values())) == len(reasons)


def test_the_cause_is_named_before_its_consequence_and_nothing_is_left_out() -> None:
    busy = Trouble.BUSY | Trouble.CONTACT
    assert health.words(busy, english) == "Many busy lines · Contact rate collapsed"
    assert health.texts(english)[str(busy.value)] == (health.words(busy, english), PALETTE["busy"])
    every = Trouble.UNANSWERED | Trouble.FAILED | Trouble.BUSY | Trouble.CONGESTION | Trouble.CONTACT
    assert health.words(every, spanish).count(" · ") == 4
    assert health.words(Trouble.WITHDRAWN | Trouble.UNANSWERED, english) == "Data too old, withdrawn"


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
