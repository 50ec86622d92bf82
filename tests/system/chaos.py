"""What goes wrong on a site, at random: processes are killed, end, and stand still."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from random import Random

from attrs import define, field
from redis.asyncio import Redis
from redis.exceptions import RedisError

from tests.support.processes import Program
from tests.support.waiting import wait_until
from tests.system.conftest import Site, valkey_url

LONGEST_STOP_S = 4.0
"""More than a lease."""
LONGEST_PAUSE_S = 1.5


@define
class Nemesis:
    """One fault after the other, each healed before the next; `told` names them."""

    site: Site
    chance: Random
    agents: dict[str, dict[str, str]]
    """The environment of each agent, by its worker's id."""
    told: list[str] = field(factory=list, init=False)
    _running: dict[str, Program] = field(factory=dict, init=False)

    async def begin(self) -> None:
        """Start every agent."""
        for worker_id in self.agents:
            await self._start(worker_id)

    async def run(self, until_s: float) -> None:
        """Until then, by the loop's clock."""
        faults: dict[str, Callable[[], Awaitable[None]]] = {
            "an agent is killed": self._kill_agent,
            "an agent is told to end": self._end_agent,
            "an agent stands still": self._stop_agent,
            "the hub is killed": self._kill_hub,
            "the hub is told to end": self._end_hub,
            "the hub stands still": self._stop_hub,
            "the store is killed": self._kill_store,
            "the store stands still": self._stop_store,
        }
        left: list[str] = []
        while asyncio.get_running_loop().time() < until_s:
            left = left or self.chance.sample(list(faults), len(faults))  # each comes as often
            name = left.pop()
            print(f"{len(self.told) + 1}: {name}", flush=True)  # noqa: T201 - progress, for `make chaos`
            await faults[name]()
            self.told.append(name)
            await asyncio.sleep(self.chance.uniform(0, LONGEST_PAUSE_S))

    async def _start(self, worker_id: str) -> None:
        agent = await self.site.start_agent(worker_id, **self.agents[worker_id])
        self._running[worker_id] = agent

    def _any_agent(self) -> str:
        return self.chance.choice(list(self.agents))

    async def _kill_agent(self) -> None:
        worker_id = self._any_agent()
        self._running[worker_id].kill()
        await self._start(worker_id)

    async def _end_agent(self) -> None:
        worker_id = self._any_agent()
        assert await asyncio.to_thread(self._running[worker_id].stop) == 0
        await self._start(worker_id)

    async def _stop_agent(self) -> None:
        await self._stand_still(self._running[self._any_agent()].popen.pid)

    async def _kill_hub(self) -> None:
        self.site.hub.kill()
        await self.site.start_hub()

    async def _end_hub(self) -> None:
        assert await asyncio.to_thread(self.site.hub.stop) == 0
        await self.site.start_hub()

    async def _stop_hub(self) -> None:
        await self._stand_still(self.site.hub.popen.pid)

    async def _kill_store(self) -> None:
        os.kill(await self._store_pid(), signal.SIGKILL)

    async def _stop_store(self) -> None:
        await self._stand_still(await self._store_pid())

    async def _stand_still(self, pid: int) -> None:
        os.kill(pid, signal.SIGSTOP)
        try:
            await asyncio.sleep(self.chance.uniform(0, LONGEST_STOP_S))
        finally:
            os.kill(pid, signal.SIGCONT)

    async def _store_pid(self) -> int:
        """The hub starts it again when it was killed."""
        pids: list[int] = []

        async def answers() -> bool:
            try:
                async with Redis.from_url(valkey_url(self.site.data_dir / "valkey")) as store:
                    pids.append((await store.info("server"))["process_id"])
            except (RedisError, OSError, StopIteration):  # no socket yet, or nobody behind it
                return False
            return True

        await wait_until(answers, 40)
        return pids[-1]
