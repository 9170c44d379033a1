"""Replicas whose clocks differ by minutes, killed, stopped beyond their lease and cut off: no life breaks a rule."""

import asyncio
import math
import tempfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from real_postgresql import PostgreSQL
from simulated_replicas import INTERVAL, TIMEOUT, Replica, World
from support import Disk, Inline, VirtualClock

from exporter.model import TargetKey
from exporter.storage.engine import Storage
from exporter.storage.lease import LEASE_SECONDS
from exporter.storage.postgresql import PostgresDatabase
from exporter.wolkvox.window import day_end

SPREAD = 60.0
"""Seconds in which the tokens are spread after a change."""

Life = list[tuple[float, str, int]]

EVENTS = ["start", "kill", "end", "stop", "stop", "go", "cut", "cut", "deafen", "join", "step"]
PAUSES = st.one_of(st.floats(0.05, 8.0), st.floats(LEASE_SECONDS - 5.0, 2 * LEASE_SECONDS))
LIVES = st.lists(st.tuples(PAUSES, st.sampled_from(EVENTS), st.integers(0, 2)), min_size=3, max_size=14)


async def live(world: World, life: Life) -> None:
    """Three replicas start, whatever happens to them happens, and in the end all is well again."""
    try:
        for place in range(3):
            await world.start(place)
        for pause, event, place in life:
            await world.clock.run(pause)
            await world.turn(event, place)
        await world.heal()
        healed = world.clock.true
        await world.clock.run(SPREAD)
        held = [one.held() for one in world.living]
        assert sorted(name for each in held for name in each) == sorted(world.names), "each by one"
        assert max(map(len, held)) <= math.ceil(len(world.names) / len(held))
        await world.clock.run(INTERVAL + len(world.campaigns) * 2 * TIMEOUT)
        asked = {(one.token, one.campaign) for one in world.log if one.at > healed}
        assert asked == {(name, campaign) for name in world.names for campaign in world.campaigns}
        assert world.broken_rules() == []
    finally:
        await world.end()


def on_file(folder: str) -> Callable[[], Storage]:
    return lambda: Disk(f"sqlite:///{folder}/kept.db", thread=Inline())


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(LIVES, st.integers(0, 2**32))
@example([(20.0, "stop", 0), (45.0, "go", 0), (1.0, "kill", 1), (40.0, "cut", 2)], 1)
@example([(20.0, "cut", 0), (20.0, "deafen", 1), (45.0, "join", 0), (1.0, "step", 0), (1.0, "end", 2)], 2)
async def test_no_life_of_replicas_breaks_a_rule(life: Life, seed: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        await live(World(VirtualClock(), on_file(folder), Random(seed)), life)


@settings(max_examples=1, deadline=None, suppress_health_check=list(HealthCheck))
@given(LIVES.filter(lambda life: len(life) < 8), st.integers(0, 2**32))
@example([(20.0, "stop", 0), (45.0, "cut", 1), (1.0, "go", 0)], 1)
async def test_nor_on_postgresql(server: PostgreSQL, life: Life, seed: int) -> None:
    url = server.url(server.database())
    await live(World(VirtualClock(), lambda: PostgresDatabase(url, thread=Inline()), Random(seed)), life)


@pytest.fixture
async def busy(tmp_path: Path) -> AsyncIterator[World]:
    """Tokens that are always late: a request is in flight whenever anybody looks."""
    world = World(
        VirtualClock(),
        on_file(str(tmp_path)),
        Random(1),
        timeout=60.0,
        handshakes=(0.0,),
        latencies=(27.0,),
    )
    yield world
    await world.end()


async def test_a_token_that_is_always_late_is_handed_over_between_two_requests(busy: World) -> None:
    await busy.start(0)
    await busy.clock.run(20.0)
    await busy.start(1)
    await busy.start(2)
    await busy.clock.run(SPREAD)
    assert sorted(len(one.held()) for one in busy.living) == [1, 2, 2]
    assert busy.broken_rules() == []


async def test_every_replica_shows_within_10_s_what_another_one_stored(busy: World) -> None:
    busy.campaigns = ("1",)  # with a pause after each request, so that what wakes a worker is not the one before
    for place in range(3):
        await busy.start(place)
    await busy.clock.run(SPREAD)
    for _ in range(40):
        await busy.clock.run(1.0)
        behind = busy.clock.true - 10.0
        for name in busy.names:
            sent = sum(one.at <= behind for one in busy.log if one.token == name)
            assert all(one.figures(name).used >= sent for one in busy.living)
        for asked in (one for one in busy.log if one.end <= behind):
            for replica in busy.living:
                polled = replica.published.targets[TargetKey(asked.token, asked.campaign, "1h")].polled
                assert polled is not None
                assert polled.wall >= busy.clock.now() - busy.clock.true + asked.end - 0.01


async def test_the_new_day_begins_at_every_replica_whoever_polls(busy: World) -> None:
    zone, some_day = busy.operations[0].zone, busy.clock.now()
    busy.clock = VirtualClock(day_end(zone, some_day) - SPREAD)
    for place in range(3):
        await busy.start(place)
    await busy.clock.run(SPREAD - 0.01)
    midnight = busy.clock.true + 0.01
    assert all(one.figures(name).used > 1 for one in busy.living for name in busy.names)
    await busy.clock.run(0.02)
    assert all(one.figures(name).used == 0 for one in busy.living for name in busy.names)
    for _ in range(60):
        await busy.clock.run(1.0)
        for name in busy.names:
            today = [one.at for one in busy.log if one.token == name and one.at >= midnight]
            stored = sum(at <= busy.clock.true - 10.0 for at in today)
            assert all(stored <= one.figures(name).used <= len(today) for one in busy.living)
    assert stored > 0


async def test_a_start_waits_only_a_little_for_a_slow_storage_and_many_tokens(busy: World) -> None:
    busy.names = [f"acme-{number}" for number in range(120)]
    replica = Replica(busy, busy.make_storage(), 0.0)
    busy.places[0] = replica
    replica.link.delay = 2.0
    starting = asyncio.ensure_future(replica.start())
    await busy.clock.run(15.0)
    assert starting.done()
    assert len(replica.held()) == 50, "those that settled before; the others do in their first turns"
    await busy.clock.run(15.0)
    assert len(replica.held()) == 120
