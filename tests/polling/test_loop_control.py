"""When one worker's loop waits, and what wakes it."""

import asyncio

from support import VirtualClock

from exporter.polling.loop_control import LoopControl


async def test_what_wakes_it_while_it_turns_is_not_lost(clock: VirtualClock) -> None:
    control = LoopControl(clock)
    control.wake()
    pauses = [asyncio.ensure_future(control.pause(30.0))]
    await clock.run(0.1)
    assert pauses[0].done()
    pauses.append(asyncio.ensure_future(control.pause(30.0)))
    await clock.run(29.0)
    assert not pauses[1].done(), "once"
    await clock.run(2.0)
    assert pauses[1].done()
