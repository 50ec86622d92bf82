"""Hubs and workers that race for jobs, in one process over one server."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from random import Random

from attrs import define, field, frozen

from hub.dispatcher import Dispatcher
from hub.seats import Seat
from hub.store.claims import Claimed
from hub.store.client import Client
from hub.store.jobs import Jobs, Progress
from hub.store.keys import key
from hub.store.lanes import Lanes
from hub.store.news import News
from hub.store.views import Views
from hub.store.workers import Workers
from shared.jobs import Lease
from shared.states import Reason
from tests.properties.cast import Part
from tests.support.store import failure

FATES = ("complete",) * 8 + ("fail", "fail", "give up", "release", "vanish", "return")


@frozen
class Hub:
    """What a hub has that takes part in the race."""

    jobs: Jobs
    workers: Workers
    views: Views
    dispatcher: Dispatcher

    async def reap(self) -> None:
        for lease in await self.views.expired():
            await self.jobs.reap(lease, 0)

    async def promote(self) -> None:
        for job_id in await self.views.due():
            await self.jobs.promote(job_id)


@asynccontextmanager
async def running_hub(url: str) -> AsyncGenerator[Hub]:
    """A hub that hears the news, and has no slow tick to make up for what it does not hear."""
    client = Client.connect(url)
    await client.open()
    jobs = Jobs(client, lease_s=3600, max_losses=50)
    dispatcher = Dispatcher(jobs, Lanes(client))

    def hear(words: list[str]) -> None:
        match words:
            case ["lane", lane, *waker]:
                dispatcher.wake(lane, *waker)
            case ["gap"]:
                dispatcher.look_soon()
            case _:  # cancels and evictions are for sessions, of which there are none
                pass

    listening = asyncio.create_task(News(client, url, hear).run())
    try:
        yield Hub(jobs, Workers(client), Views(client), dispatcher)
    finally:
        await dispatcher.stop()
        listening.cancel()
        with suppress(asyncio.CancelledError):  # it was just asked to end so
            await listening
        await client.close()


@define(eq=False)
class Racer:
    """A worker with a seat at one hub, whose lost leases any hub takes back."""

    worker_id: str
    part: Part
    hub: Hub
    hubs: list[Hub]
    chance: Random
    replies: list[tuple[Lease, str]] = field(factory=list)  # to `complete`
    _seat: Seat = field(init=False)
    _tasks: asyncio.TaskGroup = field(init=False)

    async def join(self, tasks: asyncio.TaskGroup) -> None:
        """Sit down, and take jobs from now on."""
        self._tasks = tasks
        class_ = await self.hub.workers.register(
            self.worker_id, "s", self.part.capability, self.part.slots, "idle"
        )
        self._seat = Seat(
            self.worker_id, "s", class_, self.part.capability, self.assign, self.evicted
        )
        self.hub.dispatcher.sit(self._seat)
        self.hub.dispatcher.add_credit(self._seat, self.part.slots)

    def assign(self, claimed: Claimed) -> None:
        self._tasks.create_task(self._work(claimed.lease))

    def evicted(self) -> None:
        raise AssertionError(f"{self.worker_id} was evicted, and nobody took its place")

    async def _work(self, lease: Lease) -> None:
        await self._meet(self.chance.choice(FATES), lease)
        self.hub.dispatcher.add_credit(self._seat, 1)

    async def _meet(self, fate: str, lease: Lease) -> None:
        jobs = self.hub.jobs
        match fate:
            case "release":
                await jobs.release(lease, Reason.PREEMPTED)
            case "fail" | "give up":
                await jobs.start(lease)
                await jobs.fail(lease, failure(retryable=fate == "fail"), 0)
                await asyncio.gather(*(hub.promote() for hub in self.hubs))
            case "vanish":
                await self._run_out(lease)
                await self._complete(lease)
            case "return":
                await self._run_out(lease)
                await jobs.renew(self.worker_id, "s", (lease,))
                await self._complete(lease)
            case _:
                await jobs.start(lease)
                await jobs.progress(lease, Progress(50))
                await self._complete(lease)

    async def _run_out(self, lease: Lease) -> None:
        """The lease ends, and every hub tries to be the one that takes it back."""
        client = self.hub.jobs.client
        await client.command("ZADD", key("leases"), "XX", 1, lease.job_id)
        await asyncio.gather(*(hub.reap() for hub in self.hubs))

    async def _complete(self, lease: Lease) -> None:
        self.replies.append((lease, await self.hub.jobs.complete(lease, "{}")))
