"""YAML -> a frozen `Config`; every mistake at once, with its file, line and key, and without any secret."""

from exporter.config.connection import Depth
from exporter.config.load import load
from exporter.yaml import ConfigError

__all__ = ["ConfigError", "Depth", "load"]
