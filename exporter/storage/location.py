"""Where `--storage.url` lies: a relative path starts at the folder of the configuration, whatever folder one is in."""

from pathlib import Path

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError


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
