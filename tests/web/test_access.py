import asyncio
import base64
import threading
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock
from urllib.parse import urlsplit

import aiohttp
import bcrypt
import pytest

from exporter.web import access
from exporter.web.authentication import Authenticator
from exporter.web.paths import parse_paths
from exporter.web.routes import Routes
from exporter.web.server import Server

Serve = Callable[..., Awaitable[Server]]


def basic(name: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()


ALICE = basic("alice", "correct horse")
USERS = f"basic_auth_users:\n  alice: {bcrypt.hashpw(b'correct horse', bcrypt.gensalt(4)).decode()}\n"
OTHERS = f"basic_auth_users:\n  bob: {bcrypt.hashpw(b'another word', bcrypt.gensalt(4)).decode()}\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "web.yml"
    write(path, USERS)
    return path


def write(file: Path, text: str) -> None:
    file.write_text(text)


async def status(server: Server, path: str = "metrics", auth: str | None = None, method: str = "GET") -> int:
    headers = {} if auth is None else {"Authorization": auth}
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, server.urls[0] + path, headers=headers) as answer,
    ):
        return answer.status


@pytest.mark.parametrize("path", ["", "metrics", "-/healthy", "-/ready", "-/reload", "nothing"])
async def test_every_path_asks_for_the_password(serve: Serve, file: Path, path: str) -> None:
    server = await serve(config_file=file)
    async with aiohttp.ClientSession() as session, session.get(server.urls[0] + path) as answer:
        assert answer.status == 401
        assert answer.headers["WWW-Authenticate"] == 'Basic realm="wolkvox-exporter", charset="UTF-8"'
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Server"] == "wolkvox-exporter"
    assert await status(server, path, ALICE) != 401
    assert await status(server, path, basic("alice", "wrong")) == 401


async def test_two_passwords_are_none(serve: Serve, file: Path) -> None:
    url = (await serve(config_file=file)).urls[0] + "metrics"
    headers = [("Authorization", ALICE), ("Authorization", ALICE)]
    async with aiohttp.ClientSession() as session, session.get(url, headers=headers) as answer:
        assert answer.status in {400, 401}


async def test_reload_is_behind_the_password(serve: Serve, file: Path, program: Any) -> None:
    server = await serve(config_file=file, routes=Routes(reload=program.reload))
    assert await status(server, "-/reload", method="POST") == 401
    assert program.reloads == 0
    assert await status(server, "-/reload", ALICE, "POST") == 200


@pytest.mark.parametrize(
    ("method", "target", "expected"),
    [
        ("GET", "/-/healthy", 200),
        ("HEAD", "/-/healthy", 200),
        ("GET", "/-/healthy?full=1", 200),
        ("POST", "/-/healthy", 401),
        ("GET", "/-/ready", 401),
        ("GET", "/metrics", 401),
        ("GET", "//-/healthy", 401),
        ("GET", "/-//healthy", 401),
        ("GET", "/-/healthy/", 401),
        ("GET", "/-/healthy/../../metrics", 401),
        ("GET", "/-/healthy%2f..%2f..%2fmetrics", 401),
        ("GET", "/-/healthy;/../metrics", 401),
        ("GET", "/-/healthy%00", 401),
        ("GET", "/-/HEALTHY", 401),
        ("GET", "/metrics?/-/healthy", 401),
        ("GET", "/metrics#/-/healthy", 401),
        ("GET", "http://exporter/metrics", 401),
    ],
)
async def test_only_the_excluded_path_is_open(
    serve: Serve, file: Path, method: str, target: str, expected: int
) -> None:
    write(file, USERS + "auth_excluded_paths: [/-/healthy]\n")
    server = await serve(config_file=file)
    answer = await raw(server, f"{method} {target} HTTP/1.1\r\nHost: exporter\r\nConnection: close\r\n\r\n")
    assert int(answer.split()[1]) == expected
    assert b"wolkvox_up" not in answer


async def test_the_excluded_path_is_open_below_a_prefix_too(serve: Serve, file: Path) -> None:
    write(file, USERS + "auth_excluded_paths: [/-/healthy]\n")
    server = await serve(config_file=file, routes=Routes(paths=parse_paths(None, "/inside")))
    assert await status(server, "-/healthy") == 200
    assert await status(server, "-/ready") == 401
    for target in ("/-/healthy", "/inside", "/", "/inside/inside/-/healthy"):
        answer = await raw(server, f"GET {target} HTTP/1.1\r\nHost: exporter\r\nConnection: close\r\n\r\n")
        assert int(answer.split()[1]) == 401


async def raw(server: Server, request: str) -> bytes:
    where = urlsplit(server.urls[0])
    reader, writer = await asyncio.open_connection(where.hostname, where.port)
    writer.write(request.encode())
    answer = await reader.read()
    writer.close()
    return answer


async def test_users_are_taken_up_as_they_change(serve: Serve, file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    server = await serve(config_file=file)
    assert await status(server, auth=ALICE) == 200
    write(file, OTHERS)
    assert await status(server, auth=ALICE) == 401
    assert await status(server, auth=basic("bob", "another word")) == 200
    write(file, "basic_auth_users: {bob: plain}\n")
    for _ in range(3):
        assert await status(server, auth=basic("bob", "another word")) == 200
    output = capsys.readouterr().out
    assert output.count("the last good one stays in force") == 1
    assert "another word" not in output
    write(file, "")
    assert await status(server) == 200


async def test_headers_of_the_operator_come_last(serve: Serve, tmp_path: Path) -> None:
    file = tmp_path / "web.yml"
    write(
        file,
        "http_server_config:\n  headers:\n    X-Frame-Options: sameorigin\n    Content-Security-Policy:\n"
        "    Strict-Transport-Security: max-age=31536000\n",
    )
    server = await serve(config_file=file)
    async with aiohttp.ClientSession() as session, session.get(server.urls[0]) as answer:
        assert answer.headers["X-Frame-Options"] == "sameorigin"
        assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
        assert "Content-Security-Policy" not in answer.headers


async def test_the_cache_outlives_a_change_that_leaves_the_users_alone(serve: Serve, file: Path) -> None:
    server = await serve(config_file=file)
    assert await status(server, auth=ALICE) == 200
    write(file, USERS + "auth_excluded_paths: [/-/ready]\n")
    with mock.patch("bcrypt.checkpw", side_effect=AssertionError):
        assert await status(server, auth=ALICE) == 200
    assert await status(server, "-/ready") == 200


async def test_a_throng_of_guesses_is_told_to_come_back(
    serve: Serve, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = threading.Event()

    def slow(_password: bytes, _hashed: bytes) -> bool:
        gate.wait(60)
        return False

    monkeypatch.setattr(access, "Authenticator", partial(Authenticator, check=slow))
    server = await serve(config_file=file)
    guesses = [asyncio.create_task(status(server, auth=basic("alice", f"guess{number}"))) for number in range(34)]
    done, waiting = await asyncio.wait(guesses, return_when=asyncio.FIRST_COMPLETED)
    gate.set()
    assert {task.result() for task in done} == {503}
    assert {401} <= set(await asyncio.gather(*waiting)) <= {401, 503}
