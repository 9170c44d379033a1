import gzip
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from unittest.mock import Mock

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from yarl import URL

from exporter.metrics.format import Encoding, Exposition
from exporter.web.paths import RouteError, parse_paths
from exporter.web.routes import Routes, _Handlers
from exporter.web.server import Server, start

Serve = Callable[..., Awaitable[Server]]


@pytest.fixture
async def client() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(auto_decompress=False) as session:
        yield session


async def test_metrics_are_negotiated(serve: Serve, program: Any, client: aiohttp.ClientSession) -> None:
    url = (await serve()).urls[0] + "metrics"
    async with client.get(url, headers={"Accept-Encoding": "gzip", "Accept": "application/openmetrics-text"}) as answer:
        assert answer.status == 200
        assert answer.headers["Content-Type"] == "application/openmetrics-text; version=1.0.0; charset=utf-8"
        assert answer.headers["Content-Encoding"] == "gzip"
        assert answer.headers["Vary"] == "Accept, Accept-Encoding"
        assert gzip.decompress(await answer.read()) == program.body
    async with client.get(url, headers={"Accept-Encoding": "identity"}) as answer:
        assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
        assert "Content-Encoding" not in answer.headers
        assert await answer.read() == program.body
    assert program.asked == [(Exposition.OPENMETRICS, Encoding.GZIP), (Exposition.TEXT, Encoding.IDENTITY)]


async def test_a_list_in_several_header_lines_is_one_list(
    serve: Serve, program: Any, client: aiohttp.ClientSession
) -> None:
    url = (await serve()).urls[0] + "metrics"
    headers = [("Accept", "text/plain;q=0.1"), ("Accept", "application/openmetrics-text;q=0.2")]
    async with client.get(url, headers=headers) as answer:
        assert answer.headers["Content-Type"].startswith("application/openmetrics-text")


async def test_a_body_of_many_megabytes_arrives_whole(
    serve: Serve, program: Any, client: aiohttp.ClientSession
) -> None:
    program.body = b"wolkvox_up 1\n" * 500_000
    async with client.get((await serve()).urls[0] + "metrics", headers={"Accept-Encoding": "identity"}) as answer:
        assert await answer.read() == program.body


@pytest.mark.parametrize("path", ["metrics", "-/healthy", "-/ready", ""])
async def test_head_is_get_without_the_body(serve: Serve, client: aiohttp.ClientSession, path: str) -> None:
    url = (await serve()).urls[0] + path
    async with client.get(url) as full, client.head(url) as head:
        assert (head.status, await head.read()) == (200, b"")
        assert head.headers["Content-Length"] == full.headers["Content-Length"]
        assert head.headers["Content-Type"] == full.headers["Content-Type"]


@pytest.mark.parametrize(("path", "name"), [("-/healthy", "trouble"), ("-/ready", "missing")])
async def test_health_and_readiness(
    serve: Serve, program: Any, client: aiohttp.ClientSession, path: str, name: str
) -> None:
    url = (await serve()).urls[0] + path
    async with client.get(url) as answer:
        assert answer.status == 200
        assert answer.content_type == "text/plain"
    setattr(program, name, "operation acme: its worker does not turn")
    async with client.get(url) as answer:
        assert answer.status == 503
        assert await answer.text() == "operation acme: its worker does not turn\n"


@pytest.mark.parametrize("method", ["POST", "PUT"])
async def test_reload_answers_what_came_of_it(
    serve: Serve, program: Any, client: aiohttp.ClientSession, method: str
) -> None:
    url = (await serve(routes=Routes(reload=program.reload))).urls[0] + "-/reload"
    async with client.request(method, url) as answer:
        assert answer.status == 200
    program.mistakes = ("config.yml:3: interval: no duration", "config.yml:9: operations: empty")
    async with client.request(method, url) as answer:
        assert answer.status == 400
        assert (await answer.text()).splitlines() == list(program.mistakes)
    assert program.reloads == 2


