import asyncio
import base64
import subprocess
import sys
import threading

import bcrypt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.web.authentication import Authenticator, AuthResult

ALICE, BOB = "correct horse", "pa:ss:wörd"
USERS = {
    name: bcrypt.hashpw(word.encode(), bcrypt.gensalt(4)).decode()
    for name, word in {"alice": ALICE, "bób": BOB}.items()
}


class Counting:
    """bcrypt, with a list of the hashes that it was asked about."""

    def __init__(self) -> None:
        self.hashes: list[bytes] = []

    def __call__(self, password: bytes, hashed: bytes) -> bool:
        self.hashes.append(hashed)
        return bcrypt.checkpw(password, hashed)


@pytest.fixture
def check() -> Counting:
    return Counting()


@pytest.fixture
def authenticator(check: Counting) -> Authenticator:
    return Authenticator(USERS, check)


def basic(credentials: str | bytes) -> str:
    raw = credentials if isinstance(credentials, bytes) else credentials.encode()
    return "Basic " + base64.b64encode(raw).decode()


@pytest.mark.parametrize(
    "header", [basic(f"alice:{ALICE}"), basic(f"bób:{BOB}"), basic(f"alice:{ALICE}").replace("B", "b", 1)]
)
async def test_who_knows_the_password_comes_in(authenticator: Authenticator, header: str) -> None:
    assert await authenticator.authenticate(header) is AuthResult.ADMITTED


async def test_a_password_that_was_right_needs_no_second_check(authenticator: Authenticator, check: Counting) -> None:
    for _ in range(3):
        assert await authenticator.authenticate(basic(f"alice:{ALICE}")) is AuthResult.ADMITTED
    assert len(check.hashes) == 1
    assert ALICE.encode() not in b"".join(authenticator._known.values())


@pytest.mark.parametrize(
    "credentials",
    [
        "alice:wrong",
        "alice:",
        f"alice:{ALICE} ",
        f"alice :{ALICE}",
        f"Alice:{ALICE}",
        f"mallory:{ALICE}",
        ":",
        f":{ALICE}",
        f"alice:{ALICE}\x00",
        f"alice\x00:{ALICE}",
        "alice:" + "x" * 73,
        "alice:" + "x" * 5000,
        f"bób:{BOB.partition(':')[0]}",
    ],
)
async def test_everybody_else_costs_one_check_each_time(
    authenticator: Authenticator, check: Counting, credentials: str
) -> None:
    for attempt in (1, 2):
        assert await authenticator.authenticate(basic(credentials)) is AuthResult.REFUSED
        assert len(check.hashes) == attempt


async def test_a_wrong_password_is_refused_after_a_right_one(authenticator: Authenticator) -> None:
    assert await authenticator.authenticate(basic(f"alice:{ALICE}")) is AuthResult.ADMITTED
    assert await authenticator.authenticate(basic("alice:wrong")) is AuthResult.REFUSED
    assert await authenticator.authenticate(basic(f"bób:{ALICE}")) is AuthResult.REFUSED


async def test_a_stranger_meets_the_same_hash_each_time(authenticator: Authenticator, check: Counting) -> None:
    strangers = [f"stranger{number}" for number in range(20)]
    for name in strangers * 2:
        assert await authenticator.authenticate(basic(f"{name}:guess")) is AuthResult.REFUSED
    assert check.hashes[:20] == check.hashes[20:]
    assert set(check.hashes) == {hashed.encode() for hashed in USERS.values()}


async def test_a_stranger_cannot_come_in_by_the_password_of_the_hash_he_meets() -> None:
    authenticator = Authenticator({"alice": USERS["alice"]})
    assert await authenticator.authenticate(basic(f"stranger:{ALICE}")) is AuthResult.REFUSED


@pytest.mark.parametrize("word", ["unusable", "", "\0"])
async def test_the_text_that_stands_for_unusable_passwords_is_no_password(word: str) -> None:
    hashed = bcrypt.hashpw(b"unusable", bcrypt.gensalt(4)).decode()
    authenticator = Authenticator({"alice": hashed})
    expected = AuthResult.ADMITTED if word else AuthResult.REFUSED
    assert await authenticator.authenticate(basic(f"alice:{word}")) is (
        expected if word != "\0" else AuthResult.REFUSED
    )


async def test_an_empty_password_is_refused_whatever_the_hash() -> None:
    authenticator = Authenticator({"alice": bcrypt.hashpw(b"", bcrypt.gensalt(4)).decode()})
    assert await authenticator.authenticate(basic("alice:")) is AuthResult.REFUSED


