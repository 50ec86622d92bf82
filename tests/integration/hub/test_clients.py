"""Clients by WebSocket: they submit, follow, ask and cancel."""

from typing import Any

import pytest

from hub.sessions import client as client_module
from shared.messages import (
    CancelJob,
    ClientRegistered,
    CompleteJob,
    Error,
    FailJob,
    ForceRetryJob,
    GetSystemStatus,
    JobAccepted,
    JobCancelled,
    JobCompleted,
    JobNotificationsSubscribed,
    JobUpdate,
    NotificationFilters,
    Ping,
    Pong,
    RegisterClient,
    RequestJobStatus,
    ResponseJobStatus,
    StayAlive,
    StayAliveResponse,
    SubmitJob,
    SubscribeJob,
    SubscribeJobNotifications,
    SubscriptionConfirmed,
    SystemStatus,
    Unknown,
    UpdateJobProgress,
)
from tests.support.hubs import RunningHub
from tests.support.wire_client import WireClient, client_of

PLAIN: dict[str, Any] = {"type": "submit_job", "job_type": "simulation", "payload": {}}
SUBMISSION = SubmitJob(job_type="simulation", payload={"n": 1}, priority=7)


async def submitted(client: WireClient, **changes: Any) -> str:
    """The id of a job that the client has submitted."""
    await client.send(PLAIN | changes)
    return (await client.expect(JobAccepted)).job_id


async def test_a_client_submits_and_is_told_until_the_end(hub: RunningHub) -> None:
    async with client_of(hub.url) as client:
        await client.send(SUBMISSION)
        accepted = await client.expect(JobAccepted)
        assert (accepted.status, accepted.position) == ("pending", 0)
        assert accepted.message_id is not None
        waiting = await client.expect(JobUpdate)
        assert (waiting.job_id, waiting.status, waiting.priority) == (
            accepted.job_id, "pending", 7,
        )  # fmt: skip
        worker = await hub.worker()
        job = await worker.take()
        assert job.params == {"n": 1}
        await worker.report(job, 40, message="sampling")
        told = await client.until(UpdateJobProgress)
        assert told.job_id == accepted.job_id
        await worker.complete(job, {"files": []})
        done = await client.until(CompleteJob)
        assert (done.status, done.result, done.worker_id) == ("completed", {"files": []}, "w1")


async def test_a_submission_follows_the_rules_of_rest(hub: RunningHub) -> None:
    async with client_of(hub.url) as client:
        for wrong, problem in (
            ({"priority": "high"}, "priority"),
            ({"priority": 2_000_000}, "priority"),
            ({"payload": None}, "payload"),
            ({"requirements": {"colour": "red"}}, "colour"),
            ({"workflow_priority": 5}, "workflow_id"),
        ):
            await client.send(PLAIN | wrong)
            assert problem in (await client.expect(Error)).error
        await client.send(SUBMISSION)
        await client.expect(JobAccepted)
    assert (await hub.rest.get("/jobs")).json()["total_count"] == 1


async def test_who_follows_a_job_hears_how_it_is_and_how_it_ends(hub: RunningHub) -> None:
    job_id = await hub.submit(max_retries=0)
    async with client_of(hub.url, "/?type=client&id=c1") as client:
        await client.send(SubscribeJob(job_id=job_id))
        confirmed = await client.expect(SubscriptionConfirmed)
        assert (confirmed.subscription_type, confirmed.job_id) == ("job", job_id)
        assert (await client.expect(JobUpdate)).status == "pending"
        worker = await hub.worker()
        job = await worker.take()
        await worker.fail(job, "broke")
        failed = await client.until(FailJob)
        assert (failed.job_id, failed.error, failed.retry) == (job_id, "broke", False)
        await client.send(SubscribeJob(job_id=job_id))
        await client.expect(SubscriptionConfirmed)
        assert (await client.expect(FailJob)).job_id == job_id


async def test_a_job_that_there_is_not_cannot_be_followed(hub: RunningHub) -> None:
    async with client_of(hub.url) as client:
        for message in (
            SubscribeJob(job_id="x"), RequestJobStatus(job_id="x"), CancelJob(job_id="x"),
            ForceRetryJob(job_id="x"),
        ):  # fmt: skip
            await client.send(message)
            assert "job_id: there is no job x" in (await client.expect(Error)).error


async def test_so_many_jobs_may_be_followed_one_by_one(
    hub: RunningHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_module, "MOST_FOLLOWED", 1)
    first, second = await hub.submit(), await hub.submit()
    async with client_of(hub.url) as client:
        await client.send(SubscribeJob(job_id=first))
        await client.expect(SubscriptionConfirmed)
        await client.expect(JobUpdate)
        await client.send(SubscribeJob(job_id=second))
        assert "subscribe_job_notifications" in (await client.expect(Error)).error
        assert await submitted(client)


