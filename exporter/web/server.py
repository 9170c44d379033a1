"""The HTTP server: from addresses and routes to open sockets, and back within a second."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from aiohttp import hdrs, web

from exporter.listen_address import DEFAULT_ADDRESS, bind, parse_address, url
from exporter.web.access import Access
from exporter.web.authentication import CHALLENGE, AuthResult
from exporter.web.connection import track_requests
from exporter.web.headers import secure
from exporter.web.limits import Limits, system_limits
from exporter.web.listener import Listener
from exporter.web.routes import Exporter, Routes, add_routes, route_path

_GRACE = 0.3
"""Seconds that answers under way get to end. aiohttp waits that long twice."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Server:
    """A running server; `start` makes one."""

    def __init__(
        self, runner: web.AppRunner, listener: Listener, access: Access, limits: Limits, urls: tuple[str, ...]
    ) -> None:
        self._runner = runner
        self._listener = listener
        self._watch = asyncio.create_task(access.watch(limits.look))
        self.access = access
        """Who may come in, by the web configuration file as it was last read."""
        self.urls = urls
        """Where it is reached from this machine: one URL for each address, with the ports that were really bound."""

    @property
    def connections(self) -> int:
        """How many are open."""
        return self._listener.connections

    async def stop(self) -> None:
        """Close the sockets, let answers under way end for a moment, drop what then still hangs."""
        self._watch.cancel()
        self._listener.close()
        await self._runner.cleanup()
        await self._listener.abort()


async def start(
    exporter: Exporter,
    addresses: Sequence[str] = (DEFAULT_ADDRESS,),
    routes: Routes | None = None,
    *,
    config_file: Path | None = None,
    limits: Limits | None = None,
) -> Server:
    """Open the sockets and serve.

    `addresses` are as on the command line, `config_file` is in the format of Prometheus' exporter-toolkit.

    Raises:
        ListenError: an address is invalid, or nothing can listen there; one line.
        RouteError: the telemetry path cannot be used; one line.
        ConfigError: of `exporter.config`; every mistake in the web configuration file.
    """
    bounds = limits or system_limits()
    access = Access(config_file)
    served = routes or Routes()
    application = build(exporter, served, access, bounds)
    sockets = bind([parse_address(address) for address in addresses])
    runner = web.AppRunner(application, handle_signals=False, shutdown_timeout=_GRACE)
    await runner.setup()
    server = runner.server
    if server is None:  # for the type checker: `setup` has just made it
        raise RuntimeError("aiohttp has no server after setup")
    server.request_factory = track_requests(server.request_factory)
    listener = Listener(server, sockets, bounds, tls=access.context, allows=lambda wire: allows(access, wire))
    below = served.paths.prefix[1:] + "/" if served.paths.prefix else ""
    return Server(runner, listener, access, bounds, tuple(url(each, access.scheme) + below for each in sockets))


def build(exporter: Exporter, routes: Routes, access: Access, limits: Limits) -> web.Application:
    """Make the application: the routes behind one guard, and the headers that every answer bears."""

    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        _limit_rate(access)
        await _authenticate(request, access, routes.paths.prefix)
        if (request.content_length or 0) > limits.body:
            raise web.HTTPRequestEntityTooLarge(max_size=limits.body, actual_size=request.content_length or 0)
        return await handler(request)

    async def add_headers(_request: web.Request, response: web.StreamResponse) -> None:
        secure(response.headers, access.settings.headers)

    application = web.Application(middlewares=[guard])
    application.on_response_prepare.append(add_headers)
    add_routes(application, exporter, routes)
    return application


def allows(access: Access, transport: asyncio.Transport) -> bool:
    """Whether the certificate of the client at the other end, if any, bears a name that may come in."""
    tls = access.settings.tls
    return tls is None or tls.allows(transport.get_extra_info("peercert"))


def _limit_rate(access: Access) -> None:
    """Let the request pass, or raise the answer to one too many; before passwords, which cost more to look at."""
    seconds = 0 if access.bucket is None else access.bucket.take(asyncio.get_running_loop().time())
    if seconds:
        raise web.HTTPTooManyRequests(text="Too many requests.\n", headers={"Retry-After": str(seconds)})


async def _authenticate(request: web.Request, access: Access, prefix: str) -> None:
    """Let the request pass, or raise the answer to it.

    Which paths are open is asked of the route that was found, not of the text of the URL: what is opened is what runs.
    """
    if access.authenticator is None:
        return
    if route_path(request, prefix) in access.settings.excluded:
        return
    sent = request.headers.getall(hdrs.AUTHORIZATION, ())
    match await access.authenticator.authenticate(sent[0] if len(sent) == 1 else None):
        case AuthResult.REFUSED:
            raise web.HTTPUnauthorized(headers={hdrs.WWW_AUTHENTICATE: CHALLENGE})
        case AuthResult.BUSY:
            raise web.HTTPServiceUnavailable(
                text="Too many passwords are being checked.\n", headers={"Retry-After": "1"}
            )
        case AuthResult.ADMITTED:
            return
