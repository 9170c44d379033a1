import sys
import threading
from collections.abc import Generator, Iterator
from functools import partial

import pytest
from golden_file import Golden, hold
from measured import is_measured
from once_a_process import kept
from support import Vendor, VirtualClock

from exporter.redaction import Redactor


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--write-golden", action="store_true", help="write the golden files again instead of comparing")


LONGEST_ID = 60
"""Bytes that may stand in a test's name."""


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Long bytes are compressed or signed, so they differ from process to process; workers compare tests by name."""
    return argname if isinstance(val, bytes) and len(val) > LONGEST_ID else None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Measure no coverage in a test that does not count; where none is measured there is nothing to hold up."""
    if is_measured(item):
        return (yield)
    here, in_threads = sys.gettrace(), threading.gettrace()
    sys.settrace(None)
    threading.settrace(None)
    try:
        return (yield)
    finally:
        threading.settrace(in_threads)
        sys.settrace(here)


@pytest.fixture(scope="session", autouse=True)
def once_a_process() -> Iterator[None]:
    with kept():
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
