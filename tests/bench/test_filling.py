from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest

from hub.store.client import Client
from hub.store.keys import key
from shared.matching import Capability
from tests.bench.filling import Filling
from tests.bench.peers.server import running
from tests.support.audit import audit_indexes
from tests.support.store import Store

pytestmark = pytest.mark.redis


@asynccontextmanager
async def filled(filling: Filling) -> AsyncGenerator[Store]:
    async with running("off") as server:
        client = Client.connect(server.url)
        await client.open()
        try:
            store = Store.over(client)
            await filling.fill(store)
            yield store
        finally:
            await client.close()


@pytest.mark.parametrize("filling", [Filling(25, 7), Filling(7, 7), Filling(3, 7)])
async def test_so_many_jobs_wait_in_so_many_lanes(filling: Filling) -> None:
    async with filled(filling) as store:
        assert (await store.views.counts())["pending"] == filling.jobs
        assert await store.client.redis.hlen(key("lanes")) == filling.lanes


async def test_indexes_agree_after_filling() -> None:
    async with filled(Filling(25, 7)) as store:
        problems = await audit_indexes(store.client.redis)
    # Copies were not submitted, so that no event tells of them; all else must be as if they were.
    assert [each for each in problems if "its history ends with None" not in each] == []
    assert len(problems) == 25 - 7


async def test_jobs_go_to_the_lanes_in_turn_and_can_be_claimed() -> None:
    filling = Filling(9, 4)
    async with filled(filling) as store:
        hand = await store.hand(capability=Capability(services=filling.services), slots=9)
        claimed = await hand.claim(9)
        jobs = [await store.job(each.lease.job_id) for each in claimed]
    services = Counter(job.requirements.service_type for job in jobs)
    assert services == dict(zip(filling.services, (3, 2, 2, 2), strict=True))
