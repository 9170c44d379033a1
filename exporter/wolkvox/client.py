"""One request to the vendor's API, and the one answer that came of it."""

import asyncio
import math
import socket
import traceback
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from functools import lru_cache
from http import HTTPStatus
from types import SimpleNamespace
from typing import Generic, Self, TypeVar

import aiohttp
import structlog
from yarl import URL

from exporter import __version__
from exporter.clock import Clock
from exporter.duration import format_duration
from exporter.model import (
    LATEST_DEPARTURE,
    CampaignsAnswer,
    Failure,
    LiveAnswer,
    Operation,
    Reason,
    Report,
    Target,
    TimeRange,
    VendorQuota,
)
from exporter.redaction import hide
from exporter.wolkvox import encoding, request
from exporter.wolkvox.allocator import give_back, map_long_blocks
from exporter.wolkvox.connection import UNDER_WAY, connector, family
from exporter.wolkvox.excerpt import excerpt
from exporter.wolkvox.exchange import Exchange, LateError
from exporter.wolkvox.fault import BrokenError, failure
from exporter.wolkvox.operation_secrets import secrets, shows
from exporter.wolkvox.proxy import parse_proxy
from exporter.wolkvox.request import VendorRequest
from exporter.wolkvox.retry_after import STATUSES, parse_retry_after
from exporter.wolkvox.tls_contexts import TLSContexts

T = TypeVar("T")

CONNECT_LIMIT = 15.0
"""Seconds within which a connection has to be up, proxy and TLS included."""

BODY_LIMIT = 10 * 2**20
"""Bytes of a decoded body."""

_LONG = 2**16
"""Bytes from which a body is judged in a thread, so that the event loop goes on, and for itself: see `Client`."""

_START = 2**14
"""Bytes of a body from which an excerpt is made."""

_WITHHELD = "its text is not shown, because it repeats a part of the token or of the proxy's credentials"

_HEADERS = {
    "User-Agent": f"wolkvox-exporter/{__version__}",
    "Accept": "application/json",
    "Accept-Encoding": encoding.ACCEPTED,
}


@dataclass(frozen=True, slots=True)
class Answer(Generic[T]):
    """What became of one request."""

    outcome: T | Failure
    sent_at: float | None
    """Monotonic seconds at which the request left; None if it never did."""
    duration: float
    """Seconds from the call to the outcome."""


