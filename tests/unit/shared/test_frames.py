"""What is around a message, and the many ways in which the same may be said."""

import json
from typing import Any

import pytest

from shared.depth import MAX_DEPTH
from shared.messages import (
    MESSAGES,
    ClaimJob,
    FailJob,
    JobCompletedAck,
    Message,
    RegisterWorker,
    RequestStats,
    UpdateJobProgress,
    WorkerStatus,
)
from shared.messages.message import ANY_TO_HUB, HUB_TO_ANY
from shared.messages.spellings import ALIASES, EXPLAINED
from shared.wire import UnknownTypeError, WireError, decode, encode

ORIGINAL = [
    "register_worker",
    "worker_registered",
    "worker_heartbeat",
    "worker_heartbeat_ack",
    "worker_status",
    "connection_established",
    "submit_job",
    "job_accepted",
    "job_available",
    "claim_job",
    "job_assigned",
    "update_job_progress",
    "complete_job",
    "fail_job",
    "cancel_job",
    "force_retry_job",
    "job_completed_ack",
    "job_failed_ack",
    "request_job_status",
    "response_job_status",
    "request_stats",
    "response_stats",
    "subscribe_stats",
    "subscription_confirmed",
    "stats_broadcast",
    "subscribe_job",
    "job_notifications_subscribed",
    "subscribe_job_notifications",
    "service_request",
    "connector_ws_status",
    "ack",
    "unknown",
    "error",
    "job_update",
    "job_completed",
    "system_status",
]


def frame(kind: str, **fields: Any) -> str:
    return json.dumps({"type": kind} | fields)


def test_all_types_of_the_original_are_spoken() -> None:
    assert len(ORIGINAL) == 36
    assert set(ORIGINAL) <= set(MESSAGES)


@pytest.mark.parametrize("cls", MESSAGES.values(), ids=list(MESSAGES))
def test_every_message_tells_who_says_it(cls: type[Message]) -> None:
    assert cls.ways
    assert set(cls.ways) <= {*ANY_TO_HUB, *HUB_TO_ANY}


def test_what_nobody_knows_is_kept_and_not_sent_on() -> None:
    message = decode(frame("claim_job", worker_id="w", mood={"good": True}, envelope=5))
    assert message.envelope.extra == {"mood": {"good": True}, "envelope": 5}
    assert set(json.loads(encode(message))) == {"type", "id", "timestamp", "worker_id", "slots"}


@pytest.mark.parametrize(
    ("written", "milliseconds"),
    [
        (1_700_000_000_123, 1_700_000_000_123),
        (1_700_000_000, 1_700_000_000_000),
        (1_700_000_000.5, 1_700_000_000_500),
        ("2023-11-14T22:13:20+00:00", 1_700_000_000_000),
        ("2023-11-14T22:13:20Z", 1_700_000_000_000),
        (None, None),
    ],
)
def test_a_time_is_read_in_seconds_or_milliseconds(written: Any, milliseconds: int | None) -> None:
    read = decode(frame("claim_job", worker_id="w", timestamp=written))
    assert read.envelope.timestamp == milliseconds


@pytest.mark.parametrize(
    ("envelope", "problem"),
    [
        ({"timestamp": "yesterday"}, "timestamp: expected milliseconds or seconds"),
        ({"timestamp": True}, "timestamp: expected milliseconds or seconds"),
        ({"timestamp": []}, "timestamp: expected milliseconds or seconds"),
        ({"id": {}}, "id: expected a string"),
        ({"source": 5}, "source: expected a string"),
    ],
    ids=str,
)
def test_an_envelope_at_fault_is_named(envelope: dict[str, Any], problem: str) -> None:
    with pytest.raises(WireError, match=problem):
        decode(frame("claim_job", worker_id="w", **envelope))


def test_the_sender_and_the_id_are_kept() -> None:
    read = decode(frame("claim_job", worker_id="w", id=7, source="w"))
    assert (read.envelope.id, read.envelope.source) == ("7", "w")
    assert decode(frame("claim_job", worker_id="w", message_id="m")).envelope.id == "m"


def test_who_speaks_is_filled_in_where_it_is_not_said() -> None:
    assert decode(frame("claim_job"), "w1") == ClaimJob(worker_id="w1")
    assert decode(frame("claim_job", worker_id=None), "w1") == ClaimJob(worker_id="w1")
    assert decode(frame("claim_job", worker_id="w2"), "w1") == ClaimJob(worker_id="w2")
    assert decode(frame("request_stats"), "w1") == RequestStats()


