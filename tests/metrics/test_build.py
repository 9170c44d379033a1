import json
import platform
from importlib import metadata

import pytest

from exporter import __version__
from exporter.metrics import build as module
from exporter.metrics.build import Build, this_build


class Installed:
    """A distribution that pip installed from somewhere."""

    def __init__(self, origin: str | None) -> None:
        self.origin = origin

    def read_text(self, name: str) -> str | None:
        return self.origin if name == "direct_url.json" else None


def test_the_environment_tells_the_revision() -> None:
    expected = Build(version=__version__, revision="abc", python=platform.python_version())
    assert this_build({"WOLKVOX_EXPORTER_REVISION": "abc"}) == expected


@pytest.mark.parametrize(
    ("origin", "revision"),
    [
        (json.dumps({"url": "https://example.com", "vcs_info": {"vcs": "git", "commit_id": "f00"}}), "f00"),
        (json.dumps({"url": "file:///work", "dir_info": {"editable": True}}), "unknown"),
        (None, "unknown"),
    ],
)
def test_pip_tells_the_revision(monkeypatch: pytest.MonkeyPatch, origin: str | None, revision: str) -> None:
    monkeypatch.setattr(module, "distribution", lambda _: Installed(origin))
    assert this_build({}).revision == revision


def test_a_tree_that_is_not_installed_has_no_revision(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> Installed:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(module, "distribution", missing)
    assert this_build({}).revision == "unknown"
