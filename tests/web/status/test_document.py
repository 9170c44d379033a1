import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import made_up_status as made_up
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient

from exporter.model import Status
from exporter.web.status.schema import ADAPTER, markdown, schema, write

DOCS = Path(__file__).parents[3] / "docs"

Serve = Callable[[Status], Awaitable[TestClient[web.Request, web.Application]]]


async def document(serve: Serve, status: Status, **parameters: str) -> dict[str, Any]:
    client = await serve(status)
    answer = await client.get("/api/v1/status", params=parameters)
    assert answer.content_type == "application/json"
    found: dict[str, Any] = await answer.json()
    return found


@pytest.mark.parametrize(
    "status",
    [
        pytest.param(made_up.troubled(), id="all"),
        pytest.param(made_up.calm(), id="calm"),
        pytest.param(made_up.status(), id="none"),
        pytest.param(made_up.crowd(120), id="120"),
        pytest.param(made_up.discovering(), id="discovering"),
        pytest.param(replace(made_up.calm(), file=None), id="no file"),
    ],
)
async def test_answers_follow_the_schema(serve: Serve, status: Status) -> None:
    found = await document(serve, status)
    ADAPTER.validate_json(json.dumps(found), strict=True)
    assert len(found["campaigns"]) == len(status.targets) == found["summary"]["campaigns"] == found["summary"]["found"]


async def test_campaigns_and_windows_are_counted_apart(serve: Serve) -> None:
    found = await document(serve, made_up.windowed(), state="ok")
    assert len(found["campaigns"]) == 5
    counts = {name: count for name, count in found["summary"].items() if name != "states"}
    assert counts == {"campaigns": 3, "windows": 7, "trouble": 1, "windows_in_trouble": 2, "found": 5}
    assert {state: count for state, count in found["summary"]["states"].items() if count} == {"ok": 5, "failing": 2}
    operations = {each["operation"]: each for each in found["operations"]}
    fields = ("campaigns", "windows", "trouble", "windows_in_trouble")
    assert [operations["acme"][name] for name in fields] == [2, 4, 0, 0]
    assert [operations["globex"][name] for name in fields] == [1, 3, 1, 2]


async def test_a_campaign_id_of_two_operations_is_two_campaigns(serve: Serve) -> None:
    rows = [made_up.shown(made_up.target("1", operation=name), made_up.good({"answer": 1})) for name in ("a", "b")]
    assert (await document(serve, made_up.status(*rows)))["summary"]["campaigns"] == 2


async def test_it_says_what_the_page_says(serve: Serve) -> None:
    found = await document(serve, made_up.troubled())
    assert found["summary"]["trouble"] == 6
    assert found["campaigns"][0]["state"] == "stale"
    assert found["campaigns"][0]["data"] is None
    by_id = {each["campaign"]: each for each in found["campaigns"]}
    assert by_id["51001"]["failure"]["reason"] == "auth"
    assert by_id["51001"]["data"]["age"] == 400
    assert by_id["40100"]["data"]["no_data"] is True
    assert by_id["32853"]["last_poll_at"] is None
    assert [poll["failure"]["status"] for poll in by_id["32852"]["history"] if poll["failure"]] == [502]
    results = {row["result"]: row for row in by_id["32850"]["data"]["results"]}
    failed = results["failed"]
    assert (failed["result"], failed["attempts"], failed["share"]) == ("failed", 210, round(21_000 / 460, 4))
    assert failed["share_low"] == pytest.approx(41.155, abs=0.001)
    assert failed["share_high"] == pytest.approx(50.2214, abs=0.001)
    operations = {each["operation"]: each for each in found["operations"]}
    assert operations["initech"]["quota"] == {"used": 120, "budget": 500, "left": 380, "planned": 864, "fits": False}
    assert operations["globex"]["quota"]["left"] is None
    assert operations["initech"]["next_poll_at"] == made_up.NOW - 3


async def test_the_pages_filters_hold(serve: Serve) -> None:
    found = await document(serve, made_up.troubled(), state="failing", sort="-id")
    assert [each["campaign"] for each in found["campaigns"]] == ["51002", "51001", "32852"]
    assert found["summary"]["found"] == 3
    assert found["summary"]["campaigns"] == 14


def test_the_documentation_is_made_from_the_code() -> None:
    assert (DOCS / "status-api.md").read_text(encoding="utf-8") == markdown()
    assert json.loads((DOCS / "status-api.schema.json").read_text(encoding="utf-8")) == schema()


def test_every_link_of_the_documentation_has_its_heading() -> None:
    text = markdown()
    anchors = {title.lower() for title in re.findall(r"^## (\w+)$", text, re.MULTILINE)}
    assert set(re.findall(r"\(#(\w+)\)", text)) <= anchors


def test_the_documentation_is_written_to_a_folder(tmp_path: Path) -> None:
    write(tmp_path)
    for name in ("status-api.md", "status-api.schema.json"):
        assert (tmp_path / name).read_bytes() == (DOCS / name).read_bytes()
