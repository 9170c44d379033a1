"""`rate_limit` of the web configuration: a token bucket over all requests, as in Prometheus' exporter-toolkit."""

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RateLimit:
    """One request each `interval` seconds, and `burst` at once after a pause."""

    interval: float
    burst: int


class TokenBucket:
    """Full at first; a request takes a token, an interval brings one."""

    def __init__(self, limit: RateLimit, now: float) -> None:
        """`now` is in the same clock as in `take`, in seconds."""
        self._limit = limit
        self._tokens = float(limit.burst)
        self._at = now

    def take(self, now: float) -> int:
        """0 where the request may pass, else the whole seconds after which one may."""
        limit = self._limit
        self._tokens = min(limit.burst, self._tokens + max(0.0, now - self._at) / limit.interval)
        self._at = now
        if self._tokens >= 1:
            self._tokens -= 1
            return 0
        return max(1, math.ceil((1 - self._tokens) * limit.interval))
