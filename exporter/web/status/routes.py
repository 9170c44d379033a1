"""The pages for people and the same as JSON: `/`, `/campaign`, `/api/v1/status` and the three files of `/static/`."""

import asyncio
import gzip
import json
import zlib
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from functools import partial
from http import HTTPStatus
from typing import NamedTuple

from aiohttp import hdrs, web

from exporter.metrics.format import Encoding
from exporter.model import Status, TargetKey
from exporter.web.negotiation import combined_value, encode
from exporter.web.status.assets import Asset, load
from exporter.web.status.campaign_document import campaign_document
from exporter.web.status.document import head
from exporter.web.status.i18n import Language, negotiate
from exporter.web.status.page import Pages
from exporter.web.status.query import parse
from exporter.web.status.state import CampaignSummaries
from exporter.web.status.view import Overview, campaign, overview

_SLICE = 50
"""Campaigns of the JSON after which other requests get a turn; with full histories about 3 ms of work."""

_GZIP_LEVEL = 4
_GZIP_WINDOW = 31  # zlib's way to ask for a gzip header around the largest window

_CACHED = "public, max-age=604800, immutable"  # a week; the address changes with the content

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
"""Of the HTML pages (https://www.w3.org/TR/CSP3/).

A browser may load this server's own style and script and send requests to this server, nothing else.
"""


def add_routes(
    application: web.Application, status: Callable[[], Status], telemetry_path: str = "/metrics", links: str = ""
) -> None:
    """Add the pages to the application. `status` gives the current state without waiting for anything.

    `links` is what every link begins with, as in `exporter.web.paths`.
    """
    _StatusHandlers(status, telemetry_path, links).add(application)


class _Page(NamedTuple):
    status: HTTPStatus
    html: str


class _StatusHandlers:
    def __init__(self, status: Callable[[], Status], telemetry_path: str, links: str) -> None:
        self._status = status
        self._assets = load()
        addresses = {asset.name: asset.address for asset in self._assets}
        self._pages = Pages(addresses, telemetry_path.removeprefix("/"), links)
        self._digests = CampaignSummaries()

    def add(self, application: web.Application) -> None:
        application.router.add_get("/", self.overview)
        application.router.add_get("/campaign", self.campaign)
        application.router.add_get("/api/v1/status", self.document)
        for asset in self._assets:
            application.router.add_get(asset.path, _file(asset))

    async def overview(self, request: web.Request) -> web.Response:
        return await _html(request, partial(self._overview, self._status()))

    async def campaign(self, request: web.Request) -> web.Response:
        return await _html(request, partial(self._campaign, self._status()))

    async def document(self, request: web.Request) -> web.StreamResponse:
        view = await asyncio.to_thread(self._view, self._status(), request.query)
        coding = _coding(request)
        answer = web.StreamResponse(headers={hdrs.CONTENT_TYPE: "application/json", hdrs.VARY: hdrs.ACCEPT_ENCODING})
        if coding is Encoding.GZIP:
            answer.headers[hdrs.CONTENT_ENCODING] = coding.value
        await answer.prepare(request)
        if request.method != hdrs.METH_HEAD:
            for piece in _coded(_json(view), coding):
                await answer.write(piece)
                await asyncio.sleep(0)
        await answer.write_eof()
        return answer

    def _view(self, status: Status, parameters: Mapping[str, str]) -> Overview:
        return overview(status, self._digests.of(status.targets), parse(parameters))

    def _overview(self, status: Status, parameters: Mapping[str, str], language: Language) -> _Page:
        return _Page(HTTPStatus.OK, self._pages.overview(self._view(status, parameters), language))

    def _campaign(self, status: Status, parameters: Mapping[str, str], language: Language) -> _Page:
        key = TargetKey(*(parameters.get(name, "") for name in ("operation", "campaign", "window")))
        view = campaign(status, self._digests.of(status.targets), key)
        if view is None:
            return _Page(HTTPStatus.NOT_FOUND, self._pages.missing(language))
        return _Page(HTTPStatus.OK, self._pages.campaign(view, language))


async def _html(request: web.Request, render: Callable[[Mapping[str, str], Language], _Page]) -> web.Response:
    """Render in a thread: a page of 100 rows takes milliseconds, and scrapes must not wait for it."""
    language = negotiate(combined_value(request.headers, hdrs.ACCEPT_LANGUAGE))
    page = await asyncio.to_thread(render, request.query, language)
    coding = _coding(request)
    headers = {
        hdrs.CONTENT_TYPE: "text/html; charset=utf-8",
        hdrs.CONTENT_LANGUAGE: language.code,
        hdrs.VARY: f"{hdrs.ACCEPT_LANGUAGE}, {hdrs.ACCEPT_ENCODING}",
        "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    }
    # "replace": a name may hold a lone surrogate, which UTF-8 cannot encode
    body = page.html.encode("utf-8", "replace")
    if coding is Encoding.GZIP:
        headers[hdrs.CONTENT_ENCODING] = coding.value
        body = await asyncio.to_thread(gzip.compress, body, _GZIP_LEVEL)
    return web.Response(status=page.status, body=body, headers=headers)


def _json(view: Overview) -> Iterator[bytes]:
    """The document in pieces that each take a few milliseconds."""
    yield json.dumps(head(view)).removesuffix("}").encode() + b', "campaigns": ['
    separator = b"\n"
    for start in range(0, view.found.windows, _SLICE):
        rows = (campaign_document(each, view.status.at) for each in view.matching[start : start + _SLICE])
        yield separator + b",\n".join(json.dumps(row, allow_nan=False).encode() for row in rows)
        separator = b",\n"
    yield b"]}\n"


def _coded(pieces: Iterable[bytes], coding: Encoding) -> Iterator[bytes]:
    if coding is Encoding.IDENTITY:
        yield from pieces
        return
    packer = zlib.compressobj(_GZIP_LEVEL, wbits=_GZIP_WINDOW)
    for piece in pieces:
        yield packer.compress(piece)
    yield packer.flush()


def _file(asset: Asset) -> Callable[[web.Request], Awaitable[web.Response]]:
    headers = {hdrs.CONTENT_TYPE: f"{asset.content_type}; charset=utf-8", hdrs.CACHE_CONTROL: _CACHED}

    async def answer(_request: web.Request) -> web.Response:
        return web.Response(body=asset.body, headers=headers)

    return answer


def _coding(request: web.Request) -> Encoding:
    return encode(combined_value(request.headers, hdrs.ACCEPT_ENCODING))
