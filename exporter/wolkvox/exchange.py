"""A request under way, and how far it has come."""

import asyncio
from dataclasses import dataclass

from exporter.clock import Clock
from exporter.wolkvox.framing import FramingError


class LateError(Exception):
    """The connection came up when the request's time was over."""


@dataclass(slots=True)
class Exchange:
    """One request and the answer to it. Moments are monotonic seconds."""

    clock: Clock
    deadline: float
    departs_before: float
    """After this it is not sent any more, whatever time is left."""
    resolved: bool = False
    """Addresses are known, and the first is being tried."""
    sent_at: float | None = None
    """When it had left; None if it never did."""
    status: int | None = None
    """HTTP status, once the answer's head came."""
    retry_after: tuple[str, ...] = ()
    """Lines of the header Retry-After."""
    date: str | None = None
    """The header Date."""
    flaw: FramingError | None = None
    """Why the answer cannot be read, where it cannot."""

    def leave(self) -> None:
        """The last look at the clock before the request is written: the process may have been stopped meanwhile."""
        now = self.clock.monotonic()
        if now >= self.departs_before:
            raise LateError
        self.sent_at = now
        # The write follows without an await, but on a busy machine the process may lose the processor before it. What
        # the clock says in the loop's next turn is later than the write, so no interval is counted from too early.
        asyncio.get_running_loop().call_soon(self._left)

    def _left(self) -> None:
        self.sent_at = self.clock.monotonic()
