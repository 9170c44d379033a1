"""Calls to a database on one thread: who goes first, how long each may take, and what a failed one means for others."""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import Executor
from typing import TypeVar

T = TypeVar("T")

_LOOK_SECONDS = 1.0
"""How often a call that waits for its turn looks whose turn it is, between two of them."""


class NoAnswerError(Exception):
    """A call had no answer in time, or one before it had none; says so in a line."""


class CallQueue:
    """Runs calls one after another in a thread. A call that is given up does not end the wait of who comes after it."""

    def __init__(self, thread: Executor, cut: Callable[[], None], is_broken: Callable[[Exception], bool]) -> None:
        """`thread` has one worker.

        Args:
            thread: Where calls run.
            cut: Ends the call that runs, whose thread waits for the network; called from another thread.
            is_broken: Whether, after this error of a call, those that wait would only fail as slowly one by one.
        """
        self._thread = thread
        self._cut = cut
        self._is_broken = is_broken
        self._turn = asyncio.Lock()
        self._asked, self._given_up = 0, 0
        self._running: _Call | None = None

    async def call(self, work: Callable[[], T], seconds: float) -> T:
        """The result of `work`, which may take so long once it is its turn.

        Raises:
            NoAnswerError: it took longer and was cut off, or failed with a call before it.
            Exception: whatever `work` raises.
        """
        number = self._enter()
        async with self._turn:
            return await self._in_thread(lambda: self._unless_broken(work, number), seconds)

    async def call_first(self, work: Callable[[], T], seconds: float) -> T:
        """As `call`, before all those that wait for their turn; behind the one whose turn it is."""
        number = self._enter()
        return await self._in_thread(lambda: self._unless_broken(work, number), seconds)

    async def call_anyway(self, work: Callable[[], T], seconds: float) -> T:
        """As `call_first`, whatever became of the calls before it."""
        return await self._in_thread(work, seconds)

    def close(self) -> None:
        """Run no call any more."""
        self._thread.shutdown(wait=False)

    def _enter(self) -> int:
        self._asked += 1
        return self._asked

    async def _in_thread(self, work: Callable[[], T], seconds: float) -> T:
        mine = _Call(seconds)

        def call() -> T:
            mine.begin()
            self._running = mine
            try:
                return work()
            finally:
                self._running = None

        running = asyncio.get_running_loop().run_in_executor(self._thread, call)
        running.add_done_callback(lambda done: done.cancelled() or done.exception())  # nobody may wait for it
        # A cancelled caller must not leave a transaction half known: it goes on, as does one that nobody waits for.
        # Many may wait for their turn: that is no failure while the one whose turn it is comes to its end.
        at_work: _Call | None = mine
        while at_work is None or (left := at_work.left()) > 0:
            done, _ = await asyncio.wait({running}, timeout=_LOOK_SECONDS if at_work is None else left)
            if done:
                return running.result()
            at_work = self._running
        running.cancel()  # if it waits for its turn
        if self._running is at_work:
            self._given_up = self._asked  # not who asks from now on, even if the thread hears of it later
            self._cut()
        raise NoAnswerError(f"no answer within {seconds:g} s")

    def _unless_broken(self, work: Callable[[], T], number: int) -> T:
        """Calls that were queued behind one without an answer, or with a broken connection, fail with it."""
        if number <= self._given_up:
            raise NoAnswerError("the database did not answer the call before")
        try:
            return work()
        except Exception as error:
            if number > self._given_up and self._is_broken(error):
                self._given_up = self._asked
            raise


class _Call:
    """A call with its time limit, which counts once it is its turn."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._began: float | None = None

    def begin(self) -> None:
        """Let the time count."""
        self._began = time.monotonic()

    def left(self) -> float:
        """Seconds that it may still take."""
        return self._seconds if self._began is None else self._began + self._seconds - time.monotonic()