@pytest.mark.parametrize("method", ["POST", "PUT"])
async def test_reload_is_forbidden_unless_enabled(
    serve: Serve, program: Any, client: aiohttp.ClientSession, method: str
) -> None:
    async with client.request(method, (await serve()).urls[0] + "-/reload") as answer:
        assert answer.status == 403
        assert "--web.enable-lifecycle" in await answer.text()
    assert program.reloads == 0


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Origin": "http://evil.example:{port}", "Host": "evil.example:{port}"},
        {"Origin": "http://evil.example:{port}", "Host": "evil.example:{port}", "Sec-Fetch-Site": "same-origin"},
        {"Host": "evil.example:{port}", "Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "http://127.0.0.1:{port}", "Sec-Fetch-Site": "same-site"},
        {"Origin": "http://127.0.0.1"},
        {"Origin": "https://127.0.0.1:{port}"},
        {"Origin": "http://10.0.0.1:{port}", "Host": "10.0.0.1:{port}"},
    ],
)
async def test_a_foreign_page_cannot_reload(
    serve: Serve, program: Any, client: aiohttp.ClientSession, headers: dict[str, str]
) -> None:
    url = URL((await serve(routes=Routes(reload=program.reload))).urls[0])
    sent = {name: value.format(port=url.port) for name, value in headers.items()}
    async with client.post(url / "-/reload", headers=sent) as answer:
        assert answer.status == 403
        assert "--web.external-url" in await answer.text()
    assert program.reloads == 0


@pytest.mark.parametrize(
    "headers",
    [
        {},  # curl
        {"Host": "evil.example"},  # curl under any name
        {"Origin": "http://127.0.0.1:{port}"},
        {"Origin": "http://LOCALHOST:{port}", "Host": "localhost:{port}"},
        {"Origin": "http://127.0.0.1:{port}", "Sec-Fetch-Site": "same-origin"},
        {"Host": "localhost:{port}", "Sec-Fetch-Site": "same-origin"},
        {"Origin": "https://monitor.example", "Host": "10.0.0.1"},  # a proxy that passes on its own Host
        {"Origin": "https://monitor.example", "Sec-Fetch-Site": "same-origin"},
    ],
)
async def test_an_own_page_and_a_program_can_reload(
    serve: Serve, program: Any, client: aiohttp.ClientSession, headers: dict[str, str]
) -> None:
    paths = parse_paths("https://monitor.example/", None)
    url = URL((await serve(routes=Routes(reload=program.reload, paths=paths))).urls[0])
    sent = {name: value.format(port=url.port) for name, value in headers.items()}
    async with client.post(url / "-/reload", headers=sent) as answer:
        assert answer.status == 200
    assert program.reloads == 1


async def test_a_client_that_has_gone_cannot_reload(serve: Serve, program: Any) -> None:
    routes = Routes(reload=program.reload)
    request = make_mocked_request("POST", "/-/reload", headers={"Origin": "http://127.0.0.1"}, transport=Mock())
    request.transport.get_extra_info.return_value = None  # type: ignore[union-attr]
    with pytest.raises(web.HTTPForbidden):
        await _Handlers(program, routes).reload(request)
    assert program.reloads == 0


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", "metrics", "GET,HEAD"),
        ("DELETE", "-/healthy", "GET,HEAD"),
        ("PATCH", "-/ready", "GET,HEAD"),
        ("OPTIONS", "", "GET,HEAD"),
        ("TRACE", "metrics", "GET,HEAD"),
        ("GET", "-/reload", "POST,PUT"),
        ("DELETE", "-/reload", "POST,PUT"),
    ],
)
async def test_other_methods_are_not_allowed(
    serve: Serve, client: aiohttp.ClientSession, method: str, path: str, allowed: str
) -> None:
    async with client.request(method, (await serve()).urls[0] + path) as answer:
        assert (answer.status, answer.headers["Allow"]) == (405, allowed)


@pytest.mark.parametrize("path", ["nothing", "-/", "-/healthy/", "metrics/", "%ff", "..%2f..%2fetc/passwd", "-/quit"])
async def test_unknown_paths_are_not_found(serve: Serve, client: aiohttp.ClientSession, path: str) -> None:
    async with client.get((await serve()).urls[0] + path) as answer:
        assert answer.status == 404


@pytest.mark.parametrize("path", ["", "metrics", "-/healthy", "nothing", "-/reload"])
async def test_every_answer_bears_the_security_headers(serve: Serve, client: aiohttp.ClientSession, path: str) -> None:
    async with client.get((await serve()).urls[0] + path) as answer:
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["X-Frame-Options"] == "deny"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["Cache-Control"] == "no-store"
        policy = answer.headers["Content-Security-Policy"]
        assert {"default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'"} <= set(policy.split("; "))
        assert answer.headers["Server"] == "wolkvox-exporter"
        assert "unsafe" not in policy


async def test_a_fault_shows_nothing_of_itself(
    serve: Serve, program: Any, client: aiohttp.ClientSession, capsys: pytest.CaptureFixture[str]
) -> None:
    program.fault = RuntimeError("the secret plan")
    async with client.get((await serve()).urls[0] + "metrics") as answer:
        body = await answer.text()
        assert answer.status == 500
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Server"] == "wolkvox-exporter"
    assert "secret" not in body
    assert "Traceback" not in body
    assert "the secret plan" in capsys.readouterr().out


