"""What may go wrong while the server draws, and while it is left."""

import asyncio

import pytest
from attrs import evolve

from agent.connector_settings import A1111Settings
from agent.connectors.a1111 import A1111
from agent.connectors.base import ConnectorError
from shared.states import ErrorClass
from tests.fakes.a1111 import FakeA1111
from tests.fakes.a1111_work import picture
from tests.integration.agent.a1111.jobs import SMALL, run


async def paused(fake: FakeA1111, server: A1111) -> asyncio.Task[object]:
    """A job that stands at a step."""
    fake.traps.pause_at = 1
    running = asyncio.create_task(run(server))
    await fake.studio.until(lambda: fake.studio.paused)
    return running


def interrupts(fake: FakeA1111) -> int:
    return fake.studio.requests.count(("POST", "/sdapi/v1/interrupt"))


async def test_a_cancelled_job_is_interrupted_until_it_is_gone(
    fake: FakeA1111, server: A1111
) -> None:
    running = await paused(fake, server)
    fake.traps.interrupts_lost = 2
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert fake.studio.job_count == 0
    assert interrupts(fake) == 3


async def test_a_job_that_ends_by_no_interrupt_is_given_up(
    fake: FakeA1111, settings: A1111Settings
) -> None:
    fake.traps.is_stuck = True
    server = A1111(evolve(settings, a1111_grace_s=1.0))
    await server.open()
    running = await paused(fake, server)
    running.cancel()
    with pytest.raises(ConnectorError, match="did not end its job") as caught:
        await running
    assert caught.value.error_class is ErrorClass.HANG
    assert fake.studio.job_count != 0
    await fake.studio.go_on()
    await server.close()


async def test_a_job_cancelled_behind_another_leaves_that_one_alone(
    fake: FakeA1111, server: A1111
) -> None:
    first = await paused(fake, server)
    second = asyncio.create_task(run(server))
    await asyncio.sleep(0)
    second.cancel()
    with pytest.raises(asyncio.CancelledError):
        await second
    assert interrupts(fake) == 0
    await fake.studio.go_on()
    await first


async def test_nothing_moving_is_a_hang(fake: FakeA1111, settings: A1111Settings) -> None:
    server = A1111(evolve(settings, a1111_timeout_s=0.2))
    await server.open()
    running = await paused(fake, server)
    with pytest.raises(ConnectorError, match=r"no progress for 0\.2 s, at step 1 of 4") as caught:
        await running
    await server.close()
    assert caught.value.error_class is ErrorClass.HANG
    assert fake.studio.job_count == 0


@pytest.mark.parametrize("n_iter", [1, 3])
async def test_an_interrupt_by_somebody_else_is_noticed(
    fake: FakeA1111, server: A1111, n_iter: int
) -> None:
    fake.traps.pause_at = 1
    running = asyncio.create_task(run(server, n_iter=n_iter))
    await fake.studio.until(lambda: fake.studio.paused)
    await fake.interrupt()
    with pytest.raises(ConnectorError, match="interrupted by somebody else"):
        await running


async def test_pictures_missing_from_an_answer_are_noticed(fake: FakeA1111, server: A1111) -> None:
    fake.traps.progress_errors = 1000
    fake.traps.pause_at = 1
    running = asyncio.create_task(run(server, n_iter=3))
    await fake.studio.until(lambda: fake.studio.paused)
    await fake.interrupt()
    with pytest.raises(ConnectorError, match="returned 1 of 3 pictures"):
        await running


async def test_a_broken_connection_does_not_leave_the_job_running(
    fake: FakeA1111, server: A1111
) -> None:
    fake.traps.cuts = True
    running = await paused(fake, server)
    with pytest.raises(ConnectorError, match="connection to the server broke") as caught:
        await running
    assert caught.value.error_class is ErrorClass.NETWORK
    assert fake.studio.job_count == 0


async def test_a_server_that_dies_is_an_engine_crash(
    fake: FakeA1111, settings: A1111Settings
) -> None:
    server = A1111(evolve(settings, a1111_grace_s=1.0))
    await server.open()
    running = await paused(fake, server)
    await fake.crash()
    with pytest.raises(ConnectorError, match="did not come back") as caught:
        await running
    await server.close()
    assert caught.value.error_class is ErrorClass.ENGINE_CRASH


async def test_options_that_cannot_be_looked_at_are_looked_at_by_the_next_job(
    fake: FakeA1111, settings: A1111Settings
) -> None:
    server = A1111(evolve(settings, a1111_grace_s=1.0))
    await server.open()
    running = asyncio.create_task(
        run(server, steps=3, override_settings={"CLIP_stop_at_last_layers": 2})
    )
    fake.traps.pause_at = 1
    await fake.studio.until(lambda: fake.studio.paused)
    fake.studio.stored.clear()
    fake.traps.credentials = "Basic changed"
    await fake.studio.go_on()
    await running
    assert fake.studio.options["CLIP_stop_at_last_layers"] == 2
    fake.traps.credentials = None
    await run(server)
    await server.close()
    assert fake.studio.options["CLIP_stop_at_last_layers"] == 1


async def test_a_picture_that_is_none_fails_the_job(fake: FakeA1111, server: A1111) -> None:
    fake.traps.garbage = "AAAA"
    with pytest.raises(ConnectorError, match="image 1 of the answer is no picture"):
        await run(server)
    fake.traps.garbage = "no base64!"
    with pytest.raises(ConnectorError, match="is no base64"):
        await run(server)


async def test_a_refusal_of_the_server_is_passed_on(fake: FakeA1111, server: A1111) -> None:
    with pytest.raises(ConnectorError, match="Invalid encoded image") as caught:
        await run(server, task="png-info", image="bad")
    assert caught.value.error_class is ErrorClass.VALIDATION
    fake.traps.failing = (200, {"images": [picture("x")], "info": "no json"})
    with pytest.raises(ConnectorError, match="no images or no info"):
        await run(server)


async def test_extras_without_a_picture_fail(fake: FakeA1111, server: A1111) -> None:
    images = [{"data": picture("a"), "name": "a"}]
    assert len((await run(server, task="extras", imageList=images)).files) == 1
    assert SMALL["steps"] == 4
