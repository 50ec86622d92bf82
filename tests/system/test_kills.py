"""SIGKILL at every step of a job: it is finished, once."""

import os
import signal

import httpx
import pytest
import redis.asyncio

from tests.support.ledgers import kept_below
from tests.system.conftest import Site, valkey_url

pytestmark = [pytest.mark.system, pytest.mark.timeout(120)]

STEPS = {
    "waiting": ("pending",),
    "claimed": ("assigned", "in_progress"),
    "running": ("in_progress",),
    "finished": ("completed",),
}


async def job_at(site: Site, step: str) -> str:
    """A job that has come as far as `step`, with one agent to run it."""
    if step == "waiting":
        job_id = await site.submit()
        await site.start_agent()
        return job_id
    takes_s = "1" if step == "finished" else "3"  # so long it is there to be seen
    await site.start_agent(WORKER_SIMULATION_PROCESSING_TIME=takes_s)
    job_id = await site.submit()
    await site.reaches(job_id, *STEPS[step], progress=30 if step == "running" else 0)
    return job_id


@pytest.mark.parametrize("step", STEPS)
async def test_the_agent_is_killed(site: Site, step: str) -> None:
    job_id = await job_at(site, step)
    site.agents[0].kill()
    await site.start_agent("worker-2")

    job = await site.reaches(job_id, "completed")

    assert await site.endings(job_id) == 1
    assert job["failures"] == 0
    assert job["result"]["simulated"] is True
    assert [each["attempt"] for each in job["attempts"]] == list(range(1, job["attempt"] + 1))


@pytest.mark.parametrize("step", STEPS)
async def test_the_hub_is_killed_and_the_work_goes_on(site: Site, step: str) -> None:
    job_id = await job_at(site, step)
    site.hub.kill()
    await site.start_hub()

    job = await site.reaches(job_id, "completed")

    assert await site.endings(job_id) == 1
    assert job["attempt"] == 1, "the attempt that ran while the hub was away is the one that counts"


@pytest.mark.parametrize("step", STEPS)
async def test_the_store_is_killed_and_the_work_goes_on(site: Site, step: str) -> None:
    job_id = await job_at(site, step)
    async with redis.asyncio.Redis.from_url(valkey_url(site.data_dir / "valkey")) as store:
        facts = await store.info("server")
    os.kill(int(facts["process_id"]), signal.SIGKILL)

    job = await site.reaches(job_id, "completed")

    assert await site.endings(job_id) == 1
    assert job["attempt"] == 1


async def test_everything_is_killed_at_once(site: Site) -> None:
    job_id = await job_at(site, "running")
    site.agents[0].kill()
    site.hub.kill()
    await site.start_hub()
    await site.start_agent()

    job = await site.reaches(job_id, "completed")

    assert await site.endings(job_id) == 1
    assert job["attempt"] == 2


async def test_no_acknowledged_job_is_lost_when_the_hub_is_killed_under_load(site: Site) -> None:
    await site.start_agent(WORKER_MAX_CONCURRENT_JOBS="20", WORKER_SIMULATION_PROCESSING_TIME="0.2")
    acknowledged: list[str] = []
    for round_ in range(3):
        acknowledged += [await site.submit(priority=round_) for _ in range(20)]
        site.hub.kill()
        await site.start_hub()

    for job_id in acknowledged:
        await site.reaches(job_id, "completed")
        assert await site.endings(job_id) == 1


async def test_a_stopped_agent_comes_back_too_late(site: Site) -> None:
    """Its lease ran out and another agent has the job: what it reports is superseded."""
    first = await site.start_agent("worker-1", WORKER_SIMULATION_PROCESSING_TIME="3")
    job_id = await site.submit()
    await site.reaches(job_id, "in_progress")
    first.popen.send_signal(signal.SIGSTOP)
    await site.start_agent("worker-2", WORKER_SIMULATION_PROCESSING_TIME="3")
    job = await site.reaches(job_id, "in_progress")
    while job["attempt"] == 1:
        job = await site.reaches(job_id, "in_progress")
    first.popen.send_signal(signal.SIGCONT)

    job = await site.reaches(job_id, "completed")

    assert job["worker_id"] == "worker-2"
    assert await site.endings(job_id) == 1


async def test_a_stopped_agent_comes_back_in_time(site: Site) -> None:
    """Its lease ran out, but nobody else took the job: the attempt goes on where it was."""
    agent = await site.start_agent("worker-1", WORKER_SIMULATION_PROCESSING_TIME="2")
    job_id = await site.submit()
    await site.reaches(job_id, "in_progress", progress=20)
    agent.popen.send_signal(signal.SIGSTOP)
    await site.reaches(job_id, "pending")
    agent.popen.send_signal(signal.SIGCONT)

    job = await site.reaches(job_id, "completed")

    assert job["attempt"] == 1
    assert await site.endings(job_id) == 1


async def test_sigterm_lets_the_agent_finish_and_the_hub_close(site: Site) -> None:
    agent = await site.start_agent(WORKER_SIMULATION_PROCESSING_TIME="2")
    job_id = await site.submit()
    await site.reaches(job_id, "in_progress")

    assert agent.stop() == 0
    assert (await site.job(job_id))["status"] == "completed"
    assert kept_below(site.data_dir) == []
    assert site.hub.stop() == 0
    with pytest.raises(httpx.ConnectError):
        await site.http.get(f"{site.url}/health")
