from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from real_postgresql import PostgreSQL, postgresql
from sqlalchemy import Connection, create_engine
from support import Disk, Inline

from exporter.storage.engine import Storage
from exporter.storage.postgresql import PostgresDatabase


@pytest.fixture(scope="session")
def server() -> Iterator[PostgreSQL]:
    """A real PostgreSQL, which tests leave as they found it."""
    with postgresql() as one:
        yield one


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest) -> str:
    """What a test is about holds on both; those of a file name theirs."""
    return str(request.param)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The database of SQLite."""
    return tmp_path / "kept.db"


@pytest.fixture
def storage(engine: str, file: Path, request: pytest.FixtureRequest) -> Callable[[], Storage]:
    """One process more on the database of a test."""
    if engine == "sqlite":
        return lambda: Disk(f"sqlite:///{file}", thread=Inline())
    server: PostgreSQL = request.getfixturevalue("server")
    url = server.url(server.database())
    return lambda: PostgresDatabase(url, thread=Inline())


@pytest.fixture
def connection(engine: str, request: pytest.FixtureRequest) -> Iterator[Connection]:
    """A transaction in an empty database, which is empty again after it."""
    url = "sqlite://"
    if engine == "postgresql":
        url = request.getfixturevalue("server").url().replace("postgresql://", "postgresql+psycopg://")
    made = create_engine(url)
    with made.connect() as connection, connection.begin() as transaction:
        yield connection
        transaction.rollback()
    made.dispose()
