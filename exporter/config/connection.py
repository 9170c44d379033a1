"""Which server an operation's requests go to, and with which token."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path as FilePath

from pydantic import SecretStr

from exporter.config.ca_file import check_authorities
from exporter.config.schema import OperationSettings
from exporter.config.secret import PROXY_URL, TOKEN, SecretKind, is_open_to_others, token_of_text
from exporter.config.url import travels_in_clear
from exporter.yaml import Issues, Path

TOKEN_KEYS = ("token_file", "token_env", "token")
_SERVER_KEYS = ("server", "base_url")
_PROXY_KEYS = ("proxy_url", "proxy_url_file", "proxy_url_env")


class Depth(Enum):
    """How much of what the file names is looked at."""

    SYNTAX = "nothing but the file itself"
    RUN = "what a run needs"
    CHECK = "the same, and whether it is well guarded"


@dataclass(frozen=True, slots=True)
class LoadContext:
    """What the file refers to."""

    folder: FilePath
    """Where relative paths start."""
    environ: Mapping[str, str]
    depth: Depth = Depth.RUN


def find_base_url(entry: OperationSettings, path: Path, issues: Issues) -> str:
    """The address of the API; empty after a mistake."""
    _exactly_one(_SERVER_KEYS, entry, path, issues)
    if entry.base_url is None:
        return f"https://wv{entry.server}.wolkvox.com" if entry.server else ""
    if travels_in_clear(entry.base_url):
        text = "the token is sent unencrypted, use https:// for any other machine than this one"
        issues.warn((*path, "base_url"), text)
    return entry.base_url


def find_token(entry: OperationSettings, path: Path, context: LoadContext, issues: Issues) -> SecretStr:
    """The token, read anew on each call; empty after a mistake, and where only the syntax is looked at."""
    key = _exactly_one(TOKEN_KEYS, entry, path, issues)
    if entry.token is None or key != "token":
        return _referred(TOKEN, key, entry, path, context, issues) or SecretStr("")
    try:
        return token_of_text(entry.token.get_secret_value())
    except ValueError as error:
        issues.add((*path, key), str(error))
        return SecretStr("")


def find_proxy_url(entry: OperationSettings, path: Path, context: LoadContext, issues: Issues) -> SecretStr | None:
    """The URL of the proxy, read anew on each call; None where none is wanted or looked at, and after a mistake."""
    if not _given(_PROXY_KEYS, entry, path, issues):
        return None
    key = _exactly_one(_PROXY_KEYS, entry, path, issues)
    return entry.proxy_url if key == "proxy_url" else _referred(PROXY_URL, key, entry, path, context, issues)


def file_of(written: str | None, context: LoadContext) -> FilePath | None:
    """Where a file is that a key names."""
    return None if written is None else context.folder / written


def _referred(  # noqa: PLR0913, PLR0917 (what to read, and where to say that it cannot be)
    kind: SecretKind, key: str, entry: OperationSettings, path: Path, context: LoadContext, issues: Issues
) -> SecretStr | None:
    """The secret to which `key` refers; None after a mistake, and where only the syntax is looked at."""
    written: str | None = getattr(entry, key)
    if written is None or context.depth is Depth.SYNTAX:
        return None
    try:
        if key.endswith("_env"):
            return kind.of_environment(written, context.environ)
        found = kind.of_file(written, context.folder)
    except ValueError as error:
        issues.add((*path, key), str(error))
        return None
    if context.depth is Depth.CHECK and is_open_to_others(context.folder / written):
        text = "every user of this machine can read the file, allow only the exporter's user: chmod 400"
        issues.warn((*path, key), text)
    return found


def find_ca_file(entry: OperationSettings, path: Path, context: LoadContext, issues: Issues) -> FilePath | None:
    """The file of further authorities, seen to be loadable."""
    if entry.ca_file is None:
        return None
    ca_file = context.folder / entry.ca_file
    if context.depth is Depth.SYNTAX:
        return ca_file
    try:
        for doubt in check_authorities(ca_file, datetime.now(UTC)):
            issues.warn((*path, "ca_file"), doubt)
    except ValueError as error:
        issues.add((*path, "ca_file"), str(error))
    return ca_file


def _exactly_one(keys: tuple[str, ...], entry: OperationSettings, path: Path, issues: Issues) -> str:
    """The first of `keys` that is given, or would have to be."""
    given = _given(keys, entry, path, issues)
    choice = f"exactly one of {', '.join(keys)} is needed"
    if not given:
        issues.add((*path, keys[0]), f"is missing, {choice}")
    for key in given[1:]:
        issues.add((*path, key), f"is given in addition to {given[0]}, {choice}")
    return next(iter(given), keys[0])


def _given(keys: tuple[str, ...], entry: OperationSettings, path: Path, issues: Issues) -> list[str]:
    return [key for key in keys if key in entry.model_fields_set or issues.wrong((*path, key))]
