"""The web configuration file -> what it settles, or every mistake in it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from exporter.web.file_reader import FileReader
from exporter.web.rate_limit import RateLimit
from exporter.web.schema import USUAL_COST, WebFile, cost_of, read
from exporter.web.tls import ServerTLS, ServerTLSError, server_tls
from exporter.yaml import ConfigError, Issues, read_file

_FLAG = "--web.config.file"


@dataclass(frozen=True, slots=True)
class WebSettings:
    """What the file says."""

    tls: ServerTLS | None = None
    users: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Names and bcrypt hashes; empty: anybody may come in."""
    excluded: frozenset[str] = frozenset()
    """Paths that are answered without a password."""
    headers: Mapping[str, str] = field(default_factory=dict)
    rate_limit: RateLimit | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """One look at the file: settings, or mistakes as `FILE:LINE: key: what is wrong`."""

    files: tuple[Path, ...] = ()
    """All that it was made from, or would have been; the file itself comes first."""
    fingerprint: bytes = b""
    """Of what the files held: two looks with the same one saw the same."""
    settings: WebSettings = WebSettings()
    mistakes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    """In the same form, about what can be served with all the same."""


def read_settings(path: Path, *, syntax_only: bool = False) -> Reading:
    """Read the file at `path` and, unless `syntax_only`, the certificates that it names. An empty file sets nothing."""
    files = FileReader()
    try:
        document, issues = read_file(path, _FLAG, "tls_server_config:", files.read_with_time)
    except ConfigError as error:
        return Reading(tuple(files.paths), files.fingerprint, mistakes=error.mistakes)
    section = document.root.get("tls_server_config")
    given = frozenset(section) if isinstance(section, dict) else frozenset[str]()
    file = read(document.root, issues)
    settings = WebSettings(
        None if syntax_only else _tls(file, path.parent, given, files, issues),
        file.basic_auth_users,
        frozenset(file.auth_excluded_paths),
        file.http_server_config.headers,
        _rate_limit(file, issues),
    )
    for name, hashed in file.basic_auth_users.items():
        if cost_of(hashed) > USUAL_COST:
            issues.warn(
                ("basic_auth_users", name),
                f"has a bcrypt cost of {cost_of(hashed)}: the first request of this user takes long, minutes from a"
                " cost of 20 on; 10 is usual",
            )
    usable = WebSettings() if issues.errors else settings
    return Reading(tuple(files.paths), files.fingerprint, usable, issues.errors, issues.warnings)


def _tls(file: WebFile, folder: Path, given: frozenset[str], files: FileReader, issues: Issues) -> ServerTLS | None:
    if file.tls_server_config is None:
        return None
    try:
        made = server_tls(file.tls_server_config, folder, given, files)
    except ServerTLSError as error:
        for key, text in error.found:
            issues.add(("tls_server_config", key), text)
        return None
    for key, text in made.warnings:
        issues.warn(("tls_server_config", key), text)
    return made


def _rate_limit(file: WebFile, issues: Issues) -> RateLimit | None:
    section = file.rate_limit
    if not section.interval:
        return None
    if not section.burst:
        issues.warn(("rate_limit", "burst"), "is 0: every request is refused; 1 lets one pass each interval")
    return RateLimit(section.interval, section.burst)
