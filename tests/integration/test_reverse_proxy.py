"""The exporter behind a real nginx: every link that a reader follows leads somewhere, whatever the proxy does to it."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import aiohttp
import pytest
from real_exporter import Exporter
from real_nginx import free_port, nginx_on

PREFIX = "/tools/wolkvox"

STRIPS = f"location {PREFIX}/ {{{{ proxy_pass http://{{exporter}}/; }}}}"
"""nginx takes the prefix away, and itself redirects what lacks the last slash."""
KEEPS = f"location {PREFIX} {{{{ proxy_pass http://{{exporter}}; proxy_set_header Host $http_host; }}}}"
REPLACES = f"location {PREFIX} {{{{ proxy_pass http://{{exporter}}/inside; }}}}"

STYLES = {
    "strips": (STRIPS, "--web.external-url={url}", "--web.route-prefix=/"),
    "strips, without flags": (STRIPS,),
    "keeps": (KEEPS, "--web.external-url={url}/"),
    "keeps, only the prefix given": (KEEPS, f"--web.route-prefix={PREFIX}"),
    "keeps, only a path given": (KEEPS, f"--web.external-url={PREFIX}"),
    "replaces": (REPLACES, "--web.external-url={url}", "--web.route-prefix=/inside"),
}


class Links(HTMLParser):
    """Every address that a page names."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value for name, value in attrs if value and name in {"href", "src", "action"}]


@asynccontextmanager
async def behind(folder: Path, style: str) -> AsyncIterator[tuple[aiohttp.ClientSession, str]]:
    """A demo behind nginx; the address under which people reach it, without a slash at its end."""
    locations, *flags = STYLES[style]
    port = free_port()
    url = f"http://127.0.0.1:{port}{PREFIX}"
    given = [flag.format(url=url) for flag in flags]
    async with aiohttp.ClientSession() as session:
        exporter = Exporter(
            session, folder, "demo", "--web.listen-address=127.0.0.1:0", "--web.enable-lifecycle", *given
        )
        try:
            await exporter.serves()
            at = urlsplit(exporter.url).netloc
            async with nginx_on(port, folder / "nginx", locations.format(exporter=at)):
                yield session, url
            assert await exporter.stop() == 0, exporter.stderr
        finally:
            if exporter.process.poll() is None:
                await exporter.kill()
    assert "Traceback" not in exporter.stderr


@pytest.mark.parametrize("style", STYLES)
async def test_every_link_leads_somewhere(tmp_path: Path, style: str) -> None:
    async with behind(tmp_path, style) as (session, url):
        seen, waiting = set(), [url, f"{url}/campaign?operation=a&campaign=b&window=c"]
        while waiting:
            address = waiting.pop()
            async with session.get(address) as answer:
                text = await answer.text()
                assert answer.status == (404 if "campaign=b" in address else 200), address
                here = str(answer.url)
            assert here.startswith(f"{url}/")
            if answer.content_type != "text/html":
                continue
            for link in Links(text).found:
                target = urljoin(here, link).partition("#")[0]
                assert target.startswith(f"{url}/"), (here, link)
                if "external-url" in "".join(STYLES[style]) and not link.startswith("#"):
                    assert link.startswith(f"{PREFIX}/"), link
                kind = target.partition("?")[0], "sort" in target, "state" in target
                if kind not in seen:
                    seen.add(kind)
                    waiting.append(target)
        paths = {kind[0].removeprefix(url) for kind in seen}
        assert paths == {
            "/", "/metrics", "/campaign", "/api/v1/status",
            "/static/status.css", "/static/status.js", "/static/icon.svg",
        }  # fmt: skip
        async with session.get(f"{url}/api/v1/status") as answer:
            assert json.loads(await answer.text())["campaigns"]


@pytest.mark.parametrize("style", ["strips", "keeps"])
async def test_a_browser_reloads_from_the_external_address_only(tmp_path: Path, style: str) -> None:
    async with behind(tmp_path, style) as (session, url):
        own = urlsplit(url)
        foreign = {"Origin": "http://evil.example", "Host": "evil.example"}
        for headers, expected in (({"Origin": f"http://{own.netloc}"}, 200), (foreign, 403), ({}, 200)):
            async with session.post(f"{url}/-/reload", headers=headers) as answer:
                assert answer.status == expected
