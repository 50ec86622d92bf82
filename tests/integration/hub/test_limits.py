"""Back pressure over REST, and room that wakes who waits."""

from pathlib import Path
from typing import Any

import pytest

from hub import dispatcher
from hub.api.idempotency import HEADER
from shared.messages import ClaimJob, Error, JobAssigned, JobAvailable
from tests.support.hubs import SLOW_S, running_hub

PLAIN: dict[str, Any] = {"type": "simulation", "payload": {}}


@pytest.fixture(autouse=True)
def _by_news(monkeypatch: pytest.MonkeyPatch) -> None:
    """What comes comes by news: there is no other look at the queue in the time of a test."""
    monkeypatch.setattr(dispatcher, "LOOK_AGAIN_S", SLOW_S)


async def test_a_full_queue_says_when_to_come_back(redis_url: str, tmp_path: Path) -> None:
    async with running_hub(redis_url, tmp_path, hub_max_waiting_by_type={"simulation": 2}) as hub:
        ids = [await hub.submit() for _ in range(2)]
        full = await hub.rest.post("/jobs", json=PLAIN, headers={HEADER: "k"})
        assert (full.status_code, full.headers["retry-after"]) == (429, "5")
        (told,) = full.json()["fields"]
        assert told["field"] == "type"
        assert told["problem"].startswith("2 jobs of type simulation wait already")
        assert (await hub.rest.get("/jobs")).json()["total_count"] == 2
        await hub.rest.post(f"/jobs/{ids[0]}/cancel")
        again = await hub.rest.post("/jobs", json=PLAIN, headers={HEADER: "k"})
        assert again.status_code == 201


async def test_a_customer_with_too_many_waiting_jobs_is_named(
    redis_url: str, tmp_path: Path
) -> None:
    async with running_hub(redis_url, tmp_path, hub_max_waiting_by_customer={"*": 0}) as hub:
        full = await hub.rest.post("/jobs", json=PLAIN | {"customer_id": "studio"})
        assert (full.status_code, full.json()["fields"][0]["field"]) == (429, "customer_id")
        await hub.submit()


async def test_room_wakes_a_worker_of_another_hub_at_once(redis_url: str, tmp_path: Path) -> None:
    limits: dict[str, Any] = {"hub_max_running_by_customer": {"studio": 1}}
    here_dir, there_dir = tmp_path / "here", tmp_path / "there"
    async with (
        running_hub(redis_url, here_dir, **limits) as here,
        running_hub(redis_url, there_dir, **limits) as there,
    ):
        busy, idle = await here.worker("w1"), await there.worker("w2", slots=2)
        first = await here.submit(customer_id="studio")
        assert (await busy.take()).job_id == first
        await idle.claim(2)
        waiting = [await here.submit(customer_id="studio") for _ in range(2)]
        other = await here.submit()
        assert (await idle.expect(JobAssigned)).job_id == other
        await here.rest.post(f"/jobs/{first}/cancel")
        assert (await idle.expect(JobAssigned)).job_id == waiting[0]


async def test_more_room_by_new_limits_wakes_too(redis_url: str, tmp_path: Path) -> None:
    async with running_hub(redis_url, tmp_path, hub_max_running_by_type={"*": 0}) as hub:
        worker = await hub.worker()
        await worker.claim()
        job_id = await hub.submit()
        status = (await hub.rest.get(f"/jobs/{job_id}")).json()["job"]["status"]
        assert status == "pending"
        await hub.parts.limits.limit({})
        assert (await worker.expect(JobAssigned)).job_id == job_id


async def test_who_claims_by_id_is_told_of_the_limit_and_of_room(
    redis_url: str, tmp_path: Path
) -> None:
    async with running_hub(redis_url, tmp_path, hub_max_running_by_type={"*": 1}) as hub:
        await hub.submit()
        running = await (await hub.worker("w1")).take()
        worker = await hub.worker("w2", subscribe_to_jobs=True)
        job_id = await hub.submit()
        claim = ClaimJob(worker_id="w2", job_id=job_id)
        assert (await worker.expect(JobAvailable)).job_id == job_id
        await worker.send(claim)
        assert "may not run yet" in (await worker.expect(Error)).error
        await hub.rest.post(f"/jobs/{running.job_id}/cancel")
        assert (await worker.expect(JobAvailable)).job_id == job_id
        await worker.send(claim)
        assert (await worker.expect(JobAssigned)).job_id == job_id
