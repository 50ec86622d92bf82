"""A store for tests: every script call is followed by an audit of all indexes."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from attrs import define, evolve, frozen

from hub.explain import Explainer
from hub.store.claims import Claimed
from hub.store.client import Client
from hub.store.jobs import Jobs
from hub.store.keys import PREFIX, key
from hub.store.lanes import Lanes
from hub.store.outlook import Outlook
from hub.store.preferences import STRICT, Preferences
from hub.store.presence import Presence
from hub.store.views import Views
from hub.store.workers import Workers
from hub.store.workflows import Workflows
from shared.jobs import Failure, Job, JobSpec, Lease
from shared.matching import Capability, Requirement
from shared.states import ErrorClass, JobState, Reason
from tests.support.audit import audit_indexes
from tests.support.dumps import Dump, dump, without

LATER_MS = 9_000_000_000_000
"""Milliseconds since 1970, long after every test."""
CAPABILITY = Capability(services=("simulation",))


def spec(service: str = "simulation", /, **changes: Any) -> JobSpec:
    """A job that any worker of the service can run."""
    plain = JobSpec(
        type=service, payload={"n": 2**64}, requirement=Requirement(service_type=service)
    )
    return evolve(plain, **changes)


def asked(job_id: str = "j1", **more: str | int) -> tuple[str | int, ...]:
    """What the script `submit` is told of a job, behind the operation id."""
    facts: dict[str, str | int] = {
        "job": job_id, "lane": "l1", "requirement": '{"service_type":"x"}', "loads": "x",
        "type": "x",
        "payload": "{}", "priority": 50, "max_retries": 3, "step": 0, "customer": "c",
        "timeout_ms": 60_000, "workflow": "f",
    }  # fmt: skip
    facts |= more
    return tuple(part for pair in facts.items() for part in pair)


async def overdue(store: "Store", job_id: str) -> None:
    """As when the deadline of a job has passed."""
    await store.client.command("ZADD", key("deadlines"), 1, job_id)
    await store.client.command("HSET", key("job", job_id), "ends_by", 1)


def failure(**changes: Any) -> Failure:
    """A failure that may be retried."""
    plain = Failure(error="ran out", error_class=ErrorClass.OUT_OF_MEMORY, details={"gb": 2**64})
    return evolve(plain, **changes)


def strangers(lease: Lease) -> tuple[Lease, ...]:
    """Leases that look like this one, and are not."""
    return (
        evolve(lease, attempt=lease.attempt + 1),
        evolve(lease, attempt=lease.attempt - 1),
        evolve(lease, id="0" * 32),
        evolve(lease, job_id="nobody"),
    )


def others(*states: JobState) -> list[JobState]:
    """Every state but these."""
    return [state for state in JobState if state not in states]


@define
class AuditedClient(Client):
    """A client that finds the indexes in agreement after every script."""

    async def script(self, verb: str, *arguments: str | float) -> list[Any]:
        reply = await super().script(verb, *arguments)
        assert await audit_indexes(self.redis) == []
        return reply


@frozen
class Store:
    """All parts of the store over one client."""

    client: Client
    jobs: Jobs
    lanes: Lanes
    workers: Workers
    views: Views
    outlook: Outlook
    presence: Presence
    explainer: Explainer
    workflows: Workflows

    @classmethod
    def over(cls, client: Client, prefer: Preferences = STRICT) -> "Store":
        lanes, views, presence = Lanes(client), Views(client), Presence(client)
        outlook = Outlook(client, lanes, prefer)
        return cls(
            client=client,
            jobs=Jobs(client, prefer=prefer),
            lanes=lanes,
            workers=Workers(client),
            views=views,
            outlook=outlook,
            presence=presence,
            explainer=Explainer.over(outlook, views, presence),
            workflows=Workflows(client),
        )

    async def hand(
        self,
        worker_id: str = "w1",
        *,
        session: str = "s1",
        capability: Capability = CAPABILITY,
        slots: int = 10,
    ) -> "Hand":
        """A worker that has just registered."""
        class_ = await self.workers.register(worker_id, session, capability, slots, "idle")
        return Hand(self, worker_id, session, capability, class_)

    async def job(self, job_id: str) -> Job:
        """The job, which must be there."""
        job = await self.views.job(job_id)
        assert job is not None
        return job

    async def facts(self, job_id: str) -> dict[str, str]:
        """The job's hash."""
        return await self.client.command("HGETALL", key("job", job_id))

    async def dump(self) -> Dump:
        """Everything but the kept replies."""
        return await dump(self.client.redis)

    @asynccontextmanager
    async def unchanged(self, *but: str) -> AsyncGenerator[None]:
        """Nothing is written meanwhile, `but` to these keys."""
        before = await self.dump()
        yield
        assert without(await self.dump(), *but) == without(before, *but)

    async def acts_once(self, verb: str, *arguments: str | float, but: tuple[str, ...] = ()) -> Any:
        """The reply of a call, which a second call with the same operation id repeats."""
        first = await self.client.script(verb, "the-operation", *arguments)
        async with self.unchanged(*but):
            assert await self.client.script(verb, "the-operation", *arguments) == first
        return first

    async def announced(self, action: Any) -> list[tuple[str, str]]:
        """What is published while `action` is awaited: (noun or job id, message)."""
        async with self.client.redis.pubsub() as listener:
            await listener.psubscribe(key("news"), key("events") + "*")
            await listener.get_message(timeout=5)
            await listener.get_message(timeout=5)
            await action
            await self.client.redis.publish(key("news"), "the end")
            return await _until_the_end(listener)


