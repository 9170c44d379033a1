"""Which server an operation's requests go to, and with which token."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path as FilePath

from pydantic import SecretStr

from exporter.config.authority import check_authorities
from exporter.config.schema import Operation
from exporter.config.secret import is_open_to_others, token_of_environment, token_of_file, token_of_text
from exporter.config.url import travels_in_clear
from exporter.yaml import Issues, Path

TOKEN_KEYS = ("token_file", "token_env", "token")
_SERVER_KEYS = ("server", "base_url")


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


def find_base_url(entry: Operation, path: Path, issues: Issues) -> str:
    """The address of the API; empty after a mistake."""
    _exactly_one(_SERVER_KEYS, entry, path, issues)
    if entry.base_url is None:
        return f"https://wv{entry.server}.wolkvox.com" if entry.server else ""
    if travels_in_clear(entry.base_url):
        text = "the token goes over the network unencrypted, use https:// for any but this machine"
        issues.warn((*path, "base_url"), text)
    return entry.base_url


def find_token(entry: Operation, path: Path, context: LoadContext, issues: Issues) -> SecretStr:
    """The token, read anew on each call; empty after a mistake, and where only the syntax is looked at."""
    key = _exactly_one(TOKEN_KEYS, entry, path, issues)
    try:
        if entry.token is not None and key == "token":
            return token_of_text(entry.token.get_secret_value())
        if context.depth is Depth.SYNTAX:
            return SecretStr("")
        if entry.token_file is not None:
            token = token_of_file(entry.token_file, context.folder)
            if context.depth is Depth.CHECK and is_open_to_others(context.folder / entry.token_file):
                text = "every user of this machine can read the file, allow only the exporter's user: chmod 400"
                issues.warn((*path, key), text)
            return token
        if entry.token_env is not None:
            return token_of_environment(entry.token_env, context.environ)
    except ValueError as error:
        issues.add((*path, key), str(error))
    return SecretStr("")


def find_ca_file(entry: Operation, path: Path, context: LoadContext, issues: Issues) -> FilePath | None:
    """The file of further authorities, seen to be loadable."""
    if entry.ca_file is None:
        return None
    ca_file = context.folder / entry.ca_file
    if context.depth is Depth.SYNTAX:
        return ca_file
    try:
        check_authorities(ca_file)
    except ValueError as error:
        issues.add((*path, "ca_file"), str(error))
    return ca_file


def _exactly_one(keys: tuple[str, ...], entry: Operation, path: Path, issues: Issues) -> str:
    """The first of `keys` that is given, or would have to be."""
    given = [key for key in keys if key in entry.model_fields_set or issues.wrong((*path, key))]
    choice = f"exactly one of {', '.join(keys)} is needed"
    if not given:
        issues.add((*path, keys[0]), f"is missing, {choice}")
    for key in given[1:]:
        issues.add((*path, key), f"stands beside {given[0]}, {choice}")
    return next(iter(given), keys[0])
