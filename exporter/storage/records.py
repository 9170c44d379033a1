"""What storage knows: of targets, of APIs, of the day's requests and of the past. Each method is one transaction."""

from collections.abc import Callable
from dataclasses import replace

from pydantic import SecretStr
from sqlalchemy import Connection

from exporter.model import Operation, Target, TargetKey, TargetState
from exporter.storage import past, quota
from exporter.storage.companions import Companions, is_asked_whole
from exporter.storage.engine import Storage
from exporter.storage.past import Ends, PastPlace
from exporter.storage.recovery import Memory
from exporter.storage.replicas import Replicas
from exporter.storage.request import NOTHING_STORED, Changes, StoredApis
from exporter.storage.targets import Targets


class Records:
    """Reads what this process and others stored."""

    def __init__(  # noqa: PLR0913 (the tables that it reads, and what is known of them already)
        self,
        database: Storage,
        *,
        targets: Targets,
        companions: Companions,
        replicas: Replicas,
        memory: Memory,
        hash_token: Callable[[SecretStr], str],
    ) -> None:
        self._database = database
        self._targets = targets
        self._companions = companions
        self._replicas = replicas
        self._memory = memory
        self._hash = hash_token

    async def adopt(self, operation: Operation) -> dict[TargetKey, TargetState]:
        """Make a place for each target and API of the operation, and tell what is known of its targets."""

        def work(connection: Connection) -> dict[TargetKey, TargetState]:
            self._companions.adopt(connection, operation)
            return self._targets.adopt(connection, operation)

        return await self._database.run(work)

    async def apis(self, operation: Operation) -> StoredApis:
        """What storage knows of the operation's APIs and of its campaigns, whoever stored it."""
        return await self._database.run(lambda connection: self._companions.read(connection, operation, -1)) or (
            NOTHING_STORED
        )

    async def read(self, operation: Operation, since: int) -> Changes:
        """What another process stored after version `since`, and the version now."""

        def work(connection: Connection) -> Changes:
            changes = self._targets.read(connection, operation, since)
            if changes.version == since:
                return changes
            return replace(changes, apis=self._companions.read(connection, operation, since))

        token = self._hash(operation.token)
        news = self._replicas.news(token, since)
        if news is None or (news[0] != since and is_asked_whole(operation)):  # the rows are those of targets only
            changes = await self._database.run(work)
        else:
            changes = Changes(news[0], self._targets.match_news(operation, news[1]) if news[1] else {})
        self._replicas.consumed(token, changes.version)
        return changes

    async def known(self, operation: Operation, target: Target) -> TargetState:
        """What storage knows of one target of the operation by its present name."""
        return await self._database.run(lambda connection: self._targets.known(connection, operation, target))

    async def used(self, operation: str, day: str) -> int:
        """Requests of the operation on that day, by any process."""
        count = self._replicas.used(operation, day)
        if count is None:
            count = await self._database.run(lambda connection: quota.used(connection, operation, day))
        self._memory.count(operation, day, count)
        return count

    async def past_ends(self, operation: Operation) -> dict[PastPlace, Ends]:
        """The ends of the windows of the operation's past that have an answer."""
        return await self._database.run(lambda connection: past.ends(connection, operation))

    async def past(self, operation: Operation, campaign: str) -> dict[PastPlace, dict[int, str]]:
        """The answers to windows of a campaign's past as texts, by the ends of the windows."""
        return await self._database.run(lambda connection: past.read(connection, operation, campaign))
