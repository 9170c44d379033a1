"""One backfill: learn what is stored, ask for the rest, write the file."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from heapq import merge
from random import Random
from typing import Any, BinaryIO
from zoneinfo import ZoneInfo

import structlog

from exporter.backfill.asking import PastAsker
from exporter.backfill.choice import Choice, past_targets, unknown
from exporter.backfill.cost import Cost, cost_of, describe
from exporter.backfill.error import BackfillError, InterruptedByUserError
from exporter.backfill.progress import Display, display
from exporter.backfill.series import Scrapes, write_past
from exporter.backfill.summary import missing_lines, next_line
from exporter.backfill.timeline import by_campaign
from exporter.backfill.windows import Days, PastWindow, past_windows
from exporter.clock import Clock
from exporter.discovery import text
from exporter.discovery.state import DiscoveryState
from exporter.metrics.past import Labels
from exporter.model import Operation, Report, Target
from exporter.polling.api import CampaignApi
from exporter.storage.database import StorageError
from exporter.storage.lease import RENEWAL_SECONDS
from exporter.storage.ledger import Ledger
from exporter.storage.past import Ends, PastPlace, from_text, place_of
from exporter.wolkvox.window import date_of

_log = structlog.get_logger()

PATIENCE = 0.4
"""Seconds that requests under way get to end after a signal."""

LONGEST_PAST = 366
"""Days."""

_PARTS = 1_000
_TIMEOUT = 60.0


@dataclass(frozen=True, slots=True)
class Period:
    """Which days, before it is known in which zone."""

    now: float
    count: int
    first: date | None
    last: date | None

    def days(self, zone: ZoneInfo) -> Days:
        """In one zone."""
        yesterday = datetime.fromtimestamp(self.now, zone).date() - timedelta(days=1)
        last = yesterday if self.last is None else self.last
        first = last - timedelta(days=self.count - 1) if self.first is None else self.first
        if last > yesterday:
            raise BackfillError(f"--to={last} has not passed yet in {zone.key}, the last day is {yesterday}")
        if first > last:
            raise BackfillError(f"--from={first} is after the last day, {last}")
        if (last - first).days >= LONGEST_PAST:
            raise BackfillError(f"--from={first} to {last} is longer than {LONGEST_PAST} days, the most at a time")
        return Days(first, last)

    @property
    def moves(self) -> bool:
        """Whether the same flags mean other days tomorrow."""
        return self.last is None


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the flags ask for."""

    period: Period
    step: int
    """Seconds."""
    scrape_interval: int
    """Seconds."""
    labels: Labels
    """`job` and `instance`."""
    choice: Choice
    output: str


