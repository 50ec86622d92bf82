"""Messages that refer to what lies on disk are said in pieces, and nothing is cut."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from hub.artifacts.values import Values
from hub.sessions.voice import LargeFrame, Voice, large_frame
from shared.messages import CompleteJob, JobAssigned, Message, Pong, ResponseJobStatus
from shared.pieces import PIECE
from shared.wire import decode

SHA256 = "a" * 64
REFERENCE = {"$artifact": {"sha256": SHA256}}
VALUE = {"text": "é😀" * PIECE}


@pytest.fixture
def values(tmp_path: Path) -> Values:
    for folder in ("values", "aa"):
        (tmp_path / folder).mkdir()
    (tmp_path / "values" / SHA256).touch()
    (tmp_path / "aa" / SHA256).write_text(json.dumps(VALUE, ensure_ascii=False))
    return Values(tmp_path)


def assigned(**params: Any) -> JobAssigned:
    return JobAssigned(
        job_id="j", worker_id="w", job_type="t", priority=1, params=params, attempt=1, lease="l"
    )


async def test_the_value_stands_in_its_place_again_and_signs_of_life_between(
    values: Values,
) -> None:
    said: list[str] = []

    async def send(text: str) -> None:
        said.append(text)

    waiting: list[Message] = [Pong()]
    await Voice(send, values, lambda: [waiting.pop()] if waiting else []).say(
        assigned(a=REFERENCE, b=5, c=REFERENCE)
    )
    heard = [json.loads(each) for each in said]
    assert [each["type"] for each in heard[:3]] == ["system_status", "pong", "system_status"]
    pieces = [each for each in heard if each["type"] == "system_status"]
    assert [each["chunk_info"]["chunk_index"] for each in pieces] == list(range(len(pieces)))
    assert {each["chunk_info"]["total_chunks"] for each in pieces} == {len(pieces)}
    frame = "".join(each["data"] for each in pieces)
    digest = hashlib.sha256(frame.encode()).hexdigest()
    assert {each["chunk_info"]["data_hash"] for each in pieces} == {digest}
    message = decode(frame)
    assert isinstance(message, JobAssigned)
    assert message.params == {"a": VALUE, "b": 5, "c": VALUE}


def test_a_result_is_put_in_as_well_and_what_refers_to_nothing_is_not(values: Values) -> None:
    frame = large_frame(ResponseJobStatus(job_id="j", status="completed", result=REFERENCE), values)
    assert isinstance(frame, LargeFrame)
    assert json.loads("".join(frame.texts()))["result"] == VALUE
    frame = large_frame(assigned(**REFERENCE), values)
    assert isinstance(frame, LargeFrame)
    assert json.loads("".join(frame.texts()))["params"] == VALUE
    values.forget(SHA256)
    assert large_frame(assigned(a=REFERENCE), values) is None
    assert large_frame(CompleteJob(job_id="j", result=[REFERENCE]), values) is None
    assert large_frame(Pong(), values) is None
