"""Whatever is sent, it is answered clearly, and nobody else notices."""

import json
from contextlib import suppress
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from hub import app
from hub.sessions import agent
from hub.sessions.refusals import LARGEST_RESULT
from shared.depth import PAYLOAD_DEPTH
from shared.messages import (
    ClaimJob,
    CompleteJob,
    Error,
    JobAssigned,
    JobCompletedAck,
    JobFailedAck,
    Message,
    Picture,
    RegisterWorker,
    Unknown,
    UpdateJobProgress,
    WorkerHeartbeat,
    WorkerHeartbeatAck,
)
from shared.wire import encode
from tests.support.hubs import RunningHub
from tests.support.wire_worker import SIMULATION, WireWorker

JSON = {"Content-Type": "application/json"}
HUGE = [2**53 + 1, 2**63, 2**64 - 1, 2**64, -(2**63) - 1, 10**40]
LEASE: dict[str, Any] = {"attempt": 1, "lease": "0" * 32}

BODIES = [
    b"",
    b"not JSON",
    b'{"type": "simulation", "payload": {',
    b'{"type": "simulation", "payload": {"x": NaN}}',
    b'{"type": "simulation", "payload": {"x": Infinity}}',
    b'{"type": "simulation", "payload": {"x": 1e999}}',
    b'{"type": "simulation", "payload": {"x": "\xff"}}',
    b'{"type": "simulation", "payload": {"x": "\\ud800"}}',
    b'{"type": "simulation", "payload": {"x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}}",
    "\ufeff{}".encode(),
    '{"type": "simulation", "payload": {}}'.encode("utf-16"),
    b"[]",
    b"null",
]

# What a registered worker says, and what the error speaks of.
FRAMES: list[tuple[str | bytes, str]] = [
    ("", "not JSON"),
    ("hello", "not JSON"),
    ("[]", "a JSON object"),
    ("{}", "type: expected the name of a message type"),
    ('{"type": 5}', "type: expected the name of a message type"),
    ('{"type": "claim_job", "worker_id": "w1", "slots": "all"}', "slots"),
    ('{"type": "claim_job", "worker_id": "w1", "slots": NaN}', "NaN is not a JSON number"),
    ('{"type": "claim_job", "worker_id": "w1", "slots": 1e999}', "out of range"),
    ('{"type": "claim_job", "worker_id": "w1", "slots": 0}', "slots: 0 asked for"),
    ('{"type": "claim_job", "worker_id": "w1", "slots": -1}', "slots: -1 asked for"),
    ('{"type": "claim_job", "worker_id": "w2"}', "worker_id: w2 is not registered"),
    ('{"type": "worker_heartbeat_ack", "worker_id": "w1"}', "said by the hub, not to it"),
    ('{"type": "request_stats"}', "is not said by workers"),
    ('{"type": "submit_job", "job_type": "simulation", "payload": {}}', "is not said by workers"),
    ('{"type": "job_cancelled", "job_id": 5}', "job_id"),
    ("[" * 100_000, "nested too deeply"),
    (b"\xff\xfe", "not UTF-8"),
    (encode(ClaimJob(worker_id="w1")).encode("utf-16"), "not UTF-8"),
    (encode(UpdateJobProgress(job_id="j", worker_id="w1", progress=101, **LEASE)), "0 to 100"),
    (encode(UpdateJobProgress(job_id="j", worker_id="w1", progress=-2, **LEASE)), "0 to 100"),
    (encode(UpdateJobProgress(job_id="j", worker_id="w1", progress=1)), "name its attempt"),
    (encode(CompleteJob(job_id="j", worker_id="w1")), "job_id: j is not assigned"),
    (encode(CompleteJob(job_id="j", worker_id="w1", attempt=1)), "job_id: j is not assigned"),
]  # fmt: skip


async def still_works(hub: RunningHub, worker: WireWorker) -> None:
    """The connection takes a job through to its end."""
    await hub.submit()
    job = await worker.take()
    await worker.complete(job)
    assert (await worker.expect(JobCompletedAck)).status == "completed"


async def assigned(hub: RunningHub, worker: WireWorker) -> JobAssigned:
    await hub.submit()
    return await worker.take()


