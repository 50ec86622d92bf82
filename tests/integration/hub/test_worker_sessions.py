"""A worker on its connection, from registration to the answers to its reports."""

import asyncio
import base64
import json
from contextlib import aclosing
from typing import Any

import pytest

from hub.store.jobs import Jobs
from shared.jobs import Lease
from shared.matching import Capability
from shared.messages import (
    CancelJob,
    ClaimJob,
    CompleteJob,
    Error,
    JobAssigned,
    JobCancelled,
    JobCompletedAck,
    JobFailedAck,
    Picture,
    Ping,
    Pong,
    UpdateJobProgress,
    WorkerHeartbeat,
    WorkerHeartbeatAck,
    WorkerRegistered,
    WorkerStatus,
)
from shared.states import ErrorClass, Reason
from tests.support.hubs import SLOW_S, RunningHub
from tests.support.waiting import wait_until
from tests.support.wire_worker import SIMULATION, WireWorker, lease_of

PICTURE = Picture(mime_type="image/png", content=base64.b64encode(b"a picture").decode())


async def assigned(hub: RunningHub, worker: WireWorker, **changes: Any) -> JobAssigned:
    """A new job, assigned to the worker."""
    job_id = await hub.submit(**changes)
    job = await worker.take()
    assert job.job_id == job_id
    return job


async def test_a_registered_worker_is_told_how_often_to_be_heard(hub: RunningHub) -> None:
    worker = await hub.peer()
    welcome = await worker.register(slots=3)
    assert (welcome.worker_id, welcome.status, welcome.lost) == ("w1", "active", ())
    assert (welcome.heartbeat_s, welcome.lease_s) == (SLOW_S, SLOW_S)
    known = (await hub.rest.get("/workers/w1")).json()["worker"]
    assert (known["status"], known["slots"]) == ("idle", 3)


async def test_a_job_goes_the_whole_way(hub: RunningHub) -> None:
    job_id = await hub.submit(payload={"n": 1}, priority=7, timeout_minutes=2)
    worker = await hub.worker()
    job = await worker.take()
    assert (job.job_id, job.job_type, job.priority, job.attempt) == (job_id, "simulation", 7, 1)
    assert (job.params, job.timeout_s) == ({"n": 1}, 120)
    await worker.report(job, 0)
    await hub.becomes(job_id, "in_progress")
    await worker.complete(job, {"files": []})
    ack = await worker.expect(JobCompletedAck)
    assert (ack.job_id, ack.status, ack.attempt) == (job_id, "completed", 1)
    done = await hub.job(job_id)
    assert (done["status"], done["result"], done["worker_id"]) == ("completed", {"files": []}, "w1")


async def test_a_parked_worker_gets_a_job_as_soon_as_one_arrives(hub: RunningHub) -> None:
    worker = await hub.worker()
    await worker.claim()
    await worker.beat()
    await worker.expect(WorkerHeartbeatAck)
    job_id = await hub.submit()
    assert (await worker.expect(JobAssigned)).job_id == job_id


async def test_a_worker_with_many_slots_is_filled_in_order(hub: RunningHub) -> None:
    ids = [await hub.submit(priority=priority) for priority in (1, 3, 2)]
    worker = await hub.worker(slots=3)
    await worker.claim(3)
    jobs = [await worker.expect(JobAssigned) for _ in range(3)]
    assert [job.job_id for job in jobs] == [ids[1], ids[2], ids[0]]


async def test_credit_that_is_left_is_used_when_more_jobs_come(hub: RunningHub) -> None:
    worker = await hub.worker(slots=2)
    await worker.claim(2)
    for _ in range(2):
        job_id = await hub.submit()
        assert (await worker.expect(JobAssigned)).job_id == job_id


async def test_progress_is_seen_with_its_details_and_preview(hub: RunningHub) -> None:
    worker = await hub.worker()
    job = await assigned(hub, worker)
    await worker.report(job, 10)
    await worker.report(job, 40, message="sampling", details={"node": "3"}, preview=PICTURE)

    async def is_seen() -> bool:
        return (await hub.rest.get(f"/jobs/{job.job_id}/progress")).json()["progress"] == 40

    await wait_until(is_seen)
    told = (await hub.rest.get(f"/jobs/{job.job_id}/progress")).json()
    assert (told["status"], told["message"]) == ("in_progress", "sampling")
    assert (told["details"], told["worker_id"], told["attempt"]) == ({"node": "3"}, "w1", 1)
    preview = await hub.rest.get(told["preview"])
    assert (preview.content, preview.headers["content-type"]) == (b"a picture", "image/png")


