"""Which attempts run on a worker, and how much room is left."""

import asyncio
from collections.abc import AsyncGenerator

import pytest

from agent.connectors.base import ConnectorError, Progress
from agent.runner import Outcome, Released, Runner, Succeeded
from agent.slots import Slots, Stopped
from shared.jobs import Failure, Lease
from shared.states import ErrorClass
from tests.fakes.connector import ScriptedConnector, no_inputs, upload
from tests.fakes.hub import assignment, lease_of

TOTAL = 3


class Attempts:
    """Slots over a scripted connector, and how every attempt in them ended."""

    def __init__(self, connector: ScriptedConnector, tasks: asyncio.TaskGroup) -> None:
        self.connector = connector
        self.slots = Slots(TOTAL, Runner({"scripted": connector}, upload, no_inputs).run, tasks)
        self.ends: dict[
            str, tuple[Outcome | Stopped, int]
        ] = {}  # the outcome, and what was free then

    async def start(self, job_id: str, timeout_s: float | None = None) -> Lease:
        lease = self.take(job_id, timeout_s)
        await self.connector.started(job_id)
        return lease

    def take(self, job_id: str, timeout_s: float | None = None) -> Lease:
        job = assignment(job_id, timeout_s=timeout_s)
        lease = lease_of(job)
        self.slots.take(lease, job, self._report, lambda end: self._ended(job_id, end))
        return lease

    def _report(self, progress: Progress) -> None:
        pass

    def _ended(self, job_id: str, outcome: Outcome | Stopped) -> None:
        self.ends[job_id] = (outcome, self.slots.free)


@pytest.fixture
async def attempts() -> AsyncGenerator[Attempts]:
    async with asyncio.TaskGroup() as tasks:
        attempts = Attempts(ScriptedConnector(), tasks)
        yield attempts
        attempts.connector.may_stop.set()
        attempts.slots.release()


async def test_an_attempt_takes_a_slot_until_it_has_ended(attempts: Attempts) -> None:
    lease = await attempts.start("a")
    assert (attempts.slots.free, attempts.slots.used) == (TOTAL - 1, 1)
    assert attempts.slots.leases == (lease,)
    attempts.connector.finish("a")
    await attempts.slots.idle()
    assert attempts.ends == {"a": (Succeeded({}), TOTAL)}
    assert attempts.slots.leases == ()


async def test_an_abandoned_attempt_keeps_its_slot_until_it_has_stopped(
    attempts: Attempts,
) -> None:
    attempts.connector.may_stop.clear()
    lease = await attempts.start("a")
    attempts.slots.abandon(lease)
    assert attempts.slots.leases == ()
    assert attempts.slots.free == TOTAL - 1
    attempts.connector.may_stop.set()
    await attempts.slots.idle()
    assert attempts.ends == {"a": (Stopped(), TOTAL)}
    assert attempts.connector.stopped == ["a"]


async def test_abandoning_one_attempt_leaves_the_others_alone(attempts: Attempts) -> None:
    lease, other = await attempts.start("a"), await attempts.start("b")
    attempts.slots.abandon(lease)
    attempts.connector.finish("b")
    await attempts.slots.idle()
    assert attempts.ends == {"a": (Stopped(), TOTAL - 1), "b": (Succeeded({}), TOTAL)}
    assert other not in attempts.slots.leases


async def test_abandoning_what_does_not_run_does_nothing(attempts: Attempts) -> None:
    await attempts.start("a")
    attempts.slots.abandon(Lease("a", 1, "another lease"))
    attempts.connector.finish("a")
    await attempts.slots.idle()
    assert attempts.ends == {"a": (Succeeded({}), TOTAL)}


async def test_an_attempt_that_never_began_gives_its_slot_back_too(attempts: Attempts) -> None:
    attempts.slots.abandon(attempts.take("a"))
    await attempts.slots.idle()
    assert attempts.ends == {"a": (Stopped(), TOTAL)}
    assert attempts.connector.works == {}


async def test_a_second_stop_does_not_break_into_the_cleaning_up(attempts: Attempts) -> None:
    attempts.connector.may_stop.clear()
    lease = await attempts.start("a")
    attempts.slots.abandon(lease)
    attempts.slots.abandon(lease)
    attempts.slots.release()
    attempts.connector.may_stop.set()
    await attempts.slots.idle()
    assert attempts.connector.stopped == ["a"]
    assert attempts.ends == {"a": (Stopped(), TOTAL)}