@pytest.mark.parametrize("body", BODIES, ids=lambda body: str(body[:50]))
async def test_a_body_that_cannot_be_read_is_refused(hub: RunningHub, body: bytes) -> None:
    answer = await hub.rest.post("/jobs", content=body, headers=JSON)
    assert answer.status_code == 400, answer.text
    assert answer.json()["error"]
    assert "Traceback" not in answer.text
    assert (await hub.rest.get("/jobs")).json()["total_count"] == 0


WRONG = [
    (b"", "body", "is missing", "a JSON object"),
    (b"{", "body", "is not JSON", "JSON in UTF-8"),
    (b'{"type": "s"}', "payload", "missing required field", "an object"),
    (b'{"type": "s", "payload": {}, "priorty": 1}', "priorty", "unknown field", "priority, "),
    (
        b'{"type": "s", "payload": {}, "requirements": {"hardware": {"vram": 8}}}',
        "requirements.hardware.vram",
        "unknown field",
        "gpu_memory_gb, gpu_count",
    ),
    (
        b'{"type": "s", "payload": {}, "on_unservable": "wait"}',
        "on_unservable",
        "Invalid enum value 'wait'",
        "accept, reject",
    ),
    (b'{"type": 5, "payload": {}}', "type", "got `int`", "`str`"),
]


@pytest.mark.parametrize(("body", "field", "problem", "accepted"), WRONG)
async def test_what_would_be_right_is_told(
    hub: RunningHub, body: bytes, field: str, problem: str, accepted: str
) -> None:
    (told,) = (await hub.rest.post("/jobs", content=body, headers=JSON)).json()["fields"]
    assert told["field"] == field
    assert problem in told["problem"]
    assert accepted in told["accepted"]


async def test_a_value_of_a_query_is_told_with_those_that_are_accepted(hub: RunningHub) -> None:
    (told,) = (await hub.rest.get("/jobs?status=lost")).json()["fields"]
    assert told["field"] == "status"
    assert "pending" in told["accepted"]


@pytest.mark.parametrize(
    ("path", "field", "accepted"),
    [
        ("/jobs?state=failed", "state", "status, type, customer_id, worker_id"),
        ("/jobs?job_type=a", "job_type", "type"),
        ("/workers?page=2", "page", "status, services, available_only"),
        ("/jobs/j/status?verbose", "verbose", "nothing in the query"),
        ("/artifacts/a?name=b", "name", "nothing in the query"),
    ],
)
async def test_a_parameter_that_a_route_does_not_have_is_refused(
    hub: RunningHub, path: str, field: str, accepted: str
) -> None:
    answer = await hub.rest.get(path)
    assert answer.status_code == 400
    (told,) = answer.json()["fields"]
    assert told["field"] == field
    assert accepted in told["accepted"]


async def test_a_huge_body_is_refused_and_the_hub_goes_on(hub: RunningHub) -> None:
    body = b'{"type": "simulation", "payload": {"x": "' + b"x" * 100_000_000 + b'"}}'
    answer = await hub.rest.post("/jobs", content=body, headers=JSON)
    assert answer.status_code == 413
    largest = int(hub.parts.settings.hub_max_body_mb * 1_000_000)
    assert f"at most {largest} bytes (HUB_MAX_BODY_MB" in answer.json()["error"]
    await hub.submit()


async def test_another_content_type_is_refused(hub: RunningHub) -> None:
    answer = await hub.rest.post(
        "/jobs", content=b"type=simulation", headers={"Content-Type": "text/plain"}
    )
    assert answer.status_code == 400
    assert answer.json()["error"]


async def test_numbers_of_any_size_reach_the_worker_and_return_untouched(hub: RunningHub) -> None:
    text = json.dumps({"type": "simulation", "payload": {"seeds": HUGE, "half": 0.5}})
    await hub.rest.post("/jobs", content=text, headers=JSON)
    worker = await hub.worker()
    job = await worker.take()
    assert job.params == {"seeds": HUGE, "half": 0.5}
    await worker.complete(job, {"seeds": HUGE})
    await worker.expect(JobCompletedAck)
    done = json.loads((await hub.rest.get(f"/jobs/{job.job_id}")).content)["job"]
    assert done["payload"]["seeds"] == done["result"]["seeds"] == HUGE


