"""Assignments that do not reach their worker: it is given other jobs all the same."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from shared.messages import JobAssigned, WorkerHeartbeat, WorkerHeartbeatAck
from tests.support.hubs import SLOW_S, RunningHub, running_hub
from tests.support.wire_worker import WireWorker, lease_of

AT_ONCE_S = 1e-9


@pytest.fixture
async def hub(
    redis_url: str, tmp_path: Path, request: pytest.FixtureRequest
) -> AsyncGenerator[RunningHub]:
    """A hub with leases of this length."""
    async with running_hub(redis_url, tmp_path, hub_lease_s=request.param) as hub:
        yield hub


async def assigned(hub: RunningHub) -> tuple[WireWorker, JobAssigned]:
    """A worker with a free slot beside the job that it was given, and no credit."""
    job_id, worker = await hub.submit(), await hub.worker(slots=2)
    job = await worker.take()
    assert job.job_id == job_id
    return worker, job


def credit(hub: RunningHub) -> int:
    """For how many jobs the worker has asked."""
    session = hub.parts.registry.find("w1")
    assert session is not None
    return session.seat.credit


@pytest.mark.parametrize("hub", [AT_ONCE_S], indirect=True)
async def test_who_has_not_heard_of_its_job_is_given_another(hub: RunningHub) -> None:
    worker, _ = await assigned(hub)
    await worker.beat()
    await worker.expect(WorkerHeartbeatAck)
    other = await hub.submit()
    assert (await worker.expect(JobAssigned)).job_id == other


@pytest.mark.parametrize("hub", [SLOW_S], indirect=True)
async def test_an_assignment_may_be_on_its_way_as_long_as_its_lease(hub: RunningHub) -> None:
    worker, _ = await assigned(hub)
    await worker.beat()
    await worker.expect(WorkerHeartbeatAck)
    assert credit(hub) == 0


@pytest.mark.parametrize("hub", [AT_ONCE_S], indirect=True)
async def test_who_names_its_job_has_heard_of_it(hub: RunningHub) -> None:
    worker, job = await assigned(hub)
    await worker.beat(lease_of(job))
    await worker.expect(WorkerHeartbeatAck)
    assert credit(hub) == 0


@pytest.mark.parametrize("hub", [AT_ONCE_S], indirect=True)
async def test_who_names_no_jobs_in_its_heartbeats_is_believed_to_have_them(
    hub: RunningHub,
) -> None:
    worker, _ = await assigned(hub)
    await worker.send(WorkerHeartbeat(worker_id="w1", running=None))
    await worker.expect(WorkerHeartbeatAck)
    assert credit(hub) == 0


@pytest.mark.parametrize("hub", [AT_ONCE_S], indirect=True)
async def test_who_has_reported_on_its_job_has_heard_of_it(hub: RunningHub) -> None:
    worker, job = await assigned(hub)
    await worker.report(job, 10)
    await hub.becomes(job.job_id, "in_progress")
    await worker.beat()
    await worker.expect(WorkerHeartbeatAck)
    assert credit(hub) == 0