class Client:
    """Asks the vendor's APIs, over a connection of its own for each request. An async context manager.

    Long bodies are read and judged one at a time over all tokens, so that many of them take no more memory than one.
    A body of the vendor's is never long.
    """

    def __init__(self, clock: Clock, connections: int = 1024) -> None:
        """No more than `connections` at the same time; further requests wait, within their time limit."""
        self._clock = clock
        self._places = asyncio.Semaphore(connections)
        self._log = structlog.get_logger(__name__)

    async def __aenter__(self) -> Self:
        map_long_blocks()
        self._authorities = TLSContexts()
        self._sessions: dict[tuple[socket.AddressFamily, str | None], aiohttp.ClientSession] = {}
        self._room = asyncio.Lock()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close every connection."""
        for session in self._sessions.values():
            await session.close()

    def _session(self, operation: Operation) -> aiohttp.ClientSession:
        """The session of all operations that connect to and from the same addresses as this one."""
        way = family(operation), operation.source_address
        if way not in self._sessions:
            self._sessions[way] = _open_session(*way)
        return self._sessions[way]

    async def campaign_4(
        self, operation: Operation, target: Target, bounds: TimeRange, granted_at: float
    ) -> Answer[Report]:
        """Ask for the report of one campaign in one window; see `ask`."""
        return await self.ask(operation, request.campaign_4(target, bounds), granted_at)

    async def campaigns(self, operation: Operation, seconds: float, granted_at: float) -> Answer[CampaignsAnswer]:
        """Ask for the list of campaigns; see `ask`. `seconds` is the time of the whole request."""
        return await self.ask(operation, request.campaigns(seconds), granted_at)

    async def real_time(self, operation: Operation, seconds: float, granted_at: float) -> Answer[LiveAnswer]:
        """Ask for the live figures of all campaigns; see `ask`."""
        return await self.ask(operation, request.real_time(seconds), granted_at)

    async def token_info(self, operation: Operation, seconds: float, granted_at: float) -> Answer[VendorQuota]:
        """Ask for the vendor's own count of its quota; see `ask`."""
        return await self.ask(operation, request.token_info(seconds), granted_at)

    async def ask(self, operation: Operation, asked: VendorRequest[T], granted_at: float) -> Answer[T]:
        """Send one request.

        Args:
            operation: Where to, with which token, through which proxy, trusting whom.
            asked: What is asked, and how its answer is read.
            granted_at: Monotonic seconds from which the request's timeout counts; nothing is sent after it, nor later
                than `LATEST_DEPARTURE` seconds.

        Returns:
            The answer or the failure. The request was sent at most once. Nothing is raised but `CancelledError`.
        """
        begun = self._clock.monotonic()
        departs_before = granted_at + min(asked.timeout, LATEST_DEPARTURE)
        exchange = Exchange(self._clock, granted_at + asked.timeout, departs_before)
        outcome: T | Failure
        try:
            url = URL(f"{_server(operation.base_url)}/api/v2/{asked.path}", encoded=True)
            async with AsyncExitStack() as room:
                bodies = [await self._fetch(operation, url, exchange, room)]
                outcome = await self._judged(operation, asked, exchange.status or 0, bodies)
        except Exception as error:  # noqa: BLE001 - whatever it is, it fails this request and no other
            known = failure(exchange.flaw or error, operation, exchange, asked)
            outcome = known or self._fault(operation, error)
        if isinstance(outcome, Failure):
            outcome = self._paused(outcome, exchange)
        return Answer(outcome, exchange.sent_at, self._clock.monotonic() - begun)

    async def _fetch(self, operation: Operation, url: URL, exchange: Exchange, room: AsyncExitStack) -> bytes:
        """The whole decoded body; a long one holds the room for long ones. Raises what `failure` understands."""
        left = exchange.deadline - self._clock.monotonic()
        if left <= 0:
            raise LateError
        proxy = parse_proxy(operation.proxy_url.get_secret_value()) if operation.proxy_url else None
        to_proxy = {"Proxy-Authorization": proxy.authorization} if proxy and proxy.authorization else {}
        in_clear = url.scheme == "http"  # the proxy reads the request itself; else only what asks for the tunnel
        all_clear = in_clear and (proxy is None or proxy.url.scheme == "http") and operation.ca_file is None
        UNDER_WAY.set(exchange)
        async with asyncio.timeout(left), self._places:
            response = await self._session(operation).get(
                url,
                headers={"wolkvox-token": operation.token.get_secret_value()} | (to_proxy if in_clear else {}),
                allow_redirects=False,
                proxy=None if proxy is None else proxy.url,
                proxy_headers=None if in_clear else to_proxy,
                ssl=all_clear or await self._authorities.context(operation.ca_file),
                trace_request_ctx=exchange,
            )
            try:
                exchange.status, exchange.date = response.status, response.headers.get("Date")
                exchange.retry_after = tuple(response.headers.getall("Retry-After", ()))
                return await self._body(response, room)
            finally:
                response.close()

    async def _body(self, response: aiohttp.ClientResponse, room: AsyncExitStack) -> bytes:
        headers = response.headers
        body = encoding.body(",".join(headers.getall("Content-Encoding", ())), BODY_LIMIT)
        waits = True
        async for piece in response.content.iter_any():
            more = body.feed(piece)
            while more or (waits and body.size > _LONG):
                if waits and body.size > _LONG:
                    await room.enter_async_context(self._room)
                    room.callback(give_back)
                    waits = False
                more = body.feed(b"")
        try:
            return body.whole()
        except encoding.UnfinishedError:
            # With a length or chunks all of it came, badly encoded. Without, only the connection's end told.
            framed = "Content-Length" in headers or "Transfer-Encoding" in headers
            raise (encoding.UndecodableError if framed else BrokenError) from None

    async def _judged(
        self, operation: Operation, asked: VendorRequest[T], status: int, bodies: list[bytes]
    ) -> T | Failure:
        """Takes the body out of `bodies`, so that a long one is gone when the next may be read."""
        start = bodies[0][:_START]
        token = operation.token.get_secret_value()
        if len(bodies[0]) < _LONG:
            outcome = _parsed(asked, status, bodies, token)
        else:
            outcome = await asyncio.to_thread(_parsed, asked, status, bodies, token)
        if not isinstance(outcome, Failure):
            return outcome
        # In a thread: what is looked for in a form of every kind takes milliseconds, and more for a long secret.
        shown = await asyncio.to_thread(excerpt, start, secrets(operation))
        message = outcome.message if shown or not outcome.excerpt else f"{outcome.message}; {_WITHHELD}"
        return replace(outcome, message=message, excerpt=shown)

    def _paused(self, outcome: Failure, exchange: Exchange) -> Failure:
        """The failure with the pause that the vendor asks for, where it does."""
        if not (exchange.status in STATUSES or _is_enveloped(outcome)):
            return outcome
        seconds = parse_retry_after(exchange.retry_after, exchange.date, self._clock.now())
        if seconds is None:
            return outcome
        text = f"{outcome.message}; the vendor asks for a pause of {format_duration(math.ceil(seconds))} (Retry-After)"
        return replace(outcome, message=text, retry_after=seconds)

    def _fault(self, operation: Operation, error: Exception) -> Failure:
        told = hide("".join(traceback.format_exception(error)), secrets(operation))
        self._log.error("a request failed by a fault of our own", operation=operation.name, traceback=told)
        return Failure(Reason.INTERNAL, f"a fault of the exporter ({type(error).__name__}): see its log and report it")


