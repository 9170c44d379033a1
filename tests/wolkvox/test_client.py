"""One request and its answer, over real sockets."""

import asyncio
import json
from collections.abc import Iterator

import aiohttp
import pytest
import structlog
from aiohttp.http_writer import StreamWriter
from raw_server import BOUNDS, GOOD, TOKEN, Ask, Exchange, Reply, Start, always, answer, operation, target, then_close

from exporter import __version__
from exporter.clock import SystemClock
from exporter.model import Failure, Reason, Report, Row
from exporter.wolkvox import request
from exporter.wolkvox.client import Answer, Client

BUSY = Report((Row("busy", 3, 100.0),))


def reason(found: Answer[Report]) -> Reason:
    assert isinstance(found.outcome, Failure), found
    return found.outcome.reason


def failure(found: Answer[Report]) -> Failure:
    assert isinstance(found.outcome, Failure), found
    return found.outcome


async def test_the_request_is_the_vendors_to_the_last_parameter(start: Start, ask: Ask) -> None:
    peer = await start(always(answer(GOOD)))
    found = await ask(operation(peer.url))
    assert found.outcome == BUSY
    [heard] = peer.heard
    assert heard.head.split(b"\r\n")[0] == (
        b"GET /api/v2/reports_manager.php?api=campaign_4&campaign_id=32841"
        b"&date_ini=20260121075320&date_end=20260121085320 HTTP/1.1"
    )
    assert heard.headers == {
        "host": f"127.0.0.1:{peer.port}",
        "wolkvox-token": TOKEN,
        "accept": "application/json",
        "accept-encoding": "gzip, deflate",
        "user-agent": f"wolkvox-exporter/{__version__}",
        "connection": "close",
    }


async def test_a_campaign_id_cannot_add_parameters(start: Start, ask: Ask) -> None:
    peer = await start(always(answer(GOOD)))
    await ask(operation(peer.url), campaign="1&api=stop #é")
    assert "campaign_id=1%26api%3Dstop%20%23%C3%A9&date_ini=" in peer.heard[0].path


async def test_a_path_in_the_base_url_is_kept(start: Start, ask: Ask) -> None:
    peer = await start(always(answer(GOOD)))
    await ask(operation(f"{peer.url}/gateway"))
    assert peer.heard[0].path.startswith("/gateway/api/v2/reports_manager.php?")


async def test_times_are_told(start: Start, ask: Ask) -> None:
    async def reply(exchange: Exchange) -> None:
        await asyncio.sleep(0.05)
        await exchange.send(answer(GOOD))

    peer = await start(reply)
    before = SystemClock().monotonic()
    found = await ask(operation(peer.url))
    assert found.sent_at is not None
    assert before < found.sent_at < SystemClock().monotonic()
    assert 0.05 <= found.duration <= SystemClock().monotonic() - before


