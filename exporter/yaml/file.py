"""A file of YAML -> its document and the mistakes found so far."""

import codecs
import hashlib
import os
import re
from collections.abc import Callable
from pathlib import Path

from exporter.yaml.document import Document, find_secrets, parse
from exporter.yaml.issue import ConfigError, Issues, ParseError

LARGEST = 16 * 2**20
DIGITS = 8

_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_INNER_MARK = re.compile("^\ufeff", re.MULTILINE)


def read_start(path: Path) -> tuple[bytes, float]:
    """The first `LARGEST` bytes of a file, and one more where there are more, and when it was changed last."""
    with path.open("rb") as file:
        modified_at = os.fstat(file.fileno()).st_mtime
        return file.read(LARGEST + 1), modified_at


def checksum_of(content: bytes) -> str:
    """The first eight hexadecimal digits of SHA-256, as `sha256sum` prints them."""
    return hashlib.sha256(content).hexdigest()[:DIGITS]


def read_file(
    path: Path, flag: str, keys: str, read: Callable[[Path], tuple[bytes, float]] = read_start
) -> tuple[Document, Issues]:
    """The document in the file at `path`; for messages, the `flag` that names it and some `keys` that it may hold.

    `read` is how the file is read, as `read_start` does it.

    Raises:
        ConfigError: where nothing in the file can be used.
    """
    try:
        content, modified_at = _content(path, flag, read)
        document = parse(_text(content), keys)
    except ParseError as error:
        line, words = error.line, error.text
    else:
        document.modified_at, document.checksum = modified_at, checksum_of(content)
        return document, Issues(str(path), document.lines, document.issues, find_secrets(document.root))
    raise fatal(path, line, words)


def fatal(path: Path, line: int, words: str) -> ConfigError:
    """The only mistake of a file of which nothing can be used."""
    return ConfigError((f"{path}:{line}: document: {words}",))


def _content(path: Path, flag: str, read: Callable[[Path], tuple[bytes, float]]) -> tuple[bytes, float]:
    """What is in the file, and when that was changed last."""
    try:
        content, modified_at = read(path)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "its name is not a path"
        raise ParseError(1, f"cannot be read: {reason}; name a readable YAML file with {flag}") from None
    if len(content) > LARGEST:
        raise ParseError(1, f"is larger than {LARGEST // 2**20} MiB, shorten it")
    return content, modified_at


def _text(content: bytes) -> str:
    if content.startswith(_UTF_16):
        raise ParseError(1, "is text in UTF-16, which begins with a byte order mark; save the file in UTF-8")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line, byte = content.count(b"\n", 0, error.start) + 1, content[error.start]
        words = f"is not text in UTF-8 (byte 0x{byte:02X}, as in Latin-1 or Windows-1252), save the file in UTF-8"
    else:
        if mark := _INNER_MARK.search(text):
            line = text.count("\n", 0, mark.start()) + 1
            raise ParseError(line, "begins with a byte order mark (U+FEFF), which belongs nowhere here; delete it")
        return text
    raise ParseError(line, words)
