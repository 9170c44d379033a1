"""Three replicas of the command on one PostgreSQL, killed, stopped and cut off: the API sees no rule broken."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import aiohttp
import pytest
from patience import PATIENCE, patiently
from real_exporter import Exporter, write_config
from real_postgresql import PostgreSQL, postgresql
from silent_pipe import SilentPipe
from witness import Rules, Stalls, early, overlaps

from exporter.clock import SystemClock
from exporter.simulator.request_log import fingerprint
from exporter.simulator.server import Simulator
from exporter.simulator.settings import SimulatorSettings
from exporter.simulator.traffic import Shift
from exporter.storage.lease import LEASE_SECONDS

RULES = Rules(interval=6.0, timeout=4.0)
TOKENS = ("acme", "globex", "initech", "umbrella")
CLOCK = SystemClock()
HELD = "wolkvox_token_lease_held"


@dataclass
class Scene:
    """A simulated API, a database, and the replicas that were started."""

    folder: Path
    session: aiohttp.ClientSession
    simulator: Simulator
    server: PostgreSQL
    database: str
    stalls: Stalls
    deaths: list[float] = field(default_factory=list)
    replicas: list[Exporter] = field(default_factory=list)

    async def start(self, port: int | None = None) -> Exporter:
        url = self.server.url(self.database, port=port)
        exporter = Exporter(
            self.session, self.folder, "run", "--web.listen-address=127.0.0.1:0", f"--storage.url={url}"
        )
        self.replicas.append(exporter)
        await exporter.serves()
        return exporter

    async def kill(self, exporter: Exporter) -> None:
        self.deaths.append(CLOCK.monotonic())
        await exporter.kill()
        self.replicas.remove(exporter)

    async def held(self) -> list[int]:
        """How many tokens each replica that lives polls with."""
        counts = []
        for one in self.replicas:
            page = await one.page()
            counts.append(int(sum(sample.value for sample in page.find(HELD))))
        return counts

    async def spreads(self, share: int, within: float = PATIENCE) -> None:
        """Wait until each token is polled by one replica, and none has more than `share`."""
        last: list[int] = []

        async def probe() -> bool:
            last[:] = await self.held()
            return sum(last) == len(TOKENS) and max(last) <= share

        await patiently(probe, lambda: f"tokens held: {last}", within)

    async def polls(self, within: float = PATIENCE) -> None:
        """Wait until every token is asked for again."""
        before = len(self.simulator.log.entries)

        async def probe() -> bool:
            asked = {entry.token for entry in list(self.simulator.log.entries)[before:]}
            return asked >= {fingerprint(f"token-of-{name}") for name in TOKENS}

        await patiently(probe, lambda: "not every token was asked for", within)

    def broken_rules(self) -> list[str]:
        found: list[str] = []
        for name in TOKENS:
            entries = [one for one in self.simulator.log.entries if one.token == fingerprint(f"token-of-{name}")]
            assert entries
            found += overlaps(entries, RULES, self.deaths, self.stalls)
            found += early(entries, RULES, self.stalls)
        return found


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(aiohttp.ClientSession())
        settings = SimulatorSettings(
            tokens=tuple(f"token-of-{name}" for name in TOKENS), latency=0.5, hours=Shift.ALWAYS, log_size=10**6
        )
        simulator = await stack.enter_async_context(Simulator(settings))
        server = stack.enter_context(postgresql())
        config = {
            "interval": f"{RULES.interval:g}s",
            "timeout": f"{RULES.timeout:g}s",
            "windows": ["1h", "30m"],
            "operations": [
                {
                    "name": name,
                    "base_url": simulator.base_url,
                    "token": f"token-of-{name}",
                    "campaigns": [{"id": "32841"}, {"id": "32842"}],
                }
                for name in TOKENS
            ],
        }
        write_config(tmp_path, config)
        stalls = Stalls()
        await stack.enter_async_context(stalls.watched())
        scene = Scene(tmp_path, session, simulator, server, server.database(), stalls)
        try:
            yield scene
        finally:
            for one in scene.replicas:
                one.process.kill()
                await one.ended()


async def test_replicas_share_the_tokens_and_replace_each_other(scene: Scene) -> None:
    first, second, third = [await scene.start() for _ in range(3)]
    await scene.spreads(2)
    for one in scene.replicas:
        page = await one.ready()
        assert {sample.labels["operation"] for sample in page.find("wolkvox_campaign_attempts")} == set(TOKENS)
    await scene.kill(first)
    await scene.spreads(2, LEASE_SECONDS + 2 * RULES.timeout + PATIENCE)
    began = time.monotonic()
    assert await third.stop() == 0, third.stderr
    scene.replicas.remove(third)
    await scene.spreads(4)
    print(f"handed over {time.monotonic() - began:.1f} s after SIGTERM")  # noqa: T201 (for the reader)
    scene.server.stop("immediate")
    await second.said("storage failed, nothing is sent until it works again")
    assert (await second.ask("/-/healthy")).status == 200
    assert (await second.page()).find("wolkvox_campaign_up")
    scene.server.start()
    await scene.polls()
    assert scene.broken_rules() == []
    assert "Traceback" not in second.stderr + third.stderr


async def test_one_that_slept_or_was_cut_off_sends_nothing_late(scene: Scene) -> None:
    pipe = SilentPipe(scene.server.port)
    sleeper, cut, other = await scene.start(), await scene.start(pipe.port), await scene.start()
    await scene.spreads(2)
    pipe.silence()
    sleeper.signal(signal.SIGSTOP)
    scene.replicas.remove(sleeper)
    scene.replicas.remove(cut)
    await scene.spreads(4, LEASE_SECONDS + 2 * RULES.timeout + PATIENCE)
    assert (await cut.ask("/-/healthy")).status == 200
    assert (await cut.page()).find("wolkvox_campaign_last_poll_timestamp_seconds")
    sleeper.signal(signal.SIGCONT)
    pipe.resume()
    scene.replicas += [sleeper, cut]
    await scene.spreads(2, LEASE_SECONDS + PATIENCE)
    await scene.polls()
    assert scene.broken_rules() == []
    for one in (sleeper, cut, other):
        assert "Traceback" not in one.stderr
    pipe.close()


@pytest.mark.soak
@pytest.mark.timeout(3600)
async def test_ten_minutes_of_trouble_break_no_rule(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    random = Random(13)
    pipe = SilentPipe(scene.server.port)
    for port in (None, None, pipe.port):
        await scene.start(port)
    end = time.monotonic() + 600.0
    while time.monotonic() < end:
        event = random.choice(["kill", "stop", "sleep", "silence", "restart"])
        victim = random.choice(scene.replicas)
        if event == "kill":
            await scene.kill(victim)
            await scene.start(pipe.port if random.random() < 0.3 else None)
        elif event == "stop":
            scene.replicas.remove(victim)
            assert await victim.stop() == 0, victim.stderr
            await scene.start(pipe.port if random.random() < 0.3 else None)
        elif event == "sleep":
            victim.signal(signal.SIGSTOP)
            await asyncio.sleep(random.choice([3.0, LEASE_SECONDS + 15.0]))
            victim.signal(signal.SIGCONT)
        elif event == "silence":
            pipe.silence()
            await asyncio.sleep(random.choice([3.0, LEASE_SECONDS + 15.0]))
            pipe.resume()
        else:
            scene.server.stop("immediate")
            await asyncio.sleep(random.uniform(0.0, 15.0))
            scene.server.start()
        await asyncio.sleep(random.uniform(0.0, 20.0))
    await scene.spreads(2, 2 * LEASE_SECONDS + PATIENCE)
    await scene.polls()
    assert scene.broken_rules() == []
    pipe.close()
    with capsys.disabled():
        print(f"\n{scene.simulator.log.total} requests, {len(scene.deaths)} deaths, no rule broken")  # noqa: T201