async def test_a_burst_of_reports_is_told_in_its_order(hub: RunningHub) -> None:
    worker = await hub.worker()
    job = await assigned(hub, worker)
    for percent in range(1, 31):
        await worker.report(job, percent)
    seen: list[float] = []
    async with aclosing(hub.parts.news.follow(job.job_id, "0")) as told:
        while len(seen) < 30:  # in between it may be told that there was nothing for a while
            each = await anext(told)
            seen += [] if each is None or each.progress is None else [each.progress]
    assert seen == [*range(1, 31)]


async def test_the_end_of_a_job_is_the_end_of_its_preview(hub: RunningHub) -> None:
    worker = await hub.worker()
    job = await assigned(hub, worker)
    await worker.report(job, 40, preview=PICTURE)
    await wait_until(lambda: hub.parts.previews.get(job.job_id))
    await worker.complete(job)
    await worker.expect(JobCompletedAck)
    assert (await hub.rest.get(f"/jobs/{job.job_id}/preview")).status_code == 404


async def test_a_failure_is_tried_again_or_not_as_the_worker_says(hub: RunningHub) -> None:
    worker = await hub.worker()
    job = await assigned(hub, worker)
    await worker.fail(job, "no room", error_class=ErrorClass.OUT_OF_MEMORY, details={"gb": 3})
    ack = await worker.expect(JobFailedAck)
    assert (ack.job_id, ack.status, ack.attempt) == (job.job_id, "delayed", 1)
    other = await assigned(hub, worker)
    await worker.fail(other, retry=False)
    assert (await worker.expect(JobFailedAck)).status == "failed"
    (attempt,) = (await hub.job(job.job_id))["attempts"]
    assert (attempt["error"], attempt["error_class"]) == ("no room", "out_of_memory")
    assert attempt["details"] == {"gb": 3}


async def test_a_job_that_is_given_back_waits_again_and_charges_nothing(hub: RunningHub) -> None:
    worker = await hub.worker()
    job = await assigned(hub, worker, max_retries=0)
    await worker.release(job, Reason.ERROR, "XID 79")
    assert (await worker.expect(JobFailedAck)).status == "pending"
    again = await hub.job(job.job_id)
    assert (again["failures"], again["losses"], again["reason"]) == (0, 1, "error")
    assert [each["error"] for each in again["attempts"]] == ["XID 79"]
    retaken = await worker.take()
    assert (retaken.job_id, retaken.attempt) == (job.job_id, 2)


async def test_a_heartbeat_tells_which_leases_are_gone(hub: RunningHub) -> None:
    worker = await hub.worker()
    job = await assigned(hub, worker)
    stranger = Lease("nobody", 1, "0" * 32)
    await worker.beat(lease_of(job), stranger, status="busy", system_info={"gpu": 0.5})
    assert (await worker.expect(WorkerHeartbeatAck)).lost == (stranger,)
    known = (await hub.rest.get("/workers/w1")).json()["worker"]
    assert (known["status"], known["system"]) == ("busy", {"gpu": 0.5})
    assert known["current_jobs"] == [job.job_id]


async def test_a_lost_lease_is_no_longer_counted_as_a_busy_slot(hub: RunningHub) -> None:
    worker = await hub.worker()
    job = await assigned(hub, worker)
    await hub.parts.jobs.cancel(job.job_id, "enough")
    assert (await worker.expect(CancelJob)).job_id == job.job_id
    await worker.beat(lease_of(job))
    assert (await worker.expect(WorkerHeartbeatAck)).lost == (lease_of(job),)
    assert (await assigned(hub, worker)).attempt == 1


async def test_a_cancel_is_told_to_the_worker_at_once(hub: RunningHub) -> None:
    worker = await hub.worker()
    job = await assigned(hub, worker)
    await worker.report(job, 10, preview=PICTURE)
    await wait_until(lambda: hub.parts.previews.get(job.job_id))
    answer = await hub.rest.post(f"/jobs/{job.job_id}/cancel", json={"reason": "changed my mind"})
    assert answer.status_code == 200
    told = await worker.expect(CancelJob)
    assert (told.job_id, told.worker_id, told.reason) == (job.job_id, "w1", "cancelled")
    assert hub.parts.previews.get(job.job_id) is None
    await worker.complete(job)
    assert (await worker.expect(JobCompletedAck)).status == "superseded"
    assert (await hub.job(job.job_id))["error"] == "changed my mind"


