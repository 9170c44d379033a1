"""Dashboards drawn with Grafana's panel components in Chromium, and what can be read off them."""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web
from playwright.async_api import Page, async_playwright

from grafana.library import FOLDER

CHROMIUM = "/usr/bin/chromium"
ZONE = "America/Bogota"
UNHURRIED = 180_000
"""Milliseconds that one dashboard may take on a machine that is busy."""

SIZES: Mapping[str, tuple[int, int]] = {
    "desk": (1600, 1000),
    "wide": (1920, 1080),
    "wall": (2560, 1440),
    "phone": (412, 915),
}
"""The width and height in pixels. Of the wall only what fits on it is kept: nobody scrolls there."""

READ = (Path(__file__).parent / "read.js").read_text(encoding="utf-8")
SPY = (Path(__file__).parent / "spy.js").read_text(encoding="utf-8")


@dataclass(frozen=True, slots=True)
class Table:
    """A table as it is seen."""

    headers: Sequence[str]
    rows: Sequence[Sequence[str]]
    colours: Sequence[Sequence[str]]
    """The background of each cell; empty where it has none."""
    cut: Sequence[str]
    """Headers, and cells of text, that are wider than what is seen of them."""
    scrolled: int
    """Pixels that are off to the right."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One panel as it is seen."""

    title: str
    kind: str
    text: str
    no_value: str
    """What stands in it instead of data."""
    error: str
    table: Table | None
    axes: Sequence[Sequence[str]]
    """The labels of each axis, in the order in which they are drawn."""
    cut: Sequence[str]
    """Names of a timeline's rows that are wider than what is seen of them."""
    answered: int
    """Rows that its queries gave."""


@dataclass(frozen=True, slots=True)
class Picture:
    """One dashboard in one state of the world and one size."""

    dashboard: str
    state: str
    size: str
    panels: Sequence[Seen]
    queries: Sequence[Mapping[str, Any]] = field(default=())

    def panel(self, title: str) -> Seen:
        """The panel of that title."""
        return next(panel for panel in self.panels if panel.title == title)


class Artist:
    """Draws dashboards of one Prometheus, and keeps the pictures in a folder."""

    def __init__(self, page: Page, address: str, prometheus: str, folder: Path) -> None:
        self._page, self._address, self._prometheus, self._folder = page, address, prometheus, folder

    async def draw(self, dashboard: str, state: str, campaign: str) -> list[Picture]:
        """The dashboard in all sizes; its queries are asked once."""
        asked = f"dashboard={dashboard}&prometheus={self._prometheus}&var-campaign={campaign}"
        await self._resize("desk")
        await self._page.goto(f"{self._address}/?{asked}")
        await self._page.wait_for_function("window.drawn", timeout=UNHURRIED)
        drawn = await self._page.evaluate("window.drawn")
        assert "failed" not in drawn, drawn["failed"]
        return [await self._look(dashboard, state, size, drawn) for size in SIZES]

    async def _resize(self, size: str) -> None:
        width, height = SIZES[size]
        await self._page.set_viewport_size({"width": width, "height": height})

    async def _look(self, dashboard: str, state: str, size: str, drawn: Mapping[str, Any]) -> Picture:
        await self._resize(size)
        await self._page.wait_for_function("window.settled()", timeout=UNHURRIED)
        name = f"{dashboard}-{state}-{size}"
        await self._page.screenshot(path=self._folder / f"{name}.png", full_page=size != "wall", timeout=UNHURRIED)
        found = await self._page.evaluate(READ)
        (self._folder / f"{name}.json").write_text(
            json.dumps({"panels": found, "queries": drawn["asked"]}, indent=1, ensure_ascii=False), encoding="utf-8"
        )
        answered = {str(each["id"]): each for each in drawn["panels"]}
        panels = [
            Seen(
                title=each["title"],
                kind=each["kind"],
                text=each["text"],
                no_value=each["noValue"],
                error=answered[each["id"]]["error"],
                table=Table(**each["table"]) if each["table"] else None,
                axes=each["axes"],
                cut=each["cut"],
                answered=answered[each["id"]]["rows"],
            )
            for each in found
        ]
        return Picture(dashboard, state, size, panels, drawn["asked"])


@asynccontextmanager
async def artist(site: Path, prometheus: str, folder: Path) -> AsyncIterator[Artist]:
    """Serve what was bundled and the dashboards, and open a browser on them."""
    app = web.Application()

    async def index(_: web.Request) -> web.FileResponse:
        return web.FileResponse(site / "index.html")

    app.router.add_get("/", index)
    app.router.add_static("/dashboards", FOLDER)
    app.router.add_static("/", site)
    runner = web.AppRunner(app)
    await runner.setup()
    listener = web.TCPSite(runner, "127.0.0.1", 0)
    await listener.start()
    host, port = runner.addresses[0][:2]
    try:
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
            page = await browser.new_page(timezone_id=ZONE, locale="en-US")
            await page.add_init_script(SPY)
            yield Artist(page, f"http://{host}:{port}", prometheus, folder)
            await browser.close()
    finally:
        await runner.cleanup()
