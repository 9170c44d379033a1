from collections.abc import Mapping
from pathlib import Path

from exporter.config.connection import Depth, LoadContext
from exporter.config.resolve import resolve
from exporter.config.schema import File
from exporter.model import Config, FileVersion
from exporter.yaml import ConfigError, find_substitutions, read_file, validate

_NOT_SUBSTITUTED = (
    "a variable such as ${NAME} is not substituted here, it is taken as written; a token comes from the environment"
    " with token_env: NAME"
)
_FLAG = "--config.file"


def load(path: Path, environ: Mapping[str, str], depth: Depth = Depth.RUN) -> Config:
    """The configuration in the file at `path`, with the tokens that it refers to read anew.

    Raises:
        ConfigError: with every mistake at once, each `FILE:LINE: key: what is wrong, what is allowed`.
    """
    document, issues = read_file(path, _FLAG, "interval: 5m and operations:")
    if document.empty:
        issues.add((), "is empty, at least the key operations is needed")
        raise ConfigError(issues.errors)
    substitutions = list(find_substitutions(document.root))
    context = LoadContext(path.parent, environ, depth)
    operations = resolve(validate(File, document.root, issues), context, issues)
    for place in substitutions:  # beside a mistake it is probably its cause
        note = issues.add if issues.wrong(place) else issues.warn
        note(place, _NOT_SUBSTITUTED)
    if issues.errors:
        raise ConfigError(issues.errors)
    version = FileVersion(path.name, document.modified_at, document.checksum)
    return Config(operations=operations, warnings=issues.warnings, file=version)
