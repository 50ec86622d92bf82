"""What any hub that speaks this protocol does, seen from outside.

`make conformance HUB=http://127.0.0.1:3001` speaks to a hub that runs already; it needs no worker of
the services named here, and leaves a few ended jobs behind.
"""

import asyncio
import json
from uuid import uuid4

import pytest

from tests.conformance.outsider import Hub, Peer

WORKER_SAYS = {
    "register_worker", "worker_heartbeat", "worker_status", "claim_job", "update_job_progress",
    "complete_job", "job_completed", "fail_job", "service_request", "connector_ws_status",
    "subscribe_job_notifications", "ack",
}  # fmt: skip
WORKER_HEARS = {
    "connection_established", "worker_registered", "worker_heartbeat_ack", "job_available",
    "job_assigned", "job_completed_ack", "job_failed_ack", "cancel_job", "error", "unknown", "ack",
    "job_notifications_subscribed", "system_status",
}  # fmt: skip
CLIENT_SAYS = {
    "submit_job", "cancel_job", "force_retry_job", "request_job_status", "request_stats",
    "subscribe_stats", "subscribe_job", "subscribe_job_notifications", "ack",
}  # fmt: skip
CLIENT_HEARS = {
    "connection_established", "job_accepted", "update_job_progress", "complete_job", "job_update",
    "job_completed", "response_job_status", "response_stats", "subscription_confirmed",
    "job_notifications_subscribed", "error", "unknown", "system_status",
}  # fmt: skip
MONITOR_SAYS = {"request_stats", "subscribe_stats", "ack"}
MONITOR_HEARS = {
    "connection_established", "stats_broadcast", "response_stats", "subscription_confirmed",
    "service_request", "connector_ws_status", "system_status", "error", "unknown",
}  # fmt: skip
STATED = (
    {("worker → hub", each) for each in WORKER_SAYS}
    | {("hub → worker", each) for each in WORKER_HEARS}
    | {("client → hub", each) for each in CLIENT_SAYS}
    | {("hub → client", each) for each in CLIENT_HEARS}
    | {("monitor → hub", each) for each in MONITOR_SAYS}
    | {("hub → monitor", each) for each in MONITOR_HEARS}
)


@pytest.fixture
def service() -> str:
    """A service that nobody else works for."""
    return f"conformance-{uuid4().hex[:8]}"


async def a_job_that_succeeds(client: Peer, worker: Peer, service: str) -> None:
    job_id = await client.submit(service, priority=60)
    await client.hear("job_update", job_id=job_id, status="pending")
    assert await worker.take() == job_id
    await worker.say("update_job_progress", job_id=job_id, progress=0)
    await worker.say("worker_heartbeat", status="busy")
    assert (await worker.hear("worker_heartbeat_ack"))["lost"] == []
    await worker.say("update_job_progress", job_id=job_id, progress=50, message="half")
    await client.hear("update_job_progress", job_id=job_id, progress=50.0)
    await worker.say("complete_job", job_id=job_id, result={"answer": 42})
    assert (await worker.hear("job_completed_ack"))["status"] == "completed"
    done = await client.hear("complete_job", job_id=job_id)
    assert (done["status"], done["result"]) == ("completed", {"answer": 42})
    await client.say("request_job_status", job_id=job_id)
    told = await client.hear("response_job_status", job_id=job_id)
    assert (told["status"], told["result"]) == ("completed", {"answer": 42})


async def a_job_that_fails_and_is_retried(client: Peer, worker: Peer, service: str) -> None:
    job_id = await client.submit(service, max_retries=0)
    assert await worker.take() == job_id
    await worker.say("fail_job", job_id=job_id, error="broke", retry=False)
    assert (await worker.hear("job_failed_ack"))["status"] == "failed"
    await client.hear("fail_job", job_id=job_id)
    await client.say("force_retry_job", job_id=job_id)
    again = (await client.hear("job_accepted"))["job_id"]
    assert await worker.take() == again
    await worker.say("job_completed", job_id=again)
    await worker.hear("job_completed_ack", job_id=again)
    await client.hear("complete_job", job_id=again)


async def a_job_that_is_cancelled(client: Peer, worker: Peer, service: str) -> None:
    job_id = await client.submit(service)
    assert await worker.take() == job_id
    await client.say("cancel_job", job_id=job_id, reason="enough")
    await worker.hear("cancel_job", job_id=job_id)
    await client.hear("job_cancelled", job_id=job_id)


async def a_race(hub: Hub, client: Peer, service: str) -> None:
    async with hub.peer("worker") as first, hub.peer("worker") as second:
        await first.register(service, subscribe_to_jobs=True)
        await second.register(service)
        await second.say("subscribe_job_notifications", enabled=True)
        await second.hear("job_notifications_subscribed")
        job_id = await client.submit(service)
        for worker in (first, second):
            await worker.hear("job_available", job_id=job_id)
        await first.say("claim_job", job_id=job_id, claim_timeout=30_000)
        await first.hear("job_assigned", job_id=job_id)
        await second.say("claim_job", job_id=job_id)
        assert (await second.hear("error"))["details"]["worker_id"] == first.name
        await first.say("complete_job", job_id=job_id)
        await first.hear("job_completed_ack", job_id=job_id)


