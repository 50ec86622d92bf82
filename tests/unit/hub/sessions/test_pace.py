"""How fast a peer may speak."""

import asyncio

from hub.sessions.pace import Pace


async def test_a_burst_is_let_through_and_then_each_waits_its_turn() -> None:
    pace, loop = Pace(per_s=50, burst=3), asyncio.get_running_loop()
    began = loop.time()
    assert [pace.take(1) for _ in range(3)] == [0, 0, 0]
    for _ in range(5):
        await pace.turn()
    assert loop.time() - began > 4 / 50


async def test_a_pause_gives_back_no_more_than_the_burst() -> None:
    pace, loop = Pace(per_s=1000, burst=2), asyncio.get_running_loop()
    await asyncio.sleep(0.05)
    began = loop.time()
    for _ in range(22):
        await pace.turn()
    assert loop.time() - began > 0.015