async def test_an_engine_that_does_not_let_go_is_told(attempts: Attempts) -> None:
    attempts.connector.stop_problem = ConnectorError("did not let go", error_class=ErrorClass.HANG)
    attempts.slots.abandon(await attempts.start("a"))
    await attempts.slots.idle()
    assert attempts.ends == {"a": (Stopped("did not let go"), TOTAL)}


async def test_an_engine_that_does_not_let_go_costs_no_retry_when_draining(
    attempts: Attempts,
) -> None:
    attempts.connector.stop_problem = ConnectorError("did not let go", error_class=ErrorClass.HANG)
    await attempts.start("a")
    attempts.slots.release()
    await attempts.slots.idle()
    assert attempts.ends == {"a": (Released(), TOTAL)}


async def test_release_during_the_deadlines_cleaning_up_reports_the_timeout(
    attempts: Attempts,
) -> None:
    attempts.connector.may_stop.clear()
    await attempts.start("a", timeout_s=0.001)
    await attempts.connector.stopping("a")
    attempts.slots.release()
    attempts.connector.may_stop.set()
    await attempts.slots.idle()
    [(outcome, _)] = attempts.ends.values()
    assert isinstance(outcome, Failure)
    assert outcome.error_class is ErrorClass.TIMEOUT


async def test_draining_leaves_no_room_and_lets_attempts_finish(attempts: Attempts) -> None:
    await attempts.start("a")
    attempts.slots.drain()
    assert attempts.slots.free == 0
    attempts.connector.finish("a")
    await attempts.slots.idle()
    assert attempts.ends == {"a": (Succeeded({}), 0)}


async def test_closed_slots_have_no_room_until_they_are_open_again(attempts: Attempts) -> None:
    await attempts.start("a")
    attempts.slots.close("error")
    assert (attempts.slots.free, attempts.slots.closed) == (0, "error")
    attempts.slots.open()
    assert (attempts.slots.free, attempts.slots.closed) == (TOTAL - 1, None)


async def test_release_gives_back_every_attempt(attempts: Attempts) -> None:
    await attempts.start("a")
    await attempts.start("b")
    attempts.slots.release()
    await attempts.slots.idle()
    assert {job_id: end for job_id, (end, _) in attempts.ends.items()} == {
        "a": Released(),
        "b": Released(),
    }


async def test_what_another_agent_finds_is_not_given_back(attempts: Attempts) -> None:
    kept = await attempts.start("a")
    await attempts.start("b")
    attempts.slots.release(kept={kept})
    await attempts.slots.idle(kept={kept})
    assert {job_id: end for job_id, (end, _) in attempts.ends.items()} == {"b": Released()}
    assert attempts.slots.leases == (kept,)


async def test_empty_slots_are_idle_at_once(attempts: Attempts) -> None:
    await attempts.slots.idle()
    assert attempts.slots.free == TOTAL


async def test_a_pause_leaves_no_room_until_it_ends(attempts: Attempts) -> None:
    await attempts.start("a")
    attempts.slots.paused = True
    assert (attempts.slots.free, attempts.slots.used) == (0, 1)
    attempts.slots.paused = False
    assert attempts.slots.free == TOTAL - 1


async def test_what_is_cancelled_ends_with_the_given_verdict(attempts: Attempts) -> None:
    await attempts.start("a")
    await attempts.start("b")
    verdict = Failure(error="enough", retryable=False)
    assert attempts.slots.cancel("b", verdict)
    await attempts.connector.stopping("b")
    attempts.connector.finish("a")
    await attempts.slots.idle()
    assert attempts.ends["b"][0] == verdict
    assert isinstance(attempts.ends["a"][0], Succeeded)


async def test_only_what_is_ours_can_be_cancelled(attempts: Attempts) -> None:
    attempts.connector.may_stop.clear()
    attempts.slots.abandon(await attempts.start("a"))
    verdict = Failure(error="enough")
    assert not attempts.slots.cancel("a", verdict)
    assert not attempts.slots.cancel("b", verdict)
    attempts.connector.may_stop.set()
    await attempts.slots.idle()
    assert attempts.ends["a"][0] == Stopped()
