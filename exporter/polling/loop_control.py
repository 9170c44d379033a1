"""When one worker's loop ends, wakes, and counts as stuck."""

import asyncio

from exporter.clock import Clock

GRACE_SECONDS = 30.0
"""How much longer than planned a step may take before the worker counts as stuck."""


class LoopControl:
    """Stops and wakes one worker's loop, and holds it to its promise to turn again."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._wake = asyncio.Event()
        self._deadline = clock.awake() + GRACE_SECONDS
        self.stopping = asyncio.Event()
        """Set while the loop is to end."""
        self.retired = False
        """A reload has no use for the token any more: nothing of the poll under way is published."""

    def is_stopping(self) -> bool:
        """Whether the loop is to end."""
        return self.stopping.is_set()

    def stop(self) -> None:
        """End after the poll under way."""
        self.stopping.set()
        self._wake.set()

    def wake(self) -> None:
        """Look around at once."""
        self._wake.set()

    def retire(self) -> None:
        """End after the poll under way and publish nothing of it."""
        self.retired = True
        self.stop()

    def go_on(self) -> None:
        """Run, also after `stop`, and look around at once."""
        self.retired = False
        self.stopping.clear()
        self._wake.set()

    def is_stuck(self) -> bool:
        """Whether the loop has not turned for longer than anything it does can take."""
        return self._clock.awake() > self._deadline

    def expect(self, seconds: float) -> None:
        """Promise to turn again within `seconds`."""
        self._deadline = self._clock.awake() + seconds + GRACE_SECONDS

    async def pause(self, seconds: float) -> None:
        """Wait until something changes, at most `seconds`; not at all if it did since the last time."""
        self.expect(seconds)
        if not self.stopping.is_set():
            await self._clock.wait(self._wake, seconds)
        self._wake.clear()

    async def keep(self, seconds: float) -> None:
        """Wait `seconds`; only `stop` ends it sooner."""
        self.expect(seconds)
        await self._clock.wait(self.stopping, seconds)

    async def keep_whole(self, seconds: float) -> None:
        """Wait `seconds`, also while the loop is to end."""
        self.expect(seconds)
        await self._clock.wait(asyncio.Event(), seconds)
