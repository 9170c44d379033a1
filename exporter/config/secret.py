"""Where secrets come from. No message quotes one, nor what may be one that was put under the wrong key."""

import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path as FilePath

from pydantic import SecretStr

from exporter.config.url import check_proxy_url
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
        raise ValueError(f"the token is longer than {_LONGEST} characters, so it is not a Wolkvox token")
    if not all("!" <= char <= "~" for char in token):
        raise ValueError("the token holds a space, line break or other character that cannot go into an HTTP header")
    return SecretStr(token)


def proxy_url_of_text(text: str) -> SecretStr:
    """The URL of a proxy without the white space around it; raises `ValueError` where it cannot be used as one."""
    try:
        return SecretStr(check_proxy_url(text.strip()))
    except ValueError as error:
        problem = str(error)
    raise ValueError(f"the proxy's URL {problem}")


def is_open_to_others(path: FilePath) -> bool:
    """Whether any user of the machine can read the file: its mode and those of all folders above let them."""
    real = path.resolve()
    try:
        return bool(real.stat().st_mode & stat.S_IROTH) and all(
            folder.stat().st_mode & stat.S_IXOTH for folder in real.parents
        )
    except OSError:  # it was there a moment ago
        return False


@dataclass(frozen=True, slots=True)
class SecretKind:
    """A secret that may stand in a file or in the environment."""

    noun: str
    key: str
    """Its keys are this, this with `_file`, and this with `_env`."""
    read: Callable[[str], SecretStr]
    """From a text; raises `ValueError`."""

    def of_file(self, written: str, folder: FilePath) -> SecretStr:
        """The secret in a file; `written` is its path, from `folder` where it is relative.

        Raises:
            ValueError: where the file cannot be read or holds no usable secret.
        """
        path = folder / written
        try:
            with path.open("rb") as file:
                content = file.read(_LONGEST_FILE + 1)
        except OSError as error:
            # what names no file may be a token under the wrong key, and is not quoted
            absolute = written.startswith("/")
            name = quoted(written) if absolute else "the file that it names"
            needed = f"a file with {self.noun} alone is needed"
            where = "" if absolute else "; a relative path starts at this file's folder"
            raise ValueError(f"{name} cannot be read: {error.strerror}; {needed}{where}") from None
        if len(content) > _LONGEST_FILE:
            raise ValueError(f"{quoted(written)} is larger than {_LONGEST_FILE} bytes, it must hold {self.noun} alone")
        try:
            return self.read(content.decode("utf-8-sig"))
        except UnicodeDecodeError:  # it quotes the bytes, so what is raised below must not chain to it
            problem = f"is not text, it must hold {self.noun} alone"
        except ValueError as error:
            problem = f"cannot be used: {error}"
        raise ValueError(f"{quoted(written)} {problem}")

    def of_environment(self, name: str, environ: Mapping[str, str]) -> SecretStr:
        """The secret in the environment variable `name`.

        Raises:
            ValueError: where it is not set or holds no usable secret.
        """
        if name not in environ:  # the name is not quoted: the token itself is sometimes written here
            raise ValueError(f"the environment variable that it names is not set, set it or use {self.key}_file")
        try:
            return self.read(environ[name])
        except ValueError as error:
            problem = str(error)
        raise ValueError(f"the environment variable that it names cannot be used: {problem}")


TOKEN = SecretKind("the token", "token", token_of_text)
PROXY_URL = SecretKind("the proxy's URL", "proxy_url", proxy_url_of_text)
