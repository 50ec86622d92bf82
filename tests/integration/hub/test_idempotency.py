"""`Idempotency-Key`: what is sent twice acts once, and is answered the same."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest
from attrs import evolve

from hub.api.idempotency import HEADER, UNKEPT
from hub.store.answers import Answers, Refusal
from hub.store.client import StoreFullError
from hub.store.jobs import Jobs
from hub.store.keys import key
from tests.support.hubs import RunningHub, running_hub

JOB: dict[str, Any] = {"type": "simulation", "payload": {"a": 1}}
ONE, OTHER = {HEADER: "order-1"}, {HEADER: "order-2"}
KEYS = ("first-key-of-a-client", "second-key-of-a-client")


async def submit(hub: RunningHub, job: dict[str, Any] = JOB, **headers: Any) -> httpx.Response:
    return await hub.rest.post("/jobs", json=job, headers=ONE | headers)


async def total(hub: RunningHub) -> int:
    return (await hub.rest.get("/jobs")).json()["total_count"]


async def kept(hub: RunningHub) -> str:
    """The key in Redis of the one answer that there is."""
    (name,) = await hub.parts.client.command("KEYS", key("answer") + "*")
    return name


async def forget_answer(hub: RunningHub) -> None:
    """As after a day, or when a hub died between the job and its answer."""
    await hub.parts.client.command("DEL", await kept(hub))


async def test_the_same_request_is_one_job_and_one_answer(hub: RunningHub) -> None:
    first, again = await submit(hub), await submit(hub)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.content == again.content
    assert first.headers["content-type"] == again.headers["content-type"]
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert await total(hub) == 1


async def test_another_key_or_none_is_another_job(hub: RunningHub) -> None:
    for headers in (ONE, OTHER, {}, {}):
        await hub.rest.post("/jobs", json=JOB, headers=headers)
    assert await total(hub) == 4


@pytest.mark.parametrize("path", ["/jobs", "/jobs?x=1", "/jobs/nobody/cancel"])
async def test_a_key_that_was_used_for_another_request_is_refused(
    hub: RunningHub, path: str
) -> None:
    await submit(hub)
    answer = await hub.rest.post(path, json=JOB | {"priority": 1}, headers=ONE)
    assert answer.status_code == 422
    assert HEADER in answer.json()["error"]
    assert await total(hub) == 1


async def test_fifty_at_once_are_one_job(hub: RunningHub) -> None:
    answers = await asyncio.gather(*(submit(hub) for _ in range(50)))
    created = {each.json()["job_id"] for each in answers if each.status_code == 201}
    assert len(created) == 1
    assert {each.status_code for each in answers} <= {201, 409}
    busy = [each for each in answers if each.status_code == 409]
    assert all(each.headers["retry-after"] == "1" for each in busy)
    assert await total(hub) == 1


async def test_the_first_is_still_in_flight(hub: RunningHub) -> None:
    await submit(hub)
    name, command = await kept(hub), hub.parts.client.command
    await command("HDEL", name, "answer")
    assert (await submit(hub)).status_code == 409
    await command("HSET", name, "held_until", 1)  # its hub is dead
    assert (await submit(hub)).status_code == 201
    assert await total(hub) == 1


async def test_a_job_whose_answer_is_lost_is_the_same_job(hub: RunningHub) -> None:
    first = await submit(hub)
    await forget_answer(hub)
    assert (await submit(hub)).json() == first.json()
    await hub.rest.post(f"/jobs/{first.json()['job_id']}/cancel")
    await forget_answer(hub)
    assert (await submit(hub)).json() == first.json() | {"queue_position": None}
    assert await total(hub) == 1


async def test_another_job_under_a_key_whose_answer_is_lost_is_refused(hub: RunningHub) -> None:
    await submit(hub)
    await forget_answer(hub)
    assert (await submit(hub, JOB | {"payload": {"a": 2}})).status_code == 422
    assert await total(hub) == 1


async def test_a_refusal_is_an_answer_too(hub: RunningHub) -> None:
    first, again = await submit(hub, {"type": ""}), await submit(hub, {"type": ""})
    assert (first.status_code, again.status_code) == (400, 400)
    assert first.content == again.content


async def test_a_cancel_is_told_the_same_again(hub: RunningHub) -> None:
    cancel = f"/jobs/{await hub.submit()}/cancel"
    first = await hub.rest.post(cancel, headers=ONE)
    assert (await hub.rest.post(cancel, headers=ONE)).content == first.content
    await forget_answer(hub)
    assert (await hub.rest.post(cancel, headers=ONE)).json() == first.json()
    assert (await hub.rest.post(cancel, headers=OTHER)).status_code == 409


@pytest.mark.parametrize("bad", ["", "x" * 201, "two words", "\xfc"])
async def test_a_key_that_cannot_be_one_is_refused(hub: RunningHub, bad: str) -> None:
    headers = {HEADER.encode(): bad.encode("latin-1")}
    answer = await hub.rest.post("/jobs", json=JOB, headers=headers)
    assert answer.status_code == 400
    assert answer.json()["fields"][0]["field"] == HEADER


async def test_a_fault_is_not_kept(hub: RunningHub, monkeypatch: pytest.MonkeyPatch) -> None:
    async def full(*_: Any) -> None:
        raise StoreFullError("Redis is out of memory")

    with monkeypatch.context() as patch:
        patch.setattr(Jobs, "submit", full)
        assert (await submit(hub)).status_code == 507
    assert (await submit(hub)).status_code == 201


async def test_an_answer_that_cannot_be_kept_is_given_all_the_same(
    hub: RunningHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(*_: Any) -> None:
        raise StoreFullError("Redis is out of memory")

    with monkeypatch.context() as patch:
        patch.setattr(Answers, "settle", full)
        assert (await submit(hub)).status_code == 201
    assert (await submit(hub)).status_code == 409  # for as long as the key is held


async def test_what_has_no_key_asks_redis_nothing_more(
    hub: RunningHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(*_: Any) -> None:
        raise AssertionError

    monkeypatch.setattr(Answers, "reserve", never)
    await hub.submit()
    assert (await hub.rest.get("/jobs", headers=ONE)).status_code == 200


async def test_what_is_too_large_is_refused_and_not_remembered(hub: RunningHub) -> None:
    large = JOB | {"payload": {"x": "x" * 9_000_000}}
    assert (await submit(hub, large)).status_code == 413
    assert (await submit(hub)).status_code == 201


async def test_a_client_that_goes_away_while_it_sends_holds_nothing(hub: RunningHub) -> None:
    host, port = hub.url.removeprefix("http://").split(":")
    _, writer = await asyncio.open_connection(host, int(port))
    head = f"POST /jobs HTTP/1.1\r\nHost: x\r\n{HEADER}: order-1\r\nContent-Length: 100\r\n\r\n"
    writer.write(head.encode() + b'{"type":')
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    assert (await submit(hub)).status_code == 201
    assert await hub.parts.answers.reserve("free", "f") is not Refusal.BUSY


async def test_a_key_belongs_to_whoever_showed_the_api_key(redis_url: str, tmp_path: Path) -> None:
    async with running_hub(redis_url, tmp_path, hub_api_keys=KEYS) as hub:
        first = await submit(hub)
        other = await submit(hub, Authorization=f"Bearer {KEYS[1]}")
        assert first.json()["job_id"] != other.json()["job_id"]
        stranger = await submit(hub, Authorization="Bearer nobody's")
        assert stranger.status_code == 401
        assert await total(hub) == 2


async def test_every_route_that_changes_something_documents_the_key(hub: RunningHub) -> None:
    await hub.rest.get("/docs")  # the page has the same document in it
    paths = (await hub.rest.get("/docs/openapi.json")).json()["paths"]
    told = {
        f"{method} {path}": [each["name"] for each in operation.get("parameters", [])]
        for path, operations in paths.items()
        for method, operation in operations.items()
    }
    for name, parameters in told.items():
        method, path = name.split()
        expected = int(method in {"post", "patch", "delete"} and path not in UNKEPT)
        assert parameters.count(HEADER) == expected, name


async def test_a_holder_of_an_old_reservation_cannot_settle(hub: RunningHub) -> None:
    old = evolve(hub.parts.answers, hold_s=0)
    first = await old.reserve("k", "f")
    await hub.parts.answers.reserve("k", "f")
    assert not await old.settle("k", str(first), None)