async def test_a_client_cancels_a_job(hub: RunningHub) -> None:
    async with client_of(hub.url) as client:
        job_id = await hub.submit()
        await client.send(CancelJob(job_id=job_id, reason="enough"))
        assert (await client.expect(JobCancelled)).job_id == job_id
        assert (await hub.job(job_id))["error"] == "enough"
        await client.send(CancelJob(job_id=job_id))
        assert "is cancelled already" in (await client.expect(Error)).error
        await client.send(SubscribeJob(job_id=job_id))
        await client.expect(SubscriptionConfirmed)
        assert (await client.expect(JobCancelled)).cancelled_at is not None


async def test_a_failed_job_is_tried_again_by_force(hub: RunningHub) -> None:
    async with client_of(hub.url) as client:
        job_id = await hub.submit(payload={"n": 1}, priority=3, workflow_id="flow")
        await client.send(ForceRetryJob(job_id=job_id))
        assert "is pending; only what has failed" in (await client.expect(Error)).error
        worker = await hub.worker()
        await worker.fail(await worker.take(), retry=False)
        await hub.becomes(job_id, "failed")
        await client.send(ForceRetryJob(job_id=job_id))
        again = await hub.job((await client.expect(JobAccepted)).job_id)
        assert (again["payload"], again["priority"], again["failures"]) == ({"n": 1}, 3, 0)
        assert again["workflow_id"] == "flow"


async def test_a_client_asks_how_a_job_is(hub: RunningHub) -> None:
    await hub.submit()
    job_id = await hub.submit()
    async with client_of(hub.url) as client:
        await client.send(RequestJobStatus(job_id=job_id))
        waiting = await client.expect(ResponseJobStatus)
        assert (waiting.job_id, waiting.status, waiting.position) == (job_id, "pending", 1)
        await hub.parts.jobs.cancel(job_id, "enough")
        await client.send(RequestJobStatus(job_id=job_id))
        ended = await client.expect(ResponseJobStatus)
        assert (ended.status, ended.message, ended.position) == ("cancelled", "enough", None)
        assert ended.completed_at is not None


async def test_notifications_pass_the_filters(hub: RunningHub) -> None:
    filters = NotificationFilters(customer_id="ann", job_types=("simulation",), priority_min=5)
    async with client_of(hub.url) as client:
        await client.send(SubscribeJobNotifications(filters=filters))
        assert (await client.expect(JobNotificationsSubscribed)).worker_id == "c1"
        await hub.submit(customer_id="bob", priority=9)
        await hub.submit(customer_id="ann", priority=1)
        await hub.submit("comfy", customer_id="ann", priority=9)
        job_id = await hub.submit(customer_id="ann", priority=9)
        told = await client.expect(JobUpdate)
        assert (told.job_id, told.status, told.customer_id) == (job_id, "pending", "ann")
        await hub.parts.jobs.cancel(job_id, "enough")
        ended = await client.expect(JobCompleted)
        assert (ended.job_id, ended.status) == (job_id, "cancelled")
        await client.send(
            SubscribeJobNotifications(filters=NotificationFilters(status=("failed",)))
        )
        await client.expect(JobNotificationsSubscribed)
        await hub.submit()
        await client.send(SubscribeJobNotifications(enabled=False))
        assert not (await client.expect(JobNotificationsSubscribed)).enabled


async def test_a_client_that_comes_back_is_told_how_its_job_is_now(hub: RunningHub) -> None:
    async with client_of(hub.url) as client:
        job_id = await submitted(client)
    await hub.parts.jobs.cancel(job_id, "enough")
    async with client_of(hub.url) as client:
        await client.send(SubscribeJob(job_id=job_id))
        await client.expect(SubscriptionConfirmed)
        await client.expect(JobCancelled)


async def test_small_talk(hub: RunningHub) -> None:
    async with client_of(hub.url, "/") as client:
        await client.send(Ping())
        await client.expect(Pong)
        await client.send(StayAlive())
        await client.expect(StayAliveResponse)
        await client.send(RegisterClient(client_id="me"))
        assert (await client.expect(ClientRegistered)).client_id == "me"
        await client.send({"type": "ack", "original_id": "x"})
        await client.send({"type": "error", "error": "what?"})
        await client.send({"type": "sync_job_state"})
        assert "means nothing here" in (await client.expect(Unknown)).content
        await hub.submit()
        await client.send(GetSystemStatus())
        status = await client.expect(SystemStatus)
        assert (status.pending_jobs, status.active_workers) == (1, 0)
        await client.send({"type": "claim_job", "worker_id": "w"})
        assert "is said by workers" in (await client.expect(Error)).error
        await client.send({"type": "disconnect"})
        await client.socket.wait_closed()
        assert client.socket.close_code == 1000
