"""Where a token comes from. No message quotes a token, nor what may be one that was put under the wrong key."""

from collections.abc import Mapping
from pathlib import Path

from pydantic import SecretStr

from exporter.config.mistake import quoted

_LONGEST = 4_096
"""Servers refuse header lines of more than about 8,000 bytes."""
_LONGEST_FILE = 65_536


def token_of_text(text: str) -> SecretStr:
    """The token without the white space around it.

    Raises:
        ValueError: where no HTTP header can carry it.
    """
    token = text.strip()
    if not token:
        raise ValueError("the token is empty, give the one that Wolkvox issued")
    if len(token) > _LONGEST:
        raise ValueError(f"the token is longer than {_LONGEST} characters, which is no token of Wolkvox")
    if not all("!" <= char <= "~" for char in token):
        raise ValueError("the token holds a space, line break or other character that cannot go into an HTTP header")
    return SecretStr(token)


def token_of_file(written: str, folder: Path) -> SecretStr:
    """The token in a file; `written` is its path, from `folder` where it is relative.

    Raises:
        ValueError: where the file cannot be read or holds no usable token.
    """
    path = folder / written
    name = _named(written, path)
    try:
        with path.open("rb") as file:
            content = file.read(_LONGEST_FILE + 1)
    except OSError as error:
        problem = f"cannot be read: {error.strerror}; a readable file with the token is needed, relative to this file's folder"
        raise ValueError(f"{name} {problem}") from None
    if len(content) > _LONGEST_FILE:
        raise ValueError(f"{name} is larger than {_LONGEST_FILE} bytes, it must hold the token alone")
    try:
        return token_of_text(content.decode("utf-8-sig"))
    except UnicodeDecodeError:  # quotes the bytes
        problem = "it is not a text file, it must hold the token alone"
    except ValueError as error:
        problem = str(error)
    raise ValueError(f"{name}: {problem}")


def token_of_environment(name: str, environ: Mapping[str, str]) -> SecretStr:
    """The token in the environment variable `name`.

    Raises:
        ValueError: where it is not set or holds no usable token.
    """
    if name not in environ:  # the name is not quoted: the token itself is sometimes written here
        raise ValueError("the environment variable that it names is not set, set it or use token_file")
    try:
        return token_of_text(environ[name])
    except ValueError as error:
        problem = str(error)
    raise ValueError(f"the environment variable that it names: {problem}")


def _named(written: str, path: Path) -> str:
    """A path in quotes, or no name where it may be a token under the wrong key: one that leads to no folder."""
    folder = path.parent
    return quoted(written) if written.startswith("/") or ("/" in written and folder.is_dir()) else "the file"
