"""Workflows over REST: declared, shown, changed, cancelled, resumed; refused with the remedy."""

from typing import Any

import pytest

from tests.support.hubs import RunningHub

STEP: dict[str, Any] = {"type": "simulation", "payload": {}}


def steps(**needs: list[str]) -> list[dict[str, Any]]:
    """Steps by name, with those that each depends on."""
    return [STEP | {"name": name, "depends_on": before} for name, before in needs.items()]


async def declared(hub: RunningHub, **body: Any) -> dict[str, Any]:
    """The workflow that was declared."""
    answer = await hub.rest.post("/workflows", json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()["workflow"]


async def workflow(hub: RunningHub, name: str = "f") -> dict[str, Any]:
    answer = await hub.rest.get(f"/workflows/{name}")
    assert answer.status_code == 200, answer.text
    return answer.json()["workflow"]


def statuses(shown: dict[str, Any]) -> dict[str, str]:
    return {step["name"]: step["status"] for step in shown["steps"]}


async def test_a_graph_is_shown_with_the_jobs_that_are_ready(hub: RunningHub) -> None:
    shown = await declared(hub, workflow_id="f", priority=0, steps=steps(a=[], b=["a"]))
    assert (shown["id"], shown["status"], shown["priority"]) == ("f", "running", 0)
    assert (shown["on_failure"], shown["step_count"], shown["completed_steps"]) == ("stop", 2, 0)
    assert statuses(shown) == {"a": "pending", "b": "waiting"}
    assert shown["steps"][1]["depends_on"] == ["a"]
    job = await hub.job(shown["steps"][0]["job_id"])
    assert (job["workflow_id"], job["step_name"], job["workflow_priority"]) == ("f", "a", 0)
    (listed,) = (await hub.rest.get("/jobs?workflow_id=f")).json()["jobs"]
    assert listed["id"] == job["id"]


async def test_steps_sent_one_by_one_inherit_what_was_declared(hub: RunningHub) -> None:
    shown = await declared(hub, workflow_id="f", priority=0, workflow_datetime=1000)
    assert (shown["status"], shown["steps"]) == ("open", [])
    job_id = await hub.submit(workflow_id="f", priority=80)
    job = await hub.job(job_id)
    assert (job["priority"], job["workflow_datetime"]) == (0, 1000)
    shown = await workflow(hub)
    assert ([each["job_id"] for each in shown["jobs"]], shown["job_count"]) == ([job_id], 1)


async def test_an_id_is_made_and_words_can_be_said_again(hub: RunningHub) -> None:
    assert (await declared(hub))["id"] != (await declared(hub))["id"]
    first = await declared(hub, workflow_id="f", steps=steps(a=[]))
    assert await declared(hub, workflow_id="f", steps=steps(a=[])) == first
    other = await hub.rest.post("/workflows", json={"workflow_id": "f", "steps": steps(b=[])})
    assert other.status_code == 409
    assert "workflow_id" in other.json()["error"]


REFUSED: list[tuple[dict[str, Any], str, str]] = [
    ({"steps": steps(a=["c"], b=["a"], c=["b"])}, "steps", "a → c → b → a is a cycle"),
    ({"steps": steps(a=["a"])}, "steps", "a → a is a cycle"),
    ({"steps": steps(a=[], b=["x"])}, "steps[1].depends_on", "no step 'x'"),
    ({"steps": steps(a=[]) + steps(a=[])}, "steps[1].name", "two steps 'a'"),
    ({"steps": [STEP]}, "steps[0].name", "missing"),
    ({"steps": [STEP | {"name": "a b"}]}, "steps[0].name", "matching regex"),
    ({"steps": [STEP | {"name": "a", "priority": 1}]}, "steps[0].priority", "unknown field"),
    ({"steps": [STEP | {"name": str(n)} for n in range(501)]}, "steps", "length <= 500"),
    ({"steps": [{"name": "a", "type": "comfyui", "payload": {}}]}, "steps[0].payload", "one node"),
    (
        {"steps": [*steps(a=[]), STEP | {"name": "b", "payload": {"x": [{"$from": "a"}]}}]},
        "steps[1].payload",
        "$from 'a' is no step that 'b' depends on",
    ),
    (
        {"steps": [STEP | {"name": "a", "payload": {"x": {"$from": "a", "or": 1}}}]},
        "steps[0].payload",
        "$from",
    ),
    ({"on_failure": "retry"}, "on_failure", "retry"),
    ({"workflow_datetime": -1}, "workflow_datetime", ">= 0"),
    ({"priority": 1_000_001}, "priority", "<= 1000000"),
]


@pytest.mark.parametrize(("body", "field", "problem"), REFUSED, ids=lambda each: str(each)[:60])
async def test_what_cannot_be_done_is_named(
    hub: RunningHub, body: dict[str, Any], field: str, problem: str
) -> None:
    answer = await hub.rest.post("/workflows", json=body)
    assert answer.status_code == 400, answer.text
    (told,) = answer.json()["fields"]
    assert told["field"] == field
    assert problem in told["problem"]
    assert told["accepted"]
    assert (await hub.rest.get("/workflows")).json()["total_count"] == 0


async def test_a_change_of_priority_moves_what_waits(hub: RunningHub) -> None:
    await declared(hub, workflow_id="f", priority=1, steps=steps(a=[], b=["a"]))
    await hub.submit(priority=50)
    answer = await hub.rest.patch("/workflows/f", json={"priority": 90})
    assert answer.json()["workflow"]["priority"] == 90
    worker = await hub.worker()
    assert (await worker.take()).job_id == (await workflow(hub))["steps"][0]["job_id"]
    assert (await hub.rest.patch("/workflows/g", json={"priority": 1})).status_code == 404
    assert (await hub.rest.patch("/workflows/f", json={})).status_code == 400


async def test_the_rest_is_cancelled_and_resumed(hub: RunningHub) -> None:
    await declared(hub, workflow_id="f", steps=steps(a=[], b=["a"]))
    assert (await hub.rest.post("/workflows/f/resume")).status_code == 409
    answer = await hub.rest.post("/workflows/f/cancel", json={"reason": "enough"})
    assert answer.json()["cancelled_jobs"] == 1
    assert statuses(answer.json()["workflow"]) == {"a": "cancelled", "b": "cancelled"}
    assert (await hub.rest.post("/workflows/f/cancel")).status_code == 409
    late = await hub.rest.post("/jobs", json=STEP | {"workflow_id": "f"})
    assert (late.status_code, late.json()["fields"][0]["field"]) == (409, "workflow_id")
    answer = await hub.rest.post("/workflows/f/resume")
    assert answer.json()["resumed_steps"] == 2
    assert statuses(answer.json()["workflow"]) == {"a": "pending", "b": "waiting"}
    assert answer.json()["workflow"]["job_count"] == 2


@pytest.mark.parametrize("path", ["cancel", "resume"])
async def test_what_is_not_there_is_not_found(hub: RunningHub, path: str) -> None:
    assert (await hub.rest.post(f"/workflows/nobodys/{path}")).status_code == 404
    assert (await hub.rest.get("/workflows/nobodys")).status_code == 404


async def test_the_list_comes_by_pages_the_newest_first(hub: RunningHub) -> None:
    for name in ("f", "g", "h"):
        await declared(hub, workflow_id=name)
    first = (await hub.rest.get("/workflows?page_size=2")).json()
    assert [each["id"] for each in first["workflows"]] == ["h", "g"]
    assert (first["total_count"], first["has_more"]) == (3, True)
    second = (await hub.rest.get("/workflows?page_size=2&page=2")).json()
    assert [each["id"] for each in second["workflows"]] == ["f"]
    assert not second["has_more"]


async def test_under_one_idempotency_key_a_workflow_is_made_once(hub: RunningHub) -> None:
    bodies = [
        await hub.rest.post(
            "/workflows", json={"steps": steps(a=[])}, headers={"Idempotency-Key": "k1"}
        )
        for _ in range(2)
    ]
    first, second = (each.json()["workflow"]["id"] for each in bodies)
    assert first == second
    assert (await hub.rest.get("/workflows")).json()["total_count"] == 1
