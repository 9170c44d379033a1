from collections.abc import Iterator

import pytest
from real_postgresql import PostgreSQL, postgresql
from sqlalchemy import Connection, create_engine


@pytest.fixture
def connection() -> Iterator[Connection]:
    """A transaction in an empty database."""
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        yield connection
    engine.dispose()


@pytest.fixture(scope="session")
def server() -> Iterator[PostgreSQL]:
    """A real PostgreSQL, which tests leave as they found it; each makes a database of its own."""
    with postgresql() as one:
        yield one
