"""Machines enrol, come in by a credential of their own, and are shut out again."""

import logging
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from hub.store.client import Client
from hub.store.machines import Machines
from tests.support.hubs import RunningHub, running_hub
from tests.support.waiting import wait_until
from tests.support.wire_worker import connected

KEYS: dict[str, Any] = {
    "hub_api_keys": ("a key of the clients",),
    "hub_worker_tokens": ("a token of workers",),
}
NONCE = "a nonce of this test"
DIGEST = "0" * 64


@pytest.fixture
async def closed(redis_url: str, tmp_path: Path) -> AsyncGenerator[RunningHub]:
    """A hub with keys."""
    async with running_hub(redis_url, tmp_path, **KEYS) as hub:
        yield hub


async def token(hub: RunningHub, **wish: Any) -> str:
    answer = await hub.rest.post("/enrolment-tokens", json=wish)
    assert answer.status_code == 201, answer.text
    return answer.json()["token"]


async def enrol(hub: RunningHub, shown: str, **fields: Any) -> httpx.Response:
    """Enrol as somebody who has nothing but the token."""
    async with httpx.AsyncClient(base_url=hub.url) as nobody:
        return await nobody.post("/enrol", json={"token": shown, "name": "box"} | fields)


async def machine(hub: RunningHub) -> tuple[str, dict[str, str]]:
    """A machine that has enrolled: its id, and the header that it shows."""
    told = (await enrol(hub, await token(hub))).json()
    return told["machine_id"], {"Authorization": f"Bearer {told['credential']}"}


async def closing(socket: ClientConnection) -> tuple[int | None, str | None]:
    await socket.wait_closed()
    return socket.close_code, socket.close_reason


async def test_a_token_enrols_one_machine_which_is_listed_and_works(closed: RunningHub) -> None:
    shown = await token(closed)
    enrolled = await enrol(closed, shown)
    assert enrolled.status_code == 201
    again = await enrol(closed, shown)
    assert again.status_code == 401
    assert "accepted: a new one of POST /enrolment-tokens" in again.json()["error"]
    shows = {"Authorization": f"Bearer {enrolled.json()['credential']}"}
    async with connected(closed.url, additional_headers=shows) as worker:
        await worker.register()
        listed = (await closed.rest.get("/machines")).json()
    assert listed["total_count"] == 1
    (known,) = listed["machines"]
    assert (known["name"], known["agent_id"]) == ("box", "w1")
    assert known["machine_id"] == enrolled.json()["machine_id"]


async def test_a_request_that_is_sent_again_gets_the_same_credential(closed: RunningHub) -> None:
    shown = await token(closed)
    first, second = [await enrol(closed, shown, nonce=NONCE) for _ in range(2)]
    assert first.json() == second.json()


async def test_a_credential_opens_what_a_workers_token_opens_and_no_more(
    closed: RunningHub,
) -> None:
    _, shows = await machine(closed)
    async with httpx.AsyncClient(base_url=closed.url, headers=shows) as mine:
        assert (await mine.put(f"/artifacts/{DIGEST}")).status_code == 400
        assert (await mine.get(f"/artifacts/{DIGEST}")).status_code == 404
        assert (await mine.get("/jobs")).status_code == 401
        assert (await mine.post("/enrolment-tokens")).status_code == 401
    async with connect(
        closed.url.replace("http", "ws") + "/ws/client/x", additional_headers=shows
    ) as socket:
        assert (await closing(socket))[0] == 1008


async def test_a_revoked_machine_is_sent_away_at_once_and_not_let_in_again(
    closed: RunningHub,
) -> None:
    machine_id, shows = await machine(closed)
    other_id, others = await machine(closed)
    async with (
        connected(closed.url, additional_headers=shows) as worker,
        connected(closed.url, "w2", additional_headers=others) as stays,
    ):
        await worker.register()
        revoked = await closed.rest.delete(f"/machines/{machine_id}")
        assert revoked.json() == {"machine_id": machine_id, "status": "revoked"}
        code, reason = await closing(worker.socket)
        assert (code, (reason or "")[:23]) == (1008, "Invalid authentication:")
        await stays.register()
    async with connect(
        closed.url.replace("http", "ws") + "/ws/worker/w1", additional_headers=shows
    ) as socket:
        code, reason = await closing(socket)
        assert code == 1008
        assert "enrol it with a new token" in (reason or "")
    async with httpx.AsyncClient(base_url=closed.url, headers=shows) as mine:
        assert (await mine.head(f"/artifacts/{DIGEST}")).status_code == 401
    assert (await closed.rest.delete(f"/machines/{machine_id}")).status_code == 404
    left = (await closed.rest.get("/machines")).json()["machines"]
    assert [each["machine_id"] for each in left] == [other_id]


