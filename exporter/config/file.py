from collections.abc import Mapping
from pathlib import Path

from exporter.config.connection import Surroundings
from exporter.config.document import Document, parse
from exporter.config.mistake import ConfigError, Mistakes
from exporter.config.node import DocumentError
from exporter.config.resolve import resolve
from exporter.config.schema import read
from exporter.model import Config

_LARGEST = 16 * 2**20


def load(path: Path, environ: Mapping[str, str]) -> Config:
    """The configuration in the file at `path`, with the tokens that it refers to read anew.

    Raises:
        ConfigError: with every mistake at once, each `FILE:LINE: key: what is wrong, what is allowed`.
    """
    document, fatal = _parse(path)
    mistakes = Mistakes(str(path), document.lines)
    if fatal is not None:
        mistakes.add_at(fatal.line, (), fatal.text)
        raise ConfigError(mistakes.errors)
    for flaw in document.flaws:
        mistakes.add_at(flaw.line, flaw.path, flaw.text)
    file = read(document.root, mistakes)
    operations = resolve(file, Surroundings(path.parent, environ), mistakes)
    if mistakes.errors:
        raise ConfigError(mistakes.errors)
    return Config(operations=operations, warnings=mistakes.warnings)


def _parse(path: Path) -> tuple[Document, DocumentError | None]:
    try:
        return parse(_read(path)), None
    except DocumentError as mistake:
        return Document(), mistake


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST + 1)
    except OSError as error:
        raise DocumentError(
            1, f"cannot be read: {error.strerror}; name a readable YAML file with --config.file"
        ) from None
    except ValueError:
        raise DocumentError(1, "cannot be read: it is no path; name a readable YAML file with --config.file") from None
    if len(content) > _LARGEST:
        raise DocumentError(1, f"is larger than {_LARGEST // 2**20} MiB, which no plan here needs")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
    raise DocumentError(line, "is not text in UTF-8, save the file in that encoding")
