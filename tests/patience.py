"""Waiting for what other processes do."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

Value = TypeVar("Value")

PATIENCE = 60.0
"""Seconds that anything may take on a busy machine before it counts as never happening."""

LOOK_AGAIN = 0.05


async def patiently(
    probe: Callable[[], Awaitable[Value | None]],
    otherwise: Callable[[], str],
    within: float = PATIENCE,
    look_again: float = LOOK_AGAIN,
) -> Value:
    """What `probe` gives once it is neither None nor empty; where it never is, a failure that quotes `otherwise`."""
    try:
        async with asyncio.timeout(within):
            while True:
                if value := await probe():
                    return value
                await asyncio.sleep(look_again)
    except TimeoutError:
        raise AssertionError(f"did not happen within {within:g} s; {otherwise()}") from None
