"""Logs: one line per event on stderr, logfmt or JSON, with every configured secret struck out."""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from typing import Any, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from exporter.redaction import Redactor
from exporter.writer import BackgroundWriter

LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warn": logging.WARNING, "error": logging.ERROR}
FORMATS = ("logfmt", "json")


@contextmanager
def background_logging(level: str, form: str, redactor: Redactor) -> Iterator[BackgroundWriter]:
    """Let a thread write the log and whatever else goes to stderr; what still waits at the end is written then."""
    lines = BackgroundWriter(sys.stderr)
    try:
        with redirect_stderr(lines):
            configure(level, form, redactor)
            lines.when_dropped = tell_dropped
            yield lines
    finally:
        lines.drain()


def configure(level: str, form: str, redactor: Redactor, stream: TextIO | None = None) -> None:
    """Set up structlog and the standard library's logging, which aiohttp and asyncio use, alike."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="ts"),
        structlog.processors.format_exc_info,
        _name_level,
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )

    def finish(_logger: WrappedLogger, _method: str, event: EventDict) -> str:
        event.pop("_record", None)
        event.pop("_from_structlog", None)
        event["msg"] = event.pop("event", "")
        rendered = render(None, "", _ordered(event, redactor))
        return redactor.clean(rendered if isinstance(rendered, str) else str(rendered))

    render: Any = (
        structlog.processors.JSONRenderer(default=str, ensure_ascii=False)
        if form == "json"
        else structlog.processors.LogfmtRenderer(bool_as_flag=False)
    )
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=[finish]))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(LEVELS[level])
    logging.getLogger("aiohttp.access").setLevel(logging.WARNING)


def tell_dropped(lines: int, why: str) -> None:
    """Log how many lines were not written, once writing works again."""
    # An error, so that every level shows it.
    structlog.get_logger(__name__).error("log lines dropped", lines=lines, why=why)


def dropped_lines() -> int:
    """How many log lines of this process were not written."""
    handlers = (one for one in logging.getLogger().handlers if isinstance(one, logging.StreamHandler))
    return sum(one.stream.dropped for one in handlers if isinstance(one.stream, BackgroundWriter))


def _name_level(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """`warn`, as the flag and Prometheus write it."""
    if event.get("level") == "warning":
        event["level"] = "warn"
    return event


def _ordered(event: EventDict, redactor: Redactor) -> dict[str, Any]:
    first = {key: event.pop(key) for key in ("ts", "level", "msg") if key in event}
    values = {**first, **{str(key).replace(" ", "_"): value for key, value in event.items() if value is not None}}
    return {key: _line(value, redactor) for key, value in values.items()}


def _line(value: Any, redactor: Redactor) -> Any:
    """Printable: values may come from the network. Line feeds are left to the renderers, which escape them.

    Secrets are struck out before the renderers escape them, and again after, for values that were not text before.
    """
    if not isinstance(value, str):
        return value
    return "".join(
        char if char.isprintable() or char == "\n" else char.encode("unicode_escape").decode("ascii")
        for char in redactor.clean(value)
    )
