"""The command killed at any moment, again and again: the API sees no rule broken, and storage loses nothing."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import aiohttp
import pytest
from patience import PATIENCE, patiently
from real_exporter import STORAGE, Exporter, write_config
from witness import Rules, Stalls, early, overlaps

from exporter.clock import SystemClock
from exporter.simulator.fault import Fault, Rule
from exporter.simulator.request_log import RequestLog
from exporter.simulator.server import Simulator
from exporter.simulator.settings import SimulatorSettings
from exporter.simulator.traffic import Shift

RULES = Rules(interval=6.0, timeout=4.0)  # longer than a start, or no rule could be broken
LONGEST_LIFE = 8.0
CLOCK = SystemClock()


@dataclass(frozen=True)
class Token:
    """An operation, and how long its API takes to answer."""

    name: str
    latency: float
    campaigns: tuple[str, ...]

    @property
    def text(self) -> str:
        return f"token-of-{self.name}"


TOKENS = (
    Token("quick", 0.02, ("32841", "32842", "32907", "33015")),
    Token("usual", 0.3, ("32841", "32842", "32907")),
    Token("slow", 1.0, ("32841", "32842")),
    Token("alone", 0.4, ("32841",)),
    Token("shaky", 0.1, ("32841", "32842")),
)


@dataclass
class Scene:
    """The simulated APIs, one for each token as they differ in latency, and what happened to the exporters."""

    folder: Path
    session: aiohttp.ClientSession
    simulators: dict[str, Simulator]
    stalls: Stalls
    deaths: list[float] = field(default_factory=list)

    def start(self) -> Exporter:
        return Exporter(
            self.session, self.folder, "run", "--web.listen-address=127.0.0.1:0", f"--storage.url={STORAGE}"
        )

    async def kill(self, exporter: Exporter) -> None:
        assert exporter.process.poll() is None, exporter.stderr
        self.deaths.append(CLOCK.monotonic())
        await exporter.kill()
        assert "level=error" not in exporter.stderr
        assert "Traceback" not in exporter.stderr

    @property
    def seen(self) -> int:
        return sum(simulator.log.total for simulator in self.simulators.values())

    def broken_rules(self) -> list[str]:
        return [
            f"{name}: {what}"
            for name, simulator in self.simulators.items()
            for what in (
                *overlaps(simulator.log.entries, RULES, self.deaths, self.stalls),
                *early(simulator.log.entries, RULES, self.stalls),
            )
        ]

    def miscounts(self) -> list[str]:
        """At most one request too many on record for each death, never one too few."""
        with closing(sqlite3.connect(self.storage)) as connection:
            counts = connection.execute("SELECT operation, sum(requests) FROM usage GROUP BY operation").fetchall()
        return [
            f"{name}: {count} on record, {self.simulators[name].log.total} came, {len(self.deaths)} deaths"
            for name, count in counts
            if not self.simulators[name].log.total <= count <= self.simulators[name].log.total + len(self.deaths)
        ]

    def damage(self) -> str:
        with closing(sqlite3.connect(self.storage)) as connection:
            return str(connection.execute("PRAGMA integrity_check").fetchone()[0])

    @property
    def storage(self) -> Path:
        return self.folder / STORAGE.removeprefix("sqlite:///")


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(aiohttp.ClientSession())
        simulators = {
            token.name: await stack.enter_async_context(
                Simulator(
                    SimulatorSettings(tokens=(token.text,), latency=token.latency, hours=Shift.ALWAYS, log_size=10**6)
                )
            )
            for token in TOKENS
        }
        simulators["shaky"].set_rule(Rule(Fault.CONNECT_MIDWAY, chance=0.2))
        config = {
            "interval": f"{RULES.interval:g}s",
            "timeout": f"{RULES.timeout:g}s",
            "windows": ["1h", "30m"],
            "operations": [
                {
                    "name": token.name,
                    "base_url": simulators[token.name].base_url,
                    "token": token.text,
                    "campaigns": [{"id": campaign} for campaign in token.campaigns],
                }
                for token in TOKENS
            ],
        }
        write_config(tmp_path, config)
        stalls = Stalls()
        await stack.enter_async_context(stalls.watched())
        yield Scene(tmp_path, session, simulators, stalls)


async def dies_at_random(scene: Scene, random: Random, exporter: Exporter) -> None:
    """Let it live until a moment worth dying at: in its start, in its life, or while a request is under way."""
    token = random.choice(TOKENS)
    manner = random.random()
    if manner < 0.2:
        await asyncio.sleep(random.uniform(0.0, 1.0))
    elif manner < 0.4:
        await asyncio.sleep(random.uniform(0.0, LONGEST_LIFE))
    else:
        log = scene.simulators[token.name].log
        with suppress(AssertionError):  # where there is nothing to ask for it dies waiting
            await comes(log, log.total + 1, LONGEST_LIFE)
        await asyncio.sleep(random.uniform(0.0, token.latency))
    await scene.kill(exporter)


async def comes(log: RequestLog, number: int, within: float) -> None:
    """Wait until so many requests have come."""

    async def probe() -> bool:
        return log.total >= number

    await patiently(probe, lambda: "no request came", within)


async def lives_on(scene: Scene) -> None:
    """The last one of them all polls with every token and ends cleanly."""
    exporter = scene.start()
    try:
        await exporter.serves()
        await exporter.ready()
        for simulator in scene.simulators.values():
            await comes(simulator.log, simulator.log.total + 1, PATIENCE)
        assert await exporter.stop() == 0, exporter.stderr
        assert "Traceback" not in exporter.stderr
    finally:
        exporter.process.kill()


async def die_again_and_again(scene: Scene, random: Random, times: int, processes: int) -> None:
    """Start each process anew as soon as it is dead; those that share the storage die in any order."""
    alive = [scene.start() for _ in range(processes)]
    try:
        for _ in range(times):
            place = random.randrange(processes)
            await dies_at_random(scene, random, alive[place])
            alive[place] = scene.start()
        for exporter in alive:
            await scene.kill(exporter)
    finally:
        for exporter in alive:
            exporter.process.kill()
    await lives_on(scene)
    assert scene.seen > len(scene.deaths)
    assert scene.broken_rules() == []
    assert scene.miscounts() == []
    assert scene.damage() == "ok"


async def test_a_dozen_deaths_break_no_rule(scene: Scene) -> None:
    await die_again_and_again(scene, Random(1), 11, processes=1)


async def test_deaths_beside_a_second_process_break_no_rule(scene: Scene) -> None:
    await die_again_and_again(scene, Random(2), 6, processes=2)


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize(("times", "processes"), [(200, 1), (50, 2)])
async def test_hundreds_of_deaths_break_no_rule(
    scene: Scene, times: int, processes: int, capsys: pytest.CaptureFixture[str]
) -> None:
    await die_again_and_again(scene, Random(times), times, processes)
    with capsys.disabled():
        print(f"\n{len(scene.deaths)} deaths, {scene.seen} requests, no rule broken")  # noqa: T201 (for the reader)
