from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from exporter.storage.location import locate


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("sqlite:///x.db", "/srv/it ñ?/x.db"),
        ("sqlite:///../a b.db", "/srv/it ñ?/../a b.db"),
        ("sqlite+pysqlite:///x.db", "/srv/it ñ?/x.db"),
        ("sqlite:////abs/x.db", "/abs/x.db"),
    ],
)
def test_relative_paths_start_at_the_folder(url: str, path: str) -> None:
    assert make_url(locate(url, Path("/srv/it ñ?"))).database == path


def test_a_file_beside_the_configuration_of_this_folder_keeps_its_name() -> None:
    assert make_url(locate("sqlite:///x.db", Path("config.yml").parent)).database == "x.db"


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "postgresql://u:p%40@h/d", "nonsense", "a://b:c/d"])
def test_all_else_stays_as_it_is(url: str) -> None:
    assert locate(url, Path("/srv")) == url
