"""What a worker could be told of: the first jobs of a lane, and whether it could run one."""

from hub.store.client import Client
from hub.store.keys import key
from hub.store.lanes import Lanes
from hub.store.offers import Offers
from shared.matching import Capability
from tests.support.store import CAPABILITY, Store, spec


async def test_the_first_jobs_of_a_lane_are_told_in_order(store: Store) -> None:
    jobs = [await store.jobs.submit(spec(priority=priority)) for priority in (1, 3, 2)]
    offers = Offers(store.client, store.lanes)
    first, second = await offers.first(jobs[0].lane, 2)
    assert [first.job_id, second.job_id] == [jobs[1].job_id, jobs[2].job_id]
    assert (first.type, first.priority) == ("simulation", 3)
    assert first.requirement["service_type"] == "simulation"


async def test_a_job_fits_who_can_run_it(store: Store) -> None:
    job = await store.jobs.submit(spec())
    offers = Offers(store.client, store.lanes)
    assert await offers.fits("c1", CAPABILITY, job.job_id)
    assert not await offers.fits("c2", Capability(services=("other",)), job.job_id)
    assert not await offers.fits("c1", CAPABILITY, "nobody")


async def test_a_job_that_went_while_it_was_looked_at_is_left_out(redis_url: str) -> None:
    client = Client.connect(redis_url)
    await client.open()
    try:
        await client.command("ZADD", key("lane", "l"), 0, "time:step:seq:gone")
        assert await Offers(client, Lanes(client)).first("l", 5) == []
    finally:
        await client.command("DEL", key("lane", "l"))
        await client.close()
