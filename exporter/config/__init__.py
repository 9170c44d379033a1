"""YAML -> a frozen `Config`; every mistake at once, with its file, line and key, and without any secret."""

from exporter.config.file import load
from exporter.config.mistake import ConfigError

__all__ = ["ConfigError", "load"]
