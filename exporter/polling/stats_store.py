"""What is counted of each operation at this moment, and the listener that hears of changes."""

import math
from collections.abc import Iterable
from dataclasses import replace
from typing import Protocol
from zoneinfo import ZoneInfo

from exporter.model import (
    LATENCY_BOUNDS,
    ApiName,
    ApiStats,
    DayCount,
    Failure,
    Latency,
    LeaseWait,
    Operation,
    OperationStats,
    Reason,
    VendorQuota,
)
from exporter.polling.discovered import api_intervals
from exporter.wolkvox.window import date_of, day_end


class StatsListener(Protocol):
    """Hears of each change; the page does."""

    def set_operation(self, figures: OperationStats) -> None:
        """An operation is new or its figures changed."""
        ...

    def drop_operation(self, name: str) -> None:
        """An operation is gone."""
        ...


class StatsStore:
    """The counts of every operation, replaced with whole immutable values."""

    def __init__(self, listener: StatsListener) -> None:
        self._listener = listener
        self._figures: dict[str, OperationStats] = {}
        self._zones: dict[str, ZoneInfo] = {}
        self._midnight = -math.inf  # the first at which an operation's day ends

    def figures(self, operation: str) -> OperationStats:
        """The counts of an operation."""
        return self._figures.get(operation, OperationStats(operation=operation))

    def apply_config(self, operations: Iterable[Operation]) -> None:
        """Show these operations and no others; what was counted under a name stays."""
        before, self._figures = self._figures, {}
        self._zones, self._midnight = {}, -math.inf
        for operation in operations:
            self._zones[operation.name] = operation.zone
            figures = before.get(operation.name, OperationStats(operation=operation.name))
            counted = {one.api: one for one in figures.apis}
            apis = tuple(counted.get(api, ApiStats(api)) for api in api_intervals(operation))
            stretch = None if operation.budget is None else figures.stretch or 1.0
            self._figures[operation.name] = replace(figures, budget=operation.budget, stretch=stretch, apis=apis)
            self._listener.set_operation(self._figures[operation.name])
        for name in before.keys() - self._figures.keys():
            self._listener.drop_operation(name)

    def sent(self, operation: str, count: DayCount, api: ApiName = ApiName.CAMPAIGN_4) -> None:
        """Count a request that leaves; `count` has it already."""
        figures = replace(self.figures(operation), used=count.requests, day=count.day)
        if api is ApiName.CAMPAIGN_4:
            self._publish(replace(figures, requests=figures.requests + 1))
            return
        self._publish(figures)
        for one in self._of(operation, api):
            self._put(operation, replace(one, requests=one.requests + 1))

    def answered(self, operation: str, duration: float, api: ApiName = ApiName.CAMPAIGN_4) -> None:
        """Count how long a request took."""
        figures = self.figures(operation)
        if api is ApiName.CAMPAIGN_4:
            self._publish(replace(figures, latency=_observe(figures.latency, duration)))
        for one in self._of(operation, api):
            self._put(operation, replace(one, latency=_observe(one.latency, duration)))

    def failed(self, operation: str, reason: Reason) -> None:
        """Count a failed poll."""
        figures = self.figures(operation)
        counts = tuple((one, count + (one is reason)) for one, count in figures.failures)
        self._publish(replace(figures, failures=counts))

    def api_failed(self, operation: str, api: ApiName) -> None:
        """Count a request for the whole operation that failed or could not be sent."""
        for one in self._of(operation, api):
            self._put(operation, replace(one, failures=one.failures + 1))

    def set_api(self, operation: str, api: ApiName, *, up: bool | None, last_success_at: float | None) -> None:
        """Show whether an API answers."""
        for one in self._of(operation, api):
            self._put(operation, replace(one, up=up, last_success_at=last_success_at))

    def set_found(self, operation: str, discovered: int | None, quota: VendorQuota | None) -> None:
        """Show how many campaigns there are, and the vendor's own count of its quota."""
        self._publish(replace(self.figures(operation), discovered=discovered, vendor_quota=quota))

    def set_stretch(self, operation: str, factor: float | None) -> None:
        """Show what the operation's intervals are multiplied with."""
        self._publish(replace(self.figures(operation), stretch=factor))

    def set_lease(
        self,
        operation: str,
        *,
        count: DayCount,
        lease_held: bool,
        rest: Failure | None,
        lease_wait: LeaseWait | None = None,
    ) -> None:
        """Show how an operation's token stands."""
        self._publish(
            replace(
                self.figures(operation),
                used=count.requests,
                day=count.day,
                lease_held=lease_held,
                rest=rest,
                lease_wait=lease_wait,
            )
        )

    def begin_days(self, now: float) -> None:
        """Count a day's requests from 0 where the day before has ended by now, in Unix seconds.

        Whoever counts may be waiting for an answer at midnight, or for another process.
        """
        if now < self._midnight:
            return
        self._midnight = min((day_end(zone, now) for zone in self._zones.values()), default=math.inf)
        for operation, zone in self._zones.items():
            figures, day = self.figures(operation), date_of(zone, now)
            if figures.day != day:
                self._publish(replace(figures, used=0, day=day))

    def _of(self, operation: str, api: ApiName) -> list[ApiStats]:
        """The counts of an API; none where the operation does not ask it."""
        return [one for one in self.figures(operation).apis if one.api is api]

    def _put(self, operation: str, changed: ApiStats) -> None:
        figures = self.figures(operation)
        apis = tuple(changed if one.api is changed.api else one for one in figures.apis)
        self._publish(replace(figures, apis=apis))

    def _publish(self, figures: OperationStats) -> None:
        if figures.operation in self._figures and self._figures[figures.operation] != figures:
            self._figures[figures.operation] = figures
            self._listener.set_operation(figures)


def _observe(latency: Latency, duration: float) -> Latency:
    buckets = tuple(count + (duration <= bound) for count, bound in zip(latency.buckets, LATENCY_BOUNDS, strict=True))
    return Latency(buckets, latency.count + 1, latency.total + duration)
