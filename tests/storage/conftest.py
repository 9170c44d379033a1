from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, create_engine
from support import VirtualClock


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def connection() -> Iterator[Connection]:
    """A transaction in an empty database."""
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        yield connection
    engine.dispose()
