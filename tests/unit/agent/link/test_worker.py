"""One worker's side of the talk with the hub."""

import asyncio
from collections.abc import AsyncGenerator

import pytest

from agent.connectors.base import ConnectorError, Progress, Result
from agent.link.progress import INTERVAL_S
from shared.matching import Capability
from shared.messages import (
    CancelJob,
    ClaimJob,
    CompleteJob,
    FailJob,
    JobCancelled,
    JobCompletedAck,
    JobFailedAck,
    RegisterWorker,
    ReleaseJob,
    RequestLogs,
    ResponseLogs,
    UpdateJobProgress,
    WorkerHeartbeat,
    WorkerHeartbeatAck,
)
from shared.states import ErrorClass
from tests.fakes.hub import assignment, lease_of
from tests.support.desks import SLOTS, Desk
from tests.support.waiting import wait_until

CLAIM = ClaimJob(worker_id="w1")


@pytest.fixture
async def desk() -> AsyncGenerator[Desk]:
    async with asyncio.TaskGroup() as tasks:
        desk = Desk(tasks)
        desk.worker.register()
        desk.welcome()
        yield desk
        desk.connector.may_stop.set()
        desk.slots.release()


async def test_a_registered_worker_claims_as_many_jobs_as_it_has_room_for(desk: Desk) -> None:
    assert desk.said == [
        RegisterWorker(
            worker_id="w1", capabilities=Capability(services=("scripted",)), slots=SLOTS
        ),
        ClaimJob(worker_id="w1", slots=SLOTS),
    ]


async def test_the_start_of_an_attempt_is_told_at_once(desk: Desk) -> None:
    job = await desk.start("a")
    assert desk.said[-1] == UpdateJobProgress(
        job_id="a", worker_id="w1", progress=0, attempt=1, lease=job.lease
    )


async def test_a_finished_attempt_is_reported_before_more_is_claimed(desk: Desk) -> None:
    job = await desk.start("a")
    await desk.finish(job, Result(data={"seed": 1}))
    assert desk.said[-2:] == [
        CompleteJob(job_id="a", worker_id="w1", result={"seed": 1}, attempt=1, lease=job.lease),
        CLAIM,
    ]


async def test_a_failed_attempt_is_reported_with_all_that_is_known(desk: Desk) -> None:
    job = await desk.start("a")
    desk.connector.fail(
        "a", ConnectorError("bad", error_class=ErrorClass.VALIDATION, details={"node": "1"})
    )
    await desk.slots.idle()
    assert desk.said[-2:] == [
        FailJob(
            job_id="a",
            worker_id="w1",
            error="bad",
            retry=False,
            error_class=ErrorClass.VALIDATION,
            details={"node": "1"},
            attempt=1,
            lease=job.lease,
        ),
        CLAIM,
    ]


async def test_a_job_beyond_the_free_slots_is_given_back(desk: Desk) -> None:
    await desk.start("a")
    await desk.start("b")
    job = assignment("c")
    desk.worker.hear(job)
    assert desk.said[-1] == ReleaseJob(job_id="c", worker_id="w1", attempt=1, lease=job.lease)
    assert "c" not in desk.connector.works


async def test_a_cancelled_attempt_stops_and_that_is_confirmed(desk: Desk) -> None:
    job = await desk.start("a")
    desk.worker.hear(CancelJob(job_id="a"))
    await desk.slots.idle()
    assert desk.connector.stopped == ["a"]
    confirmed = JobCancelled(job_id="a", worker_id="w1", attempt=1, lease=job.lease)
    assert desk.said[-2:] == [confirmed, CLAIM]
    assert desk.all(CompleteJob) + desk.all(FailJob) + desk.all(ReleaseJob) == []


async def test_a_slot_is_claimed_for_only_when_its_attempt_has_really_stopped(desk: Desk) -> None:
    desk.connector.may_stop.clear()
    await desk.start("a")
    desk.worker.hear(CancelJob(job_id="a"))
    await desk.connector.stopping("a")
    assert CLAIM not in desk.said
    desk.connector.may_stop.set()
    await desk.slots.idle()
    assert desk.said[-1] == CLAIM


async def test_a_cancelled_job_is_not_reported_again(desk: Desk) -> None:
    await desk.finish(await desk.start("a"))
    desk.worker.hear(CancelJob(job_id="a"))
    assert desk.worker.leases == ()


async def test_a_cancel_of_another_job_stops_nothing(desk: Desk) -> None:
    job = await desk.start("a")
    desk.worker.hear(CancelJob(job_id="b"))
    assert desk.worker.leases == (lease_of(job),)


async def test_a_lost_lease_stops_its_attempt_and_no_other(desk: Desk) -> None:
    job, other = await desk.start("a"), await desk.start("b")
    desk.worker.hear(WorkerHeartbeatAck(worker_id="w1", lost=(lease_of(job),)))
    await desk.connector.stopping("a")
    assert desk.worker.leases == (lease_of(other),)
    assert desk.all(ReleaseJob) == []


async def test_what_is_lost_at_registration_is_given_up(desk: Desk) -> None:
    finished = await desk.start("a")
    await desk.finish(finished)
    running = await desk.start("b")
    desk.worker.register()
    del desk.said[:]
    desk.welcome(lease_of(finished), lease_of(running))
    assert desk.kinds() == ["claim_job"]
    await desk.connector.stopping("b")
    assert desk.worker.leases == ()


