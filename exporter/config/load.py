from collections.abc import Mapping
from pathlib import Path

from exporter.config.connection import LoadContext
from exporter.config.resolve import resolve
from exporter.config.schema import File
from exporter.model import Config
from exporter.yaml import ConfigError, read_file, validate

_FLAG = "--config.file"


def load(path: Path, environ: Mapping[str, str]) -> Config:
    """The configuration in the file at `path`, with the tokens that it refers to read anew.

    Raises:
        ConfigError: with every mistake at once, each `FILE:LINE: key: what is wrong, what is allowed`.
    """
    document, issues = read_file(path, _FLAG, "interval: 5m and operations:")
    if document.empty:
        issues.add((), "is empty, at least the key operations is needed")
        raise ConfigError(issues.errors)
    operations = resolve(validate(File, document.root, issues), LoadContext(path.parent, environ), issues)
    if issues.errors:
        raise ConfigError(issues.errors)
    return Config(operations=operations, warnings=issues.warnings)
