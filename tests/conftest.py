from collections.abc import Iterator
from functools import partial

import pytest
from compiled_templates import Compiled
from golden_file import Golden, hold
from jinja2 import Environment
from support import Vendor, VirtualClock

from exporter.redaction import Redactor
from exporter.web.status import page


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--write-golden", action="store_true", help="write the golden files again instead of comparing")


LONGEST_ID = 60
"""Bytes that may stand in a test's name."""


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Long bytes are compressed or signed, so they differ from process to process; workers compare tests by name."""
    return argname if isinstance(val, bytes) and len(val) > LONGEST_ID else None


@pytest.fixture(scope="session", autouse=True)
def templates() -> Iterator[None]:
    """A process makes its status pages once; tests make them hundreds of times, and compile them as often otherwise."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(page, "Environment", partial(Environment, bytecode_cache=Compiled()))
        yield


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    """`make golden` writes what it would compare."""
    return partial(hold, writing=request.config.getoption("--write-golden"))


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def vendor(clock: VirtualClock) -> Vendor:
    return Vendor(clock)


@pytest.fixture
def redactor() -> Redactor:
    return Redactor()
