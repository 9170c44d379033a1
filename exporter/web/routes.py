"""The paths of the server and what answers them."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

import structlog
from aiohttp import hdrs, web

from exporter.metrics.format import Encoding, Exposition
from exporter.web.negotiation import VARY, combined_value, encode, negotiate
from exporter.web.origin import is_foreign, local_origins
from exporter.web.paths import AT_THE_ROOT, HEALTHY, READY, RELOAD, Paths, RouteError, is_path

_log = structlog.get_logger(__name__)

Reload = Callable[[], Awaitable[tuple[str, ...]]]
"""Loads the configuration again and returns what is wrong with it; an empty tuple is success."""


class Exporter(Protocol):
    """What the server needs to know about the program behind it."""

    async def page(self, exposition: Exposition, encoding: Encoding) -> bytes:
        """Give the whole page in this format and content coding."""
        ...

    def unhealthy(self) -> str | None:
        """Say in a line why the polling loops stand still; None while they run."""
        ...

    def unready(self) -> str | None:
        """Say in a line what is not known yet; None once every campaign was polled or restored."""
        ...


@dataclass(frozen=True, slots=True)
class Routes:
    """What can be chosen about the paths."""

    telemetry_path: str = "/metrics"
    """Below the prefix, as every other path."""
    paths: Paths = AT_THE_ROOT
    reload: Reload | None = None
    """None: `/-/reload` is forbidden."""
    pages: Callable[[web.Application], None] | None = None
    """Adds the pages for people, `/` among them; None: there are none."""


def add_routes(application: web.Application, exporter: Exporter, routes: Routes) -> None:
    """Add every path to the application; raises `RouteError` where the telemetry path cannot be used."""
    handlers = _Handlers(exporter, routes)
    paths = routes.paths
    if not paths.prefix:
        handlers.add(application)
        return
    # As Prometheus does: the addresses without the prefix redirect to it, and nothing else is served outside of it.
    application.router.add_get("/", _redirect(f"{paths.prefix}/"))
    application.router.add_get(paths.prefix, _redirect(paths.entrance))
    below = web.Application()
    handlers.add(below)
    application.add_subapp(paths.prefix, below)


def route_path(request: web.Request, prefix: str) -> str:
    """The path of the route that was found, below the prefix; empty where none was found."""
    resource = request.match_info.route.resource
    return "" if resource is None else resource.canonical.removeprefix(prefix)


class _Handlers:
    def __init__(self, exporter: Exporter, routes: Routes) -> None:
        self._exporter = exporter
        self._routes = routes

    def add(self, application: web.Application) -> None:
        router = application.router
        router.add_get(HEALTHY, self.healthy)
        router.add_get(READY, self.ready)
        router.add_post(RELOAD, self.reload)
        router.add_put(RELOAD, self.reload)
        if self._routes.pages is not None:
            self._routes.pages(application)
        _check_telemetry_path(self._routes.telemetry_path, {resource.canonical for resource in router.resources()})
        router.add_get(self._routes.telemetry_path, self.metrics)

    async def metrics(self, request: web.Request) -> web.Response:
        exposition, content_type = negotiate(combined_value(request.headers, hdrs.ACCEPT))
        encoding = encode(combined_value(request.headers, hdrs.ACCEPT_ENCODING))
        headers = {hdrs.CONTENT_TYPE: content_type, hdrs.VARY: VARY}
        if encoding is not Encoding.IDENTITY:
            headers[hdrs.CONTENT_ENCODING] = encoding.value
        return web.Response(body=await self._exporter.page(exposition, encoding), headers=headers)

    async def healthy(self, _request: web.Request) -> web.Response:
        return _state(self._exporter.unhealthy(), "healthy")

    async def ready(self, _request: web.Request) -> web.Response:
        return _state(self._exporter.unready(), "ready")

    async def reload(self, request: web.Request) -> web.Response:
        if self._routes.reload is None:
            raise web.HTTPForbidden(text="Reloading is off; start with --web.enable-lifecycle, or send SIGHUP.\n")
        if _is_foreign(request, self._routes.paths):
            raise web.HTTPForbidden(
                text="A browser may reload from this exporter's own address only. Behind a reverse proxy, or under a"
                " name, start with --web.external-url.\n"
            )
        mistakes = await self._routes.reload()
        if mistakes:
            return web.Response(status=web.HTTPBadRequest.status_code, text="".join(f"{line}\n" for line in mistakes))
        return web.Response(text="The configuration is loaded.\n")


def _check_telemetry_path(path: str, taken: Iterable[str]) -> None:
    if not is_path(path):
        raise RouteError(
            f"--web.telemetry-path {path!r}: is not a path; allowed: a slash, then ASCII letters, digits and"
            " punctuation without % ? # { } quotes and space, such as /metrics"
        )
    first = path.split("/")[1]
    if first in {other.split("/")[1] for other in taken}:
        raise RouteError(
            f"--web.telemetry-path {path!r}: /{first} is taken by other pages; choose another, as /metrics"
        )


def _state(trouble: str | None, name: str) -> web.Response:
    if trouble is None:
        return web.Response(text=f"wolkvox-exporter is {name}.\n")
    return web.Response(status=web.HTTPServiceUnavailable.status_code, text=f"{trouble}\n")


def _is_foreign(request: web.Request, paths: Paths) -> bool:
    sockname = request.get_extra_info("sockname")
    if sockname is None:  # the client has gone, and with it the address that it connected to
        return True
    own = local_origins(request.scheme, *sockname[:2]) | ({paths.origin} if paths.origin else set())
    origins, sites, hosts = (
        tuple(request.headers.getall(name, ())) for name in (hdrs.ORIGIN, "Sec-Fetch-Site", hdrs.HOST)
    )
    return is_foreign(origins=origins, sites=sites, hosts=hosts, scheme=request.scheme, own=own)


def _redirect(location: str) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def answer(_request: web.Request) -> web.StreamResponse:
        raise web.HTTPFound(location)

    return answer
