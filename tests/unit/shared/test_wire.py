"""The wire: what goes in comes out, and what cannot be read is refused with its field's name."""

import json
from enum import StrEnum
from typing import Any, cast, get_args, get_origin

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.jobs import Lease
from shared.matching import Capability, Requirement
from shared.messages import (
    MESSAGES,
    ClaimJob,
    CompleteJob,
    FailJob,
    JobAssigned,
    Message,
    ReleaseJob,
    UpdateJobProgress,
    WorkerHeartbeat,
)
from shared.states import ErrorClass, Reason
from shared.wire import (
    UnknownTypeError,
    WireError,
    decode,
    dump_json,
    encode,
    load_json,
    structure,
    unstructure,
)

Strategy = st.SearchStrategy[Any]

json_values: Strategy = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)  # fmt: skip
json_objects: Strategy = st.dictionaries(st.text(), json_values, max_size=3)

PLAIN: dict[Any, Strategy] = {
    str: st.text(),
    int: st.integers(),
    float: st.floats(allow_nan=False, allow_infinity=False),
    bool: st.booleans(),
    type(None): st.none(),
    Any: json_values,
    dict[str, Any]: json_objects,
}


def values_of(kind: Any) -> Strategy:
    """Everything that a field of this type may hold."""
    if kind in PLAIN:
        return PLAIN[kind]
    if parts := [values_of(each) for each in get_args(kind) if each is not ...]:
        return _values_of_parts(get_origin(kind), parts)
    if issubclass(kind, StrEnum):
        return st.sampled_from(kind)
    return st.builds(kind, **{each.name: values_of(each.type) for each in attrs.fields(kind)})


def _values_of_parts(origin: Any, parts: list[Strategy]) -> Strategy:
    if origin is tuple:
        return st.lists(parts[0], max_size=3).map(tuple)
    if origin is dict:
        return st.dictionaries(parts[0], parts[1], max_size=3)
    return st.one_of(parts)


messages = st.sampled_from(list(MESSAGES.values())).flatmap(values_of)


@given(messages)
def test_every_message_comes_out_as_it_went_in(message: Message) -> None:
    assert decode(encode(message)) == message
    assert decode(encode(message).encode()) == message


@given(values_of(Requirement) | values_of(Capability))
def test_facts_come_out_as_they_went_in(facts: Requirement | Capability) -> None:
    assert structure(load_json(dump_json(unstructure(facts))), type(facts)) == facts


@pytest.mark.parametrize("name", MESSAGES)
def test_every_message_is_known_by_its_type(name: str) -> None:
    assert MESSAGES[name].type == name


def test_a_frame_has_a_type_an_id_and_a_time_in_milliseconds() -> None:
    frame, other = (json.loads(encode(ClaimJob(worker_id="w"))) for _ in range(2))
    assert frame["type"] == "claim_job"
    assert frame["id"] != other["id"]
    assert 1.7e12 < frame["timestamp"] < 1e13


def test_what_is_not_said_is_left_out() -> None:
    frame = json.loads(encode(WorkerHeartbeat(worker_id="w")))
    assert set(frame) == {"type", "id", "timestamp", "worker_id"}


@pytest.mark.parametrize("number", [2**53 + 1, 2**63, 2**64 - 1, -(2**64), 10**100])
def test_integers_of_any_size_survive(number: int) -> None:
    frame = encode(CompleteJob(job_id="j", worker_id="w", result={"seed": [number]}))
    message = decode(frame)
    assert isinstance(message, CompleteJob)
    assert message.result == {"seed": [number]}


@given(json_objects)
def test_a_payload_passes_untouched(payload: dict[str, Any]) -> None:
    assigned = JobAssigned(
        job_id="j", worker_id="w", job_type="t", priority=0, params=payload, attempt=1, lease="l"
    )
    assert json.loads(encode(assigned))["params"] == payload
    decoded = decode(encode(assigned))
    assert isinstance(decoded, JobAssigned)
    assert dump_json(decoded.params) == dump_json(payload)


def test_a_payload_may_have_keys_that_look_like_ours() -> None:
    payload: dict[str, Any] = {"type": None, "worker_id": "all", "models": ["all", None, {}]}
    frame = encode(CompleteJob(job_id="j", worker_id="w", result=payload))
    assert cast("CompleteJob", decode(frame)).result == payload


def test_fields_that_nobody_knows_are_ignored() -> None:
    assert decode('{"type":"claim_job","worker_id":"w","x":{"y":1}}') == ClaimJob(worker_id="w")


def test_all_means_no_limit() -> None:
    said = {"services": ["a"], "models": "all", "components": "all", "workflows": None}
    assert structure(said, Capability) == Capability(services=("a",))


def test_half_a_surrogate_pair_survives() -> None:
    frame = encode(CompleteJob(job_id="j", worker_id="w", result="\ud83d"))
    assert cast("CompleteJob", decode(frame)).result == "\ud83d"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "not JSON"),
        ("{", "not JSON"),
        ("{'a': 1}", "not JSON"),
        ('{"a":NaN}', "NaN is not a JSON number"),
        ('{"a":-Infinity}', "-Infinity is not a JSON number"),
        ('{"a":1e400}', "1e400 is out of range"),
        ('{"a":-1e400}', "-1e400 is out of range"),
        ("1" * 5000, "not JSON: Exceeds the limit"),
        ("[" * 100_000, "nested too deeply"),
        ('{"a":' * 100_000, "nested too deeply"),
        (b'{"a":"\xff"}', "not UTF-8"),
        (b'"\xed\xa0\x80"', "not UTF-8"),
        ('{"a":1}'.encode("utf-16"), "not UTF-8"),
    ],
)
def test_what_is_not_json_is_refused(text: str | bytes, problem: str) -> None:
    with pytest.raises(WireError, match=problem):
        load_json(text)
    with pytest.raises(WireError, match=problem):
        decode(text)


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_what_is_not_json_is_not_sent(number: float) -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        dump_json({"a": number})


