"""Which build of the exporter this is."""

import json
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution

from exporter import __version__

REVISION_VARIABLE = "WOLKVOX_EXPORTER_REVISION"
"""Set by the container image, which has no repository inside to ask."""


@dataclass(frozen=True, slots=True)
class Build:
    """The labels of `wolkvox_exporter_build_info`."""

    version: str
    revision: str
    python: str


def this_build(environ: Mapping[str, str]) -> Build:
    """The running build; its revision is `unknown` where neither the environment nor the installed package tells it."""
    revision = environ.get(REVISION_VARIABLE) or _installed_revision() or "unknown"
    return Build(version=__version__, revision=revision, python=platform.python_version())


def _installed_revision() -> str:
    """The commit that pip noted when it installed from a repository (PEP 610)."""
    try:
        origin = json.loads(distribution("wolkvox-exporter").read_text("direct_url.json") or "{}")
    except PackageNotFoundError:
        return ""
    return str(origin.get("vcs_info", {}).get("commit_id", ""))