async def _all(work: Sequence[Coroutine[Any, Any, None]]) -> None:
    """Side by side; the first error ends all, and so does a cancellation."""
    tasks = [asyncio.ensure_future(one) for one in work]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class PastRun:
    """What one run of the command knows and does."""

    def __init__(  # noqa: PLR0913 (the rooms of the command)
        self,
        operations: Sequence[Operation],
        wanted: Wanted,
        *,
        ledger: Ledger,
        clock: Clock,
        stopping: asyncio.Event,
        say: Callable[[str], None],
    ) -> None:
        """`say` tells the user a few lines."""
        names = wanted.choice.operations
        self._operations = tuple(one for one in operations if not names or one.name in names)
        self._wanted = wanted
        self._ledger = ledger
        self._clock = clock
        self._stopping = stopping
        self._say = say
        self._states: dict[str, DiscoveryState] = {}
        self._answered: dict[str, Mapping[PastPlace, Ends]] = {}
        self._used: dict[str, int] = {}
        self._askers: dict[str, PastAsker] = {}

    async def learn(self) -> None:
        """Read what storage knows."""
        for operation in self._operations:
            self._states[operation.name] = text.from_text((await self._ledger.records.apis(operation)).discovery)
            self._answered[operation.name] = await self._ledger.records.past_ends(operation)
            day = date_of(operation.zone, self._clock.now())
            self._used[operation.name] = await self._ledger.records.used(operation.name, day)

    def plan(self) -> None:
        """Tell what it will cost.

        Raises:
            BackfillError: what the flags name does not exist, or has not passed yet.
        """
        unlisted = self._unlisted()
        found = [target for operation in self._operations for target in self._targets(operation, Choice())]
        for target in found:
            self._wanted.period.days(target.zone)
        strange = list(unknown(self._wanted.choice, found))
        if strange and not unlisted:
            raise BackfillError(f"not in the configuration: {', '.join(strange)}")
        costs = [self._cost(operation) for operation in self._operations]
        self._say(describe(costs))
        if any(cost.days > 1 for cost in costs):
            self._say_days(found)
        for one in unlisted:
            self._say(
                f"operation {one.name}: its list of campaigns is not known yet; one request for it comes first, then"
                " those for the campaigns that it names"
            )

    async def ask(self, api: CampaignApi) -> None:
        """Take the tokens and ask for what is missing, tokens side by side.

        Raises:
            TokenInUseError: a running exporter polls with one of them; nothing is asked.
            StorageError: storage cannot be used.
        """
        self._askers = {
            one.name: PastAsker(
                one, ledger=self._ledger, api=api, clock=self._clock, random=Random(), stopping=self._stopping
            )
            for one in self._operations
        }
        keeper = asyncio.create_task(self._keep(), name="keeper")
        try:
            await self._until_stopped([self._take()])
            if not self._stopping.is_set():
                self.plan()
                total = sum(self._cost(operation).requests for operation in self._operations)
                with display(total, "asking", _log, self._clock.monotonic) as shown:
                    await self._until_stopped([self._ask(operation, shown) for operation in self._operations])
        finally:
            keeper.cancel()
            await asyncio.gather(keeper, return_exceptions=True)
            for asker in self._askers.values():
                await asker.release()

    async def write(self, output: BinaryIO) -> bool:
        """Write the file and say what comes next; whether nothing is missing.

        Raises:
            InterruptedByUserError: a signal came.
            OutputError: the file cannot be written.
        """
        await self.learn()
        loop = asyncio.get_running_loop()
        targets = [target for operation in self._operations for target in self._targets(operation)]
        scrapes = Scrapes(self._wanted.period.days, self._wanted.scrape_interval, self._wanted.labels)
        with display(_PARTS, "writing", _log, self._clock.monotonic) as shown:

            def told(part: float) -> None:
                if self._stopping.is_set():
                    raise InterruptedByUserError
                shown.reach(int(part * _PARTS))

            def answers(of: Sequence[Target]) -> Iterator[tuple[PastWindow, Report]]:
                """In the thread that writes: only one campaign's are in memory at a time."""
                work = self._ledger.records.past(self._operation(of[0]), of[0].key.campaign)
                return self._reports(of, asyncio.run_coroutine_threadsafe(work, loop).result())

            samples = await asyncio.to_thread(write_past, output, by_campaign(targets), answers, scrapes, told)
        return self._conclude(samples)

    def _conclude(self, samples: int) -> bool:
        costs = [self._cost(operation) for operation in self._operations]
        for name, asker in self._askers.items():
            for line in missing_lines(name, asker.progress):
                self._say(line)
        for cost in costs:
            if cost.requests:
                self._say(
                    f"operation {cost.operation}: {cost.requests} of {cost.windows} windows are missing; the same"
                    " command asks for them, and for nothing twice"
                )
        if any(cost.requests for cost in costs):
            self._say_days(target for operation in self._operations for target in self._targets(operation))
        file = self._wanted.output
        self._say(f"written: {file}, {samples} samples of {sum(cost.answered for cost in costs)} windows")
        self._say(next_line(file, samples))
        return not any(cost.requests for cost in costs) and not any(
            asker.progress.stopped for asker in self._askers.values()
        )

    def _say_days(self, targets: Iterable[Target]) -> None:
        """Tell which flags mean the same days tomorrow; where those of now do not."""
        found = {self._wanted.period.days(target.zone) for target in targets}
        if self._wanted.period.moves and found:
            first, last = min(one.first for one in found), max(one.last for one in found)
            self._say(f"to go on with the same days on another day: --from={first} --to={last}")

    def _targets(self, operation: Operation, choice: Choice | None = None) -> tuple[Target, ...]:
        """Those that are wanted, or what another choice takes."""
        wanted = self._wanted.choice if choice is None else choice
        return past_targets(operation, self._states[operation.name], wanted, self._wanted.step)

    def _windows(self, operation: Operation) -> Iterator[PastWindow]:
        """Oldest first, so that what a stop leaves has no holes."""
        return merge(*map(self._windows_of, self._targets(operation)), key=lambda window: window.end)

    def _windows_of(self, target: Target) -> Iterator[PastWindow]:
        return past_windows(target, self._wanted.period.days(target.zone), self._wanted.step)

    def _is_answered(self, window: PastWindow) -> bool:
        answered = self._answered[window.target.key.operation]
        return window.end in answered.get(place_of(window.target), ())

    def _operation(self, target: Target) -> Operation:
        return next(one for one in self._operations if one.name == target.key.operation)

    def _reports(
        self, targets: Sequence[Target], stored: Mapping[PastPlace, Mapping[int, str]]
    ) -> Iterator[tuple[PastWindow, Report]]:
        for target in targets:
            texts = stored.get(place_of(target), {})
            for window in self._windows_of(target):
                if window.end in texts:
                    yield window, from_text(texts[window.end])

    def _cost(self, operation: Operation) -> Cost:
        windows = answered = 0
        for target in self._targets(operation):
            ends = self._answered[operation.name].get(place_of(target), ())
            for window in self._windows_of(target):
                windows += 1
                answered += window.end in ends
        return cost_of(operation, windows, answered, self._used[operation.name])

    def _unlisted(self) -> list[Operation]:
        """The operations that look for campaigns and have no list yet."""
        return [one for one in self._operations if one.discovery is not None and self._states[one.name].listed is None]

    async def _take(self) -> None:
        """Take every token, and the lists that are not known."""
        for operation in self._operations:
            targets = self._targets(operation, Choice())
            longest = max((target.timeout for target in targets), default=_TIMEOUT)
            if operation.discovery is not None:
                longest = max(longest, operation.discovery.settings.timeout)
            await self._askers[operation.name].take(longest)
        for operation in self._unlisted():
            if operation.discovery is not None and not self._stopping.is_set():
                state = await self._askers[operation.name].ask_list(operation.discovery)
                self._states[operation.name] = state or DiscoveryState()
        await self.learn()

    async def _ask(self, operation: Operation, shown: Display) -> None:
        missing = (window for window in self._windows(operation) if not self._is_answered(window))
        await self._askers[operation.name].ask(missing, shown.step)

    async def _until_stopped(self, work: Sequence[Coroutine[Any, Any, None]]) -> None:
        """Let the work end; after a signal it has a moment for it, so that an answer that is near is kept."""
        all_done = asyncio.ensure_future(_all(work))
        stop = asyncio.create_task(self._stopping.wait(), name="stop")
        await asyncio.wait({all_done, stop}, return_when=asyncio.FIRST_COMPLETED)
        stop.cancel()
        if not all_done.done():
            await asyncio.wait({all_done}, timeout=PATIENCE)
            all_done.cancel()
        with suppress(asyncio.CancelledError):
            await all_done

    async def _keep(self) -> None:
        """Renew the leases, apart from requests."""
        while True:
            await asyncio.sleep(RENEWAL_SECONDS)
            with suppress(StorageError):
                await self._ledger.leases.renew()
