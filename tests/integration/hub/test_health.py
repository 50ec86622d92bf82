"""Fit or not."""

from pathlib import Path

from hub.store.server import EmbeddedServer
from shared.version import VERSION
from tests.support.hubs import RunningHub, running_hub
from tests.support.wire_worker import lease_of


async def test_a_hub_that_can_write_is_healthy(hub: RunningHub) -> None:
    answer = await hub.rest.get("/health")
    told = answer.json()
    assert (answer.status_code, told["status"], told["version"]) == (200, "healthy", VERSION)
    assert told["services"] == {"redis": "healthy", "api": "healthy"}
    assert told["timestamp"] > 1_700_000_000_000


async def test_a_hub_whose_store_is_gone_says_so_everywhere(tmp_path: Path) -> None:
    async with EmbeddedServer(tmp_path / "valkey") as server:
        url = server.url
        async with running_hub(url, tmp_path, patience_s=0.1) as hub:
            idle = await hub.worker()
            job_id = await hub.submit()
            job = await idle.take()
            await server.__aexit__(None, None, None)
            answer = await hub.rest.get("/health")
            assert (answer.status_code, answer.json()["status"]) == (503, "unhealthy")
            assert "does not answer" in answer.json()["services"]["redis"]
            refused = await hub.rest.post("/jobs", json={"type": "simulation", "payload": {}})
            assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
            assert "whether this was carried out is not known" in refused.json()["error"]
            await idle.beat(lease_of(job))
            assert await idle.expect_close() == (1013, "the store does not answer; come back")
            assert job.job_id == job_id


async def test_a_full_store_is_unhealthy_and_takes_no_jobs(hub: RunningHub) -> None:
    await hub.parts.client.redis.config_set("maxmemory", "1")
    try:
        answer = await hub.rest.get("/health")
        assert (answer.status_code, answer.json()["status"]) == (503, "unhealthy")
        refused = await hub.rest.post("/jobs", json={"type": "simulation", "payload": {}})
        assert (refused.status_code, refused.headers["retry-after"]) == (507, "30")
        assert refused.json()["error"].endswith("the job was not accepted")
    finally:
        await hub.parts.client.redis.config_set("maxmemory", "0")
    assert (await hub.rest.get("/jobs")).json()["total_count"] == 0
