"""The web configuration file -> what it settles, or every mistake in it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from exporter.config.document import Document, parse
from exporter.config.mistake import Mistakes
from exporter.config.node import DocumentError, Leaf, compose
from exporter.config.node import Mapping as MappingNode
from exporter.config.scalar import Plain
from exporter.web.schema import WebFile, read
from exporter.web.tls import ServerTLS, TLSMistakes, server_tls, tls_files

_LARGEST = 1024 * 1024


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


def read_settings(path: Path) -> Reading:
    """Read the file at `path` and the certificates that it names. An empty file sets nothing."""
    try:
        document = _parse(path)
    except DocumentError as error:
        mistakes = Mistakes(str(path), {})
        mistakes.add_at(error.line, (), error.text)
        return Reading((path,), mistakes=mistakes.errors)
    mistakes = Mistakes(str(path), document.lines)
    for flaw in document.flaws:
        mistakes.add_at(flaw.line, flaw.path, flaw.text)
    section = document.root.get("tls_server_config")
    given = frozenset(section) if isinstance(section, dict) else frozenset[str]()
    file = read(document.root, mistakes)
    tls = _tls(file, path.parent, given, mistakes)
    files = (path, *(tls_files(file.tls_server_config, path.parent) if file.tls_server_config else ()))
    if mistakes.errors:
        return Reading(files, mistakes=mistakes.errors)
    excluded = frozenset(file.auth_excluded_paths)
    return Reading(files, Settings(tls, file.basic_auth_users, excluded, file.http_server_config.headers))


def _tls(file: WebFile, folder: Path, given: frozenset[str], mistakes: Mistakes) -> ServerTLS | None:
    if file.tls_server_config is None:
        return None
    try:
        return server_tls(file.tls_server_config, folder, given)
    except TLSMistakes as error:
        for key, text in error.found:
            mistakes.add(("tls_server_config", key), text)
    return None


def _parse(path: Path) -> Document:
    text = _text(path)
    node = compose(text)
    if node is None or (isinstance(node, Leaf) and isinstance(node.value, Plain) and not node.value.reading):
        return Document()
    if not isinstance(node, MappingNode):
        raise DocumentError(node.line, "is not a mapping, keys such as tls_server_config: are needed")
    return parse(text)


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no path"
        raise DocumentError(1, f"cannot be read: {reason}; name a YAML file with --web.config.file") from None
    if len(content) > _LARGEST:
        raise DocumentError(1, f"is larger than {_LARGEST} bytes")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
    raise DocumentError(line, "is not text in UTF-8, save the file in that encoding")
