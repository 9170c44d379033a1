"""Wires the rooms: start, reload, stop. The only file that knows them all."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from random import Random

import structlog
from prometheus_client import CollectorRegistry

from exporter import __version__
from exporter.clock import Clock
from exporter.config import ConfigError
from exporter.files import connections
from exporter.log import dropped_lines
from exporter.metrics.build import Build
from exporter.metrics.format import Encoding, Exposition
from exporter.metrics.page import Page
from exporter.model import Config, FileVersion, Operation, OperationStatus, Status, TargetStatus
from exporter.polling.plan import OperationPlan, plan
from exporter.polling.state_store import StateStore
from exporter.polling.supervisor import Supervisor
from exporter.polling.token_parts import Services
from exporter.polling.worker import Worker
from exporter.redaction import Redactor
from exporter.rotation import Change, SecretWatch
from exporter.storage.engine import Storage
from exporter.storage.ledger import Ledger
from exporter.storage.owner import this_process
from exporter.wolkvox.client import Client
from exporter.wolkvox.operation_secrets import secrets

_log = structlog.get_logger()

NAMED = 3
"""Targets that `/-/ready` names; it counts the rest."""

Read = Callable[[], Config]
"""Loads the configuration again; raises `ConfigError`."""


class App:
    """The exporter without its sockets: what it polls, what it knows, what it shows."""

    def __init__(  # noqa: PLR0913 (the rooms that it wires)
        self,
        read: Read,
        *,
        database: Storage,
        clock: Clock,
        redactor: Redactor,
        build: Build,
        registry: CollectorRegistry,
    ) -> None:
        self._read = read
        self._clock = clock
        self._redactor = redactor
        self._random = Random()
        self._ledger = Ledger(database, clock, owner=this_process(clock.boot))
        self._client = Client(clock, connections())
        self._supervisor = Supervisor(self._ledger, clock, self._make_worker)
        self._page = Page(build, registry, self._supervisor.lags, clock.now, dropped_lines)
        self._store = StateStore(clock, self._page)
        self._operations: tuple[Operation, ...] = ()
        self._plans: dict[str, OperationPlan] = {}
        self._open = AsyncExitStack()
        self._started_at = clock.now()
        self._reload_ok = True
        self._reloaded_at = self._started_at
        self._file: FileVersion | None = None
        self._reloading = asyncio.Lock()
        self._secrets = SecretWatch(clock, self._change)

    @property
    def supervisor(self) -> Supervisor:
        """The workers."""
        return self._supervisor

    @property
    def secrets(self) -> SecretWatch:
        """What reads secret files again."""
        return self._secrets

    @property
    def store(self) -> StateStore:
        """What is known of each target."""
        return self._store

    @property
    def config_checksum(self) -> str | None:
        """Which content of the configuration file is in force; None if the last reload failed."""
        return self._file.checksum if self._file and self._reload_ok else None

    async def start(self) -> None:
        """Load the configuration, open storage and show what it knows; nothing is polled yet.

        Raises:
            ConfigError: the configuration has mistakes.
            StorageError: storage cannot be used.
        """
        config = await asyncio.to_thread(self._read)
        await self._ledger.open()
        self._started_at = self._reloaded_at = self._clock.now()  # a shared storage has told its time
        self._open.push_async_callback(self._ledger.close)
        await self._open.enter_async_context(self._client)
        self._secrets.begin(config.operations)
        await self._apply_config(config)

    def announce(self) -> None:
        """Log what runs. Not in `start`: what comes after it may fail, and a failed start is reported in one line."""
        _log.info("configuration loaded", operations=len(self._operations), **_described(self._file))

    async def reload(self) -> tuple[str, ...]:
        """Load the configuration again, whole or not at all; returns every mistake, nothing after a success."""
        async with self._reloading:
            try:
                config = await asyncio.to_thread(self._read)
            except ConfigError as error:
                self._reload_ok = False
                self._show_exporter()
                for mistake in error.mistakes:
                    _log.error("reload failed, the old configuration goes on", detail=mistake)
                return error.mistakes
            self._reload_ok = True
            self._reloaded_at = self._clock.now()
            self._secrets.begin(config.operations)
            await self._apply_config(config)
            self._supervisor.start()
        _log.info("configuration reloaded", operations=len(config.operations), **_described(config.file))
        return ()

    async def _change(self, change: Change) -> None:
        """Continue with other operations, as after a reload."""
        async with self._reloading:
            operations = change(self._operations)
            if operations != self._operations:
                await self._apply_config(Config(operations, file=self._file))
                self._supervisor.start()

    async def stop(self, patience: float) -> None:
        """End polling, with `patience` seconds for requests in flight, and close storage."""
        await self._supervisor.stop(patience)
        await self._open.aclose()

    async def page(self, exposition: Exposition, encoding: Encoding) -> bytes:
        """The page as it is now."""
        self._store.expire()
        return await self._page.body(exposition, encoding)

    def unhealthy(self) -> str | None:
        """Why the polling loops are stuck; None while they run."""
        stuck = self._supervisor.stuck()
        return f"the polling of these operations does not turn: {', '.join(stuck)}" if stuck else None

    def unready(self) -> str | None:
        """What is not known yet; None once every target was polled once or restored."""
        if unlisted := self._store.discoveries.unready():
            return f"the list of campaigns was not asked for yet: {', '.join(unlisted)}"
        waiting = self._store.unready()
        if not waiting:
            return None
        named = ", ".join(f"{one.key.operation}/{one.key.campaign}/{one.key.window}" for one in waiting[:NAMED])
        rest = f" and {len(waiting) - NAMED} more" if len(waiting) > NAMED else ""
        return f"not asked yet: {named}{rest}"

    def status(self) -> Status:
        """The whole state at this moment."""
        self._store.expire()
        lags = self._supervisor.lags()
        return Status(
            at=self._clock.now(),
            version=__version__,
            started_at=self._started_at,
            reload_ok=self._reload_ok,
            reloaded_at=self._reloaded_at,
            file=self._file,
            operations=tuple(
                OperationStatus(
                    figures=self._store.stats.figures(operation.name),
                    server=operation.base_url,
                    lag=lags.get(operation.name, 0.0),
                    targets=len(operation.targets),
                    requests_per_day=self._plans[operation.name].requests_per_day,
                    discovery=self._store.discoveries.of(operation.name).status(),
                )
                for operation in self._operations
            ),
            targets=tuple(
                TargetStatus(entry.target, entry.state, self._supervisor.next_poll_at(entry.target.key))
                for entry in self._store.entries()
            ),
        )

    def _make_worker(self, operation: Operation) -> Worker:
        services = Services(
            ledger=self._ledger,
            api=self._client,
            store=self._store,
            clock=self._clock,
            random=self._random,
            renew=self._secrets.renew,
        )
        return Worker(operation, services)

    async def _apply_config(self, config: Config) -> None:
        for warning in config.warnings:
            _log.warning("configuration", detail=warning)
        self._redactor.keep(secret for operation in config.operations for secret in secrets(operation))
        self._operations = config.operations
        self._file = config.file
        self._plans = {operation.name: plan(operation) for operation in config.operations}
        self._store.apply_config(config.operations)
        self._show_exporter()
        await self._supervisor.apply_config(config.operations)

    def _show_exporter(self) -> None:
        self._page.set_exporter(reload_ok=self._reload_ok, reloaded_at=self._reloaded_at)


def _described(file: FileVersion | None) -> dict[str, str]:
    """For the log: which content was read, so that an edit that did not reach the process shows."""
    if file is None:
        return {}
    modified = datetime.fromtimestamp(file.modified_at, UTC).isoformat(timespec="seconds")
    return {"file": file.name, "modified": modified, "checksum": file.checksum}
