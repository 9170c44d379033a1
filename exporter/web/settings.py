"""The web configuration file -> what it settles, or every mistake in it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from exporter.web.schema import WebFile, read
from exporter.web.tls import ServerTLS, TLSMistakes, server_tls, tls_files
from exporter.yaml import ConfigError, Issues, read_file

_FLAG = "--web.config.file"


@dataclass(frozen=True, slots=True)
class Settings:
    """What the file says."""

    tls: ServerTLS | None = None
    users: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Names and bcrypt hashes; empty: anybody may come in."""
    excluded: frozenset[str] = frozenset()
    """Paths that are answered without a password."""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reading:
    """One look at the file: settings, or mistakes as `FILE:LINE: key: what is wrong`."""

    files: tuple[Path, ...]
    """All that it was made from, as far as it could be read; the file itself comes first."""
    settings: Settings = Settings()
    mistakes: tuple[str, ...] = ()


def read_settings(path: Path, *, syntax_only: bool = False) -> Reading:
    """Read the file at `path` and, unless `syntax_only`, the certificates that it names. An empty file sets nothing."""
    try:
        document, issues = read_file(path, _FLAG, "tls_server_config:")
    except ConfigError as error:
        return Reading((path,), mistakes=error.mistakes)
    section = document.root.get("tls_server_config")
    given = frozenset(section) if isinstance(section, dict) else frozenset[str]()
    file = read(document.root, issues)
    tls = None if syntax_only else _tls(file, path.parent, given, issues)
    files = (path, *(tls_files(file.tls_server_config, path.parent) if file.tls_server_config else ()))
    if issues.errors:
        return Reading(files, mistakes=issues.errors)
    excluded = frozenset(file.auth_excluded_paths)
    return Reading(files, Settings(tls, file.basic_auth_users, excluded, file.http_server_config.headers))


def _tls(file: WebFile, folder: Path, given: frozenset[str], issues: Issues) -> ServerTLS | None:
    if file.tls_server_config is None:
        return None
    try:
        return server_tls(file.tls_server_config, folder, given)
    except TLSMistakes as error:
        for key, text in error.found:
            issues.add(("tls_server_config", key), text)
    return None