def nested(levels: int) -> dict[str, Any]:
    """An object of so many levels."""
    return json.loads('{"x":' * levels + "0" + "}" * levels)


async def test_a_payload_of_as_many_levels_as_frames_carry_reaches_the_worker(
    hub: RunningHub,
) -> None:
    await hub.submit(payload=nested(PAYLOAD_DEPTH))
    worker = await hub.worker()
    assert (await worker.take()).params == nested(PAYLOAD_DEPTH)


@pytest.mark.parametrize("levels", [PAYLOAD_DEPTH + 1, 3000, 50_000])
async def test_a_payload_that_no_frame_could_carry_is_refused(hub: RunningHub, levels: int) -> None:
    text = '{"type": "simulation", "payload": ' + '{"x":' * levels + "0" + "}" * (levels + 1)
    answer = await hub.rest.post("/jobs", content=text, headers=JSON)
    assert answer.status_code == 400
    assert f"at most {PAYLOAD_DEPTH} levels" in answer.json()["error"]
    assert (await hub.rest.get("/jobs")).json()["total_count"] == 0


async def test_the_step_whose_payload_no_frame_could_carry_is_named(hub: RunningHub) -> None:
    step = {"name": "draw", "type": "simulation", "payload": nested(PAYLOAD_DEPTH + 1)}
    answer = await hub.rest.post("/workflows", json={"steps": [step]})
    assert answer.status_code == 400
    assert answer.json()["fields"][0]["field"] == "steps[0].payload"


async def test_half_a_character_from_a_worker_can_still_be_shown(hub: RunningHub) -> None:
    worker = await hub.worker()
    job = await assigned(hub, worker)
    await worker.fail(job, "broke at \ud800", retry=False, details={"\udfff": "\ud800"})
    assert (await worker.expect(JobFailedAck)).status == "failed"
    assert (await hub.job(job.job_id))["error"] == "broke at \ud800"
    assert (await hub.rest.get("/jobs")).status_code == 200


@pytest.mark.parametrize(
    ("frame", "problem"),
    FRAMES,
    ids=[f"{number} {problem}" for number, (_, problem) in enumerate(FRAMES)],
)
async def test_a_frame_that_cannot_be_acted_on_is_answered_with_the_reason(
    hub: RunningHub, frame: str | bytes, problem: str
) -> None:
    worker = await hub.worker()
    await worker.send(frame)
    assert problem in (await worker.expect(Error)).error
    await still_works(hub, worker)


async def test_a_message_type_that_nobody_knows_is_answered_as_such(hub: RunningHub) -> None:
    worker = await hub.worker()
    await worker.send('{"type": "make_coffee", "worker_id": "w1"}')
    assert "'make_coffee' is not a message type" in (await worker.expect(Unknown)).content
    await still_works(hub, worker)


async def test_text_in_a_binary_frame_is_read_as_well(hub: RunningHub) -> None:
    worker = await hub.worker()
    await worker.send(encode(WorkerHeartbeat(worker_id="w1")).encode())
    await worker.expect(WorkerHeartbeatAck)


async def test_an_oversized_frame_ends_its_connection_alone(hub: RunningHub) -> None:
    worker, other = await hub.worker("w1"), await hub.worker("w2")
    with suppress(ConnectionClosed):  # the hub may be faster
        await worker.send("x" * (app.LARGEST_FRAME + 1))
    assert (await worker.expect_close())[0] == 1009
    await still_works(hub, other)


@pytest.mark.parametrize(
    ("field", "value"),
    [("slots", 0), ("slots", 1001), ("slots", 2**64), ("slots", 1.5), ("worker_id", 7), ("worker_id", ""),
     ("worker_id", "a b"), ("worker_id", "x" * 129),
     ("capabilities", []), ("capabilities", {}), ("running", [{"job_id": "j"}]), ("status", 5)],
)  # fmt: skip
async def test_a_registration_that_cannot_be_is_refused_with_the_field(
    hub: RunningHub, field: str, value: Any
) -> None:
    peer = await hub.peer()
    document = json.loads(encode(RegisterWorker(worker_id="w1", capabilities=SIMULATION)))
    await peer.send(json.dumps(document | {field: value}))
    assert field in (await peer.expect(Error)).error
    assert (await hub.rest.get("/workers")).json()["workers"] == []
    await peer.register()
    await still_works(hub, peer)


