"""Prometheus exporter for the results of Wolkvox dialler campaigns."""

__version__ = "0.1.0"