JOB: dict[str, Any] = {"job_id": "j", "worker_id": "w"}
SAME: list[tuple[str, dict[str, Any], Message]] = [
    ("request_job", {"worker_id": "w"}, ClaimJob(worker_id="w")),
    ("claim_job", {"worker_id": "w", "max_jobs": 3}, ClaimJob(worker_id="w", slots=3)),
    (
        "claim_job",
        {"worker_id": "w", "job_id": "j", "claim_timeout": 30_000},
        ClaimJob(worker_id="w", job_id="j", claim_timeout=30),
    ),
    (
        "claim_job",
        {"worker_id": "w", "claim_timeout": 30},
        ClaimJob(worker_id="w", claim_timeout=30),
    ),
    ("update_progress", JOB | {"progress": 5}, UpdateJobProgress(**JOB, progress=5)),
    ("job_accepted_by_worker", JOB, UpdateJobProgress(**JOB, progress=0)),
    ("job_failed", JOB | {"error": "x"}, FailJob(**JOB, error="x")),
    ("fail_job", JOB, FailJob(**JOB)),
    ("system_stats_request", {}, RequestStats()),
    ("update_capabilities", {"worker_id": "w"}, WorkerStatus(worker_id="w")),
    ("complete_job_ack", JOB | {"status": "completed"}, JobCompletedAck(**JOB, status="completed")),
]


@pytest.mark.parametrize(("name", "fields", "message"), SAME, ids=str)
def test_the_same_under_another_name(name: str, fields: dict[str, Any], message: Message) -> None:
    assert decode(frame(name, **fields)) == message


@pytest.mark.parametrize(
    "fields",
    [
        {"capabilities": {"services": ["comfyui"], "job_types": ["other"]}},
        {"capabilities": {"supported_job_types": ["comfyui"]}},
        {"capabilities": {"job_types": ["comfyui"]}},
        {"connectors": ["comfyui"]},
        {"connectors": ["comfyui"], "capabilities": None},
        {"connectors": ["comfyui"], "capabilities": {"models": "all"}},
    ],
    ids=str,
)
def test_services_are_found_wherever_a_worker_names_them(fields: dict[str, Any]) -> None:
    said = decode(frame("register_worker", worker_id="w", **fields))
    assert isinstance(said, RegisterWorker)
    assert said.capabilities.services == ("comfyui",)


@pytest.mark.parametrize("fields", [{}, {"capabilities": 5}, {"capabilities": {}}], ids=str)
def test_a_worker_that_can_do_nothing_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(WireError, match="capabilities"):
        decode(frame("register_worker", worker_id="w", **fields))


def test_new_capabilities_in_a_status_are_read_like_those_of_a_registration() -> None:
    said = decode(
        frame("update_capabilities", worker_id="w", capabilities={"job_types": ["comfyui"]})
    )
    assert isinstance(said, WorkerStatus)
    assert said.capabilities is not None
    assert said.capabilities.services == ("comfyui",)


def test_no_other_name_hides_a_type() -> None:
    assert set(ALIASES).isdisjoint(MESSAGES)
    assert set(ALIASES.values()) <= set(MESSAGES)
    assert set(EXPLAINED).isdisjoint(MESSAGES)


@pytest.mark.parametrize("name", EXPLAINED)
def test_a_name_without_meaning_is_explained(name: str) -> None:
    with pytest.raises(UnknownTypeError, match=f"{name} means nothing here: "):
        decode(frame(name))


def nested(depth: int, opening: str, closing: str) -> str:
    return (
        '{"type":"claim_job","worker_id":"w","x":' + opening * depth + "1" + closing * depth + "}"
    )


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
def test_how_deep_a_frame_may_be_nested(opening: str, closing: str) -> None:
    assert decode(nested(MAX_DEPTH - 1, opening, closing)) == ClaimJob(worker_id="w")
    for text in (nested(MAX_DEPTH, opening, closing), nested(MAX_DEPTH, opening, closing).encode()):
        with pytest.raises(WireError, match="nested too deeply; 64 levels are the most"):
            decode(text)


def test_a_wide_frame_is_not_a_deep_one() -> None:
    decode(frame("claim_job", worker_id="w", x=[[] for _ in range(MAX_DEPTH * 2)]))


def test_brackets_in_a_text_are_no_depth() -> None:
    decode(frame("claim_job", worker_id="w", x="[" * MAX_DEPTH * 2))
    with pytest.raises(WireError, match="a frame is a JSON object"):
        decode(json.dumps("[" * MAX_DEPTH * 2))
