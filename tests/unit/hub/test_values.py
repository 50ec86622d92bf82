"""Large values of messages become files, by a process of its own."""

import asyncio
import hashlib
import json
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

from hub.artifacts import Artifacts
from hub.artifacts.values import INLINE, Values
from tests.support.waiting import wait_until

TEXT = "é😀" + "x" * INLINE
SUBMISSION: dict[str, Any] = {
    "type": "submit_job",
    "job_type": "t",
    "payload": {"text": TEXT, "more": [[], {}]},
}


@pytest.fixture
def artifacts(tmp_path: Path) -> Artifacts:
    return Artifacts(tmp_path / "artifacts")


async def unpacked(values: Values, message: str | bytes, tmp_path: Path) -> Any:
    path = tmp_path / "message"
    path.write_bytes(
        message if isinstance(message, bytes) else message.encode("utf-8", "surrogatepass")
    )
    with path.open("rb") as file:
        return json.loads(await values.unpack(file))


@pytest.mark.parametrize("is_ascii", [False, True])
async def test_the_large_member_of_a_value_is_a_file_that_the_message_names(
    artifacts: Artifacts, tmp_path: Path, *, is_ascii: bool
) -> None:
    said = json.dumps(SUBMISSION, ensure_ascii=is_ascii)
    message = await unpacked(artifacts.values, said, tmp_path)
    reference = message["payload"].pop("text")
    assert message == SUBMISSION | {"payload": {"more": [[], {}]}}
    path = artifacts.values.find(reference)
    assert path is not None
    content = path.read_bytes()
    assert json.loads(content.decode()) == TEXT
    sha256 = hashlib.sha256(content).hexdigest()
    assert reference["$artifact"] == {
        "sha256": sha256,
        "size_bytes": len(content),
        "mime_type": "application/json",
        "url": f"/artifacts/{sha256}",
    }
    assert artifacts.find(sha256) == path
    assert list((artifacts.root / "incoming").iterdir()) == []
    await artifacts.remove(sha256)
    assert artifacts.values.find(reference) is None
    assert list((artifacts.root / "values").iterdir()) == []


@pytest.mark.parametrize("result", [TEXT, [TEXT], {f"{at}": "x" * 1000 for at in range(1100)}])
async def test_a_value_without_large_members_is_a_file_as_a_whole(
    artifacts: Artifacts, tmp_path: Path, result: Any
) -> None:
    said = json.dumps({"type": "complete_job", "job_id": "j", "result": result})
    message = await unpacked(artifacts.values, said, tmp_path)
    path = artifacts.values.find(message["result"])
    assert path is not None
    assert json.loads(path.read_bytes()) == result


async def test_what_large_values_name_is_found(artifacts: Artifacts, tmp_path: Path) -> None:
    name, other = "ab" * 32, "cd" * 32
    result = ["x" * INLINE, name, f"/artifacts/{other}"]
    said = json.dumps({"type": "complete_job", "job_id": "j", "result": result})
    message = await unpacked(artifacts.values, said, tmp_path)
    itself = message["result"]["$artifact"]["sha256"]
    values = artifacts.values
    assert values.named({name, other, "ef" * 32}) == {name, other}
    assert values.named({name, itself}) == set()


async def test_what_is_not_large_stays(artifacts: Artifacts, tmp_path: Path) -> None:
    message = {"type": "complete_job", "job_id": "j", "result": "x" * (INLINE - 2)}
    assert await unpacked(artifacts.values, json.dumps(message), tmp_path) == message


def with_inputs(**payload: Any) -> str:
    return json.dumps({"type": "submit_job", "job_type": "t", "payload": payload})


DEEP = '{"type":"complete_job","result":' + "[" * 70 + f'"{"x" * INLINE}"' + "]" * 70 + "}"


@pytest.mark.parametrize(
    ("message", "problem"),
    [
        ('{"type": "complete_job", "result": [1,]}', "not JSON: .*trailing comma"),
        ("[]", "not JSON"),
        (with_inputs(inputs=[TEXT]), "payload.inputs: too much to be looked through; upload"),
        (with_inputs(inputs=[], **dict.fromkeys("ab", "x" * (INLINE - 9))), "payload.inputs"),
        (b'{"type": "\xff"}', "not JSON"),
        (DEEP, "result: nested too deeply; 64 levels are the most"),
        ("[" * 100_000, "not JSON"),
        (json.dumps({"type": "ping", "x": "y" * 5 * INLINE}), "larger than 4194304 bytes; only"),
        (json.dumps({"type": 5, "result": "y" * 5 * INLINE}), "larger than 4194304 bytes; only"),
    ],
    ids=lambda value: str(value)[:40],
)
async def test_what_cannot_be_unpacked_is_explained(
    artifacts: Artifacts, tmp_path: Path, message: str | bytes, problem: str
) -> None:
    with pytest.raises(ValueError, match=problem):
        await unpacked(artifacts.values, message, tmp_path)
    assert not (artifacts.root / "values").exists()


async def test_who_does_not_wait_for_it_leaves_no_process(
    artifacts: Artifacts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = tmp_path / "slow"
    slow.write_text("#!/bin/sh\nexec sleep 1000\n")
    slow.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(slow))
    before = children()
    unpacking = asyncio.create_task(unpacked(artifacts.values, json.dumps(SUBMISSION), tmp_path))
    await wait_until(lambda: children() - before)
    unpacking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await unpacking
    assert children() == before


def children() -> set[int]:
    return {each.pid for each in psutil.Process().children()}


@pytest.mark.parametrize(
    "value",
    [
        5,
        {},
        {"$artifact": 5},
        {"$artifact": {"sha256": "0" * 64}, "more": 5},
        {"$artifact": {"sha256": 5}},
        {"$artifact": {"sha256": "../../etc/passwd"}},
        {"$artifact": {"sha256": "0" * 64}},
    ],
    ids=str,
)
def test_what_names_no_file_of_ours_is_a_value_like_any_other(
    artifacts: Artifacts, value: object
) -> None:
    assert artifacts.values.find(value) is None


def test_a_file_that_is_no_value_is_never_put_into_a_message(artifacts: Artifacts) -> None:
    (artifacts.root / "00").mkdir(parents=True)
    (artifacts.root / "00" / ("0" * 64)).write_bytes(b"not JSON")
    assert artifacts.values.find({"$artifact": {"sha256": "0" * 64}}) is None
