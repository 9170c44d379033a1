"""What the server adds to a scrape, and how long a scraper waits beside 500 connections that never finish.

The reference is a bare aiohttp server that sends the same static body. The clients are a process of their own.
"""

import asyncio
import base64
import gzip
import http.client
import json
import logging
import random
import socket
import ssl
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

import bcrypt
import structlog
import trustme
from aiohttp import web
from page_samples import figure

from exporter.metrics.format import Encoding, Exposition
from exporter.web.server import Server, start

SCRAPES, ROUNDS, HANGING = 100, 15, 500
CREDENTIALS = b"prometheus:correct horse"
HEADERS = {"Accept-Encoding": "gzip", "Authorization": "Basic " + base64.b64encode(CREDENTIALS).decode()}
BODY = gzip.compress(
    b"".join(b'wolkvox_made_up{campaign="%d"} %d\n' % (n, random.randrange(999)) for n in range(14_000))
)


class Static:
    """A program whose page is always ready."""

    async def page(self, _exposition: Exposition, _encoding: Encoding) -> bytes:
        """Give the same bytes each time."""
        return BODY

    def unhealthy(self) -> None:
        """Nothing is wrong."""

    def unready(self) -> None:
        """Nothing is missing."""


def connect(url: str) -> http.client.HTTPConnection:
    """A connection that trusts whatever certificate it sees."""
    where = urlsplit(url)
    host = where.hostname or ""
    if where.scheme == "http":
        return http.client.HTTPConnection(host, where.port)
    trusting = ssl._create_unverified_context()
    return http.client.HTTPSConnection(host, where.port, context=trusting)


def scrape(connection: http.client.HTTPConnection) -> float:
    """Seconds of one scrape."""
    begun = time.perf_counter()
    connection.request("GET", "/metrics", headers=HEADERS)
    connection.getresponse().read()
    return time.perf_counter() - begun


def compare(*urls: str) -> None:
    """Scrape each server in turns; print the median seconds of each."""
    connections = [connect(url) for url in urls]
    times: list[list[float]] = [[] for _ in urls]
    for _ in range(ROUNDS):
        for connection, seen in zip(connections, times, strict=True):
            seen += [scrape(connection) for _ in range(SCRAPES)]
    figure(json.dumps([median(seen) for seen in times]))


def besiege(*urls: str) -> None:
    """Open connections that never finish; print the longest of some scrapes beside them, each on a new connection."""
    waits = []
    for url in urls:
        where = urlsplit(url)
        hanging = [socket.create_connection((where.hostname or "", where.port or 0)) for _ in range(HANGING)]
        for one in hanging:
            one.send(b"\x16\x03\x01\x02\x00" if where.scheme == "https" else b"GET /metrics HT")
        waits.append(max(scrape(connect(url)) for _ in range(10)))
        for one in hanging:
            one.close()
    figure(json.dumps(waits))


async def served(what: Callable[..., None], *urls: str) -> list[float]:
    """The figures of the clients, while this process serves them."""
    arguments = (sys.executable, __file__, what.__name__, *urls)
    clients = await asyncio.create_subprocess_exec(*arguments, stdout=asyncio.subprocess.PIPE)
    output, _ = await clients.communicate()
    found: list[float] = json.loads(output)
    return found


async def stall(seen: list[float]) -> None:
    """Note how late the event loop is, again and again."""
    while True:
        begun = time.perf_counter()
        await asyncio.sleep(0.001)
        seen.append(time.perf_counter() - begun - 0.001)


async def bare() -> tuple[web.AppRunner, str]:
    """The least that aiohttp can do."""

    async def static(_request: web.Request) -> web.Response:
        return web.Response(body=BODY, headers={"Content-Type": "text/plain", "Content-Encoding": "gzip"})

    application = web.Application()
    application.router.add_get("/metrics", static)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return runner, f"http://127.0.0.1:{runner.addresses[0][1]}/"


def configure(folder: Path) -> Path:
    """A web configuration with TLS and a password."""
    issued = trustme.CA().issue_cert("127.0.0.1")
    issued.cert_chain_pems[0].write_to_path(folder / "server.crt")
    issued.private_key_pem.write_to_path(folder / "server.key")
    name, _, password = CREDENTIALS.partition(b":")
    hashed = bcrypt.hashpw(password, bcrypt.gensalt(10)).decode()
    users = f"basic_auth_users: {{{name.decode()}: {hashed}}}\n"
    (folder / "users.yml").write_text(users)
    (folder / "tls.yml").write_text(f"{users}tls_server_config: {{cert_file: server.crt, key_file: server.key}}\n")
    return folder


async def main() -> None:
    """Serve the clients and print what they measured."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.INFO))
    runner, reference = await bare()
    with tempfile.TemporaryDirectory() as name:
        folder = configure(Path(name))
        servers: list[Server] = [
            await start(Static(), ("127.0.0.1:0",)),
            await start(Static(), ("127.0.0.1:0",), config_file=folder / "users.yml"),
            await start(Static(), ("127.0.0.1:0",), config_file=folder / "tls.yml"),
        ]
        urls = [server.urls[0] for server in servers]
        least, *ours = await served(compare, reference, *urls)
        for what, seconds in zip(("open", "with a password", "with a password over TLS"), ours, strict=True):
            figure(f"scrape {what} {seconds * 1e3:.3f} ms, bare aiohttp {least * 1e3:.3f} ms: {seconds / least:.2f}")
        for what, url in (("", urls[0]), (" over TLS", urls[2])):
            late: list[float] = []
            watching = asyncio.create_task(stall(late))
            (seconds,) = await served(besiege, url)
            watching.cancel()
            figure(f"longest scrape{what} beside {HANGING} hanging connections {seconds * 1e3:.0f} ms (at most 1000)")
            figure(f"longest stall of the event loop meanwhile {max(late) * 1e3:.1f} ms")
        for server in servers:
            await server.stop()
    await runner.cleanup()


if len(sys.argv) > 1:
    {"compare": compare, "besiege": besiege}[sys.argv[1]](*sys.argv[2:])
else:
    asyncio.run(main())