async def test_a_page_that_gives_up_waiting_is_a_fault_too(
    serve: Serve, program: Any, client: aiohttp.ClientSession
) -> None:
    program.fault = TimeoutError()
    async with client.get((await serve()).urls[0] + "metrics") as answer:
        assert answer.status == 500


PREFIXED = Routes(paths=parse_paths("https://monitor.example/ext", "/int"))


async def test_every_path_stands_below_the_prefix(serve: Serve, client: aiohttp.ClientSession) -> None:
    url = (await serve(routes=PREFIXED)).urls[0]
    assert url.endswith("/int/")
    for path in ("", "metrics", "-/healthy", "-/ready"):
        async with client.get(url + path) as answer:
            assert answer.status == 200
            assert answer.headers["X-Frame-Options"] == "deny"
    async with client.post(url + "-/reload") as answer:
        assert answer.status == 403
    for path in ("metrics", "-/healthy", "int/int/", "intmetrics", "internal", "ext/"):
        async with client.get(url.removesuffix("int/") + path) as answer:
            assert answer.status == 404, path


async def test_what_the_prefix_is_missing_of_leads_to_it(serve: Serve, client: aiohttp.ClientSession) -> None:
    root = (await serve(routes=PREFIXED)).urls[0].removesuffix("int/")
    for path, where in (("", "/int/"), ("int", "/ext/")):
        for method in ("GET", "HEAD"):
            async with client.request(method, root + path, allow_redirects=False) as answer:
                assert (answer.status, answer.headers["Location"]) == (302, where)


async def test_the_telemetry_path_stands_below_the_prefix(serve: Serve, client: aiohttp.ClientSession) -> None:
    routes = Routes(telemetry_path="/int", paths=parse_paths(None, "/int"))
    async with client.get((await serve(routes=routes)).urls[0] + "int") as answer:
        assert answer.status == 200


async def test_without_pages_nothing_stands_at_the_root(program: Any, client: aiohttp.ClientSession) -> None:
    server = await start(program, ("127.0.0.1:0",))
    async with client.get(server.urls[0]) as answer:
        assert answer.status == 404
    await server.stop()


async def test_pages_for_people_take_the_root(serve: Serve, client: aiohttp.ClientSession) -> None:
    async def root(_request: web.Request) -> web.Response:
        return web.Response(text="<p>hello", content_type="text/html", headers={"Content-Security-Policy": "mine"})

    def pages(application: web.Application) -> None:
        application.router.add_get("/", root)

    routes = Routes(pages=pages)
    async with client.get((await serve(routes=routes)).urls[0]) as answer:
        assert await answer.text() == "<p>hello"
        assert answer.headers["Content-Security-Policy"] == "mine"


@pytest.mark.parametrize(
    "path", ["", "metrics", "/", "//", "/a//b", "/a/", "/a/../b", "/a b", "/%41", "/a?b", "/{a}", "/ñ", "/a\n"]
)
async def test_a_telemetry_path_that_is_none(serve: Serve, path: str) -> None:
    with pytest.raises(RouteError, match=r"^--web\.telemetry-path .* allowed: ") as caught:
        await serve(routes=Routes(telemetry_path=path))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("path", ["/-/healthy", "/-/reload", "/-", "/-/metrics"])
async def test_a_telemetry_path_that_is_taken(serve: Serve, path: str) -> None:
    with pytest.raises(RouteError, match="is taken by other pages"):
        await serve(routes=Routes(telemetry_path=path))


async def test_another_telemetry_path(serve: Serve, program: Any, client: aiohttp.ClientSession) -> None:
    url = (await serve(routes=Routes(telemetry_path="/probe/wolkvox.metrics"))).urls[0]
    async with client.get(url + "probe/wolkvox.metrics") as answer:
        assert await answer.read()
        assert answer.status == 200
    async with client.get(url + "metrics") as answer:
        assert answer.status == 404


async def test_an_answer_that_breaks_off_is_seen_to_break_off(serve: Serve, client: aiohttp.ClientSession) -> None:
    async def half(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "100"})
        await response.prepare(request)
        await response.write(b"half")
        raise RuntimeError("lost the rest")

    def pages(application: web.Application) -> None:
        application.router.add_get("/", half)

    url = (await serve(routes=Routes(pages=pages))).urls[0]
    async with client.get(url) as answer:
        with pytest.raises(aiohttp.ClientPayloadError):
            await answer.read()
    async with client.get(url + "metrics") as answer:
        assert answer.status == 200
