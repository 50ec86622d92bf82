"""The original's way: jobs are told to idle workers, which claim them by their ids."""

import asyncio

import pytest

from hub.sessions import offering as module
from hub.sessions.offering import Offering
from shared.matching import Capability
from shared.messages import (
    CancelJob,
    ClaimJob,
    Error,
    JobAssigned,
    JobAvailable,
    JobCompletedAck,
    JobFailedAck,
    JobNotificationsSubscribed,
    Ping,
    Pong,
    SubscribeJobNotifications,
    WorkerStatus,
)
from shared.states import ErrorClass
from tests.support.hubs import RunningHub
from tests.support.room import gated
from tests.support.wire_worker import WireWorker


def by_id(worker: WireWorker, job_id: str, within_s: float | None = None) -> ClaimJob:
    return ClaimJob(worker_id=worker.worker_id, job_id=job_id, claim_timeout=within_s)


async def test_idle_workers_hear_of_a_job_and_the_first_has_it(hub: RunningHub) -> None:
    first = await hub.worker("w1", subscribe_to_jobs=True)
    second = await hub.worker("w2", subscribe_to_jobs=True)
    other = await hub.worker(
        "w3", capability=Capability(services=("other",)), subscribe_to_jobs=True
    )
    job_id = await hub.submit(priority=7, customer_id="ann")
    for worker in (first, second):
        offer = await worker.expect(JobAvailable)
        assert (offer.job_id, offer.job_type, offer.priority) == (job_id, "simulation", 7)
        assert (offer.requirements or {})["customer_id"] == "ann"
    await first.send(by_id(first, job_id))
    job = await first.expect(JobAssigned)
    assert job.job_id == job_id
    await second.send(by_id(second, job_id))
    told = await second.expect(Error)
    assert told.error == f"job_id: {job_id} does not wait any more: it is assigned by worker w1"
    assert told.details == {"job_id": job_id, "status": "assigned", "worker_id": "w1"}
    await other.send(by_id(other, job_id))
    assert "no job" in (await other.expect(Error)).error
    await first.complete(job)
    assert (await first.expect(JobCompletedAck)).status == "completed"


async def test_who_becomes_idle_hears_of_what_waits(hub: RunningHub) -> None:
    first_id = await hub.submit()
    worker = await hub.worker(subscribe_to_jobs=True)
    assert (await worker.expect(JobAvailable)).job_id == first_id
    await worker.send(by_id(worker, first_id))
    job = await worker.expect(JobAssigned)
    second_id = await hub.submit()
    await worker.send(by_id(worker, second_id))
    assert "all 1 slots are taken" in (await worker.expect(Error)).error
    await worker.complete(job)
    await worker.expect(JobCompletedAck)
    assert (await worker.expect(JobAvailable)).job_id == second_id


async def test_who_has_failed_with_a_job_is_not_given_it_while_another_could_do_it(
    hub: RunningHub,
) -> None:
    worker = await hub.worker("w1", subscribe_to_jobs=True)
    job_id = await hub.submit()
    await worker.expect(JobAvailable)
    await worker.send(by_id(worker, job_id))
    job = await worker.expect(JobAssigned)
    other = await hub.worker("w2", subscribe_to_jobs=True)
    await worker.fail(job, error_class=ErrorClass.OUT_OF_MEMORY)
    assert (await worker.expect(JobFailedAck)).status == "delayed"
    await hub.parts.jobs.promote(job_id)
    assert (await other.expect(JobAvailable)).job_id == job_id
    await worker.send(by_id(worker, job_id))
    told = await worker.expect(Error)
    assert told.error == f"job_id: {job_id} has failed here; another worker goes first"


async def test_offers_are_asked_for_and_declined(hub: RunningHub) -> None:
    worker = await hub.worker()
    job_id = await hub.submit()
    await worker.send(SubscribeJobNotifications(worker_id="w1"))
    assert (await worker.expect(JobNotificationsSubscribed)).worker_id == "w1"
    assert (await worker.expect(JobAvailable)).job_id == job_id
    other = Capability(services=("simulation", "other"))
    await worker.send(WorkerStatus(worker_id="w1", capabilities=other))
    await worker.socket.recv()  # registered again
    assert (await worker.expect(JobAvailable)).job_id == job_id
    await worker.send(SubscribeJobNotifications(worker_id="w1", enabled=False))
    assert not (await worker.expect(JobNotificationsSubscribed)).enabled
    await hub.submit("other")
    await worker.send(Ping())
    await worker.expect(Pong)


async def test_what_is_not_started_in_time_is_taken_back(
    hub: RunningHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = gated(monkeypatch, Offering, "_expire")  # their times begin when it is opened
    worker = await hub.worker(slots=2)
    late, kept = await hub.submit(), await hub.submit()
    await worker.send(by_id(worker, kept, 0.01))
    job = await worker.expect(JobAssigned)
    await worker.report(job, 0)
    await hub.becomes(kept, "in_progress")
    await worker.send(by_id(worker, late, 0.05))
    assert (await worker.expect(JobAssigned)).job_id == late
    gate.is_open.set()
    told = await worker.expect(CancelJob)
    assert (told.job_id, told.reason) == (late, "not started within 0.05 s")
    again = await hub.becomes(late, "pending")
    assert (again["reason"], again["losses"]) == ("timeout", 1)
    assert (await hub.job(kept))["status"] == "in_progress"


async def test_what_was_told_to_nobody_is_told_again(
    hub: RunningHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "AGAIN_S", 0.05)
    worker = await hub.worker(subscribe_to_jobs=True)
    await hub.submit()
    first = await worker.expect(JobAvailable)
    running = asyncio.create_task(hub.parts.counter.offering.run())
    assert (await worker.expect(JobAvailable)).job_id == first.job_id
    running.cancel()
