"""One client's connection: aiohttp's HTTP protocol, with a limit on everything that a client can draw out."""

import asyncio
import math
from collections.abc import Callable
from typing import Any, cast

import structlog
from aiohttp import web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.http import RawRequestMessage
from aiohttp.streams import StreamReader

from exporter.web.headers import SECURITY
from exporter.web.limits import Limits

_log = structlog.get_logger(__name__)

_TOO_LARGE_TEXT = b"431: Request Header Fields Too Large\n"
_TOO_LARGE = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\n"
    b"Content-Type: text/plain; charset=utf-8\r\nContent-Length: %d\r\n\r\n%b"
) % (len(_TOO_LARGE_TEXT), _TOO_LARGE_TEXT)

RequestFactory = Callable[
    [RawRequestMessage, StreamReader, web.RequestHandler, AbstractStreamWriter, "asyncio.Task[None]"], web.BaseRequest
]


class Connection(web.RequestHandler):
    """aiohttp bounds the time between requests; this bounds how long one may take to arrive and its answer to leave.

    It keeps one moment by which something must have happened. Whoever owns the connections looks at it now and then
    (`overdue`), so that a scrape starts no timer.
    """

    def __init__(
        self,
        server: web.Server,
        loop: asyncio.AbstractEventLoop,
        limits: Limits,
        *,
        allows: Callable[[asyncio.Transport], bool],
        left: Callable[["Connection"], None],
    ) -> None:
        options: dict[str, Any] = {
            "access_log": None,
            "auto_decompress": False,
            "keepalive_timeout": limits.idle,
            "lingering_time": limits.lingering,
            # Only the sum counts, and that is counted here: the parser never sees a line or a number beyond it.
            "max_line_size": limits.request,
            "max_field_size": limits.request,
            "max_headers": limits.request,
        }
        super().__init__(server, loop=loop, **options)
        self.answered = 0
        self.established = False
        self._limits = limits
        self._admits = allows
        self._left = left
        self._wire: asyncio.Transport | None = None
        self._busy = False
        self._received = 0
        self._deadline = math.inf
        self._closing = False
        self._refused = False

    @property
    def waiting(self) -> bool:
        """Nothing of value is under way: it shakes hands, sends a request, or is kept alive."""
        return not self._busy

    def begin(self) -> None:
        """A whole request head has arrived and its handler starts."""
        self._busy = True
        self._deadline = math.inf

    def overdue(self, now: float) -> bool:
        """Whether `now`, in the loop's time, is past what the client had to do."""
        if self._wire is not None and self._wire.is_closing() and not self._closing:
            self._closing = True
            self._deadline = min(self._deadline, now + self._limits.closing)
        return now >= self._deadline

    def abort(self) -> None:
        """Drop the connection now, whatever is still unsent."""
        if self._wire is not None:
            self._wire.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start the time within which the first request must be here."""
        self._wire = cast("asyncio.Transport", transport)
        self.established = True
        super().connection_made(transport)
        self._expect(self._limits.head)
        if not self._admits(self._wire):
            self._wire.abort()

    def connection_lost(self, exc: BaseException | None) -> None:
        """Tell the owner."""
        super().connection_lost(exc)
        self._wire = None
        self._left(self)

    def data_received(self, data: bytes) -> None:
        """Count what a request has brought so far; feed the parser while that is no more than a request may bring."""
        self._received += len(data)
        if self._received > self._limits.request:
            if self._busy:
                self.close()  # after the answer under way: what follows in the stream cannot be told apart any more
            elif self._wire is not None and not self._wire.is_closing() and not self._refused:
                self._refuse(self._wire)
            return
        if self.waiting and self._deadline == math.inf:
            self._expect(self._limits.head)
        super().data_received(data)

    def pause_writing(self) -> None:
        """The client takes its answer slower than it is made."""
        super().pause_writing()
        self._expect(self._limits.write)

    def resume_writing(self) -> None:
        """It has taken nearly all of it."""
        super().resume_writing()
        self._deadline = math.inf

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        """Send the answer; the connection then waits for the next request."""
        try:
            return await super().finish_response(request, resp, start_time)
        finally:
            self.answered += 1
            self._busy = False
            self._received = 0
            self._deadline = math.inf

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002 - quotes what the client sent; nobody needs to read it back
    ) -> web.StreamResponse:
        """Answer what is not HTTP with 400 and what broke a handler with 500, and show the client nothing of why."""
        if request.writer.output_size > 0:
            raise ConnectionError("the answer has begun; there is no place left for an error")
        if status == web.HTTPBadRequest.status_code:
            _log.debug("not an HTTP request", client=request.remote, error=type(exc).__name__)
            text = "400: Bad Request\n"
        else:
            _log.error("a page failed", method=request.method, path=request.path, exc_info=exc)
            status, text = 500, "500: Internal Server Error; the log says more\n"
        response = web.Response(status=status, text=text, headers=SECURITY)
        response.force_close()
        return response

    def _refuse(self, wire: asyncio.Transport) -> None:
        """Say that it is too much; then read on for a moment, or a reset would take the answer from the client."""
        self._refused = True
        wire.write(_TOO_LARGE)
        if wire.can_write_eof():
            wire.write_eof()
        self._expect(self._limits.lingering)

    def _expect(self, seconds: float) -> None:
        self._deadline = self._loop.time() + seconds


def track_requests(factory: RequestFactory) -> RequestFactory:
    """Wrap aiohttp's request factory, the first to know of a request, so that the connection knows of it too."""

    def make(
        message: RawRequestMessage,
        payload: StreamReader,
        protocol: web.RequestHandler,
        writer: AbstractStreamWriter,
        task: "asyncio.Task[None]",
    ) -> web.BaseRequest:
        if isinstance(protocol, Connection):
            protocol.begin()
        return factory(message, payload, protocol, writer, task)

    return make
