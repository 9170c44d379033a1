import asyncio
import base64
import threading
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock
from unittest.mock import Mock
from urllib.parse import urlsplit

import aiohttp
import bcrypt
import pytest
from patience import patiently

from exporter.web import access
from exporter.web.authentication import Authenticator, AuthResult
from exporter.web.limits import Limits
from exporter.web.paths import parse_paths
from exporter.web.routes import Routes
from exporter.web.server import Server

Serve = Callable[..., Awaitable[Server]]


def basic(name: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()


ALICE = basic("alice", "correct horse")
USERS = f"basic_auth_users:\n  alice: {bcrypt.hashpw(b'correct horse', bcrypt.gensalt(4)).decode()}\n"
BOB = basic("bob", "another word")
OTHERS = f"basic_auth_users:\n  bob: {bcrypt.hashpw(b'another word', bcrypt.gensalt(4)).decode()}\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "web.yml"
    write(path, USERS)
    return path


def write(file: Path, text: str) -> None:
    file.write_text(text)


async def settled(server: Server) -> None:
    """Let the server see twice what the file now holds."""
    for _ in range(2):
        await server.access.look()


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


async def test_users_are_taken_up_as_they_change(serve: Serve, file: Path) -> None:
    server = await serve(config_file=file)
    assert await status(server, auth=ALICE) == 200
    write(file, OTHERS)
    await settled(server)
    assert await status(server, auth=ALICE) == 401
    assert await status(server, auth=BOB) == 200


async def test_the_server_looks_by_itself(serve: Serve, file: Path) -> None:
    server = await serve(config_file=file, limits=Limits(look=0.01))
    write(file, OTHERS)

    async def probe() -> bool:
        return await status(server, auth=BOB) == 200

    await patiently(probe, file.read_text)
    assert await status(server, auth=ALICE) == 401


async def test_a_look_that_breaks_is_not_the_last_one(
    serve: Serve, file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    server = await serve(config_file=file, limits=Limits(look=0.01))
    with monkeypatch.context() as patch:
        patch.setattr(access, "read_settings", Mock(side_effect=RuntimeError("made up")))
        write(file, OTHERS)

        async def said() -> bool:
            return "made up" in capsys.readouterr().out

        await patiently(said, file.read_text)

    async def probe() -> bool:
        return await status(server, auth=BOB) == 200

    await patiently(probe, file.read_text)


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is logged about the file, whatever the log is set to."""
    lines: list[str] = []

    def note(event: str, **details: object) -> None:
        lines.append(f"{event}: {details.get('detail', '')}")

    monkeypatch.setattr(access, "_log", Mock(error=note, warning=note, info=note))
    return lines


HALF = USERS[: len(USERS) // 2]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# nothing\n",
        "basic_auth_users:\n",
        "basic_auth_users: {}\n",
        "basic_auth_users: ~\n",
        "http_server_config: {http2: true}\n",
        pytest.param(HALF, id="half of it"),
        "basic_auth_users: {bob: plain}\n",
        "basic_auth_users: [\n",
        "\0",
        None,
    ],
)
async def test_a_file_without_users_opens_nothing(said: list[str], file: Path, text: str | None) -> None:
    door = access.Access(file)
    if text is None:
        file.unlink()
    else:
        write(file, text)
    for _ in range(5):
        await door.look()
    assert door.authenticator is not None
    assert await door.authenticator.authenticate(ALICE) is AuthResult.ADMITTED
    assert door.settings.users.keys() == {"alice"}
    assert len([line for line in said if "the last good one stays in force" in line]) == 1
    write(file, OTHERS)
    await door.look()
    await door.look()
    assert door.settings.users.keys() == {"bob"}


async def test_passwords_are_switched_on_by_a_restart_only(said: list[str], tmp_path: Path) -> None:
    file = tmp_path / "web.yml"
    write(file, "")
    door = access.Access(file)
    write(file, USERS)
    await door.look()
    await door.look()
    assert door.authenticator is None
    assert "basic_auth_users: switching passwords on or off needs a restart" in said[0]


async def test_a_change_counts_once_two_looks_saw_the_same(said: list[str], file: Path) -> None:
    door = access.Access(file)
    await door.look()
    for text in (OTHERS, USERS, "", OTHERS[: len(OTHERS) // 2], OTHERS + "# more\n", HALF):
        write(file, text)
        await door.look()
        assert door.settings.users.keys() == {"alice"}
    write(file, OTHERS)
    await door.look()
    assert door.settings.users.keys() == {"alice"}
    await door.look()
    assert door.settings.users.keys() == {"bob"}
    assert said == ["the web configuration was read again: "]


async def test_a_file_that_is_copied_over_itself_again_and_again_lets_nobody_in(serve: Serve, file: Path) -> None:
    write(file, USERS + "# padding\n" * 50_000)
    server = await serve(config_file=file, limits=Limits(look=0.001))
    whole = file.read_bytes()
    stop = threading.Event()

    def copy() -> None:
        while not stop.is_set():
            with file.open("wb") as opened:
                for start in range(0, len(whole), 100_000):
                    opened.write(whole[start : start + 100_000])
                    opened.flush()

    copying = threading.Thread(target=copy)
    copying.start()
    try:
        assert {await status(server) for _ in range(200)} == {401}
    finally:
        stop.set()
        copying.join()
    assert await status(server, auth=ALICE) == 200


async def test_an_untouched_file_is_not_read_again(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    door = access.Access(file)
    await door.look()
    monkeypatch.setattr(access, "read_settings", Mock(side_effect=AssertionError))
    await door.look()
    await access.Access(None).look()


@pytest.mark.parametrize("interval", ["10s", "1m40s"])
async def test_requests_beyond_the_rate_are_told_when_to_come_back(serve: Serve, tmp_path: Path, interval: str) -> None:
    file = tmp_path / "web.yml"
    write(file, f"rate_limit: {{interval: {interval}, burst: 3}}\n" + USERS)
    server = await serve(config_file=file)
    assert [await status(server, "-/healthy", auth=ALICE) for _ in range(3)] == [200, 200, 200]
    async with aiohttp.ClientSession() as session, session.get(server.urls[0]) as answer:
        assert answer.status == 429  # before the password is looked at
        assert 1 <= int(answer.headers["Retry-After"]) <= 100
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    write(file, "rate_limit: {interval: 1h, burst: 1}\n" + USERS)
    await settled(server)
    assert [await status(server, auth=ALICE) for _ in range(2)] == [200, 429]
    write(file, "rate_limit: {interval: 0, burst: 0}\n" + USERS)
    await settled(server)
    assert [await status(server, auth=ALICE) for _ in range(5)] == [200] * 5


async def test_a_doubtful_file_is_said_to_be_one(said: list[str], tmp_path: Path) -> None:
    file = tmp_path / "web.yml"
    write(file, "rate_limit: {interval: 1s}\n")
    door = access.Access(file)
    assert [line for line in said if "rate_limit.burst: is 0: every request is refused" in line]
    assert door.bucket is not None
    assert door.bucket.take(asyncio.get_running_loop().time() + 60) > 0


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
    await settled(server)
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
