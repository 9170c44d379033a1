"""The pages for people and the same as JSON; `add_routes` adds them to an application."""

from exporter.web.status.routes import add_routes

__all__ = ["add_routes"]
