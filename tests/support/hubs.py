"""A real hub in this process: its parts over a store, served by uvicorn on a port of its own."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
from attrs import define, evolve, field

from hub.app import Server
from hub.assembly import build
from hub.listening import listen
from hub.parts import Parts
from hub.settings import HubSettings
from hub.store.client import Client
from tests.support.quiet import QuietServer
from tests.support.waiting import wait_until
from tests.support.wire_worker import WireWorker, connected

SLOW_S = 3600.0
"""For whatever must not happen by time within a test."""


class SilentServer(QuietServer, Server):
    """The hub's server, in this process."""


@define(eq=False)
class RunningHub:
    """A hub that answers at `url`, seen from inside and from outside."""

    parts: Parts
    url: str
    rest: httpx.AsyncClient
    _stack: AsyncExitStack = field(factory=AsyncExitStack, init=False)

    async def submit(self, type_: str = "simulation", **changes: Any) -> str:
        """The id of a new job."""
        plain: dict[str, Any] = {"type": type_, "payload": {}}
        answer = await self.rest.post("/jobs", json=plain | changes)
        assert answer.status_code == 201, answer.text
        return answer.json()["job_id"]

    async def job(self, job_id: str) -> dict[str, Any]:
        """The job as REST tells it."""
        answer = await self.rest.get(f"/jobs/{job_id}")
        assert answer.status_code == 200, answer.text
        return answer.json()["job"]

    async def becomes(self, job_id: str, status: str) -> dict[str, Any]:
        """The job, as soon as it has this status."""

        async def is_so() -> bool:
            return (await self.job(job_id))["status"] == status

        await wait_until(is_so)
        return await self.job(job_id)

    async def peer(self, worker_id: str = "w1", **options: Any) -> WireWorker:
        """A connection of an agent that has not registered; it closes with the hub."""
        return await self._stack.enter_async_context(connected(self.url, worker_id, **options))

    async def worker(self, worker_id: str = "w1", **fields: Any) -> WireWorker:
        """A registered worker without credit."""
        worker = await self.peer(worker_id)
        await worker.register(**fields)
        return worker

    async def hung_up(self) -> None:
        """Close every connection of `peer` and `worker`."""
        await self._stack.aclose()


def hub_settings(data_dir: Path, **changes: Any) -> HubSettings:
    """Settings under which nothing happens by time alone."""
    plain = HubSettings(
        hub_port=0, hub_data_dir=data_dir, hub_lease_s=SLOW_S, hub_grace_s=SLOW_S,
        hub_heartbeat_s=SLOW_S, hub_retry_first_s=0,
    )  # fmt: skip
    return evolve(plain, **changes)


@asynccontextmanager
async def running_hub(
    redis_url: str, data_dir: Path, *, patience_s: float = 10, **changes: Any
) -> AsyncGenerator[RunningHub]:
    """A hub over the server at `redis_url`, without its reaper."""
    client = Client.connect(redis_url, patience_s)
    await client.open()
    try:
        parts = build(hub_settings(data_dir, **changes), client, redis_url)
        await parts.limits.limit(parts.settings.limits)
        async with _loops(parts), _served(parts) as url, _rest(parts, url) as rest:
            hub = RunningHub(parts, url, rest)
            try:
                yield hub
            finally:
                await hub.hung_up()
    finally:
        await client.close()


def _rest(parts: Parts, url: str) -> httpx.AsyncClient:
    """A client with the first key, where the hub has keys."""
    keys = parts.settings.hub_api_keys
    headers = {"Authorization": f"Bearer {keys[0]}"} if keys else {}
    # Nothing is to be verified: the authorities take longer to read than the hub to start.
    return httpx.AsyncClient(base_url=url, headers=headers, timeout=20, verify=False)  # noqa: S501


@asynccontextmanager
async def _loops(parts: Parts) -> AsyncGenerator[None]:
    running = (
        parts.news.run(), parts.dispatcher.run(), parts.advancer.run(), parts.counter.feed.run(),
        parts.crowd.run(), parts.neighbours.run(),
    )  # fmt: skip
    loops = [asyncio.create_task(each) for each in running]
    try:
        yield
    finally:
        for loop in loops:
            loop.cancel()
        await asyncio.gather(*loops, return_exceptions=True)


@asynccontextmanager
async def _served(parts: Parts) -> AsyncGenerator[str]:
    with listen("127.0.0.1", 0) as listening:
        server = SilentServer(parts, [listening])
        serving = asyncio.create_task(server.serve([listening]))
        await wait_until(lambda: server.started)
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            await serving
