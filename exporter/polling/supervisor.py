"""All workers: one for each token, and the keeper of their leases."""

import asyncio
from collections.abc import Callable, Iterable

import structlog

from exporter.clock import Clock
from exporter.model import Operation, TargetKey
from exporter.polling.worker import Worker
from exporter.storage.database import StorageError
from exporter.storage.lease import RENEWAL_SECONDS
from exporter.storage.ledger import Ledger
from exporter.storage.replicas import LOOK_SECONDS

SETTLING_SECONDS, SETTLING_CROWD = 5.0, 50
"""How long a start waits for a shared storage to tell what it knows, and for how many tokens it asks at once."""

_log = structlog.get_logger()


class Supervisor:
    """Keeps one worker turning for each operation of the configuration."""

    def __init__(self, ledger: Ledger, clock: Clock, worker_factory: Callable[[Operation], Worker]) -> None:
        """`worker_factory` makes the worker of an operation."""
        self._ledger = ledger
        self._clock = clock
        self._make_worker = worker_factory
        self._workers: dict[str, Worker] = {}
        self._tasks: dict[Worker, asyncio.Task[None]] = {}
        self._keeper: asyncio.Task[None] | None = None
        self._watcher: asyncio.Task[None] | None = None
        self._stopping = False
        self._ended = asyncio.Event()

    def workers(self) -> Iterable[Worker]:
        """Those that poll for the present configuration."""
        return self._workers.values()

    async def apply_config(self, operations: Iterable[Operation]) -> None:
        """Poll for these operations and no others.

        A token keeps its worker, also under another operation's name; the worker of a token that is no longer used
        ends after the poll that it has under way, and publishes nothing of it. Nothing changes any more once all
        polling is to end.
        """
        if self._stopping:
            return
        operations = tuple(operations)
        self._ledger.apply_config(operations)
        by_token = {worker.session.token: worker for worker in (*self._tasks, *self._workers.values())}
        self._workers = {}
        for operation in operations:
            worker = by_token.pop(self._ledger.hash(operation.token), None)
            if worker is None:
                worker = self._make_worker(operation)
            else:
                worker.apply_config(operation)
            self._workers[operation.name] = worker
        for worker in by_token.values():
            worker.retire()
        await self._settle()

    def start(self) -> None:
        """Set every worker to work that is not yet; none once all polling is to end."""
        if self._stopping:
            return
        if self._keeper is None:
            self._keeper = asyncio.create_task(self.keep(), name="keeper")
            if self._ledger.is_shared:
                self._watcher = asyncio.create_task(self.watch(), name="watcher")
        for worker in self._workers.values():
            if worker not in self._tasks:
                self._tasks[worker] = asyncio.create_task(self._serve(worker), name=f"worker {worker.operation.name}")

    def stuck(self) -> list[str]:
        """The operations whose worker died or does not turn."""
        return [
            worker.operation.name
            for worker in self._workers.values()
            if worker.stuck() or (worker in self._tasks and self._tasks[worker].done())
        ]

    def lags(self) -> dict[str, float]:
        """How late the most overdue poll of each operation is, in seconds."""
        return {name: worker.lag() for name, worker in self._workers.items()}

    def next_poll_at(self, key: TargetKey) -> float | None:
        """When the target is polled next, in Unix seconds."""
        worker = self._workers.get(key.operation)
        return None if worker is None else worker.next_poll_at(key)

    async def stop(self, patience: float) -> None:
        """End all polling: the polls under way may end within `patience` seconds, then they are broken off.

        Leases of tokens without a request in flight are given up, so that a successor need not wait.
        """
        self._stopping = True
        for worker in self._tasks:
            worker.stop()
        tasks = list(self._tasks.values())
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=patience)
            for task in late:
                task.cancel()
        self._ended.set()
        others = [task for task in (self._keeper, self._watcher) if task is not None]
        await asyncio.gather(*tasks, *others, return_exceptions=True)
        await self._release(worker.session.token for worker in self._workers.values())

    async def _serve(self, worker: Worker) -> None:
        await worker.run()
        if worker not in self._workers.values():
            del self._tasks[worker]
            await self._release([worker.session.token])

    async def _settle(self) -> None:
        """Let the workers take their leases and learn what is stored, so that the first page shows it.

        Side by side: where storage is locked, all fail with the first instead of waiting as long one after another. A
        shared storage may be slow, and the tokens many: the page waits a little, and the rest settle in their turns.
        """
        workers = list(self._workers.values())
        crowd = SETTLING_CROWD if self._ledger.is_shared else max(1, len(workers))
        end = self._clock.monotonic() + SETTLING_SECONDS
        for start in range(0, len(workers), crowd):
            if start > 0 and self._clock.monotonic() >= end:
                return
            await asyncio.gather(*(worker.session.settle() for worker in workers[start : start + crowd]))

    async def _release(self, tokens: Iterable[str]) -> None:
        try:
            await self._ledger.leases.release(tokens)
        except StorageError as error:
            _log.warning("leases not given up, a successor waits up to 30 s", detail=str(error))

    async def _give(self, tokens: frozenset[str]) -> frozenset[str]:
        """Give up the leases of tokens without a request in flight; which these were."""
        if not tokens:
            return frozenset()
        try:
            return await self._ledger.leases.release(tokens)
        except StorageError:  # the workers say so; what else was seen still counts
            return frozenset()

    async def keep(self) -> None:
        """Renew the leases, apart from requests, so that a long one does not look like death."""
        failing = False
        while not self._ended.is_set():
            try:
                held = await self._ledger.leases.renew()
            except StorageError as error:
                if not failing:
                    _log.warning("leases not renewed, trying again", detail=str(error))
                failing = True
            except Exception:  # noqa: BLE001 (whatever it is: without renewals another process takes the leases)
                _log.exception("leases not renewed by a fault of the exporter, trying again")
            else:
                failing = False
                for worker in self._workers.values():
                    if worker.session.token not in held:
                        worker.session.lose()
            await self._clock.wait(self._ended, RENEWAL_SECONDS)

    async def watch(self) -> None:
        """On a shared storage: see what the other replicas do, for all tokens at once, and take an even share."""
        while not self._ended.is_set():
            try:
                moves = await self._ledger.leases.look()
                given = await self._give(moves.give)
                kept = moves.give - given
                for name, worker in self._workers.items():
                    session = worker.session
                    token = session.token
                    session.is_wanted = token in kept
                    if token in given:
                        session.hand_over()
                    if token in moves.take or name in moves.counted:
                        worker.look_around()
            except StorageError:
                pass  # the workers say so
            except Exception:  # noqa: BLE001 (whatever it is: without it tokens stay where they are)
                _log.exception("the other replicas are not seen by a fault of the exporter, trying again")
            await self._clock.wait(self._ended, LOOK_SECONDS)