async def _until_the_end(listener: Any) -> list[tuple[str, str]]:
    heard: list[tuple[str, str]] = []
    async with asyncio.timeout(5):
        async for message in listener.listen():
            if message["data"] == "the end":
                break
            channel = message["channel"].removeprefix(key("events")).removeprefix(PREFIX)
            heard.append((channel, message["data"]))
    return heard


@frozen
class Hand:
    """A registered worker, which claims as the hub's dispatcher does."""

    store: Store
    worker_id: str
    session: str
    capability: Capability
    class_: str

    async def claim(self, wanted: int = 1, *, lease_s: float = 30) -> list[Claimed]:
        """Up to `wanted` jobs; the class is classified first when that is due."""
        jobs = evolve(self.store.jobs, lease_s=lease_s)
        ask = partial(jobs.claim, self.worker_id, self.session, self.class_)
        found: list[Claimed] = []
        while True:
            claims = await self.store.lanes.informed(
                partial(ask, wanted - len(found)), {self.class_: self.capability}
            )
            found += claims.jobs
            if len(found) == wanted or not claims.jobs or not claims.may_be_more:
                return found

    async def take(self, spec_: JobSpec | None = None, *, lease_s: float = 30) -> Lease:
        """The lease of a new job, which must be the first in order."""
        submitted = await self.store.jobs.submit(spec_ or spec())
        (claimed,) = await self.claim(lease_s=lease_s)
        assert claimed.lease.job_id == submitted.job_id
        return claimed.lease

    async def lost(self, spec_: JobSpec | None = None) -> Lease:
        """The lease of a new job that ran out and was reaped; it can be adopted."""
        lease = await self.take(spec_, lease_s=0)
        assert await self.store.jobs.reap(lease, 0) == "pending"
        return lease

    async def put(self, state: JobState, spec_: JobSpec | None = None) -> Lease:
        """The last lease of a new job that is in `state` now."""
        lease, jobs = await self.take(spec_), self.store.jobs
        match state:
            case JobState.PENDING:
                await jobs.release(lease, Reason.DRAINED)
            case JobState.DELAYED:
                await jobs.fail(lease, failure(error_class=ErrorClass.NETWORK), 60)
            case JobState.ASSIGNED:
                pass
            case JobState.IN_PROGRESS:
                await jobs.start(lease)
            case JobState.COMPLETED:
                await jobs.complete(lease, "{}")
            case JobState.FAILED:
                await jobs.fail(lease, failure(retryable=False), 0)
            case JobState.CANCELLED:
                await jobs.cancel(lease.job_id, "enough")
        assert (await self.store.job(lease.job_id)).status is state
        return lease
