"""Jobs that have failed for good: found, replayed, one or many."""

from typing import Any

import pytest

from hub.api import bulk as module
from hub.store import searches
from shared.jobs import Failure
from shared.states import ErrorClass
from tests.support.hubs import RunningHub
from tests.support.store import Store, spec


@pytest.fixture
def store(hub: RunningHub) -> Store:
    return Store.over(hub.parts.client)


async def dead(
    store: Store, error: ErrorClass = ErrorClass.CUDA, worker: str = "w1", **changes: Any
) -> str:
    """A job that has failed for good."""
    hand = await store.hand(worker)
    lease = await hand.take(spec(payload={"n": 1}, **changes))
    failure = Failure(error="broke", error_class=error, retryable=False)
    assert await store.jobs.fail(lease, failure, 0) == "failed"
    return lease.job_id


async def listed(hub: RunningHub, query: str = "") -> list[str]:
    answer = await hub.rest.get(f"/dead-letters?{query}")
    assert answer.status_code == 200, answer.text
    return [job["id"] for job in answer.json()["jobs"]]


async def change(hub: RunningHub, action: str, filter_: Any, **more: Any) -> dict[str, Any]:
    body = {"action": action, "filter": filter_} | more
    answer = await hub.rest.post("/jobs/bulk", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_dead_letters_are_found_by_all_that_is_known_of_them(
    hub: RunningHub, store: Store
) -> None:
    cuda = await dead(store)
    memory = await dead(store, ErrorClass.OUT_OF_MEMORY, "w2", customer_id="ann", workflow_id="f1")
    await hub.submit()
    assert await listed(hub) == [memory, cuda]
    assert await listed(hub, "error_class=cuda") == [cuda]
    assert await listed(hub, "worker_id=w2&type=simulation&customer_id=ann") == [memory]
    assert await listed(hub, "error_class=cuda&customer_id=ann") == []
    assert await listed(hub, "workflow_id=f1") == [memory]
    assert await listed(hub, "workflow_id=f2") == []
    ended_at = (await hub.job(memory))["finished_at"]
    assert memory in await listed(hub, f"ended_from={ended_at}&ended_to=9000000000000")
    assert await listed(hub, f"ended_from={ended_at + 60_000}") == []
    assert await listed(hub, "ended_to=2001-01-01T00:00:00Z") == []
    job = (await hub.rest.get("/dead-letters?limit=1")).json()["jobs"][0]
    assert (job["error"], job["attempts"][0]["worker_id"]) == ("broke", "w2")


async def test_dead_letters_come_by_pages(
    hub: RunningHub, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searches, "SCAN", 2)
    ids = [await dead(store) for _ in range(5)]
    seen: list[str] = []
    query = "limit=2"
    while query:
        answer = (await hub.rest.get(f"/dead-letters?{query}")).json()
        seen += [job["id"] for job in answer["jobs"]]
        query = f"limit=2&below={answer['below']}" if answer["below"] else ""
    assert seen == ids[::-1]


async def test_what_cannot_be_a_filter_is_refused(hub: RunningHub) -> None:
    for query, field in (("ended_from=soon", "ended_from"), ("error_class=bad", "error_class")):
        answer = await hub.rest.get(f"/dead-letters?{query}")
        assert (answer.status_code, answer.json()["fields"][0]["field"]) == (400, field)


async def test_a_replay_is_a_new_job_that_each_shows(hub: RunningHub, store: Store) -> None:
    old = await dead(store, customer_id="ann", priority=7, max_retries=1)
    answer = await hub.rest.post(f"/jobs/{old}/replay", json={"payload": {"n": 2}})
    assert answer.status_code == 201
    new = await hub.job(answer.json()["job_id"])
    assert answer.json()["job"] == new
    assert (new["payload"], new["priority"], new["customer_id"]) == ({"n": 2}, 7, "ann")
    assert (new["replay_of"], new["status"], new["max_retries"]) == (old, "pending", 1)
    before = await hub.job(old)
    assert (before["replays"], before["payload"]) == ([new["id"]], {"n": 1})
    again = await hub.rest.post(f"/jobs/{old}/replay")
    assert again.status_code == 409
    assert new["id"] in again.json()["error"]
    third = await hub.rest.post(f"/jobs/{old}/replay", json={"again": True, "priority": 9})
    assert (third.json()["job"]["payload"], third.json()["job"]["priority"]) == ({"n": 1}, 9)
    assert (await hub.job(old))["replays"] == [new["id"], third.json()["job_id"]]


async def test_a_step_is_replayed_in_its_place(hub: RunningHub, store: Store) -> None:
    old = await dead(store, workflow_id="f", workflow_priority=3, step_number=2)
    answer = await hub.rest.post(f"/jobs/{old}/replay")
    new = answer.json()["job"]
    assert (new["workflow_id"], new["workflow_priority"], new["step_number"]) == ("f", 3, 2)


async def test_a_step_of_a_graph_that_runs_is_among_the_dead_letters(
    hub: RunningHub, store: Store
) -> None:
    steps: list[Any] = [{"name": name, "type": "simulation", "payload": {}} for name in ("a", "b")]
    graph: dict[str, Any] = {"workflow_id": "f", "on_failure": "continue", "steps": steps}
    await hub.rest.post("/workflows", json=graph)
    (claimed,) = await (await store.hand()).claim()
    job_id = claimed.lease.job_id
    failure = Failure(error="broke", error_class=ErrorClass.CUDA, retryable=False)
    await store.jobs.fail(claimed.lease, failure, 0)
    assert (await hub.rest.get("/workflows/f")).json()["workflow"]["status"] == "running"
    ended_at = (await hub.job(job_id))["finished_at"]
    assert await listed(hub, f"ended_from={ended_at}&ended_to={ended_at + 1}") == [job_id]
    assert await listed(hub, f"ended_from={ended_at + 1}") == []


async def test_only_what_failed_or_was_cancelled_is_replayed(hub: RunningHub) -> None:
    job_id = await hub.submit()
    answer = await hub.rest.post(f"/jobs/{job_id}/replay")
    assert (answer.status_code, "is pending" in answer.json()["error"]) == (409, True)
    await hub.rest.post(f"/jobs/{job_id}/cancel")
    assert (await hub.rest.post(f"/jobs/{job_id}/replay")).status_code == 201
    assert (await hub.rest.post("/jobs/nobody/replay")).status_code == 404
    edited = await hub.rest.post(
        f"/jobs/{job_id}/replay", json={"payload": {"prompt": {"nodes": []}}}
    )
    assert (edited.status_code, edited.json()["fields"][0]["field"]) == (400, "payload")


async def test_all_that_match_are_replayed_once(hub: RunningHub, store: Store) -> None:
    cuda = {await dead(store) for _ in range(3)}
    other = await dead(store, ErrorClass.HANG)
    wanted = {"error_class": "cuda"}
    dry = await change(hub, "replay", wanted, dry_run=True)
    assert dry == {"action": "replay", "dry_run": True, "matched": 3}
    done = await change(hub, "replay", wanted, payload={"n": 9}, priority=5)
    assert (done["matched"], done["done"], done["skipped"], done["cursor"]) == (3, 3, {}, None)
    assert (await change(hub, "replay", {"workflow_id": "f2"}, dry_run=True))["matched"] == 0
    again = await change(hub, "replay", wanted)
    assert (again["done"], again["skipped"]) == (0, {"replayed already": 3})
    assert (await hub.job(other))["replays"] == []
    for job_id in cuda:
        (replay,) = (await hub.job(job_id))["replays"]
        job = await hub.job(replay)
        assert (job["payload"], job["priority"]) == ({"n": 9}, 5)


async def test_many_are_cancelled_in_pieces(
    hub: RunningHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "AT_ONCE", 2)
    monkeypatch.setattr(module, "COUNTED", 2)
    for number in range(7):
        later: dict[str, Any] = {"run_at": 9_000_000_000_000} if number % 2 else {}
        await hub.submit("simulation", customer_id="ann", **later)
    spared = await hub.submit(customer_id="bob")
    wanted = {"customer_id": "ann"}
    assert (await change(hub, "cancel", wanted, dry_run=True))["matched"] == 7
    cursor, done = None, 0
    for _ in range(9):
        told = await change(hub, "cancel", wanted, limit=2, cursor=cursor, reason="enough")
        cursor, done = told["cursor"], done + told["done"]
        if cursor is None:
            break
    assert done == 7
    assert (await change(hub, "cancel", wanted))["matched"] == 0
    assert (await hub.job(spared))["status"] == "pending"


async def test_what_changes_meanwhile_is_skipped(
    hub: RunningHub, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed = await dead(store, unique_key="u")
    ended = await hub.submit()
    await hub.rest.post(f"/jobs/{ended}/cancel")
    await hub.submit(unique_key="u")

    async def found(*_: Any) -> searches.Found:
        return searches.Found([ended, failed, "nobody"], None)

    monkeypatch.setattr(searches.Searches, "find", found)
    told = await change(hub, "cancel", {"status": "pending"})
    assert told["skipped"] == {
        "cancelled already": 1, "failed already": 1, "removed already": 1,
    }  # fmt: skip
    told = await change(hub, "replay", {"status": "failed"})
    assert (told["done"], told["skipped"]) == (
        1, {"its unique key is taken": 1, "removed already": 1},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"action": "cancel", "filter": {"status": "failed"}}, "filter.status"),
        ({"action": "replay", "filter": {"status": "pending"}}, "filter.status"),
        ({"action": "delete", "filter": {}}, "action"),
        ({"action": "cancel", "filter": {"colour": 1}}, "filter.colour"),
        ({"action": "cancel", "filter": {"ended_to": "soon"}}, "filter.ended_to"),
        ({"action": "cancel", "filter": {}, "cursor": "failed:1"}, "cursor"),
        ({"action": "cancel", "filter": {}, "cursor": "pending:x"}, "cursor"),
        ({"action": "cancel"}, "filter"),
        ({"action": "prioritise", "filter": {}}, "priority"),
    ],
)
async def test_what_cannot_be_done_is_refused(hub: RunningHub, body: Any, field: str) -> None:
    answer = await hub.rest.post("/jobs/bulk", json=body)
    assert (answer.status_code, answer.json()["fields"][0]["field"]) == (400, field)