async def test_a_report_that_is_not_acknowledged_counts_as_running_but_holds_no_slot(
    desk: Desk,
) -> None:
    job = await desk.start("a")
    await desk.finish(job)
    assert desk.slots.free == SLOTS
    desk.worker.beat({"cpu_usage": 1.0})
    [beat] = desk.all(WorkerHeartbeat)
    assert beat == WorkerHeartbeat(
        worker_id="w1",
        status="idle",
        load=0,
        system_info={"cpu_usage": 1.0},
        running=(lease_of(job),),
    )


@pytest.mark.parametrize("kind", [JobCompletedAck, JobFailedAck])
async def test_an_acknowledged_report_is_forgotten(
    desk: Desk, kind: type[JobCompletedAck] | type[JobFailedAck]
) -> None:
    await desk.finish(await desk.start("a"))
    desk.worker.hear(kind(job_id="a", worker_id="w1", status="superseded", attempt=1))
    assert desk.worker.leases == ()
    await desk.worker.outbox.settled()


async def test_after_a_reconnect_reports_without_an_ack_are_sent_again(desk: Desk) -> None:
    job = await desk.start("a")
    running = await desk.start("b")
    desk.connector.finish("a")
    await wait_until(lambda: desk.worker.outbox.leases)
    [report] = desk.all(CompleteJob)
    del desk.said[:]
    desk.worker.register()
    desk.welcome()
    registration, *rest = desk.said
    assert isinstance(registration, RegisterWorker)
    assert set(registration.running) == {lease_of(job), lease_of(running)}
    assert registration.status == "busy"
    assert rest == [report, CLAIM]


async def test_what_ends_before_the_worker_is_registered_is_told_afterwards(desk: Desk) -> None:
    job = await desk.start("a")
    desk.worker.register()
    del desk.said[:]
    await desk.finish(job)
    assert desk.said == []
    desk.welcome()
    assert desk.kinds() == ["complete_job", "claim_job"]
    assert desk.said[-1] == ClaimJob(worker_id="w1", slots=SLOTS)


async def test_a_full_worker_claims_nothing_when_it_registers(desk: Desk) -> None:
    await desk.start("a")
    await desk.start("b")
    del desk.said[:]
    desk.worker.register()
    desk.welcome()
    assert desk.kinds() == ["register_worker"]


async def test_a_draining_worker_finishes_and_claims_nothing(desk: Desk) -> None:
    job = await desk.start("a")
    desk.slots.drain()
    assert desk.worker.status == "draining"
    await desk.finish(job)
    assert isinstance(desk.said[-1], CompleteJob)
    assert CLAIM not in desk.said


async def test_released_attempts_are_given_back(desk: Desk) -> None:
    job = await desk.start("a")
    desk.slots.drain()
    desk.slots.release()
    await desk.slots.idle()
    assert desk.said[-1] == ReleaseJob(job_id="a", worker_id="w1", attempt=1, lease=job.lease)


async def test_progress_after_the_end_is_not_sent(desk: Desk) -> None:
    job = await desk.start("a")
    desk.connector.reports["a"](Progress(percent=98))
    await desk.finish(job)
    del desk.said[:]
    desk.connector.reports["a"](Progress(percent=99))
    past_the_pause = asyncio.Event()
    asyncio.get_running_loop().call_later(INTERVAL_S * 1.5, past_the_pause.set)
    await past_the_pause.wait()
    assert desk.said == []


async def test_heartbeats_count_until_one_is_answered(desk: Desk) -> None:
    await desk.start("a")
    desk.worker.beat({})
    desk.worker.beat({})
    assert desk.worker.unanswered == 2
    assert desk.all(WorkerHeartbeat)[-1].load == 0.5
    desk.worker.hear(WorkerHeartbeatAck(worker_id="w1"))
    assert desk.worker.unanswered == 0


async def test_a_worker_that_changes_introduces_itself_anew(desk: Desk) -> None:
    desk.slots.close("error")
    desk.worker.note = "the GPU is lost"
    desk.worker.change(Capability(services=()))
    registration = desk.all(RegisterWorker)[-1]
    assert (registration.status, registration.capabilities.services) == ("error", ())
    claims = len(desk.all(ClaimJob))
    desk.welcome()
    assert len(desk.all(ClaimJob)) == claims
    desk.worker.beat({"uptime": 1})
    assert desk.all(WorkerHeartbeat)[-1].system_info == {"uptime": 1, "note": "the GPU is lost"}

    desk.slots.open()
    desk.worker.change(Capability(services=("other",)))
    desk.welcome()
    assert desk.all(ClaimJob)[-1].slots == SLOTS


async def test_what_changes_before_the_welcome_is_told_after_it(desk: Desk) -> None:
    desk.worker.register()
    desk.worker.change(Capability(services=("other",)))
    before = len(desk.all(RegisterWorker))
    desk.welcome()
    assert len(desk.all(RegisterWorker)) == before + 1
    assert desk.all(RegisterWorker)[-1].capabilities.services == ("other",)


async def test_without_an_engine_there_are_no_lines_to_tell(desk: Desk) -> None:
    desk.worker.hear(RequestLogs(worker_id="w1", request_id="r1", lines=10))
    [told] = desk.all(ResponseLogs)
    assert (told.request_id, told.lines) == ("r1", ())