async def notifications(hub: Hub, client: Peer, service: str) -> None:
    async with hub.peer("client") as other:
        filters = {"job_types": [service]}
        await other.say("subscribe_job_notifications", enabled=True, filters=filters)
        await other.hear("job_notifications_subscribed")
        job_id = await client.submit(service)
        await other.hear("job_update", job_id=job_id)
        await client.say("cancel_job", job_id=job_id)
        await other.hear("job_completed", job_id=job_id, status="cancelled")
        await other.say("subscribe_job", job_id=job_id)
        await other.hear("subscription_confirmed", job_id=job_id)
        await other.hear("job_cancelled", job_id=job_id)


async def what_monitors_hear(hub: Hub, worker: Peer) -> None:
    async with hub.peer("monitor") as monitor:
        told = await monitor.hear("stats_broadcast")
        assert worker.name in told["workers"]
        assert {"connections", "workers", "subscriptions", "system"} <= set(told)
        await worker.say("service_request", service_type="x", endpoint="/x", method="POST", url="/")
        await worker.hear("ack", original_type="service_request")
        await monitor.hear("service_request", worker_id=worker.name)
        await worker.say("connector_ws_status", connector_type="x", status="connected")
        await monitor.hear("connector_ws_status", worker_id=worker.name)
        await monitor.say("request_stats")
        assert "system" in (await monitor.hear("response_stats"))["stats"]
        await small_talk(monitor)


async def small_talk(peer: Peer) -> None:
    """What every peer may say and hear."""
    await peer.say("ack", message_id="m")
    await peer.say("no_such_type")
    await peer.hear("unknown")
    await peer.say("claim_job" if peer.kind != "worker" else "submit_job", job_type=5, payload=[])
    await peer.hear("error")
    await peer.say("get_system_status")
    assert (await peer.hear("system_status"))["pending_jobs"] >= 0
    if peer.kind != "worker":
        await peer.say("request_stats")
        await peer.hear("response_stats")
        await peer.say("subscribe_stats", enabled=True, interval_seconds=1)
        await peer.hear("subscription_confirmed", subscription_type="stats")


async def test_every_type_is_spoken_in_every_direction(hub: Hub, service: str) -> None:
    async with hub.peer("client") as client, hub.peer("worker") as worker:
        await worker.register(service, slots=5)
        await worker.say("worker_status", status="idle")
        await a_job_that_succeeds(client, worker, service)
        await a_job_that_fails_and_is_retried(client, worker, service)
        await a_job_that_is_cancelled(client, worker, service)
        await a_race(hub, client, f"{service}-race")
        await notifications(hub, client, f"{service}-told")
        await what_monitors_hear(hub, worker)
        await small_talk(worker)
        await small_talk(client)
    spoken = {type_ for _, type_ in hub.seen & STATED}
    assert STATED - hub.seen == set()
    assert len(spoken) == 36


@pytest.mark.parametrize("query", ["/?type=worker&id={}", "/ws/worker/{}"])
async def test_both_addresses_are_the_same_door(hub: Hub, service: str, query: str) -> None:
    name = f"{service}-w"
    async with hub.peer("worker", name, query.format(name)) as worker:
        assert (await worker.register(service))["worker_id"] == name


async def test_times_in_seconds_and_unknown_fields_are_accepted(hub: Hub, service: str) -> None:
    async with hub.peer("worker") as worker:
        await worker.say(
            "register_worker", timestamp=1_700_000_000.5, connectors=[service], mood="good"
        )
        welcome = await worker.hear("worker_registered")
        assert welcome["timestamp"] > 1_700_000_000_000


async def test_a_worker_that_comes_back_goes_on_with_its_job(hub: Hub, service: str) -> None:
    async with hub.peer("client") as client:
        async with hub.peer("worker") as worker:
            await worker.register(service)
            job_id = await client.submit(service)
            await worker.say("claim_job")
            job = await worker.hear("job_assigned", job_id=job_id)
        lease = {"job_id": job_id, "attempt": job["attempt"], "id": job["lease"]}
        async with hub.peer("worker", worker.name) as back:
            assert (await back.register(service, running=[lease]))["lost"] == []
            await back.say("complete_job", job_id=job_id)
            assert (await back.hear("job_completed_ack"))["status"] == "completed"
        await client.hear("complete_job", job_id=job_id)


@pytest.mark.parametrize("form", ["system_status", "chunked_message"])
async def test_a_message_may_come_in_pieces_of_either_form(
    hub: Hub, service: str, form: str
) -> None:
    said = {"type": "submit_job", "job_type": service, "payload": {"text": "ö" * 100}}
    async with hub.peer("client") as client:
        await client.say_in_pieces(form, said)
        if form == "chunked_message":
            size = len(json.dumps(said).encode())
            await client.hear("chunked_message_complete", chunk_id="c1", total_size=size)
        job_id = (await client.hear("job_accepted"))["job_id"]
        await client.say_in_pieces(form, said, wrong="0" * 64)
        assert "data_hash" in (await client.hear("error"))["error"]
        await client.say("cancel_job", job_id=job_id)
        await client.hear("job_cancelled", job_id=job_id)


async def test_frames_that_are_none_hurt_nobody(hub: Hub) -> None:
    async with hub.peer("client") as client:
        for frame in ("", "[]", "{", '{"type":5}', "\x00", '{"type":"submit_job"}', "[" * 100_000):
            await client.socket.send(frame)
            await client.hear("error")
        await client.say("ping")
        async with asyncio.timeout(20):
            await client.hear("pong")
