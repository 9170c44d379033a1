"""Marked secrets go through every path of the real command; then all that it put out is searched for them."""

import asyncio
import base64
import json
import logging
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from pprint import pformat
from typing import Any

import aiohttp
import bcrypt
import leaky_exporter
import pytest
import structlog
from pydantic import TypeAdapter
from raw_server import GOOD, Exchange, Peer, Reply, always, answer
from real_exporter import OPENMETRICS, Exporter, running, write_config

from exporter.cli import main
from exporter.config import load
from exporter.log import FORMATS
from exporter.model import Config, Operation
from exporter.simulator.campaigns import Unknown
from exporter.simulator.fault import Fault, Rule
from exporter.simulator.server import Simulator
from exporter.simulator.settings import SimulatorSettings
from exporter.simulator.traffic import Shift

MARK = "Zq7Kx9Wm"
"""In every secret; whatever holds it leaks."""

TOKEN = f"token-{MARK}-of"
PROXY_PASSWORD = f"proxy-{MARK}-password"
WEB_PASSWORD = f"web-{MARK}-password"
WRONG_PASSWORD = f"wrong-{MARK}-password"
ENVIRONMENT_PASSWORD = f"environment-{MARK}-password"


def credentials(password: str) -> str:
    return base64.b64encode(f"user:{password}".encode()).decode()


CREDENTIALS = [
    credentials(password) for password in (PROXY_PASSWORD, WEB_PASSWORD, WRONG_PASSWORD, ENVIRONMENT_PASSWORD)
]

VISITORS = {
    "nobody": {},
    "a stranger": {"Authorization": f"Basic {credentials(WRONG_PASSWORD)}"},
    "a friend": {"Authorization": f"Basic {credentials(WEB_PASSWORD)}"},
}

FAULTS = [fault for fault in Fault if not fault.startswith("odd")]

PAGES = (
    "/",
    "/?lang=es",
    "/metrics",
    "/api/v1/status",
    "/-/healthy",
    "/-/ready",
    "/-/reload",
    "/-/debug",
    "/campaign",
)


def leaks(outputs: Mapping[str, bytes]) -> list[str]:
    """Where a secret shows, plain or as the credentials of a header."""
    hidden = [text.lower().encode() for text in (MARK, *CREDENTIALS)]
    return [name for name, output in outputs.items() if any(text in output.lower() for text in hidden)]


def token(exchange: Exchange) -> str:
    return exchange.headers["wolkvox-token"]


def echoes(exchange: Exchange) -> dict[str, bytes]:
    """Answers that repeat the token, by the campaign that they are given to."""
    secret = token(exchange)
    row = {"result": secret, "records": "3", "percent": "100 %"}
    escaped = "".join(f"\\u{ord(character):04x}" for character in secret)
    quoted = "".join(f"%{ord(character):02X}" for character in secret)
    return {
        "901": answer(json.dumps({"code": "200", "error": None, "msg": secret, "data": [row]}).encode()),
        "902": answer(json.dumps({"code": "403", "error": "FORBIDDEN", "msg": f"closed to {secret}"}).encode(), 403),
        "903": answer(f"<h1>Who is {secret}?</h1>".encode(), 500),
        "904": answer(b"", 418, f"X-Token: {secret}", f"Set-Cookie: token={secret}", f"Server: {secret}"),
        "905": f"HTTP/1.1 200 {secret}\r\nContent-Length: {len(GOOD)}\r\n\r\n".encode() + GOOD,
        "906": f"HTTP/1.1 {secret} what\r\n\r\n".encode(),
        "907": f"{secret}\r\n\r\n".encode(),
        "908": answer(f'{{"code": "200", "data": [{{"result": "{escaped}", "records": "1"}}]}}'.encode()),
        "909": answer(f"{quoted} and {secret.upper()} and {secret[:20]}".encode(), 500),
        "910": answer(GOOD, 200, f"Content-Encoding: {secret}"),
        "911": answer(GOOD, 200, f"Content-Type: text/{secret}; charset={secret}"),
        "912": f"HTTP/1.1 200 OK\r\nContent-Length: {secret}\r\n\r\n".encode(),
        "913": f"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{secret}\r\n".encode(),
    }


