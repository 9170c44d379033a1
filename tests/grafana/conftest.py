import json
from typing import Any

import pytest

from grafana.library import FOLDER

Board = dict[str, Any]


def committed() -> dict[str, Board]:
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.json"))}


@pytest.fixture(params=sorted(committed()))
def board(request: pytest.FixtureRequest) -> Board:
    """Each dashboard as Grafana reads it."""
    return committed()[request.param]


@pytest.fixture
def boards() -> dict[str, Board]:
    return committed()
