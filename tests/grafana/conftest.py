import json
from typing import Any

import pytest

from grafana.library import FOLDER

StateStore = dict[str, Any]


def committed() -> dict[str, StateStore]:
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.json"))}


@pytest.fixture(params=sorted(committed()))
def board(request: pytest.FixtureRequest) -> StateStore:
    """Each dashboard as Grafana reads it."""
    return committed()[request.param]


@pytest.fixture
def boards() -> dict[str, StateStore]:
    return committed()
