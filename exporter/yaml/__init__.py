"""YAML text -> values that know their line, and located mistakes: the reader of both configuration files."""

from exporter.yaml.document import Value, find_substitutions
from exporter.yaml.file import checksum_of, read_file, read_start
from exporter.yaml.issue import ConfigError, Issues, Path, dotted, quoted
from exporter.yaml.scalar import Plain
from exporter.yaml.section import UNQUOTED, Section, did_you_mean, validate

__all__ = [
    "UNQUOTED",
    "ConfigError",
    "Issues",
    "Path",
    "Plain",
    "Section",
    "Value",
    "checksum_of",
    "did_you_mean",
    "dotted",
    "find_substitutions",
    "quoted",
    "read_file",
    "read_start",
    "validate",
]
