"""How long a claim takes inside Redis: for narrow and broad workers, few and many jobs and lanes."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from statistics import median

from attrs import evolve, frozen

from hub.store.client import Client
from shared.matching import Capability
from shared.states import Reason
from tests.bench.filling import Filling
from tests.bench.peers.server import running
from tests.support.store import Hand, Store

FILLINGS = tuple(Filling(jobs, lanes) for lanes in (1, 400, 10_000) for jobs in (1_000, 1_000_000))
NARROW = 2
"""How many lanes a narrow worker can serve: those whose jobs come last, the worst for it."""
CLAIMS = 300


@frozen
class Claim:
    """The median time that a claim takes inside Redis."""

    worker: str
    jobs: int
    lanes: int
    claim_us: float


async def claims() -> AsyncGenerator[Claim]:
    """Both workers in every filling."""
    for filling in FILLINGS:
        async with filled(filling) as store:
            for worker, services in (
                ("narrow", filling.services[-NARROW:]),
                ("broad", filling.services),
            ):
                hand = await store.hand(worker, capability=Capability(services=services))
                yield Claim(worker, filling.jobs, filling.lanes, await _claim_us(hand))


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


async def _claim_us(hand: Hand) -> float:
    """Each claim takes the same job, for it goes back to its place."""
    jobs, client = evolve(hand.store.jobs, max_losses=2 * CLAIMS), hand.store.client
    samples_us: list[float] = []
    for _ in range(CLAIMS + 1):
        await client.command("CONFIG", "RESETSTAT")
        (claimed,) = await hand.claim()
        statistics = await client.command("INFO", "commandstats")
        samples_us.append(statistics["cmdstat_evalsha"]["usec"])
        await jobs.release(claimed.lease, Reason.DRAINED)
    return median(samples_us[1:])  # the first one also told the worker's class its lanes
