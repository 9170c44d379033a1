"""What `--storage.url` names: a SQLite file, by a path that starts at the configuration's folder, or PostgreSQL."""

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from exporter.storage.database import Database, StorageError

if TYPE_CHECKING:
    from exporter.storage.postgresql import PostgresDatabase

_POSTGRESQL = ("postgresql://", "postgres://")


def storage(url: str, folder: Path) -> "Database | PostgresDatabase":
    """The database that a URL names, not opened yet; raises `StorageError` where it is not one that is supported."""
    if not url.lower().startswith(_POSTGRESQL):
        return Database(locate(url, folder))
    try:
        from exporter.storage.postgresql import PostgresDatabase  # noqa: PLC0415 (the extra need not be installed)
    except ImportError as error:
        raise StorageError(
            "--storage.url: PostgreSQL needs psycopg 3; install it with: pip install 'wolkvox-exporter[postgresql]'"
        ) from error
    return PostgresDatabase(url)


def locate(url: str, folder: Path) -> str:
    """`url` with the path of a SQLite file begun at `folder`; anything else stays as it is, mistakes too."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        return url
    name = parsed.database
    if parsed.get_backend_name() != "sqlite" or not name or name == ":memory:":
        return url
    return parsed.set(database=str(folder / name)).render_as_string(hide_password=False)
