"""Servers that cannot be reached, or are not who they say: all of it is `connect`, and the log says what it was."""

import signal
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import trustme
from aiohttp import web
from raw_server import GOOD
from real_exporter import Exporter, write_config

from exporter.simulator.campaigns import Unknown
from exporter.simulator.server import Simulator
from exporter.simulator.settings import SimulatorSettings

Run = Callable[..., Awaitable[Exporter]]
Operation = Callable[..., dict[str, Any]]


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
async def secure(authority: trustme.CA) -> AsyncIterator[str]:
    """An API behind a certificate that nobody but `authority` vouches for."""

    async def report(_: web.Request) -> web.Response:
        return web.Response(body=GOOD)

    application = web.Application()
    application.router.add_get("/api/v2/reports_manager.php", report)
    runner = web.AppRunner(application)
    await runner.setup()
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(tls)
    await web.TCPSite(runner, "localhost", 0, ssl_context=tls).start()
    yield f"https://localhost:{runner.addresses[0][1]}"
    await runner.cleanup()


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


async def test_unreachable_servers_and_how_they_come_back(  # noqa: PLR0917
    run: Run, operation: Operation, simulator: Simulator, secure: str, authority: trustme.CA, tmp_path: Path
) -> None:
    authority.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    port = closed_port()
    config = {
        "interval": "2s",
        "operations": [
            operation("untrusted", "1", base_url=secure),
            operation("no-tls", "2", base_url=simulator.base_url.replace("http:", "https:")),
            operation("no-name", "3", base_url="https://no-such-host.invalid"),
            operation("refused", "4", base_url=f"http://127.0.0.1:{port}"),
            operation("no-proxy", "5", proxy_url=f"http://127.0.0.1:{port}"),
            operation("well", "6"),
        ],
    }
    exporter = await run(config)
    page = await exporter.shows(lambda page: all(page.reason(campaign) == "connect" for campaign in "12345"))
    assert page.reason("6") is None
    for campaign in "12345":
        assert page.value("wolkvox_campaign_up", campaign=campaign) == 0
        assert page.shown(campaign) == set()
    for said in (
        "the certificate of localhost is not trusted (unable to get local issuer certificate): check base_url",
        "no TLS with 127.0.0.1 (",
        "cannot resolve no-such-host.invalid: check server or base_url",
        f"cannot connect to 127.0.0.1:{port} (Connection refused): check that the vendor's firewall allows",
    ):
        assert said in exporter.stderr
    requests = page.number("wolkvox_api_requests_total", operation="refused")
    polls = page.number("wolkvox_campaign_polls_total", campaign="4")
    assert polls < requests <= polls + 2  # once more after the first failure, not after those that follow

    write_config(
        exporter.folder,
        config | {"operations": [operation("untrusted", "1", base_url=secure, ca_file="authority.pem"),
                                 *config["operations"][3:]]},
    )  # fmt: skip
    exporter.signal(signal.SIGHUP)
    async with Simulator(SimulatorSettings(port=port, unknown=Unknown.INVENTED)):
        page = await exporter.shows(
            lambda page: all(page.value("wolkvox_campaign_up", campaign=one) == 1 for one in "146")
        )
    assert page.attempts("1")["busy"] == 3
    assert page.find("wolkvox_campaign_up", campaign="2") == []
    assert page.number("wolkvox_campaign_poll_failures_total", campaign="6") == 0
