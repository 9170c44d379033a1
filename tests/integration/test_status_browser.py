"""The pages in a real browser, from a real server on loopback. Pictures go to artifacts/ to be looked at."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import made_up_status as made_up
import pytest
from aiohttp import web
from axe_playwright_python.async_playwright import Axe  # type: ignore[import-untyped]
from patience import PATIENCE
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

from exporter.model import Reason, Status
from exporter.web.status import add_routes

ARTIFACTS = Path(__file__).parents[2] / "artifacts"

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

WIDE = (1440, 900)
PHONE = (390, 844)


@dataclass
class Site:
    """A server whose state a test may replace."""

    status: Status
    url: str = ""
    answers: Callable[[], bool] = lambda: True


@asynccontextmanager
async def serving(status: Status) -> AsyncIterator[Site]:
    site = Site(status)

    @web.middleware
    async def switch(request: web.Request, handler: Callable[[web.Request], object]) -> web.StreamResponse:
        if not site.answers():
            raise web.HTTPServiceUnavailable
        answer = await handler(request)  # type: ignore[misc]
        assert isinstance(answer, web.StreamResponse)
        return answer

    application = web.Application(middlewares=[switch])
    add_routes(application, lambda: site.status)
    runner = web.AppRunner(application)
    await runner.setup()
    listener = web.TCPSite(runner, "127.0.0.1", 0)
    await listener.start()
    site.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield site
    finally:
        await runner.cleanup()


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as play:
        started = await play.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        try:
            yield started
        finally:
            await started.close()


@dataclass
class Visitor:
    """A page of a new context with what it asked for and what it complained of."""

    page: Page
    asked: list[str]
    complaints: list[str]


@asynccontextmanager
async def visiting(
    browser: Browser,
    *,
    scheme: str = "light",
    locale: str = "en-GB",
    size: tuple[int, int] = WIDE,
    javascript: str = "on",
) -> AsyncIterator[Visitor]:
    context: BrowserContext = await browser.new_context(
        color_scheme="dark" if scheme == "dark" else "light",
        locale=locale,
        viewport={"width": size[0], "height": size[1]},
        java_script_enabled=javascript == "on",
    )
    page = await context.new_page()
    visitor = Visitor(page, [], [])
    page.on("request", lambda request: visitor.asked.append(request.url))
    page.on("console", lambda message: visitor.complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: visitor.complaints.append(str(error)))
    try:
        yield visitor
    finally:
        await context.close()


async def picture(page: Page, name: str) -> None:
    ARTIFACTS.mkdir(exist_ok=True)
    await page.screenshot(path=ARTIFACTS / f"status-{name}.png", full_page=True, timeout=4_000 * PATIENCE)


LOOKS = {
    "light": ("light", "en-GB", WIDE),
    "dark": ("dark", "en-GB", WIDE),
    "phone": ("light", "en-GB", PHONE),
    "phone-dark-es": ("dark", "es-CO", PHONE),
    "es": ("light", "es-CO", WIDE),
}

PAGES = {
    "overview": "/",
    "failing": "/campaign?operation=acme&campaign=32852&window=today",
    "spiking": "/campaign?operation=acme&campaign=32850&window=30m",
    "missing": "/campaign?operation=acme&campaign=1&window=1h",
}


@pytest.mark.parametrize("look", LOOKS)
async def test_looks_right_and_is_for_everyone(browser: Browser, look: str) -> None:
    scheme, locale, size = LOOKS[look]
    async with (
        serving(made_up.troubled()) as site,
        visiting(browser, scheme=scheme, locale=locale, size=size) as visitor,
    ):
        for name, path in PAGES.items():
            await visitor.page.goto(site.url + path)
            found = (await Axe().run(visitor.page)).response["violations"]
            serious = [
                f"{each['id']}: {each['nodes'][0]['html']}"
                for each in found
                if each["impact"] in {"serious", "critical"}
            ]
            assert serious == [], name
            room = await visitor.page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert room <= 0, f"{name} is wider than the screen by {room} pixels"
            await picture(visitor.page, f"{name}-{look}")
        assert all(url.startswith(site.url + "/") for url in visitor.asked)
        # a browser says so itself when a page is missing, which one of these is
        assert [line for line in visitor.complaints if "404" not in line] == []


DISCOVERING = {
    "found": "/",
    "few": "/campaign?operation=acme&campaign=178405&window=1h",
    "resting": "/campaign?operation=acme&campaign=178390&window=today",
}


@pytest.mark.parametrize("look", LOOKS)
async def test_campaigns_that_are_found_look_right_too(browser: Browser, look: str) -> None:
    scheme, locale, size = LOOKS[look]
    async with (
        serving(made_up.discovering()) as site,
        visiting(browser, scheme=scheme, locale=locale, size=size) as visitor,
    ):
        for name, path in DISCOVERING.items():
            await visitor.page.goto(site.url + path)
            await visitor.page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true })")
            found = (await Axe().run(visitor.page)).response["violations"]
            assert [each["id"] for each in found if each["impact"] in {"serious", "critical"}] == [], name
            room = await visitor.page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert room <= 0, f"{name} is wider than the screen by {room} pixels"
            await picture(visitor.page, f"{name}-{look}")
        assert visitor.complaints == []


async def test_campaigns_at_rest_are_folded_away(browser: Browser) -> None:
    async with serving(made_up.discovering()) as site, visiting(browser, javascript="off") as visitor:
        await visitor.page.goto(site.url)
        resting = visitor.page.locator("#resting-campaigns")
        assert await resting.locator("summary").inner_text() == "15 campaigns at rest"
        await expect(resting.locator("li").first).to_be_hidden()
        await resting.locator("summary").click()
        await expect(resting.locator("li").first).to_be_visible()
        assert "<b>Rara</b>" in await resting.inner_text()
        await expect(visitor.page.locator("#resting-windows tbody")).to_be_hidden()
        assert await visitor.page.locator("#rows > .scroll tbody tr").count() == 8


async def test_calm_and_crowded(browser: Browser) -> None:
    async with serving(made_up.calm()) as site, visiting(browser) as visitor:
        await visitor.page.goto(site.url)
        assert await visitor.page.locator(".headline").inner_text() == "All campaigns OK"
        await picture(visitor.page, "overview-calm")
        site.status = made_up.crowd(1_000)
        await visitor.page.goto(site.url)
        assert await visitor.page.locator(".campaigns tbody tr").count() == 100
        await picture(visitor.page, "overview-crowd")
        site.status = made_up.status()
        await visitor.page.goto(site.url)
        await picture(visitor.page, "overview-nothing")
        assert visitor.complaints == []


async def test_works_without_javascript(browser: Browser) -> None:
    async with serving(made_up.troubled()) as site, visiting(browser, javascript="off") as visitor:
        page = visitor.page
        await page.goto(site.url)
        await page.select_option("select[name=state]", "trouble")
        await page.fill("input[name=q]", "ventas")
        await page.click("form button")
        assert await page.locator(".campaigns tbody th a").all_inner_texts() == ["Ventas sur", "Ventas norte"]
        await page.click("th:has-text('Attempts') a")
        assert await page.locator("th[aria-sort]").get_attribute("aria-sort") == "descending"
        assert await page.input_value("input[name=q]") == "ventas"
        await page.click("text=Ventas norte")
        assert await page.locator("h1").inner_text() == "Ventas norte"
        assert not await page.locator("#pause").is_visible()


async def test_refreshes_and_keeps_focus_scroll_and_typing(browser: Browser) -> None:
    async with serving(made_up.crowd(300)) as site, visiting(browser) as visitor:
        page = visitor.page
        await page.clock.install()
        await page.goto(site.url)
        await page.fill("input[name=q]", "typed, not sent")
        link = page.locator(".campaigns tbody th a").nth(60)
        href = await link.get_attribute("href")
        await link.focus()
        scrolled = await page.evaluate("scrollY")
        assert scrolled > 0
        await page.evaluate("document.querySelector('#rows table').dataset.old = 'yes'")
        site.status = replace(site.status, at=site.status.at + 60)
        await page.clock.run_for(10_500)
        await page.wait_for_selector("#rows table:not([data-old])")
        assert await page.evaluate("document.activeElement.getAttribute('href')") == href
        assert await page.evaluate("scrollY") == scrolled
        assert await page.input_value("input[name=q]") == "typed, not sent"
        assert visitor.complaints == []


async def test_says_when_the_exporter_is_gone_and_recovers(browser: Browser) -> None:
    async with serving(made_up.calm()) as site, visiting(browser) as visitor:
        page = visitor.page
        await page.clock.install()
        await page.goto(site.url)
        site.answers = lambda: False
        await page.clock.run_for(10_500)
        await expect(page.locator("#contact")).to_contain_text("Connection to the exporter lost")
        site.answers = lambda: True
        await page.clock.run_for(10_500)
        await expect(page.locator("#contact")).to_be_empty()


async def test_a_paused_page_asks_for_nothing(browser: Browser) -> None:
    async with serving(made_up.calm()) as site, visiting(browser) as visitor:
        page = visitor.page
        await page.clock.install()
        await page.goto(site.url)
        await page.focus("#pause")
        await page.keyboard.press("Enter")
        assert await page.inner_text("#pause") == "Resume updates"
        before = len(visitor.asked)
        await page.clock.run_for(60_000)
        assert len(visitor.asked) == before
        async with page.expect_response(site.url + "/"):
            await page.click("#pause")
        assert await page.inner_text("#pause") == "Pause updates"


async def test_hostile_texts_stay_texts(browser: Browser) -> None:
    rows = [
        made_up.shown(
            made_up.target(str(place), operation=text, name=text),
            made_up.failed(Reason.INVALID_RESPONSE, message=text, excerpt=text),
        )
        for place, text in enumerate(made_up.HOSTILE)
    ]
    async with serving(made_up.status(*rows)) as site, visiting(browser, size=PHONE) as visitor:
        page = visitor.page
        dialogs: list[str] = []
        page.on("dialog", lambda dialog: dialogs.append(dialog.message))
        await page.goto(site.url)
        await picture(page, "overview-hostile")
        assert await page.locator(".campaigns tbody tr").count() == len(made_up.HOSTILE)
        assert await page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
        links = await page.locator(".campaigns tbody th a").evaluate_all("links => links.map(link => link.href)")
        for link in links:
            answer = await page.goto(link)
            assert answer is not None
            assert answer.status == 200
            assert await page.locator("script:not([src]), img, [onmouseover]").count() == 0
        assert dialogs == []
        assert visitor.complaints == []
        assert all(url.startswith(site.url + "/") for url in visitor.asked)


async def test_keyboard_reaches_everything(browser: Browser) -> None:
    async with serving(made_up.troubled()) as site, visiting(browser) as visitor:
        page = visitor.page
        await page.goto(site.url)
        await page.keyboard.press("Tab")
        assert await page.evaluate("document.activeElement.textContent") == "Skip to the campaigns"
        await page.keyboard.press("Enter")
        assert await page.evaluate("document.activeElement.id") == "campaigns"
        await page.keyboard.press("Tab")
        assert await page.evaluate("document.activeElement.name") == "operation"
