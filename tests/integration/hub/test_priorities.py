"""Another priority over REST: for one job, for all that match."""

from typing import Any

from tests.support.hubs import RunningHub


async def change(hub: RunningHub, job_id: str, priority: int = 90) -> tuple[int, dict[str, Any]]:
    answer = await hub.rest.patch(f"/jobs/{job_id}", json={"priority": priority})
    return answer.status_code, answer.json()


async def place(hub: RunningHub, job_id: str) -> int:
    return (await hub.rest.get(f"/jobs/{job_id}/status")).json()["queue_position"]


async def test_a_waiting_job_goes_to_its_new_place(hub: RunningHub) -> None:
    first, second = await hub.submit(), await hub.submit()
    status, told = await change(hub, second)
    assert (status, told["job"]["id"], told["job"]["priority"]) == (200, second, 90)
    assert (await place(hub, second), await place(hub, first)) == (0, 1)


async def test_what_has_no_priority_of_its_own_is_refused(hub: RunningHub) -> None:
    ended, step = await hub.submit(), await hub.submit(workflow_id="f")
    await hub.rest.post(f"/jobs/{ended}/cancel")
    for job_id, words in ((ended, "cancelled already"), (step, "PATCH /workflows/f")):
        status, told = await change(hub, job_id)
        assert (status, words in told["error"]) == (409, True)
    assert (await change(hub, "nobody"))[0] == 404
    assert (await change(hub, step, 10**9))[0] == 400


async def test_all_that_match_move(hub: RunningHub) -> None:
    other = await hub.submit()
    mine = [await hub.submit(customer_id="ann") for _ in range(3)]
    await hub.submit(customer_id="ann", workflow_id="f")
    body: dict[str, Any] = {
        "action": "prioritise", "filter": {"customer_id": "ann"}, "priority": 90,
    }  # fmt: skip
    dry = (await hub.rest.post("/jobs/bulk", json=body | {"dry_run": True})).json()
    assert dry["matched"] == 4
    told = (await hub.rest.post("/jobs/bulk", json=body)).json()
    assert (told["done"], told["skipped"]) == (3, {"has the priority of its workflow": 1})
    assert [await place(hub, each) for each in mine] == [0, 1, 2]
    assert (await hub.job(other))["priority"] == 50