async def test_a_worker_that_reports_a_lost_job_is_told_to_stop_it(hub: RunningHub) -> None:
    worker = await hub.worker()
    job = await assigned(hub, worker)
    await hub.parts.jobs.release(lease_of(job), Reason.DRAINED)
    await worker.report(job, 10)
    told = await worker.expect(CancelJob)
    assert (told.job_id, told.reason) == (job.job_id, "superseded")


async def test_a_late_report_of_an_old_attempt_does_not_stop_the_new_one(hub: RunningHub) -> None:
    worker = await hub.worker()
    old = await assigned(hub, worker)
    await worker.release(old)
    await worker.expect(JobFailedAck)
    new = await worker.take()
    assert new.job_id == old.job_id
    await worker.report(old, 50)
    await worker.beat(lease_of(new))
    assert (await worker.expect(WorkerHeartbeatAck)).lost == ()
    await worker.complete(new)
    assert (await worker.expect(JobCompletedAck)).status == "completed"


async def test_a_job_that_ends_while_a_report_of_it_is_under_way_is_not_stopped(
    hub: RunningHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_done, is_reached = asyncio.Event(), asyncio.Event()

    async def late(*_: object) -> bool:
        is_reached.set()
        await is_done.wait()
        return False

    monkeypatch.setattr(Jobs, "start", late)
    worker = await hub.worker()
    job = await assigned(hub, worker)
    await worker.report(job, 99)
    await is_reached.wait()
    await worker.complete(job)
    assert (await worker.expect(JobCompletedAck)).status == "completed"
    is_done.set()
    await worker.beat()
    await worker.expect(WorkerHeartbeatAck)
    assert (await assigned(hub, worker)).attempt == 1


async def test_two_workers_share_a_connection(hub: RunningHub) -> None:
    first = await hub.worker("w1")
    second = first.beside("w2")
    await second.register()
    ids = {await hub.submit(), await hub.submit()}
    jobs = [await first.take(), await second.take()]
    assert {job.job_id for job in jobs} == ids
    assert [job.worker_id for job in jobs] == ["w1", "w2"]
    await hub.hung_up()

    async def are_gone() -> bool:
        listed = (await hub.rest.get("/workers")).json()["workers"]
        return [each["status"] for each in listed] == ["offline", "offline"]

    await wait_until(are_gone)


async def test_a_worker_of_the_original_leaves_attempt_and_lease_out(hub: RunningHub) -> None:
    worker = await hub.peer(path="/?type=worker&id=w1")
    await worker.register()
    job = await assigned(hub, worker)
    await worker.send(UpdateJobProgress(job_id=job.job_id, worker_id="w1", progress=50))
    await hub.becomes(job.job_id, "in_progress")
    await worker.send(WorkerHeartbeat(worker_id="w1"))
    assert (await worker.expect(WorkerHeartbeatAck)).lost == ()
    await worker.send(CompleteJob(job_id=job.job_id, worker_id="w1", result=[1]))
    ack = await worker.expect(JobCompletedAck)
    assert (ack.status, ack.attempt) == ("completed", 1)


async def test_a_status_is_seen_by_others(hub: RunningHub) -> None:
    worker = await hub.worker()
    await worker.send(WorkerStatus(worker_id="w1", status="paused"))

    async def is_seen() -> bool:
        return (await hub.rest.get("/workers/w1")).json()["worker"]["status"] == "paused"

    await wait_until(is_seen)


async def test_new_capabilities_in_a_status_count_from_then_on(hub: RunningHub) -> None:
    worker = await hub.worker(slots=2)
    job = await assigned(hub, worker)
    await worker.claim()
    await worker.send(WorkerStatus(worker_id="w1", capabilities=SIMULATION))
    other = Capability(services=("simulation", "other"))
    await worker.send(WorkerStatus(worker_id="w1", status="busy", capabilities=other))
    await worker.expect(WorkerRegistered)
    other_id = await hub.submit("other")
    assert (await worker.expect(JobAssigned)).job_id == other_id
    await worker.complete(job)
    assert (await worker.expect(JobCompletedAck)).status == "completed"


async def test_a_worker_may_leave_out_who_it_is(hub: RunningHub) -> None:
    worker = await hub.peer()
    await worker.send('{"type": "register_worker", "connectors": ["simulation"]}')
    assert (await worker.expect(WorkerRegistered)).worker_id == "w1"
    await hub.submit()
    await worker.send('{"type": "request_job"}')
    job = await worker.expect(JobAssigned)
    await worker.send(json.dumps({"type": "job_completed", "job_id": job.job_id, "result": 5}))
    assert (await worker.expect(JobCompletedAck)).status == "completed"
    assert (await hub.job(job.job_id))["result"] == 5


async def test_still_here_keeps_a_job_and_does_not_start_it(hub: RunningHub) -> None:
    worker = await hub.worker()
    job = await assigned(hub, worker)
    await worker.report(job, -1)
    await worker.beat(lease_of(job))
    assert (await worker.expect(WorkerHeartbeatAck)).lost == ()
    assert (await hub.job(job.job_id))["status"] == "assigned"
    await hub.parts.jobs.release(lease_of(job), Reason.DRAINED)
    await worker.report(job, -1)
    assert (await worker.expect(CancelJob)).job_id == job.job_id


async def test_a_worker_that_has_stopped_a_job_by_itself_must_end_it(hub: RunningHub) -> None:
    worker = await hub.worker()
    job = await assigned(hub, worker)
    await worker.send(JobCancelled(job_id=job.job_id))
    assert "end it by fail_job or release_job" in (await worker.expect(Error)).error
    await hub.parts.jobs.cancel(job.job_id, "enough")
    await worker.expect(CancelJob)
    await worker.send(JobCancelled(job_id=job.job_id))
    await worker.send(Ping())
    await worker.expect(Pong)


async def test_an_engine_that_does_not_let_go_of_a_cancelled_job_is_told(hub: RunningHub) -> None:
    worker = await hub.worker()
    job = await assigned(hub, worker)
    await hub.parts.jobs.cancel(job.job_id, "enough")
    await worker.expect(CancelJob)
    answer = JobCancelled(
        job_id=job.job_id, worker_id="w1", attempt=job.attempt, lease=job.lease,
        stopped=False, message="node 3 does not end", partial=({"filename": "half.png"},),
    )  # fmt: skip
    await worker.send(answer)
    await worker.send(Ping())
    await worker.expect(Pong)
    told = await hub.job(job.job_id)
    assert (told["stopped"], told["stop_message"]) == (False, "node 3 does not end")
    assert told["attempts"][-1]["details"] == {"partial": [{"filename": "half.png"}]}


async def test_registering_again_on_the_same_connection_changes_what_the_worker_does(
    hub: RunningHub,
) -> None:
    worker = await hub.worker(slots=2)
    job = await assigned(hub, worker)
    welcome = await worker.register(
        SIMULATION, slots=3, running=(lease_of(job), Lease("nobody", 1, "0" * 32))
    )
    assert [each.job_id for each in welcome.lost] == ["nobody"]
    await worker.claim(2)
    await hub.submit()
    await worker.expect(JobAssigned)
    await worker.complete(job)
    assert (await worker.expect(JobCompletedAck)).status == "completed"
    await worker.beat()
    await worker.expect(WorkerHeartbeatAck)


@pytest.mark.parametrize("slots", [0, 1001])
async def test_a_registration_that_is_refused_leaves_the_one_before_it(
    hub: RunningHub, slots: int
) -> None:
    worker = await hub.worker()
    with pytest.raises(AssertionError, match="slots: expected 1 to 1000"):
        await worker.register(slots=slots)
    await assigned(hub, worker)


async def test_claims_never_exceed_the_slots(hub: RunningHub) -> None:
    for _ in range(3):
        await hub.submit()
    worker = await hub.worker(slots=2)
    await worker.send(ClaimJob(worker_id="w1", slots=1000))
    assert (
        "slots: 1000 asked for, but of the 2 registered 2 are free"
        in (await worker.expect(Error)).error
    )
    for _ in range(2):
        await worker.expect(JobAssigned)
    await worker.claim()
    assert "0 are free" in (await worker.expect(Error)).error
    assert (await hub.rest.get("/jobs?status=pending")).json()["total_count"] == 1
