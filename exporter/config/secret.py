"""Where a token comes from. No message quotes a token, nor what may be one that was put under the wrong key."""

import stat
from collections.abc import Mapping
from pathlib import Path as FilePath

from pydantic import SecretStr

from exporter.yaml import quoted

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


def token_of_file(written: str, folder: FilePath) -> SecretStr:
    """The token in a file; `written` is its path, from `folder` where it is relative.

    Raises:
        ValueError: where the file cannot be read or holds no usable token.
    """
    path = folder / written
    try:
        with path.open("rb") as file:
            content = file.read(_LONGEST_FILE + 1)
    except OSError as error:
        # what names no file may be a token under the wrong key, and is not quoted
        name = quoted(written) if written.startswith("/") else "the file that it names, in the folder of this one,"
        raise ValueError(f"{name} cannot be read: {error.strerror}; a file with the token alone is needed") from None
    if len(content) > _LONGEST_FILE:
        raise ValueError(f"{quoted(written)} is larger than {_LONGEST_FILE} bytes, it must hold the token alone")
    try:
        return token_of_text(content.decode("utf-8-sig"))
    except UnicodeDecodeError:  # it quotes the bytes, so what is raised below must not chain to it
        problem = "is not text, it must hold the token alone"
    except ValueError as error:
        problem = f"is of no use: {error}"
    raise ValueError(f"{quoted(written)} {problem}")


def is_open_to_others(path: FilePath) -> bool:
    """Whether any user of the machine can read the file: its mode and those of all folders above let them."""
    real = path.resolve()
    try:
        return bool(real.stat().st_mode & stat.S_IROTH) and all(
            folder.stat().st_mode & stat.S_IXOTH for folder in real.parents
        )
    except OSError:  # it was there a moment ago
        return False


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
    raise ValueError(f"the environment variable that it names is of no use: {problem}")
