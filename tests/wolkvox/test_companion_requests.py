"""The requests for the APIs of a whole operation, over real sockets: the same rules as for a report."""

import gzip
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from raw_server import TOKEN, Exchange, Start, always, answer, operation, then_close

from exporter.clock import SystemClock
from exporter.model import (
    CampaignsAnswer,
    Failure,
    ListedCampaign,
    LiveAnswer,
    LiveCampaign,
    Operation,
    Reason,
    VendorQuota,
)
from exporter.wolkvox.client import Answer, Client

Ask = Callable[[Operation, float, float], Awaitable[Answer[Any]]]

LIST = b'[{"campaign_id": 7, "campaign_name": "Cobranza", "type_campaign": "predictive", "status": "Started"}]'
LIVE = b'[{"campaign": "7 - Cobranza - x", "status": "started", "records": "5"}]'
QUOTA = b'{"token_limit": "12000"}'


@pytest.fixture(params=["campaigns", "real_time", "token_info"])
def ask(request: pytest.FixtureRequest, client: Client) -> Ask:
    asked: Ask = getattr(client, request.param)
    return asked


def now() -> float:
    return SystemClock().monotonic()


def failure(found: Answer[Any]) -> Failure:
    assert isinstance(found.outcome, Failure), found
    assert found.outcome.message.isprintable()
    return found.outcome


async def test_each_asks_for_its_own_and_reads_the_answer(start: Start, client: Client) -> None:
    async def reply(exchange: Exchange) -> None:
        await exchange.send(
            answer(LIVE if "real_time" in exchange.path else QUOTA if "token" in exchange.path else LIST)
        )

    peer = await start(reply)
    to = operation(f"{peer.url}/gateway")
    listed = await client.campaigns(to, 10.0, now())
    live = await client.real_time(to, 10.0, now())
    quota = await client.token_info(to, 10.0, now())
    assert listed.outcome == CampaignsAnswer((ListedCampaign("7", "Cobranza", "predictive", started=True),))
    assert live.outcome == LiveAnswer((LiveCampaign("7", started=True, records=5.0),))
    assert quota.outcome == VendorQuota(limit=12000.0)
    assert [heard.path for heard in peer.heard] == [
        "/gateway/api/v2/information.php?api=campaigns",
        "/gateway/api/v2/real_time.php?api=campaigns",
        "/gateway/api/v2/information.php?api=token_info",
    ]
    assert {heard.headers["wolkvox-token"] for heard in peer.heard} == {TOKEN}
    assert listed.sent_at is not None
    assert listed.duration > 0


async def test_one_that_is_refused(start: Start, ask: Ask) -> None:
    peer = await start(always(answer(b'{"code":"403","error":"FORBIDDEN","msg":"TOKEN LIMIT EXCEEDED"}', 403)))
    assert failure(await ask(operation(peer.url), 10.0, now())).reason is Reason.QUOTA


async def test_a_refusal_that_repeats_the_token_is_not_shown(start: Start, ask: Ask) -> None:
    peer = await start(always(answer(f"<p>{TOKEN}</p>".encode(), 403)))
    assert TOKEN not in repr(await ask(operation(peer.url), 10.0, now()))


@pytest.mark.parametrize(
    ("body", "method"),
    [
        (LIST.replace(b"Cobranza", TOKEN.lower().encode()), "campaigns"),
        (LIST.replace(b"predictive", TOKEN.encode()), "campaigns"),
        (LIST.replace(b"7", f'"{TOKEN}"'.encode()), "campaigns"),
        (LIVE.replace(b"7", TOKEN.encode()), "real_time"),
    ],
)
async def test_an_answer_that_would_publish_the_token_is_refused(
    start: Start, client: Client, body: bytes, method: str
) -> None:
    peer = await start(always(answer(body)))
    found = failure(await getattr(client, method)(operation(peer.url), 10.0, now()))
    assert found.reason is Reason.INVALID_RESPONSE
    assert "repeats the token" in found.message
    assert TOKEN.lower() not in repr(found).lower()


async def test_a_dropped_connection_is_not_tried_again(start: Start, ask: Ask) -> None:
    peer = await start(then_close())
    assert failure(await ask(operation(peer.url), 10.0, now())).reason is Reason.CONNECT
    assert len(peer.heard) == 1


async def test_no_answer_in_time(start: Start, ask: Ask) -> None:
    peer = await start(always())
    assert failure(await ask(operation(peer.url), 0.2, now())).reason is Reason.TIMEOUT


async def test_nothing_leaves_too_late(start: Start, ask: Ask) -> None:
    peer = await start(always(answer(LIST)))
    found = await ask(operation(peer.url), 30.0, now() - 29.0)
    assert failure(found).reason is Reason.TIMEOUT
    assert found.sent_at is None
    assert peer.heard == []


async def test_an_answer_over_the_limit(start: Start, ask: Ask) -> None:
    packed = gzip.compress(b"[" + b" " * 11 * 2**20 + b"]")
    peer = await start(always(answer(packed, 200, "Content-Encoding: gzip")))
    assert failure(await ask(operation(peer.url), 30.0, now())).reason is Reason.TOO_LARGE


async def test_a_long_list(start: Start, client: Client) -> None:
    rows = b",".join(LIST[1:-1].replace(b"7", str(number).encode()) for number in range(10_000))
    peer = await start(always(answer(b"[" + rows + b"]")))
    found = await client.campaigns(operation(peer.url), 30.0, now())
    assert isinstance(found.outcome, CampaignsAnswer)
    assert len(found.outcome.campaigns) == 10_000


async def test_a_body_that_cannot_be_decoded_is_judged_by_its_status(start: Start, ask: Ask) -> None:
    peer = await start(always(answer(b"x", 401, "Content-Encoding: gzip")))
    assert failure(await ask(operation(peer.url), 10.0, now())).reason is Reason.AUTH
    peer = await start(always(answer(b"x", 200, "Content-Encoding: gzip")))
    assert failure(await ask(operation(peer.url), 10.0, now())).reason is Reason.INVALID_RESPONSE
