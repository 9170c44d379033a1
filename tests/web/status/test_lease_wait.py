"""What the page and its JSON say of an operation whose token this process may not use yet."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient
from made_up_status import NOW, operation, status

from exporter.model import LeaseWait, OperationStatus, Status, WaitCause

Serve = Callable[[Status], Awaitable[TestClient[web.Request, web.Application]]]


def waiting(wait: LeaseWait | None) -> OperationStatus:
    made_up = operation()
    return replace(made_up, figures=replace(made_up.figures, lease_held=False, lease_wait=wait))


@pytest.mark.parametrize(
    ("wait", "english", "spanish"),
    [
        (None, "another process on this storage", "otro proceso con este almacenamiento"),
        (LeaseWait(WaitCause.PROCESS, None), "another process on this storage", "otro proceso con este almacenamiento"),
        (LeaseWait(WaitCause.SILENCE, NOW + 20), "counts as dead at ", "se dará por terminado el "),
        (LeaseWait(WaitCause.REQUEST, NOW + 20), "a request of a process that ended", "un proceso que ya terminó"),
        (LeaseWait(WaitCause.STORAGE, NOW + 20), "the storage file is new", "el archivo es nuevo"),
    ],
)
async def test_what_is_waited_for_is_told(serve: Serve, wait: LeaseWait | None, english: str, spanish: str) -> None:
    client = await serve(status(operations=(waiting(wait),)))
    for language, words in (("en", english), ("es", spanish)):
        page = await (await client.get("/", headers={"Accept-Language": language})).text()
        assert words in page
        assert ("another process" in page or "otro proceso" in page) == (wait is None or wait.until is None)
    told = (await (await client.get("/api/v1/status")).json())["operations"][0]
    expected = None if wait is None else {"cause": wait.cause.value, "until": wait.until}
    assert (told["lease_held"], told["lease_wait"]) == (False, expected)
