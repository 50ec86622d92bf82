"""What a worker is given is the first in order among what it can do."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import hypothesis.strategies as st
import pytest
from attrs import evolve, frozen
from hypothesis import given

from hub.store.claims import Claimed
from hub.store.client import Client
from hub.store.jobs import Jobs
from hub.store.preferences import STRICT, Preferences
from shared.jobs import Lease
from shared.matching import Capability
from shared.states import Reason
from tests.properties.model_job import Rank
from tests.properties.profile import PROFILE, TIMEOUT_S
from tests.support.store import Hand, Store, failure, spec

LANES = 24
"""Enough for a narrow class to find its lanes by looking at them, and for a broad one to walk."""


@frozen
class Asked:
    """A job to submit."""

    lane: int
    priority: int
    workflow: str | None
    step: int


@frozen
class Turn:
    """A worker claims, and gives one of the jobs that are held back."""

    worker: int
    wanted: int
    back: int
    how: str


ASKED = st.builds(
    Asked,
    st.integers(0, LANES - 1),
    st.integers(-2, 2),
    st.sampled_from([None, "f1", "f2", "f3"]),
    st.sampled_from([0, 2, 10, 999_999]),
)
LANE_SETS = st.one_of(
    st.sets(st.integers(0, LANES - 1), min_size=1, max_size=3),  # narrow
    st.sets(st.integers(0, LANES - 1), min_size=3, max_size=10),  # in between
    st.just(set(range(LANES))),  # broad
)
TURNS = st.builds(
    Turn,
    st.integers(0, 2),
    st.integers(1, 4),
    st.integers(0, 99),
    st.sampled_from(["keep", "release", "retry", "lose"]),
)


def may_take(worker: int, service: str, services: list[tuple[str, ...]], failed: set[int]) -> bool:
    """Whether a worker is given a job of a service with which those workers have `failed`."""
    able = {n for n, can in enumerate(services) if service in can}
    return worker in able and (worker not in failed or able <= failed)


@asynccontextmanager
async def empty_store(url: str, prefer: Preferences = STRICT) -> AsyncGenerator[Store]:
    client = Client.connect(url)
    await client.redis.flushall()
    await client.open()
    try:
        yield evolve(Store.over(client, prefer), jobs=Jobs(client, max_losses=99, prefer=prefer))
    finally:
        await client.close()


async def submitted(store: Store, jobs: list[Asked]) -> dict[str, tuple[Rank, str]]:
    """The jobs with their ranks and services, submitted all at once, in this order."""
    replies = await asyncio.gather(*(
        store.jobs.submit(
            spec(
                f"s{job.lane}", priority=job.priority, workflow_id=job.workflow,
                step_number=job.step, max_retries=99,
            )
        )
        for job in jobs
    ))  # fmt: skip
    stored = await asyncio.gather(*(store.job(reply.job_id) for reply in replies))
    firsts: dict[str, tuple[int, int]] = {}
    ranked: dict[str, tuple[Rank, str]] = {}
    for seq, (job, has) in enumerate(zip(jobs, stored, strict=True), start=1):
        pair = (job.priority, has.created_at)
        priority, at = firsts.setdefault(job.workflow, pair) if job.workflow else pair
        ranked[has.id] = (-priority, at, job.step, seq), f"s{job.lane}"
    return ranked


async def at_work(store: Store, lanes: list[set[int]]) -> tuple[list[tuple[str, ...]], list[Hand]]:
    """A worker for each set of lanes, and the services by which it can do them."""
    services = [tuple(f"s{lane}" for lane in sorted(each)) for each in lanes]
    hands = [
        await store.hand(f"w{n}", capability=Capability(services=each), slots=999)
        for n, each in enumerate(services)
    ]
    return services, hands


async def give_back(store: Store, lease: Lease, how: str) -> None:
    if how == "release":
        assert await store.jobs.release(lease, Reason.DRAINED) == "pending"
    if how == "retry":
        assert await store.jobs.fail(lease, failure(), 0) == "delayed"
        assert await store.jobs.promote(lease.job_id)
    if how == "lose":
        assert await store.jobs.reap(lease, 0) == "pending"


async def claims(hand: Hand, turn: Turn) -> list[Claimed]:
    """A lease that is to be lost runs out at once."""
    return await hand.claim(turn.wanted, lease_s=0 if turn.how == "lose" else 3600)


@pytest.mark.timeout(TIMEOUT_S)
@PROFILE
@given(
    jobs=st.lists(ASKED, min_size=25, max_size=60),
    lanes=st.lists(LANE_SETS, min_size=3, max_size=3),
    turns=st.lists(TURNS, min_size=5, max_size=20),
)
async def test_a_claim_is_the_first_in_order_among_what_the_worker_can_do(
    redis_url: str, jobs: list[Asked], lanes: list[set[int]], turns: list[Turn]
) -> None:
    async with empty_store(redis_url) as store:
        waiting = await submitted(store, jobs)
        services, hands = await at_work(store, lanes)
        failed: defaultdict[str, set[int]] = defaultdict(set)
        for turn in turns:
            eligible = [
                each
                for each, (_, service) in waiting.items()
                if may_take(turn.worker, service, services, failed[each])
            ]
            first = sorted(eligible, key=lambda each: waiting[each][0])[: turn.wanted]
            claimed = await claims(hands[turn.worker], turn)
            assert [each.lease.job_id for each in claimed] == first
            returned = {turn.back % len(claimed)} if claimed and turn.how != "keep" else set[int]()
            for n, each in enumerate(claimed):
                if n in returned:
                    await give_back(store, each.lease, turn.how)
                    failed[each.lease.job_id] |= {turn.worker} if turn.how == "retry" else set()
                else:
                    del waiting[each.lease.job_id]