async def echo(exchange: Exchange) -> None:
    campaign = exchange.path.split("campaign_id=")[1].split("&")[0]
    await exchange.send(echoes(exchange)[campaign])
    exchange.writer.close()


async def proxy(exchange: Exchange) -> None:
    """Refuses, and repeats what it was told."""
    told = exchange.headers["proxy-authorization"]
    await exchange.send(answer(f"{told} {PROXY_PASSWORD}".encode(), 407, f"Proxy-Authenticate: Basic {told}"))
    exchange.writer.close()


@asynccontextmanager
async def peers(*replies: Reply) -> AsyncIterator[list[Peer]]:
    async with AsyncExitStack() as stack:
        found = []
        for reply in replies:
            peer = Peer(reply)
            server = await asyncio.start_server(peer.serve, "127.0.0.1", 0)
            stack.callback(server.close)
            peer.port = server.sockets[0].getsockname()[1]
            found.append(peer)
        yield found


def operation(number: int, base_url: str, *campaigns: str, **more: Any) -> dict[str, Any]:
    secret = {"token": f"{TOKEN}-{number}"} if not more.keys() & {"token_file", "token_env"} else {}
    ids = [{"id": campaign} for campaign in campaigns]
    return {"name": f"operation-{number}", "base_url": base_url, "campaigns": ids} | secret | more


def environ(trap: Peer) -> dict[str, str]:
    """Proxies that must not be used, and a token that must."""
    url = f"http://user:{ENVIRONMENT_PASSWORD}@127.0.0.1:{trap.port}"
    names = ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
    return dict.fromkeys(names, url) | {"WOLKVOX_TOKEN_OF_ONE": f"{TOKEN}-env"}


@dataclass
class Collected:
    """Everything that came out, by where."""

    outputs: dict[str, bytes] = field(default_factory=dict)

    async def pages(self, exporter: Exporter, moment: str) -> None:
        """What the web side says to the right password, to a wrong one, and to none."""
        for who, headers in VISITORS.items():
            async with aiohttp.ClientSession(headers=headers | OPENMETRICS) as session:
                for path in PAGES:
                    for method in ("GET", "POST"):
                        async with session.request(method, exporter.url + path) as response:
                            head = f"{response.status} {response.reason} {response.raw_headers!r}\n"
                            self.outputs[f"{moment}: {method} {path} for {who}"] = head.encode() + await response.read()

    async def campaigns(self, exporter: Exporter) -> None:
        """The page of each campaign, with its history."""
        async with aiohttp.ClientSession(headers=VISITORS["a friend"]) as session:
            async with session.get(f"{exporter.url}/api/v1/status") as response:
                document = await response.json()
            for target in document["campaigns"]:
                names = {name: target[name] for name in ("operation", "campaign", "window")}
                async with session.get(f"{exporter.url}/campaign", params=names) as response:
                    assert response.status == 200
                    self.outputs[f"page of {names}"] = await response.read()

    def files(self, folder: Path, moment: str) -> None:
        """What is on the disk, but for what the test put there."""
        for path in folder.iterdir():
            if path.name not in {"config.yml", "token"}:
                self.outputs[f"{moment}: {path.name}"] = path.read_bytes()

    def process(self, exporter: Exporter) -> None:
        for name in ("cmdline", "comm", "stat", "status"):
            self.outputs[name] = Path(f"/proc/{exporter.process.pid}/{name}").read_bytes()
            for task in Path(f"/proc/{exporter.process.pid}/task").iterdir():
                self.outputs[f"{name} of {task.name}"] = (task / "comm").read_bytes()


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    async with Simulator(SimulatorSettings(hours=Shift.ALWAYS, unknown=Unknown.INVENTED)) as simulator:
        yield simulator


