"""Secret files that are read again: which content is in force."""

import stat
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import SecretStr

from exporter.config.secret import PROXY_URL, TOKEN, SecretKind
from exporter.model import Operation


@dataclass(frozen=True, slots=True)
class SecretFile:
    """A file that a key of the configuration names."""

    kind: SecretKind
    path: Path

    def read(self) -> SecretStr | str | None:
        """The secret, or one line on why there is none; None for what can be read only once, such as a pipe."""
        try:
            if not stat.S_ISREG(self.path.stat().st_mode):
                return None
            return self.kind.of_file(str(self.path), Path())
        except OSError as error:
            return f"cannot be read: {error.strerror}"
        except ValueError as error:
            return str(error)


Contents = Mapping[SecretFile, SecretStr | str | None]


@dataclass(frozen=True, slots=True)
class Renewal:
    """What became of the operations."""

    operations: tuple[Operation, ...]
    changed: tuple[str, ...] = ()
    """Names of those with a new secret."""
    refused: tuple[str, ...] = ()
    """Names of those whose new token is that of another operation; the old one stays in force."""


def secrets_of(operations: Iterable[Operation]) -> Iterator[tuple[SecretFile, SecretStr]]:
    """The files that hold secrets of these operations, each with the one in force."""
    for operation in operations:
        if operation.token_file is not None:
            yield SecretFile(TOKEN, operation.token_file), operation.token
        if operation.proxy_url_file is not None and operation.proxy_url is not None:
            yield SecretFile(PROXY_URL, operation.proxy_url_file), operation.proxy_url


def read_all(files: Iterable[SecretFile]) -> Contents:
    """What the files hold now."""
    return {file: file.read() for file in files}


def renew(operations: tuple[Operation, ...], contents: Contents) -> Renewal:
    """The operations with the secrets in `contents`; where there is none, the present one stays.

    No two operations share a token, as at a reload: who would get the token of another keeps the old one.
    """
    renewed = {operation.name: _renewed(operation, contents) for operation in operations}
    refused: dict[str, None] = {}
    while names := _clashing(operations, renewed):
        refused |= dict.fromkeys(names)
        for operation in operations:
            if operation.name in names:
                renewed[operation.name] = replace(renewed[operation.name], token=operation.token)
    result = tuple(renewed.values())
    changed = tuple(new.name for old, new in zip(operations, result, strict=True) if old != new)
    return Renewal(result, changed, tuple(refused))


def _renewed(operation: Operation, contents: Contents) -> Operation:
    token = None if operation.token_file is None else contents.get(SecretFile(TOKEN, operation.token_file))
    proxy = None if operation.proxy_url_file is None else contents.get(SecretFile(PROXY_URL, operation.proxy_url_file))
    if isinstance(token, SecretStr):
        operation = replace(operation, token=token)
    if isinstance(proxy, SecretStr):
        operation = replace(operation, proxy_url=proxy)
    return operation


def _clashing(operations: tuple[Operation, ...], renewed: Mapping[str, Operation]) -> tuple[str, ...]:
    """Whose new token is another operation's too."""
    uses = Counter(operation.token for operation in renewed.values())
    return tuple(
        operation.name
        for operation in operations
        if renewed[operation.name].token != operation.token and uses[renewed[operation.name].token] > 1
    )
