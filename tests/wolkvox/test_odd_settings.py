"""Nothing that the configuration takes may end a poll as a fault of the exporter."""

import asyncio
import json
import socket
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NoReturn

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from raw_server import BOUNDS, Peer, always, answer

from exporter.clock import SystemClock
from exporter.config import ConfigError, load
from exporter.model import Failure, Operation, Reason
from exporter.wolkvox.client import Client

ODD = "aZ09-_.~:/?#[]@!$&'()*+,;=%xn{}|^`\"<>\\ \t\u00f1\u20ac\u0000"
HOSTS = st.sampled_from(
    ["name.invalid", "xn--a", "xn--ls8h.invalid", "0x7f.1", "1.2.3", "a_b", "127.0.0.1", "[::1]", "[::ffff:127.0.0.1]"]
) | st.text(ODD, max_size=12)
PORTS = st.sampled_from(["", ":1", ":65535", ":65536", ":", ":x"])
PATHS = st.sampled_from(["", "/", "/%zz", "/%2F/..", "//", "/a;b=c"]) | st.text(ODD, max_size=10)
USERS = st.sampled_from(["", "me:p%E2%82%AC@", "a%3Ab:c@", "%FF@", ":%00@", "me:%C3%B1@"]) | st.text(ODD, max_size=9)
URLS = st.builds("{}://{}{}{}".format, st.sampled_from(["http", "https"]), HOSTS, PORTS, PATHS)
PROXIES = st.builds("{}://{}{}{}".format, st.sampled_from(["http", "https"]), USERS, HOSTS, PORTS)
SERVERS = st.sampled_from(["0013", "a-b", "A1"]) | st.text(ODD, max_size=12)
TOKENS = st.text(ODD, min_size=1, max_size=40) | st.integers(1, 5_000).map(lambda length: "t" * length)
OPERATIONS = st.builds(
    lambda where, more, token, campaign: where | more | {"name": "acme", "token": token, "campaigns": [campaign]},
    st.fixed_dictionaries({"base_url": URLS}) | st.fixed_dictionaries({"server": SERVERS}),
    st.fixed_dictionaries({}, optional={"proxy_url": PROXIES, "timezone": st.sampled_from(["UTC", "Etc/GMT-14"])}),
    TOKENS,
    st.fixed_dictionaries({"id": st.text(ODD, min_size=1, max_size=12), "name": st.text(max_size=20)}),
)


def accepted(entry: dict[str, Any]) -> Operation | None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "config.yml"
        path.write_text(json.dumps({"timeout": "300ms", "operations": [entry]}), encoding="utf-8")
        try:
            return load(path, {}).operations[0]
        except ConfigError:
            return None


def unresolved(host: str | bytes, *_: object, **__: object) -> NoReturn:
    """As the machine's resolver where it knows no name: it encodes the name first."""
    host.encode("idna") if isinstance(host, str) else host
    raise socket.gaierror(socket.EAI_NONAME, "made up")


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(OPERATIONS)
def test_whatever_is_taken_never_ends_as_a_fault(entry: dict[str, Any]) -> None:
    operation = accepted(entry)
    if operation is None:
        return

    async def ask() -> Failure:
        async with Client(SystemClock()) as client:
            target = operation.targets[0]
            found = await client.campaign_4(operation, target, BOUNDS, SystemClock().monotonic())
        assert isinstance(found.outcome, Failure)
        return found.outcome

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", unresolved)
        failure = asyncio.run(ask())
    assert failure.reason in {Reason.CONNECT, Reason.TIMEOUT}, failure
    assert operation.token.get_secret_value() not in failure.message or len(entry["token"]) < 8


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.text(ODD, min_size=1, max_size=12), TOKENS, USERS)
def test_what_leaves_through_a_proxy_can_be_read(campaign: str, token: str, user: str) -> None:
    async def ask() -> tuple[Reason, int]:
        peer = Peer(always(answer(b"", 502)))
        server = await asyncio.start_server(peer.serve, "127.0.0.1", 0)
        peer.port = server.sockets[0].getsockname()[1]
        entry = {"name": "acme", "base_url": "http://name.invalid", "token": token, "campaigns": [{"id": campaign}]}
        operation = accepted(entry | {"proxy_url": f"http://{user}127.0.0.1:{peer.port}"})
        if operation is None or operation.proxy_url is None or not user.endswith("@"):
            server.close()
            return Reason.SERVER_ERROR, 1
        async with Client(SystemClock()) as client:
            target = operation.targets[0]
            found = await client.campaign_4(operation, target, BOUNDS, SystemClock().monotonic() + 60.0)
        server.close()
        assert isinstance(found.outcome, Failure)
        return found.outcome.reason, len(peer.heard)

    assert asyncio.run(ask()) == (Reason.SERVER_ERROR, 1)