@pytest.mark.parametrize("form", FORMATS)
async def test_no_secret_comes_out_of_a_run(form: str, simulator: Simulator, tmp_path: Path) -> None:
    password = bcrypt.hashpw(WEB_PASSWORD.encode(), bcrypt.gensalt(4)).decode()
    (tmp_path / "web.yml").write_text(f"basic_auth_users:\n  user: {password}\n", encoding="utf-8")
    (tmp_path / "token").write_text(f"{TOKEN}-file\n", encoding="utf-8")

    async with peers(echo, proxy, always(answer(GOOD)), always(answer(GOOD))) as (echoing, proxying, elsewhere, trap):
        # A token that is refused rests, so each fault has one of its own.
        operations = [operation(number, simulator.base_url, str(100 + number)) for number, _ in enumerate(FAULTS)]
        for number, fault in enumerate(FAULTS):
            simulator.set_rule(Rule(fault, campaign=str(100 + number), location=f"http://localhost:{elsewhere.port}/"))
        operations += [
            operation(number, echoing.url, str(number)) for number in range(901, 914)
        ]  # fmt: skip
        through = {"proxy_url": f"http://user:{PROXY_PASSWORD}@127.0.0.1:{proxying.port}"}
        operations += [
            operation(801, simulator.base_url, "1", **through),
            operation(802, "https://127.0.0.1:9", "1", **through),
            operation(803, simulator.base_url, "1", token_file="token"),
            operation(804, simulator.base_url, "1", token_env="WOLKVOX_TOKEN_OF_ONE"),
            operation(805, simulator.base_url, leaky_exporter.CAMPAIGN),
            operation(806, "http://127.0.0.1:9", "1"),
            operation(807, "http://nowhere.invalid", "1"),
        ]
        config = {"interval": "1s", "timeout": "2s", "windows": ["1h"], "operations": operations}
        write_config(tmp_path, config)

        collected = Collected()
        flags = (f"--log.format={form}", "--log.level=debug", "--web.enable-lifecycle", "--web.config.file=web.yml")
        program = (sys.executable, leaky_exporter.__file__)
        async with running(tmp_path, *flags, environ=environ(trap), program=program) as exporter:
            await every_reason(exporter)
            await collected.pages(exporter, "running")
            await collected.campaigns(exporter)
            collected.process(exporter)
            collected.files(tmp_path, "running")
            write_config(tmp_path, config | {"operations": [*operations, *operations]})
            await collected.pages(exporter, "after a bad reload")
            await exporter.kill()
        collected.files(tmp_path, "after its death")

    assert leaks(collected.outputs) == []
    assert "<secret>" in exporter.stderr  # the bug quoted it, and the log took it out
    assert elsewhere.connections == trap.connections == 0
    assert any("proxy-authorization" in exchange.headers for exchange in proxying.heard)
    assert {token(exchange) for exchange in echoing.heard} == {f"{TOKEN}-{number}" for number in range(901, 914)}
    assert all(exchange.head.count(MARK.encode()) == 1 for exchange in echoing.heard)
    assert simulator.log.total > len(FAULTS)


async def every_reason(exporter: Exporter) -> None:
    """Wait until every campaign was asked."""
    async with aiohttp.ClientSession(headers=VISITORS["a friend"]) as session:

        async def probe() -> bool:
            async with session.get(f"{exporter.url}/-/ready") as response:
                return response.status == 200

        await exporter.until(probe)


