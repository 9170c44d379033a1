"""Calls on one thread: their order, their time limits, and who fails with whom."""

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest

from exporter.storage.call_queue import CallQueue, NoAnswerError

LONG, SHORT = 30.0, 0.05


class BrokenError(Exception):
    """After it a connection is of no use."""


@dataclass
class Network:
    """What calls wait for, until it answers or is cut off."""

    answers: threading.Event = field(default_factory=threading.Event)
    is_cut: bool = False
    reached: threading.Event = field(default_factory=threading.Event)
    log: list[str] = field(default_factory=list)

    def ask(self, name: str) -> str:
        self.reached.set()
        assert self.answers.wait(LONG)
        self.log.append(name)
        if self.is_cut:
            raise BrokenError
        return name

    def cut(self) -> None:
        self.is_cut = True
        self.answers.set()


@pytest.fixture
def network() -> Network:
    return Network()


@pytest.fixture
def queue(network: Network) -> Iterator[CallQueue]:
    made = CallQueue(ThreadPoolExecutor(1), network.cut, lambda error: isinstance(error, BrokenError))
    yield made
    network.answers.set()
    made.close()


def asked(queue: CallQueue, network: Network, *names: str, seconds: float = LONG) -> list[asyncio.Future[str]]:
    return [asyncio.ensure_future(queue.call(lambda name=name: network.ask(name), seconds)) for name in names]  # type: ignore[misc]


async def reached(network: Network) -> None:
    await asyncio.to_thread(network.reached.wait, LONG)


async def test_calls_run_in_their_order_and_one_may_go_first(queue: CallQueue, network: Network) -> None:
    waiting = asked(queue, network, "1", "2", "3")
    await reached(network)
    urgent = asyncio.ensure_future(queue.call_first(lambda: network.ask("urgent"), LONG))
    await asyncio.sleep(0)
    network.answers.set()
    assert await asyncio.gather(*waiting, urgent) == ["1", "2", "3", "urgent"]
    assert network.log == ["1", "urgent", "2", "3"]


async def test_those_that_wait_fail_with_the_one_that_has_no_answer(queue: CallQueue, network: Network) -> None:
    waiting = asked(queue, network, "1", seconds=SHORT) + asked(queue, network, "2")
    results = await asyncio.gather(*waiting, return_exceptions=True)
    assert [str(one) for one in results] == ["no answer within 0.05 s", "the database did not answer the call before"]
    assert network.log == ["1"], "only this one was begun"
    network.is_cut = False
    assert await queue.call(lambda: network.ask("3"), LONG) == "3"


async def test_those_that_wait_fail_with_a_broken_connection_and_no_others(queue: CallQueue, network: Network) -> None:
    waiting = asked(queue, network, "1", "2", "3")
    await reached(network)
    network.cut()
    results = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(one) for one in results] == [BrokenError, NoAnswerError, NoAnswerError]
    network.is_cut = False
    assert await queue.call(lambda: network.ask("4"), LONG) == "4"
    assert network.log == ["1", "4"]


async def test_any_other_failure_is_of_one_call_alone(queue: CallQueue, network: Network) -> None:
    def fail() -> str:
        raise ValueError("of its own")

    failing = asyncio.ensure_future(queue.call(fail, LONG))
    (other,) = asked(queue, network, "2")
    network.answers.set()
    with pytest.raises(ValueError, match="of its own"):
        await failing
    assert await other == "2"


async def test_what_must_run_runs_whatever_became_of_the_others(queue: CallQueue, network: Network) -> None:
    (silent,) = asked(queue, network, "1", seconds=SHORT)
    await reached(network)
    anyway = asyncio.ensure_future(queue.call_anyway(lambda: "anyway", LONG))
    with pytest.raises(NoAnswerError):
        await silent
    assert await anyway == "anyway"


async def test_a_call_that_nobody_waits_for_goes_on(queue: CallQueue, network: Network) -> None:
    (left,) = asked(queue, network, "1")
    await reached(network)
    left.cancel()
    with pytest.raises(asyncio.CancelledError):
        await left
    (following,) = asked(queue, network, "2")
    network.answers.set()
    assert await following == "2"
    assert network.log == ["1", "2"]