async def test_reports_of_jobs_that_nobody_gave_out_change_nothing(hub: RunningHub) -> None:
    worker, liar = await hub.worker("w1"), await hub.worker("w2")
    job = await assigned(hub, worker)
    for attempt, lease in ((1, "f" * 32), (2, job.lease)):
        await liar.send(
            CompleteJob(
                job_id=job.job_id, worker_id="w2", result="stolen", attempt=attempt, lease=lease
            )
        )
        assert (await liar.expect(JobCompletedAck)).status == "superseded"
    await liar.send(CompleteJob(job_id="nobody", worker_id="w2", **LEASE))
    assert (await liar.expect(JobCompletedAck)).status == "superseded"
    await worker.complete(job, "mine")
    assert (await worker.expect(JobCompletedAck)).status == "completed"
    assert (await hub.job(job.job_id))["result"] == "mine"


async def test_a_worker_that_lies_about_its_slots_never_holds_more_jobs_than_slots(
    hub: RunningHub,
) -> None:
    for _ in range(5):
        await hub.submit()
    worker = await hub.worker(slots=2)
    for asked in (1000, 1, 2**70):
        await worker.claim(asked)
    heard = [await worker.expect(Message) for _ in range(5)]
    errors = [each.error for each in heard if isinstance(each, Error)]
    assert len(errors) == 3
    assert all(error.startswith("slots: ") for error in errors)
    assert (await hub.rest.get("/jobs?worker_id=w1&status=assigned")).json()["total_count"] == 2
    jobs = [each for each in heard if isinstance(each, JobAssigned)]
    for job in jobs:
        await worker.complete(job)
        await worker.expect(JobCompletedAck)
    for _ in range(3):
        job = await worker.take()
        await worker.complete(job)
        assert (await worker.expect(JobCompletedAck)).status == "completed"
    assert (await hub.rest.get("/jobs?status=completed")).json()["total_count"] == 5


async def test_a_result_that_is_too_large_fails_the_job_for_good(hub: RunningHub) -> None:
    worker = await hub.worker()
    job = await assigned(hub, worker)
    await worker.complete(job, "x" * LARGEST_RESULT)
    assert (await worker.expect(JobFailedAck)).status == "failed"
    assert "come in pieces" in (await worker.expect(Error)).error
    failed = await hub.job(job.job_id)
    assert (failed["error_class"], failed["result"]) == ("validation", None)
    await still_works(hub, worker)


async def test_a_preview_that_is_none_is_refused_and_the_job_goes_on(hub: RunningHub) -> None:
    worker = await hub.worker()
    job = await assigned(hub, worker)
    await worker.report(job, 5, preview=Picture(mime_type="text/html", content=""))
    assert "preview.mime_type" in (await worker.expect(Error)).error
    await worker.complete(job)
    assert (await worker.expect(JobCompletedAck)).status == "completed"


async def test_a_fault_of_the_hub_ends_the_connection_and_loses_no_job(
    hub: RunningHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker, other = await hub.worker("w1"), await hub.worker("w2")
    job = await assigned(hub, worker)

    async def broken(*_: object) -> None:
        raise RuntimeError("a fault")

    monkeypatch.setitem(agent.HANDLERS, WorkerHeartbeat, broken)
    await worker.beat()
    assert await worker.expect_close() == (1011, "internal error")
    assert (await hub.job(job.job_id))["status"] == "assigned"
    await still_works(hub, other)


async def test_a_fault_of_a_route_is_told_without_its_story(
    hub: RunningHub, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("the story")

    monkeypatch.setattr(type(hub.parts.previews), "get", broken)
    answer = await hub.rest.get(f"/jobs/{await hub.submit()}/progress")
    assert (answer.status_code, answer.json()) == (500, {"error": "internal error"})
    assert "the story" in caplog.text
