"""How an answer reaches the client: whole, or in the ways in which connections fail."""

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web

from exporter.simulator.answer import SimulatedAnswer
from exporter.simulator.fault import Fault

TRICKLE_PAUSE = 0.5
"""Seconds between two bytes of a body that never ends."""

Delivery = Callable[[web.Request, SimulatedAnswer], Awaitable[web.StreamResponse]]


async def whole(request: web.Request, answer: SimulatedAnswer) -> web.StreamResponse:
    """Send an answer to its end, with the headers of the live service."""
    response = web.Response(status=answer.status, body=answer.body, headers=_headers(answer))
    response.enable_chunked_encoding()
    await response.prepare(request)
    await response.write_eof()
    return response


async def _close(request: web.Request, _: SimulatedAnswer) -> web.StreamResponse:
    return _gone(request)


async def _reset(request: web.Request, _: SimulatedAnswer) -> web.StreamResponse:
    if request.transport is not None:
        connection: socket.socket = request.transport.get_extra_info("socket")
        # a linger of no time makes the kernel send RST instead of FIN (socket(7))
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        request.transport.abort()
    return _gone(request)


async def _midway(request: web.Request, answer: SimulatedAnswer) -> web.StreamResponse:
    half = answer.body[: len(answer.body) // 2]
    _write(request, answer, "Transfer-Encoding: chunked", f"{len(answer.body):x}\r\n".encode() + half)
    return _gone(request)


async def _short(request: web.Request, answer: SimulatedAnswer) -> web.StreamResponse:
    half = answer.body[: len(answer.body) // 2]
    _write(request, answer, f"Content-Length: {len(answer.body)}", half)
    return _gone(request)


async def _hang(_: web.Request, __: SimulatedAnswer) -> web.StreamResponse:
    never: asyncio.Future[web.StreamResponse] = asyncio.get_running_loop().create_future()
    return await never


async def _trickle(request: web.Request, answer: SimulatedAnswer) -> web.StreamResponse:
    response = web.StreamResponse(status=answer.status, headers=_headers(answer))
    response.enable_chunked_encoding()
    await response.prepare(request)
    while True:
        await response.write(b" ")  # JSON may begin with any number of them
        await asyncio.sleep(TRICKLE_PAUSE)


CUTS: Mapping[Fault, Delivery] = {
    Fault.CONNECT: _close,
    Fault.CONNECT_RESET: _reset,
    Fault.CONNECT_MIDWAY: _midway,
    Fault.CONNECT_SHORT: _short,
    Fault.TIMEOUT: _hang,
    Fault.TIMEOUT_TRICKLE: _trickle,
}
"""What fails on the way; every other fault arrives whole."""


def _headers(answer: SimulatedAnswer) -> dict[str, str]:
    live = {"Server": "Apache", "Keep-Alive": "timeout=5, max=100", "Content-Type": answer.content_type}
    return live | dict(answer.headers)


def _write(request: web.Request, answer: SimulatedAnswer, framing: str, body: bytes) -> None:
    """Write past the HTTP library, which would not let a body be shorter than it says."""
    if request.transport is not None:
        headers = "".join(f"{name}: {value}\r\n" for name, value in _headers(answer).items())
        request.transport.write(f"HTTP/1.1 {answer.status} OK\r\n{headers}{framing}\r\n\r\n".encode() + body)


def _gone(request: web.Request) -> web.StreamResponse:
    """Close the connection; the response goes nowhere, but the library wants one."""
    if request.transport is not None:
        request.transport.close()
    return web.Response()