def _open_session(family: socket.AddressFamily, source: str | None) -> aiohttp.ClientSession:
    departures = aiohttp.TraceConfig()
    departures.on_request_headers_sent.append(_leave)
    return aiohttp.ClientSession(
        connector=connector(family, source),
        cookie_jar=aiohttp.DummyCookieJar(),
        headers=_HEADERS,
        middlewares=(_once,),
        trace_configs=[departures],
        timeout=aiohttp.ClientTimeout(connect=CONNECT_LIMIT, ceil_threshold=CONNECT_LIMIT),
        auto_decompress=False,
        trust_env=False,
    )


def _is_enveloped(failure: Failure) -> bool:
    """Whether the `code` of an envelope under HTTP 200 says what 429 or 503 would."""
    return failure.status == HTTPStatus.OK and failure.reason in {Reason.CONCURRENCY, Reason.SERVER_ERROR}


@lru_cache(maxsize=64)
def _server(base_url: str) -> str:
    return str(URL(base_url)).rstrip("/")


def _parsed(asked: VendorRequest[T], status: int, bodies: list[bytes], token: str) -> T | Failure:
    """What the answer means; a failure where it would publish the token."""
    outcome = asked.parse(status, bodies.pop())
    if isinstance(outcome, Failure) or not shows(asked.texts(outcome), token):
        return outcome
    text = "the answer repeats the token: check that server or base_url is the vendor's"
    return Failure(Reason.INVALID_RESPONSE, text, status)


async def _once(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Client middleware. aiohttp sends a GET again when its connection drops; it does not know this exception."""
    try:
        return await handler(request)
    except aiohttp.ClientConnectionError as error:
        raise BrokenError from error


async def _leave(
    _session: aiohttp.ClientSession, context: SimpleNamespace, _params: aiohttp.TraceRequestHeadersSentParams
) -> None:
    """Trace signal. aiohttp gives it when the connection is up, before the headers are written."""
    exchange: Exchange = context.trace_request_ctx
    exchange.leave()
