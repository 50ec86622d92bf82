"""A machine with a hub and agents, all of which are gone after the test."""

from collections.abc import AsyncGenerator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import pytest
import redis.asyncio
from attrs import define, field

from tests.support.ports import free_port
from tests.support.processes import Program, start_agent, start_hub
from tests.support.waiting import wait_until

TERMINAL = ("completed", "failed", "cancelled")


@define(eq=False)
class Site:
    """One hub with its data, and any number of agents."""

    data_dir: Path
    url: str = field(default="", init=False)
    hub: Program = field(init=False)
    hub_env: dict[str, str] = field(factory=dict, init=False)
    agents: list[Program] = field(factory=list, init=False)
    http: httpx.AsyncClient = field(factory=lambda: httpx.AsyncClient(timeout=60), init=False)

    async def start_hub(self, **env: str) -> None:
        """Start the hub: again on the same port, and as it was told before, when there was one."""
        port = httpx.URL(self.url).port if self.url else free_port()
        assert port is not None
        self.hub_env |= env
        self.hub, self.url = await start_hub(self.data_dir, port, **self.hub_env)

    async def start_agent(self, worker_id: str = "worker-1", **env: str) -> Program:
        """Start an agent, and wait until its worker is idle."""
        agent = start_agent(self.data_dir, self.url, worker_id, **env)
        self.agents.append(agent)
        await wait_until(lambda: self.has_worker(worker_id), 40)
        return agent

    async def has_worker(self, worker_id: str) -> bool:
        """Whether the worker is connected."""
        answer = await self.http.get(f"{self.url}/workers/{worker_id}")
        return answer.status_code == 200 and answer.json()["worker"]["gone_at"] is None

    async def submit(self, **job: Any) -> str:
        """Submit a job for the simulation; its id."""
        job.setdefault("type", "simulation")
        job.setdefault("payload", {})
        answer = await self.http.post(f"{self.url}/jobs", json=job)
        assert answer.status_code == 201, answer.text
        return answer.json()["job_id"]

    async def job(self, job_id: str) -> dict[str, Any]:
        """The job, whole."""
        answer = await self.http.get(f"{self.url}/jobs/{job_id}")
        assert answer.status_code == 200, answer.text
        return answer.json()["job"]

    async def reaches(self, job_id: str, *states: str, progress: float = 0) -> dict[str, Any]:
        """Wait until the job is in one of `states`, with at least `progress` percent."""

        async def has() -> bool:
            job = await self.job(job_id)
            return job["status"] in states and job["progress"] >= progress

        await wait_until(has, 40)
        return await self.job(job_id)

    async def endings(self, job_id: str) -> int:
        """How many times the job has ended, by the audit stream."""
        socket = self.data_dir / "valkey"
        async with redis.asyncio.Redis.from_url(valkey_url(socket), decode_responses=True) as store:
            lines: list[Any] = await store.xrange("{emp}:audit") or []
        return sum(line["job"] == job_id and line["to"] in TERMINAL for _, line in lines)

    def stop(self) -> None:
        """End everything."""
        for program in (*self.agents, self.hub):
            program.popen.kill()
            program.popen.wait(30)


def valkey_url(data_dir: Path) -> str:
    """The socket of the embedded store."""
    return f"unix://{next(data_dir.glob('*.sock'))}"


@pytest.fixture
async def site() -> AsyncGenerator[Site]:
    """A running hub; agents are started by the test. In a short path, for the store's socket."""
    with TemporaryDirectory(prefix="emp-") as data_dir:
        site = Site(Path(data_dir))
        await site.start_hub()
        try:
            yield site
        finally:
            site.stop()
            await site.http.aclose()
