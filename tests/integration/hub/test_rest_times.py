"""Jobs that must not run yet, not too late, or not twice, over REST."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hub.reaper import Reaper
from shared.messages import CancelJob, JobAssigned
from tests.support.hubs import RunningHub
from tests.support.store import Store, overdue

LATER = "2200-01-01T00:00:00Z"
LATER_MS = 7_258_118_400_000
PLAIN: dict[str, Any] = {"type": "simulation", "payload": {}}


def reaper(hub: RunningHub) -> Reaper:
    return Reaper(hub.parts.jobs, hub.parts.views)


async def test_a_job_waits_for_its_time(hub: RunningHub) -> None:
    answer = await hub.rest.post("/jobs", json=PLAIN | {"run_at": LATER, "deadline": LATER_MS + 1})
    assert (answer.status_code, answer.json()["queue_position"]) == (201, None)
    job = answer.json()["job"]
    assert (job["status"], job["not_before"], job["deadline"]) == (
        "delayed", LATER_MS, LATER_MS + 1,
    )  # fmt: skip
    assert await hub.job(answer.json()["job_id"]) == job


async def test_a_job_runs_as_soon_as_its_time_has_come(hub: RunningHub) -> None:
    worker = await hub.worker()
    await worker.claim()
    soon = datetime.now(UTC) + timedelta(seconds=0.2)
    job_id = await hub.submit(run_at=soon.isoformat())
    while (await hub.job(job_id))["status"] == "delayed":
        await reaper(hub).promote()
    assert time.time() >= soon.timestamp()
    assert (await worker.expect(JobAssigned)).job_id == job_id


async def test_a_worker_is_told_that_the_deadline_has_passed(hub: RunningHub) -> None:
    worker = await hub.worker()
    job_id = await hub.submit(deadline=LATER)
    await worker.take()
    await overdue(Store.over(hub.parts.client), job_id)
    await reaper(hub).expire()
    assert (await worker.expect(CancelJob)).job_id == job_id
    job = await hub.job(job_id)
    assert (job["status"], job["reason"]) == ("failed", "deadline")


@pytest.mark.parametrize(
    ("change", "field", "problem"),
    [
        ({"run_at": "soon"}, "run_at", "is no time that can be read"),
        ({"run_at": "2200-01-01T00:00:00"}, "run_at", "has no zone"),
        ({"run_at": -1}, "run_at", "is not between"),
        ({"run_at": True}, "run_at", "Expected"),
        ({"deadline": {}}, "deadline", "Expected"),
        ({"deadline": 10**13}, "deadline", "is not between"),
        ({"deadline": 1}, "deadline", "has passed"),
        ({"run_at": LATER, "deadline": LATER}, "deadline", "is not after run_at"),
        ({"unique_key": ""}, "unique_key", "length >= 1"),
    ],
)
async def test_what_cannot_be_is_refused(
    hub: RunningHub, change: dict[str, Any], field: str, problem: str
) -> None:
    answer = await hub.rest.post("/jobs", json=PLAIN | change)
    assert answer.status_code == 400
    (told,) = answer.json()["fields"]
    assert told["field"] == field
    assert problem in told["problem"]
    assert told["accepted"]
    assert (await hub.rest.get("/jobs")).json()["total_count"] == 0


async def test_a_second_job_under_a_unique_key_is_the_first(hub: RunningHub) -> None:
    first = await hub.submit(unique_key="u")
    answer = await hub.rest.post("/jobs", json=PLAIN | {"unique_key": "u"})
    assert answer.status_code == 200
    assert answer.json() == {
        "job_id": first, "status": "existing", "queue_position": 0, "job": await hub.job(first),
    }  # fmt: skip
    await hub.rest.post(f"/jobs/{first}/cancel")
    assert await hub.submit(unique_key="u") != first