@pytest.mark.parametrize("length", [72, 73])
async def test_no_password_is_cut(length: int) -> None:
    hashed = bcrypt.hashpw(b"x" * 72, bcrypt.gensalt(4)).decode()
    authenticator = Authenticator({"alice": hashed})
    verdict = await authenticator.authenticate(basic("alice:" + "x" * length))
    assert verdict is (AuthResult.ADMITTED if length == 72 else AuthResult.REFUSED)


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Basic",
        "Basic ",
        "Bearer token",
        "Basic !!!",
        "Basic YWxpY2U",
        "Basic YWxp Y2U6eA==",
        "Basic=YWxpY2U6eA==",
        "Basic ÿÿÿÿ",
        basic("alice"),
        basic(b"alice:\xff\xfe"),
        basic(b"\xff:" + ALICE.encode()),
        "\x00",
        "Basic " + "A" * 8000,
    ],
)
async def test_what_is_no_basic_header_is_refused_at_once(
    authenticator: Authenticator, check: Counting, header: str | None
) -> None:
    assert await authenticator.authenticate(header) is AuthResult.REFUSED
    assert len(check.hashes) <= 1


@given(st.text(max_size=60) | st.binary(max_size=60).map(basic) | st.text(max_size=40).map(basic))
async def test_no_header_at_all_gets_anybody_in(header: str) -> None:
    if header not in {basic(f"alice:{ALICE}"), basic(f"bób:{BOB}")}:
        assert await Authenticator(USERS).authenticate(header) is AuthResult.REFUSED


async def test_checks_that_would_wait_too_long_are_turned_away() -> None:
    gate = threading.Event()

    def slow(_password: bytes, _hashed: bytes) -> bool:
        return gate.wait(60)

    authenticator = Authenticator(USERS, slow)
    waiting = [asyncio.create_task(authenticator.authenticate(basic(f"alice:guess{number}"))) for number in range(40)]
    turned_away = [await task for task in waiting[32:]]
    gate.set()
    others = await asyncio.gather(*waiting[:32])
    assert turned_away == [AuthResult.BUSY] * 8
    assert others == [AuthResult.ADMITTED] * 32


async def test_two_checks_at_most_run_at_a_time_and_none_on_the_loop() -> None:
    gate, lock = threading.Event(), threading.Lock()
    running: list[str] = []
    most = 0

    def slow(_password: bytes, _hashed: bytes) -> bool:
        nonlocal most
        with lock:
            running.append(threading.current_thread().name)
            most = max(most, len(running))
        gate.wait(60)
        with lock:
            running.pop()
        return False

    authenticator = Authenticator(USERS, slow)
    waiting = [asyncio.create_task(authenticator.authenticate(basic(f"alice:guess{number}"))) for number in range(6)]
    while len(running) < 2:
        await asyncio.sleep(0.01)  # the loop goes on meanwhile
    assert running == ["bcrypt", "bcrypt"]
    gate.set()
    assert await asyncio.gather(*waiting) == [AuthResult.REFUSED] * 6
    assert most == 2


async def test_a_check_that_breaks_is_the_callers_trouble() -> None:
    def broken(_password: bytes, _hashed: bytes) -> bool:
        raise MemoryError("no room")

    authenticator = Authenticator(USERS, broken)
    for _ in range(40):
        with pytest.raises(MemoryError):
            await authenticator.authenticate(basic("alice:guess"))


async def test_who_no_longer_waits_for_a_check_is_not_told() -> None:
    begun, gate, ended = threading.Event(), threading.Event(), threading.Event()

    def slow(_password: bytes, _hashed: bytes) -> bool:
        begun.set()
        gate.wait(60)
        ended.set()
        return True

    waiting = asyncio.create_task(Authenticator(USERS, slow).authenticate(basic("alice:guess")))
    await asyncio.to_thread(begun.wait)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    gate.set()
    await asyncio.to_thread(ended.wait)
    while any(thread.name == "bcrypt" for thread in threading.enumerate()):
        await asyncio.sleep(0.01)
    await asyncio.sleep(0)  # an answer that nobody takes would raise in the loop here


def test_an_expensive_hash_does_not_hold_up_the_end_of_the_process() -> None:
    # Its check would take an hour; the process ends although nobody waits for that.
    program = (
        "import asyncio\n"
        "from exporter.web.authentication import Authenticator\n"
        "async def main():\n"
        f"    authenticator = Authenticator({{'alice': '$2y$31${'a' * 21}u{'a' * 31}'}})\n"
        "    asyncio.create_task(authenticator.authenticate('Basic YWxpY2U6YQ=='))\n"
        "    await asyncio.sleep(0.5)\n"
        "asyncio.run(main())\n"
    )
    assert subprocess.run([sys.executable, "-c", program], timeout=60, check=False).returncode == 0
