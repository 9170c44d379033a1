"""Three replicas of the command on one PostgreSQL, killed, stopped and cut off: the API sees no rule broken."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest
from patience import PATIENCE, patiently
from real_fleet import Fleet, fleet, printed, token_of, write_fleet_config
from real_postgresql import postgresql
from silent_pipe import SilentPipe
from witness import Rules, Stalls, early, overlaps

from exporter.simulator.server import Simulator
from exporter.simulator.settings import SimulatorSettings
from exporter.simulator.traffic import Shift
from exporter.storage.lease import LEASE_SECONDS

RULES = Rules(interval=6.0, timeout=4.0)
TOKENS = ("acme", "globex", "initech", "umbrella")


@dataclass
class Scene:
    """Replicas, the simulated API that they ask, and what it saw."""

    fleet: Fleet
    simulator: Simulator
    stalls: Stalls

    async def polls(self, within: float = PATIENCE) -> None:
        """Wait until every token is asked for again."""
        before = len(self.simulator.log.entries)

        async def probe() -> bool:
            asked = {entry.token for entry in list(self.simulator.log.entries)[before:]}
            return asked >= set(map(printed, TOKENS))

        await patiently(probe, lambda: "not every token was asked for", within)

    def broken_rules(self) -> list[str]:
        found: list[str] = []
        for name in TOKENS:
            entries = [one for one in self.simulator.log.entries if one.token == printed(name)]
            assert entries
            found += overlaps(entries, RULES, self.fleet.deaths, self.stalls)
            found += early(entries, RULES, self.stalls)
        return found


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    async with AsyncExitStack() as stack:
        settings = SimulatorSettings(
            tokens=tuple(map(token_of, TOKENS)), latency=0.5, hours=Shift.ALWAYS, log_size=10**6
        )
        simulator = await stack.enter_async_context(Simulator(settings))
        server = stack.enter_context(postgresql())
        common = {
            "interval": f"{RULES.interval:g}s",
            "timeout": f"{RULES.timeout:g}s",
            "windows": ["1h", "30m"],
        }
        write_fleet_config(tmp_path, simulator.base_url, TOKENS, ["32841", "32842"], common)
        stalls = Stalls()
        await stack.enter_async_context(stalls.watched())
        yield Scene(await stack.enter_async_context(fleet(tmp_path, server, TOKENS)), simulator, stalls)


async def test_replicas_share_the_tokens_and_replace_each_other(scene: Scene) -> None:
    first, second, third = [await scene.fleet.start() for _ in range(3)]
    await scene.fleet.spreads()
    for one in scene.fleet.replicas:
        page = await one.ready()
        assert {sample.labels["operation"] for sample in page.find("wolkvox_campaign_attempts")} == set(TOKENS)
    await scene.fleet.kill(first)
    await scene.fleet.spreads(LEASE_SECONDS + 2 * RULES.timeout + PATIENCE)
    began = time.monotonic()
    await scene.fleet.stop(third)
    await scene.fleet.spreads()
    print(f"handed over {time.monotonic() - began:.1f} s after SIGTERM")  # noqa: T201 (for the reader)
    scene.fleet.server.stop("immediate")
    await second.said("storage failed, nothing is sent until it works again")
    assert (await second.ask("/-/healthy")).status == 200
    assert (await second.page()).find("wolkvox_campaign_up")
    scene.fleet.server.start()
    await scene.polls()
    assert scene.broken_rules() == []
    assert "Traceback" not in second.stderr + third.stderr


async def test_one_that_slept_or_was_cut_off_sends_nothing_late(scene: Scene) -> None:
    pipe = SilentPipe(scene.fleet.server.port)
    sleeper, cut, other = await scene.fleet.start(), await scene.fleet.start(pipe.port), await scene.fleet.start()
    await scene.fleet.spreads()
    pipe.silence()
    sleeper.signal(signal.SIGSTOP)
    scene.fleet.replicas.remove(sleeper)
    scene.fleet.replicas.remove(cut)
    await scene.fleet.spreads(LEASE_SECONDS + 2 * RULES.timeout + PATIENCE)
    assert (await cut.ask("/-/healthy")).status == 200
    assert (await cut.page()).find("wolkvox_campaign_last_poll_timestamp_seconds")
    sleeper.signal(signal.SIGCONT)
    pipe.resume()
    scene.fleet.replicas += [sleeper, cut]
    await scene.fleet.spreads(LEASE_SECONDS + PATIENCE)
    await scene.polls()
    pipe.silence()
    await asyncio.sleep(1.0)  # its storage thread waits for an answer by now, as it looks around every two seconds
    cut.signal(signal.SIGTERM)
    scene.fleet.replicas.remove(cut)
    assert await cut.ended() == 1
    await scene.fleet.spreads(LEASE_SECONDS + 2 * RULES.timeout + PATIENCE)
    assert scene.broken_rules() == []
    assert [line for line in cut.stderr.splitlines() if "stopped by force" in line and "storage" in line]
    for one in (sleeper, cut, other):
        assert "Traceback" not in one.stderr
    pipe.close()


@pytest.mark.soak
@pytest.mark.timeout(3600)
async def test_ten_minutes_of_trouble_break_no_rule(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    random = Random(13)
    pipe = SilentPipe(scene.fleet.server.port)
    for port in (None, None, pipe.port):
        await scene.fleet.start(port)
    end = time.monotonic() + 600.0
    while time.monotonic() < end:
        event = random.choice(["kill", "stop", "sleep", "silence", "restart"])
        victim = random.choice(scene.fleet.replicas)
        if event == "kill":
            await scene.fleet.kill(victim)
            await scene.fleet.start(pipe.port if random.random() < 0.3 else None)
        elif event == "stop":
            await scene.fleet.stop(victim)
            await scene.fleet.start(pipe.port if random.random() < 0.3 else None)
        elif event == "sleep":
            victim.signal(signal.SIGSTOP)
            await asyncio.sleep(random.choice([3.0, LEASE_SECONDS + 15.0]))
            victim.signal(signal.SIGCONT)
        elif event == "silence":
            pipe.silence()
            await asyncio.sleep(random.choice([3.0, LEASE_SECONDS + 15.0]))
            pipe.resume()
        else:
            scene.fleet.server.stop("immediate")
            await asyncio.sleep(random.uniform(0.0, 15.0))
            scene.fleet.server.start()
        await asyncio.sleep(random.uniform(0.0, 20.0))
    await scene.fleet.spreads(2 * LEASE_SECONDS + PATIENCE)
    await scene.polls()
    assert scene.broken_rules() == []
    pipe.close()
    with capsys.disabled():
        print(f"\n{scene.simulator.log.total} requests, {len(scene.fleet.deaths)} deaths, no rule broken")  # noqa: T201