@pytest.mark.parametrize("text", ["null", "[]", '"claim_job"', "5"])
def test_a_frame_that_is_no_object_is_refused(text: str) -> None:
    with pytest.raises(WireError, match="a frame is a JSON object with a `type`"):
        decode(text)


@pytest.mark.parametrize("text", ["{}", '{"type":null}', '{"type":["claim_job"]}'])
def test_a_frame_without_a_type_is_refused(text: str) -> None:
    with pytest.raises(WireError, match="type: expected the name of a message type"):
        decode(text)


def test_an_unknown_type_is_told_apart_and_shortened() -> None:
    with pytest.raises(UnknownTypeError, match="'no_such_thing' is not a message type"):
        decode('{"type":"no_such_thing"}')
    with pytest.raises(UnknownTypeError) as refused:
        decode(dump_json({"type": "x" * 10_000}))
    assert len(str(refused.value)) < 200


JOB = {"job_id": "j", "worker_id": "w"}


AT_FAULT: list[tuple[type[Any], Any, str]] = [
    (ClaimJob, {}, "worker_id is missing at worker_id"),
    (ClaimJob, {"worker_id": 5}, "expected a string, got 5 at worker_id"),
    (ClaimJob, {"worker_id": None}, "expected a string, got null at worker_id"),
    (ClaimJob, {"worker_id": "w", "slots": "2"}, 'expected an integer, got "2" at slots'),
    (ClaimJob, {"worker_id": "w", "slots": 2.0}, "expected an integer, got 2.0 at slots"),
    (ClaimJob, {"worker_id": "w", "slots": True}, "expected an integer, got true at slots"),
    (UpdateJobProgress, JOB | {"progress": "5"}, 'expected a number, got "5" at progress'),
    (UpdateJobProgress, JOB | {"progress": 10**400}, "too large to convert to float at progr"),
    (UpdateJobProgress, JOB | {"progress": 1, "details": []}, "expected an object at details"),
    (UpdateJobProgress, JOB | {"progress": 1, "preview": 5}, "expected an object at preview"),
    (FailJob, JOB | {"error": "x", "retry": 1}, "expected true or false, got 1 at retry"),
    (FailJob, JOB | {"error": "x", "details": None}, "expected an object at details"),
    (FailJob, JOB | {"error": "x", "error_class": "y"}, 'got "y" at error_class'),
    (FailJob, JOB | {"error": "x", "error_class": 5}, "got 5 at error_class"),
    (ReleaseJob, JOB | {"reason": ["x"]}, "expected one of submitted, .* at reason"),
    (WorkerHeartbeat, {"worker_id": "w", "running": 5}, "expected a list at running"),
    (WorkerHeartbeat, {"worker_id": "w", "running": {}}, "expected a list at running"),
    (WorkerHeartbeat, {"worker_id": "w", "running": ["j"]}, r"an object at running\[0\]"),
    (
        WorkerHeartbeat,
        {"worker_id": "w", "running": [{"job_id": "j", "attempt": 1}]},
        r"id is missing at running\[0\].id",
    ),
    (Requirement, {"service_type": "x", "models": "sdxl"}, "expected a list at models"),
    (Requirement, {"service_type": "x", "models": ["a", 5]}, r"got 5 at models\[1\]"),
    (Requirement, {"service_type": "x", "hardware": "24"}, "expected an object at hardware"),
    (Requirement, {"service_type": "x", "hardware": []}, "expected an object at hardware"),
    (Requirement, {"service_type": "x", "hardware": {"ram_gb": "9"}}, "at hardware.ram_gb"),
    (Capability, {"services": "x"}, "expected a list at services"),
    (Capability, {"services": ["x"], "models": {"x": [1]}}, r"at models\['x'\]\[0\]"),
    (Capability, {"services": ["x"], "models": ["x"]}, "at models"),
    (Capability, None, "expected an object"),
    (Lease, [], "expected an object"),
]


@pytest.mark.parametrize(("cls", "document", "problem"), AT_FAULT)
def test_a_field_at_fault_is_named(cls: type[Any], document: Any, problem: str) -> None:
    with pytest.raises(WireError, match=problem):
        structure(document, cls)


def test_every_field_at_fault_is_named() -> None:
    with pytest.raises(WireError) as refused:
        decode('{"type":"fail_job","job_id":1,"worker_id":5,"retry":"no"}')
    for problem in ("at job_id", "at worker_id", "at retry"):
        assert problem in str(refused.value)


def test_a_value_that_is_refused_is_not_repeated_at_length() -> None:
    with pytest.raises(WireError) as refused:
        structure({"worker_id": ["x" * 10_000]}, ClaimJob)
    assert len(str(refused.value)) < 200


def test_a_plain_type_is_refused_by_its_name() -> None:
    with pytest.raises(WireError, match="expected an integer, got null"):
        structure(None, int)


def test_words_come_out_as_words() -> None:
    failed = FailJob(job_id="j", worker_id="w", error="x", error_class=ErrorClass.CUDA)
    assert json.loads(encode(failed))["error_class"] == "cuda"
    released = ReleaseJob(job_id="j", worker_id="w", reason=Reason.PREEMPTED)
    assert cast("ReleaseJob", decode(encode(released))).reason is Reason.PREEMPTED


def test_a_number_may_be_said_without_its_fraction() -> None:
    message = decode('{"type":"update_job_progress","job_id":"j","worker_id":"w","progress":5}')
    assert isinstance(cast("UpdateJobProgress", message).progress, float)
