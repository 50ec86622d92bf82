"""A graph goes on, whenever the hub is killed: every step is done, once."""

from typing import Any

import pytest

from tests.support.waiting import wait_until
from tests.system.conftest import Site

pytestmark = [pytest.mark.system, pytest.mark.timeout(120)]

STEP: dict[str, Any] = {"type": "simulation", "payload": {}}


async def shown(site: Site) -> dict[str, Any]:
    answer = await site.http.get(f"{site.url}/workflows/f")
    assert answer.status_code == 200, answer.text
    return answer.json()["workflow"]


@pytest.mark.parametrize("step", ["a", "b", "c"])
async def test_the_hub_is_killed_while_a_step_ends(site: Site, step: str) -> None:
    """The agent hands the result in when it may; the mark, or the result, waits for the hub."""
    await site.start_agent(WORKER_SIMULATION_PROCESSING_TIME="0.5")
    steps = [
        STEP | {"name": "a"},
        STEP | {"name": "b", "depends_on": ["a"], "payload": {"x": {"$from": "a"}}},
        STEP | {"name": "c", "depends_on": ["b"]},
    ]
    answer = await site.http.post(
        f"{site.url}/workflows", json={"workflow_id": "f", "steps": steps}
    )
    assert answer.status_code == 201, answer.text

    async def has_begun() -> bool:
        states = {each["name"]: each["status"] for each in (await shown(site))["steps"]}
        return states[step] in {"in_progress", "completed"}

    await wait_until(has_begun, 30)
    site.hub.kill()
    await site.start_hub()

    async def has_ended() -> bool:
        return (await shown(site))["status"] == "completed"

    await wait_until(has_ended, 40)
    workflow = await shown(site)
    assert workflow["job_count"] == len(steps)
    for each in workflow["steps"]:
        assert await site.endings(each["job_id"]) == 1