WRONG_PLACES = {
    "twice": "token: SECRET\n    token_file: SECRET",
    "list": "token: [SECRET]",
    "mapping": "token: {SECRET: SECRET}",
    "list of mappings": "token: [{SECRET: 1}]",
    "line feed": 'token: "SECRET\\nX-Header: 1"',
    "not ASCII": "token: SECRETñ",
    "blank inside": "token: SECRET SECRET",
    "too long": f"token: {'SECRET' * 1000}",
    "repeated key": "token: SECRET\n    token: SECRET",
    "misspelt key": "tokne: SECRET",
    "unclosed": 'token: "SECRET',
    "tab": "token:\tSECRET\n\tname: SECRET",
    "two on a line": "token: SECRET: SECRET",
    "tag": "token: !SECRET SECRET",
    "anchor": "token: *SECRET",
    "bracket": "token: [SECRET",
    "credentials of the server": "token: SECRET\n    base_url: https://user:SECRET@wv0013.wolkvox.com",
    "query of the server": "token: SECRET\n    base_url: https://wv0013.wolkvox.com/?token=SECRET",
    "bad proxy port": "token: SECRET\n    proxy_url: http://user:SECRET@proxy:99999",
    "bad proxy scheme": "token: SECRET\n    proxy_url: socks5://user:SECRET@proxy",
    "proxy without host": "token: SECRET\n    proxy_url: http://user:SECRET@",
    "proxy as a list": "token: SECRET\n    proxy_url: [http://user:SECRET@proxy]",
    "as the server": "token: SECRET\n    server: SECRET",
    "as the licences": "token: SECRET\n    licenses: SECRET",
    "as the interval": "token: SECRET\n    interval: SECRET",
    "as the zone": "token: SECRET\n    timezone: xSECRETx",
    "as the window": "token: SECRET\n    windows: [1h, SECRET]",
    "as an unknown key": "token: SECRET\n    SECRET: 1",
    "as the name of a variable": "token_env: SECRET",
    "as the name of a file": "token_file: SECRET",
    "environment that is not set": "token_env: MADE_UP_NAME",
}


Check = Callable[[str], bytes]


@pytest.fixture
def check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Iterator[Check]:
    """What `check` says of a configuration that it must refuse."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    monkeypatch.chdir(tmp_path)

    def checked(config: str) -> bytes:
        Path("config.yml").write_text(config, encoding="utf-8")
        assert main(["check", "--log.level=debug"]) == 1
        out, err = capfd.readouterr()
        assert "config.yml:" in err
        return (out + err).encode()

    yield checked
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.mark.parametrize("place", WRONG_PLACES)
def test_no_secret_comes_out_of_a_refusal(place: str, check: Check) -> None:
    server = "" if "base_url" in WRONG_PLACES[place] else '    server: "0013"\n'
    text = f"operations:\n  - name: acme\n{server}    {WRONG_PLACES[place]}\n    campaigns: [{{id: 1}}]\n"
    said = check(text.replace("SECRET", TOKEN))
    assert leaks({"check": said}) == [], said


def test_two_operations_with_one_token_are_not_told_by_it(check: Check) -> None:
    operations = [operation(1, "https://wv0001.wolkvox.com", "1"), operation(1, "https://wv0001.wolkvox.com", "2")]
    operations[1]["name"] = "another"
    said = check(json.dumps({"windows": ["1h"], "operations": operations}))
    assert b"campaigns of one token under one operation" in said
    assert leaks({"check": said}) == []


def test_no_secret_is_in_what_a_value_says_of_itself(tmp_path: Path) -> None:
    proxy = f"http://user:{PROXY_PASSWORD}@proxy:3128"
    write_config(tmp_path, {"windows": ["1h"], "operations": [operation(1, "http://127.0.0.1", "1", proxy_url=proxy)]})
    config = load(tmp_path / "config.yml", {})
    (acme,) = config.operations
    assert acme.token.get_secret_value().startswith(TOKEN)
    assert acme.proxy_url is not None
    values = (config, acme, asdict(config), vars_of(acme), TypeAdapter(Config).dump_json(config), acme.token)
    outputs = {
        f"{show.__name__} of {value!r}": show(value).encode() for value in values for show in (repr, str, pformat)
    }
    assert leaks(outputs) == []


def vars_of(operation: Operation) -> dict[str, Any]:
    return {one.name: getattr(operation, one.name) for one in fields(operation)}
