from functools import partial

import pytest
from golden_file import Golden, hold


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--write-golden", action="store_true", help="write the golden files again instead of comparing")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    """`make golden` writes what it would compare."""
    return partial(hold, writing=request.config.getoption("--write-golden"))
