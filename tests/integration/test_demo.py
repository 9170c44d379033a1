"""The two commands that need nothing: `demo`, and `simulate` with the configuration that it prints."""

import asyncio
import json
import re
import signal
import urllib.request
from pathlib import Path

import aiohttp
import yaml
from real_exporter import Command, Exporter, running
from scraped_page import DATA, Page

from exporter.model import RESULTS


async def printed(command: Command, pattern: str) -> str:
    """The first group of a pattern in what the command has printed, once it is there."""

    async def probe() -> str | None:
        found = re.search(pattern, command.stdout)
        return found and found[1]

    return await command.until(probe)


async def test_the_demo_has_data_within_seconds(tmp_path: Path) -> None:
    async with aiohttp.ClientSession() as session:
        demo = Exporter(session, tmp_path, "demo", "--web.listen-address=127.0.0.1:0")
        try:
            await demo.serves()
            metrics = await printed(demo, r"Metrics: +(\S+)\n")
            status = await printed(demo, r"Status page: +(\S+)\n")
            api = await printed(demo, r"Simulated API: +(\S+)\n")
            assert (metrics, status) == (f"{demo.url}/metrics", f"{demo.url}/")
            # The idle campaign has none, and one fails now and then.
            page = await demo.shows(lambda page: len(campaigns(page)) >= 6, within=30)
            assert {one.labels["operation"] for one in page.find(DATA[0])} == {"cobranzas-andinas", "seguros-del-valle"}
            # Campaigns that come and go are found, beside those that are configured.
            page = await demo.shows(lambda page: len(campaigns(page)) >= 10, within=60)
            assert {one.labels["operation"] for one in page.find("wolkvox_discovered_campaigns")} == {
                "cobranzas-andinas",
                "seguros-del-valle",
            }
            assert {one.labels["result"] for one in page.find(DATA[0])} >= set(RESULTS)
            answer = await demo.ask("/", headers={"Accept-Language": "en"})
            assert answer.status == 200
            assert "Cobranza" in answer.text
            assert json.loads((await demo.ask("/api/v1/status")).text)
            async with session.get(f"{api}simulator/campaigns") as response:
                assert response.status == 200
            demo.signal(signal.SIGINT)
            assert await demo.ended() == 0
        finally:
            if demo.process.poll() is None:
                await demo.kill()
    assert "Traceback" not in demo.stderr
    assert files(tmp_path) == [".err", ".out"], "the demo leaves no file"


def files(folder: Path) -> list[str]:
    return sorted(path.suffix for path in folder.iterdir())


def campaigns(page: Page) -> set[str]:
    """Those that have attempts."""
    return {one.labels["campaign"] for one in page.find(DATA[0]) if one.value > 0}


async def test_a_configuration_that_simulate_prints_works(tmp_path: Path) -> None:
    api = Command(tmp_path, "simulate", "--simulator.listen-address=127.0.0.1:0", "--simulator.latency=10ms")
    try:
        url = await printed(api, r"Simulated Wolkvox API: (\S+)\n")
        snippet = await printed(api, r"(?s)\n\n(timezone: .*\n)")
        (tmp_path / "config.yml").write_text(snippet, encoding="utf-8")
        assert yaml.safe_load(snippet)["operations"][0]["base_url"] == url
        async with running(tmp_path, environ={"WOLKVOX_TOKEN": "any-at-all"}) as exporter:
            page = await exporter.ready()
            assert {one.value for one in page.find("wolkvox_campaign_up")} == {1}
            assert page.value("wolkvox_campaign_info", campaign="32841", name="Cobranza") == 1
            witness = await asyncio.to_thread(read, f"{url}/simulator/log")
            apis = [entry["api"] for entry in witness["entries"]]
            assert apis.count("campaign_4") == len(page.find("wolkvox_campaign_up")) >= 7
            assert "campaigns" in apis
        api.signal(signal.SIGTERM)
        assert await api.ended() == 0
        assert api.stderr == ""
    finally:
        if api.process.poll() is None:
            await api.kill()


def read(url: str) -> dict[str, list[dict[str, object]]]:
    with urllib.request.urlopen(url) as answer:
        found: dict[str, list[dict[str, object]]] = json.load(answer)
        return found
