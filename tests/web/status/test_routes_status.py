import gzip
import re
from collections.abc import Awaitable, Callable
from html.parser import HTMLParser
from typing import Any

import made_up_status as made_up
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient
from yarl import URL

from exporter.model import Reason, Status, TargetState
from exporter.web.status.i18n import negotiate
from exporter.web.status.routes import CONTENT_SECURITY_POLICY
from exporter.web.status.text import encodable

Serve = Callable[[Status], Awaitable[TestClient[web.Request, web.Application]]]


class Reader(HTMLParser):
    """The tags and texts of a page as a browser would see them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.texts.append(data.strip())


async def read(serve: Serve, status: Status, path: str = "/", **headers: str) -> str:
    client = await serve(status)
    answer = await client.get(path, headers=headers)
    assert answer.status == 200
    return await answer.text()


async def test_the_first_thing_said_is_the_trouble(serve: Serve) -> None:
    reader = Reader(await read(serve, made_up.troubled()))
    assert "6 campaigns in trouble" in reader.texts[:8]
    assert "acme:" not in reader.texts[:8]
    assert reader.texts[0] == "(6) Wolkvox campaigns"


@pytest.mark.parametrize(
    ("status", "headline"),
    [
        (made_up.status(), "No campaigns are configured"),
        (made_up.calm(), "All campaigns OK"),
        (made_up.status(made_up.shown(made_up.target(), TargetState())), "Waiting for the first results"),
        (made_up.status(made_up.shown(made_up.target(), made_up.failed(Reason.AUTH))), "1 campaign in trouble"),
    ],
)
async def test_headlines(serve: Serve, status: Status, headline: str) -> None:
    assert headline in Reader(await read(serve, status)).texts


@pytest.mark.parametrize(
    ("language", "phrases"),
    [
        (
            "en",
            (
                "(1) Wolkvox campaigns",
                "1 campaign in trouble",
                "7 windows of 3 campaigns :",
                "token refused · 2 windows of 1 campaign · oldest last success",
                "acme https://wv0013.wolkvox.com 2 (4 windows) 0",
                "globex https://wv0013.wolkvox.com 1 (3 windows) 1",
            ),
        ),
        (
            "es",
            (
                "(1) Campañas de Wolkvox",
                "1 campaña con problemas",
                "7 ventanas de 3 campañas :",
                "token rechazado · 2 ventanas de 1 campaña ·",
                "2 (4 ventanas) 0",
                "1 (3 ventanas) 1",
            ),
        ),
    ],
)
async def test_a_campaign_is_counted_once_however_many_windows_it_has(
    serve: Serve, language: str, phrases: tuple[str, ...]
) -> None:
    texts = Reader(await read(serve, made_up.windowed(), **{"Accept-Language": language})).texts
    said = re.sub(r"\s+", " ", " ".join(texts)).replace(": ", " : ").replace("  ", " ")
    for phrase in phrases:
        assert phrase in said, said


async def test_a_filter_counts_what_it_lets_through(serve: Serve) -> None:
    said = " ".join(Reader(await read(serve, made_up.windowed(), "/?state=failing")).texts)
    assert "2 windows of 1 campaign" in said


async def test_the_content_of_the_configuration_is_named(serve: Serve) -> None:
    text = " ".join(Reader(await read(serve, made_up.calm())).texts)
    assert re.search(
        r"configuration loaded 2 h 13 min ago \(config\.yml of \d{4}-\d\d-\d\d \d\d:\d\d:\d\d, SHA-256 1a2b3c4d…\)",
        text,
    )


async def test_the_overview_answers_what_is_asked_first(serve: Serve) -> None:
    text = re.sub(r"\s+", " ", " ".join(Reader(await read(serve, made_up.troubled())).texts))
    for said in (
        "The last reload failed",
        "initech : token refused · 2 campaigns · some have not succeeded yet",
        "initech : no connection · 1 campaign · last success 33 min ago",
        "Polls are 5 min late",
        "93.3% of the daily budget has been used",
        "The plan needs 864 requests a day, the budget is 500",
        "400 left · 5,600 of 6,000 used",
        "does not fit: 864 requests a day, budget 500",
        "Data from 12 s ago to 6 min ago",
        "Next poll due now",
    ):
        assert said in text


async def test_spanish_where_it_is_asked_for(serve: Serve) -> None:
    client = await serve(made_up.troubled())
    answer = await client.get("/", headers={"Accept-Language": "es-CO, en;q=0.5"})
    text = await answer.text()
    assert answer.headers["Content-Language"] == "es"
    assert "Accept-Language" in answer.headers["Vary"]
    assert '<html lang="es">' in text
    assert "6 campañas con problemas" in text
    assert "39,3\N{NO-BREAK SPACE}%" in text
    assert "token rechazado" in text


@pytest.mark.parametrize("language", ["en", "es"])
async def test_every_reason_is_said_with_what_to_do(serve: Serve, language: str) -> None:
    status = made_up.status(*(made_up.shown(made_up.target(each), made_up.failed(each)) for each in Reason))
    client = await serve(status)
    for reason in Reason:
        advice = negotiate(language).reasons[reason]
        address = {"operation": "acme", "campaign": reason.value, "window": "1h"}
        answer = await client.get("/campaign", params=address, headers={"Accept-Language": language})
        texts = " ".join(Reader(await answer.text()).texts)
        assert advice.what in texts
        assert advice.do in texts


async def test_headers_let_nothing_in_from_elsewhere(serve: Serve) -> None:
    client = await serve(made_up.calm())
    for path in ("/", "/campaign?operation=x", "/campaign?operation=acme&campaign=32841&window=1h"):
        answer = await client.get(path)
        assert answer.headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY
        reader = Reader(await answer.text())
        assert all("style" not in attributes for _, attributes in reader.tags)
        links = [
            each.get("href") or each.get("src") or "" for tag, each in reader.tags if tag in {"a", "link", "script"}
        ]
        assert links
        assert all(not URL(link).absolute for link in links)
        assert all(each.get("src") for tag, each in reader.tags if tag == "script")
        assert not any(name.startswith("on") for _, attributes in reader.tags for name in attributes)


async def test_every_link_of_the_overview_leads_somewhere(serve: Serve) -> None:
    client = await serve(made_up.troubled())
    answer = await client.get("/")
    reader = Reader(await answer.text())
    links = {each.get("href") or each.get("src") or "" for tag, each in reader.tags if tag in {"a", "link", "script"}}
    for link in links - {"#campaigns", "deep/metrics"}:
        found = await client.get(URL("/").join(URL(link)))
        assert found.status == 200, link
    assert "deep/metrics" in links


async def test_files_have_types_and_may_be_kept(serve: Serve) -> None:
    client = await serve(made_up.calm())
    for name, kind in (("status.css", "text/css"), ("status.js", "text/javascript"), ("icon.svg", "image/svg+xml")):
        answer = await client.get(f"/static/{name}")
        assert answer.content_type == kind
        assert "immutable" in answer.headers["Cache-Control"]
    for path in ("/static/", "/static", "/static/../status.py", "/static/%2e%2e/status.py"):
        answer = await client.get(URL(path, encoded=True))
        assert answer.status == 404


async def test_pages_of_a_hundred_rows(serve: Serve) -> None:
    client = await serve(made_up.crowd(250))
    for page, rows in ((1, 100), (2, 100), (3, 50), (99, 50)):
        answer = await client.get("/", params={"page": str(page)})
        text = await answer.text()
        assert text.count('<th scope="row"><a href="campaign?') == rows
    assert "201\N{EN DASH}250 of 250 windows of 250 campaigns" in text
    assert 'rel="next"' not in text
    assert 'rel="prev"' in text


async def test_unknown_campaigns_are_not_found(serve: Serve) -> None:
    client = await serve(made_up.calm())
    answer = await client.get("/campaign")
    assert answer.status == 404
    assert "No such campaign" in await answer.text()


async def test_other_methods_are_refused(serve: Serve) -> None:
    client = await serve(made_up.calm())
    for path in ("/", "/campaign", "/api/v1/status", "/static/status.css"):
        answer = await client.post(path)
        assert answer.status == 405


async def test_gzip_where_it_is_asked_for(serve: Serve) -> None:
    client = await serve(made_up.troubled())
    client.session._auto_decompress = False
    for path in ("/", "/api/v1/status"):
        packed = await client.get(path, headers={"Accept-Encoding": "gzip"})
        plain = await client.get(path, headers={"Accept-Encoding": "identity"})
        assert packed.headers["Content-Encoding"] == "gzip"
        assert "Accept-Encoding" in packed.headers["Vary"]
        assert gzip.decompress(await packed.read()) == await plain.read()


async def test_head_has_no_body(serve: Serve) -> None:
    client = await serve(made_up.troubled())
    for path in ("/", "/api/v1/status"):
        answer = await client.head(path)
        assert answer.status == 200
        assert await answer.read() == b""


def hostile(text: str) -> Status:
    each = made_up.target("1", operation=text, name=text)
    state = made_up.failed(Reason.INVALID_RESPONSE, made_up.good({"answer": 5, text: 7}), message=text, excerpt=text)
    return made_up.status(made_up.shown(each, state))


@pytest.mark.parametrize("text", made_up.HOSTILE, ids=lambda text: ascii(text)[:20])
async def test_hostile_texts_add_no_markup(serve: Serve, text: str) -> None:
    client, harmless = await serve(hostile(text)), await serve(hostile("harmless"))
    for path in ("/", "/campaign?campaign=1&window=1h"):
        url = URL(path)
        wanted = await harmless.get(url.update_query(operation="harmless") if url.query else url)
        found = await client.get(url.update_query(operation=encodable(text)) if url.query else url)
        html = await found.text()
        assert [tag for tag, _ in Reader(html).tags] == [tag for tag, _ in Reader(await wanted.text()).tags]
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f\u202e\u2067]", re.sub(r'value="[^"]*"', "", html))


@pytest.mark.parametrize("text", made_up.HOSTILE, ids=lambda text: ascii(text)[:20])
async def test_hostile_texts_come_through_json_unchanged(serve: Serve, text: str) -> None:
    client = await serve(hostile(text))
    answer = await client.get("/api/v1/status")
    raw = await answer.read()
    document: dict[str, Any] = await answer.json()
    assert raw.isascii()
    found = document["campaigns"][0]
    expected = text.replace("\ud800", "\N{REPLACEMENT CHARACTER}")
    assert (found["name"], found["operation"]) == (expected, expected)
    assert (found["failure"]["message"], found["failure"]["excerpt"]) == (expected, expected)
    assert expected in {row["result"] for row in found["data"]["results"]}