async def test_a_request_has_left_when_it_is_written_and_not_before(
    start: Start, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the last look at the clock and the write the process may lose the processor."""
    write = StreamWriter._write
    written: list[float] = []

    def slow(self: StreamWriter, chunk: bytes) -> None:
        write(self, chunk)
        written.append(SystemClock().monotonic())

    peer = await start(always(answer(GOOD)))
    monkeypatch.setattr(StreamWriter, "_write", slow)
    found = await ask(operation(peer.url))
    assert found.sent_at is not None
    assert found.sent_at >= written[0]


async def test_no_cookie_returns(start: Start, ask: Ask) -> None:
    peer = await start(always(answer(GOOD, 200, "Set-Cookie: session=1; Path=/")))
    for _ in range(3):
        assert (await ask(operation(peer.url))).outcome == BUSY
    assert not any("cookie" in heard.headers for heard in peer.heard)


async def test_operations_share_a_server_but_not_the_token(start: Start, ask: Ask) -> None:
    peer = await start(always(answer(GOOD)))
    await ask(operation(peer.url, token="first"))
    await ask(operation(peer.url, token="second"))
    assert [heard.headers["wolkvox-token"] for heard in peer.heard] == ["first", "second"]


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (404, b'{"code": "404", "error": "Not Found", "msg": "Validate dates entered"}', None),
        (401, b"{}", Reason.AUTH),
        (403, b'{"code":"403","error":"FORBIDDEN","msg":"TOKEN LIMIT EXCEEDED"}', Reason.QUOTA),
        (429, b"", Reason.CONCURRENCY),
        (403, b"closed", Reason.FORBIDDEN),
        (400, b"", Reason.BAD_REQUEST),
        (404, b"", Reason.NOT_FOUND),
        (503, b"<html>", Reason.SERVER_ERROR),
        (418, b"", Reason.HTTP),
        (200, b"<html>", Reason.INVALID_RESPONSE),
    ],
)
async def test_answers_are_judged(start: Start, ask: Ask, status: int, body: bytes, expected: Reason | None) -> None:
    peer = await start(always(answer(body, status)))
    found = await ask(operation(peer.url))
    if expected is None:
        assert found.outcome == Report(no_data=True)
    else:
        assert failure(found).reason is expected
        assert failure(found).status == status
        assert failure(found).excerpt == body.decode()
    assert len(peer.heard) == 1


async def test_a_long_answer_is_judged_too(start: Start, ask: Ask) -> None:
    data = [{"result": f"RESULT {number % 900}", "records": "1", "percent": ""} for number in range(5000)]
    peer = await start(always(answer(json.dumps({"code": 200, "data": data}).encode())))
    found = await ask(operation(peer.url))
    assert isinstance(found.outcome, Report)
    assert sum(row.attempts for row in found.outcome.rows) == 5000


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed_and_its_goal_hears_nothing(start: Start, ask: Ask, status: int) -> None:
    goal = await start(always(answer(GOOD)))
    peer = await start(always(answer(b"", status, f"Location: {goal.url}/elsewhere")))
    assert reason(await ask(operation(peer.url))) is Reason.REDIRECT
    assert (len(peer.heard), goal.connections) == (1, 0)


@pytest.mark.parametrize("variable", ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"])
async def test_proxies_in_the_environment_are_not_used(
    start: Start, ask: Ask, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    proxy = await start(always(answer(b"", 502)))
    peer = await start(always(answer(GOOD)))
    monkeypatch.setenv(variable, proxy.url)
    assert (await ask(operation(peer.url))).outcome == BUSY
    assert proxy.connections == 0


# A pause that the vendor asks for.


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("lines", "seconds"),
    [
        (["Retry-After: 120"], 120.0),
        (["retry-after:  7 "], 7.0),
        (["Retry-After: 3", "Retry-After: 9"], 9.0),
        (["Retry-After: 999999999999999999999"], 86_400.0),
        (["Date: Mon, 21 Sep 2026 14:00:00 GMT", "Retry-After: Mon, 21 Sep 2026 14:10:00 GMT"], 600.0),
        (["Retry-After: soon"], None),
        (["Retry-After: -5"], None),
        (["Retry-After: 0"], None),
        (["Retry-After:"], None),
        ([], None),
    ],
)
async def test_a_pause_is_heard_and_told(
    start: Start, ask: Ask, status: int, lines: list[str], seconds: float | None
) -> None:
    peer = await start(always(answer(b"busy", status, *lines)))
    found = failure(await ask(operation(peer.url)))
    assert found.retry_after == seconds
    assert ("asks for a pause" in found.message) is (seconds is not None)


async def test_a_pause_is_heard_by_the_code_of_an_envelope_too(start: Start, ask: Ask) -> None:
    peer = await start(always(answer(b'{"code": "429", "error": "TOO MANY", "msg": ""}', 200, "Retry-After: 90")))
    assert failure(await ask(operation(peer.url))).retry_after == 90.0


@pytest.mark.parametrize("status", [200, 403, 404, 500, 502])
async def test_other_answers_ask_for_no_pause(start: Start, ask: Ask, status: int) -> None:
    peer = await start(always(answer(b"{}", status, "Retry-After: 90")))
    assert failure(await ask(operation(peer.url))).retry_after is None


async def test_a_pause_is_heard_from_an_answer_that_breaks_off(start: Start, ask: Ask) -> None:
    peer = await start(then_close(b"HTTP/1.1 503 Busy\r\nRetry-After: 30\r\nContent-Length: 10\r\n\r\nhalf"))
    found = failure(await ask(operation(peer.url)))
    assert (found.reason, found.retry_after) == (Reason.CONNECT, 30.0)


# The token.


@pytest.mark.parametrize("status", [200, 403, 404, 500])
async def test_an_echoed_token_is_not_in_the_failure(start: Start, ask: Ask, status: int) -> None:
    echo = f"bad token {TOKEN}, {TOKEN.upper()}, " + TOKEN.replace("/", "\\/")
    peer = await start(always(answer(echo.encode(), status)))
    found = await ask(operation(peer.url))
    assert not failure(found).excerpt
    assert "its text is not shown" in failure(found).message
    assert TOKEN not in repr(found)


async def test_a_report_that_repeats_the_token_is_refused(start: Start, ask: Ask) -> None:
    body = json.dumps({"code": 200, "data": [{"result": f"INVALID {TOKEN}", "records": "1"}]}).encode()
    peer = await start(always(answer(body)))
    found = await ask(operation(peer.url))
    assert failure(found).reason is Reason.INVALID_RESPONSE
    assert TOKEN.lower() not in repr(found).lower()


async def test_the_unexpected_is_a_failure_logged_without_the_token(
    start: Start, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(status: int, body: bytes) -> Report:
        raise LookupError(f"nobody expects {TOKEN}")

    peer = await start(always(answer(GOOD)))
    monkeypatch.setattr(request, "parse_response", broken)
    with structlog.testing.capture_logs() as logged:
        found = await ask(operation(peer.url))
    assert failure(found).reason is Reason.INTERNAL
    assert "LookupError: nobody expects <secret>" in logged[0]["traceback"]
    assert TOKEN not in repr((found, logged))


# Time.


async def test_no_answer_in_time(start: Start, ask: Ask) -> None:
    peer = await start(always())
    found = await ask(operation(peer.url), timeout=0.2)
    assert reason(found) is Reason.TIMEOUT
    assert found.sent_at is not None
    assert found.duration >= 0.2
    assert len(peer.heard) == 1


async def test_an_answer_that_trickles_is_no_answer_in_time(start: Start, ask: Ask) -> None:
    async def trickle(exchange: Exchange) -> None:
        for byte in answer(GOOD * 100):
            await exchange.send(bytes([byte]))
            await asyncio.sleep(0.01)

    peer = await start(trickle)
    assert reason(await ask(operation(peer.url), timeout=0.3)) is Reason.TIMEOUT
    assert len(peer.heard) == 1


async def test_a_body_that_trickles_keeps_its_status(start: Start, ask: Ask) -> None:
    async def trickle(exchange: Exchange) -> None:
        await exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        for _ in range(100):
            await exchange.send(b" ")
            await asyncio.sleep(0.01)

    peer = await start(trickle)
    found = await ask(operation(peer.url), timeout=0.3)
    assert (failure(found).reason, failure(found).status) == (Reason.TIMEOUT, 200)


async def test_nothing_is_sent_once_the_time_is_over(start: Start, client: Client) -> None:
    peer = await start(always(answer(GOOD)))
    late = SystemClock().monotonic() - 5.0
    found = await client.campaign_4(operation(peer.url), target(timeout=4.0), BOUNDS, late)
    assert (reason(found), found.sent_at, peer.connections) == (Reason.TIMEOUT, None, 0)


class Stopped(SystemClock):
    """A clock that jumps a minute after its second reading, as if the process had been stopped in between."""

    def __init__(self) -> None:
        super().__init__()
        readings: Iterator[float] = iter([0.0, 0.0])
        self.monotonic = lambda: next(readings, 60.0)


async def test_nothing_is_sent_when_the_process_was_stopped_while_it_connected(start: Start) -> None:
    peer = await start(always(answer(GOOD)))
    async with Client(Stopped()) as client:
        found = await client.campaign_4(operation(peer.url), target(timeout=30.0), BOUNDS, 0.0)
    await asyncio.sleep(0.05)
    assert (reason(found), found.sent_at) == (Reason.TIMEOUT, None)
    assert (peer.connections, peer.heard) == (1, [])


async def test_a_cancelled_request_is_cancelled(start: Start, ask: Ask) -> None:
    arrived = asyncio.Event()

    async def note(_: Exchange) -> None:
        arrived.set()

    peer = await start(note)
    asking = asyncio.ensure_future(ask(operation(peer.url)))
    await arrived.wait()
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking


# Sent once.


async def drop(exchange: Exchange) -> None:
    exchange.writer.close()


async def reset(exchange: Exchange) -> None:
    exchange.reset()


half_head = then_close(b"HTTP/1.1 200 OK\r\nContent-")
half_body = then_close(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{")
half_chunk = then_close(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10\r\n{")
no_last_chunk = then_close(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n")


async def reset_in_body(exchange: Exchange) -> None:
    await exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{")
    await asyncio.sleep(0.02)
    exchange.reset()


DROPS = [drop, reset, half_head, half_body, half_chunk, no_last_chunk, reset_in_body]


@pytest.mark.parametrize("dropped", DROPS)
async def test_a_drop_is_not_sent_again(start: Start, ask: Ask, dropped: Reply) -> None:
    peer = await start(dropped)
    found = await ask(operation(peer.url))
    assert reason(found) is Reason.CONNECT
    assert found.sent_at is not None
    await asyncio.sleep(0.02)
    assert len(peer.heard) == 1


@pytest.mark.parametrize("dropped", DROPS)
async def test_a_drop_after_an_answer_is_not_sent_again(start: Start, ask: Ask, dropped: Reply) -> None:
    async def second(exchange: Exchange) -> None:
        await (dropped(exchange) if len(peer.heard) > 1 else exchange.send(answer(GOOD)))

    peer = await start(second)
    assert (await ask(operation(peer.url))).outcome == BUSY
    assert reason(await ask(operation(peer.url))) is Reason.CONNECT
    await asyncio.sleep(0.02)
    assert (len(peer.heard), peer.connections) == (2, 2)


async def test_aiohttp_alone_would_send_it_again(start: Start) -> None:
    peer = await start(drop)
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ServerDisconnectedError):
            await session.get(peer.url)
    assert len(peer.heard) == 2


# Long answers.


async def test_long_answers_are_read_one_at_a_time_and_short_ones_meanwhile(start: Start, ask: Ask) -> None:
    begun, goes_on = asyncio.Event(), asyncio.Event()
    long = answer(GOOD + b" " * 2**18)

    async def slow(exchange: Exchange) -> None:
        await exchange.send(long[: 2**17])
        begun.set()
        await goes_on.wait()
        await exchange.send(long[2**17 :])

    first, second, short = await start(slow), await start(always(long)), await start(always(answer(GOOD)))
    one = asyncio.ensure_future(ask(operation(first.url)))
    await begun.wait()
    for _ in range(3):
        assert (await ask(operation(short.url))).outcome == BUSY
    other = asyncio.ensure_future(ask(operation(second.url)))
    for _ in range(10):
        assert (await ask(operation(short.url))).outcome == BUSY
    assert not other.done()
    assert reason(await ask(operation(second.url), timeout=0.1)) is Reason.TIMEOUT
    goes_on.set()
    assert [found.outcome for found in await asyncio.gather(one, other)] == [BUSY, BUSY]