async def test_a_machine_that_is_connected_for_years_is_not_forgotten(hub: RunningHub) -> None:
    machine_id, shows = await machine(hub)
    async with connected(hub.url, additional_headers=shows) as worker:
        await worker.register()
        await hub.parts.client.command("ZADD", "{emp}:machines", 1, machine_id)
        works = {each.name: each.work for each in hub.parts.chores.table}
        for name in ("lost machines", "connected machines", "lost machines"):
            assert await works[name]() == ""
        (known,) = (await hub.rest.get("/machines")).json()["machines"]
        assert known["seen_at"] > known["enrolled_at"]


async def test_a_hub_without_keys_refuses_a_revoked_machine_as_well(hub: RunningHub) -> None:
    machine_id, shows = await machine(hub)
    await hub.rest.delete(f"/machines/{machine_id}")
    async with httpx.AsyncClient(base_url=hub.url, headers=shows) as mine:
        assert (await mine.put(f"/artifacts/{DIGEST}")).status_code == 401
    address = hub.url.replace("http", "ws") + "/ws/worker/w1"
    async with connect(address, additional_headers=shows) as socket:
        assert (await closing(socket))[0] == 1008


async def test_a_revocation_that_went_unheard_is_found_out(
    hub: RunningHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine_id, shows = await machine(hub)
    async with connected(hub.url, additional_headers=shows) as worker:
        await worker.register()
        await hub.parts.client.command("DEL", f"{{emp}}:machine:{machine_id}")
        await hub.parts.client.command("ZREM", "{emp}:machines", machine_id)
        hub.parts.news.hear(["gap"])
        assert (await closing(worker.socket))[0] == 1008


async def test_a_machine_that_is_revoked_while_it_comes_in_does_not_stay(
    hub: RunningHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine_id, shows = await machine(hub)
    greet = Machines.greet

    async def late(self: Machines, id_: str, agent_id: str) -> bool:
        await self.client.command("DEL", f"{{emp}}:machine:{id_}")
        await self.client.command("ZREM", "{emp}:machines", id_)
        return await greet(self, id_, agent_id)

    monkeypatch.setattr(Machines, "greet", late)
    address = hub.url.replace("http", "ws") + "/ws/worker/w1"
    async with connect(address, additional_headers=shows) as socket:
        assert (await closing(socket))[0] == 1008
    assert machine_id not in hub.parts.crowd.inside.values()


async def test_while_the_store_is_away_a_machine_is_told_to_come_back(
    redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running_hub(redis_url, tmp_path, patience_s=0.2, **KEYS) as hub:
        machine_id, shows = await machine(hub)
        async with connected(hub.url, additional_headers=shows):
            await wait_until(lambda: machine_id in hub.parts.crowd.inside.values())
            async with away(hub.parts.client, monkeypatch):
                hub.parts.crowd.look_soon()
                address = hub.url.replace("http", "ws") + "/ws/worker/w2"
                async with connect(address, additional_headers=shows) as socket:
                    assert (await closing(socket))[0] == 1013
            assert machine_id in hub.parts.crowd.inside.values()


class away:  # noqa: N801 - reads as a word
    """The store does not answer, for as long as this lasts."""

    def __init__(self, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        self._client, self._patch = client, monkeypatch

    async def __aenter__(self) -> None:
        async def refuse(*_: Any) -> None:
            raise ConnectionError("away")

        self._patch.setattr(Client, "_usable_line", refuse)

    async def __aexit__(self, *_: object) -> None:
        self._patch.undo()


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/enrolment-tokens", {"ttl_s": 1}, "ttl_s"),
        ("/enrolment-tokens", {"uses": 0}, "uses"),
        ("/enrolment-tokens", {"user": 1}, "user"),
        ("/enrol", {"name": "box"}, "token"),
        ("/enrol", {"token": "x", "name": ""}, "name"),
        ("/enrol", {"token": "x", "name": "box", "nonce": "short"}, "nonce"),
    ],
)
async def test_what_cannot_be_is_refused_by_its_field(
    hub: RunningHub, path: str, body: dict[str, Any], field: str
) -> None:
    answer = await hub.rest.post(path, json=body)
    assert answer.status_code == 400
    assert [each["field"] for each in answer.json()["fields"]] == [field]


async def test_no_answer_with_a_secret_is_kept_for_an_idempotency_key(hub: RunningHub) -> None:
    headers = {"Idempotency-Key": "the same"}
    answers = [await hub.rest.post("/enrolment-tokens", headers=headers) for _ in range(2)]
    assert answers[0].json()["token"] != answers[1].json()["token"]
    assert await hub.parts.client.command("KEYS", "{emp}:answer:*") == []


async def test_no_secret_is_logged(closed: RunningHub, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for ours in ("httpx", "httpcore", "websockets.client"):
        caplog.set_level(logging.WARNING, ours)
    machine_id, shows = await machine(closed)
    try:
        async with connected(closed.url, additional_headers=shows) as worker:
            await closed.rest.delete(f"/machines/{machine_id}")
            await worker.register()
    except ConnectionClosed:
        pass  # which of the two was first does not matter
    assert shows["Authorization"].rpartition(".")[2] not in caplog.text
