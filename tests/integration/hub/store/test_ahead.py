"""ahead: how many jobs are before a job, in its lane and for the same workers."""

import random

import pytest

from hub.store import rivals as rivals_module
from hub.store.rivals import Ahead, Rivals
from shared.matching import Capability, Requirement
from tests.support.store import CAPABILITY, Hand, Store, spec

BOTH = {"both": Capability(services=("simulation", "other"))}


async def submit(store: Store, service: str = "simulation", priority: int = 0) -> str:
    job = spec(priority=priority, requirement=Requirement(service_type=service))
    return (await store.jobs.submit(job)).job_id


def rivals(store: Store) -> Rivals:
    return Rivals(store.client, store.lanes)


async def test_the_first_of_all_has_nothing_before_it(store: Store) -> None:
    job_id = await submit(store)
    assert await rivals(store).ahead(job_id, BOTH) == Ahead(0, 0, is_exact=True)


async def test_what_is_before_is_counted_by_the_order(store: Store) -> None:
    """In many lanes, with priorities and times mixed, for every single job."""
    dice = random.Random(7)  # noqa: S311 - a fixed mixture
    order: list[tuple[int, int, str, str]] = []
    for number in range(60):
        service, priority = dice.choice(["simulation", "other", "alien"]), dice.randrange(3)
        order.append((-priority, number, service, await submit(store, service, priority)))
    order.sort()
    for place, (_, _, service, job_id) in enumerate(order):
        before = [each[2] for each in order[:place]]
        in_lane = before.count(service)
        in_all = len([each for each in before if each == service or each != "alien"])
        assert await rivals(store).ahead(job_id, BOTH) == Ahead(in_lane, in_all, is_exact=True)


async def test_a_lane_that_nobody_able_serves_is_no_rival(store: Store) -> None:
    await submit(store, "other", 5)
    job_id = await submit(store)
    one = {"one": CAPABILITY}
    assert await rivals(store).ahead(job_id, one) == Ahead(0, 0, is_exact=True)
    assert await rivals(store).ahead(job_id, {}) == Ahead(0, 0, is_exact=True)


async def test_what_does_not_wait_has_no_place(store: Store, hand: Hand) -> None:
    lease = await hand.take()
    assert await rivals(store).ahead(lease.job_id, BOTH) is None
    assert await rivals(store).ahead("nobody", BOTH) is None


@pytest.mark.parametrize(("name", "limit"), [("LANES", 2), ("CLASSES", 1)])
async def test_a_count_that_was_cut_short_says_so(
    store: Store, monkeypatch: pytest.MonkeyPatch, name: str, limit: int
) -> None:
    for service in ("a", "b", "c"):
        await submit(store, service, 9)
    job_id = await submit(store)
    classes = {each: Capability(services=(each, "simulation")) for each in ("a", "b", "c")}
    whole = await rivals(store).ahead(job_id, classes)
    assert whole == Ahead(0, 3, is_exact=True)
    monkeypatch.setattr(rivals_module, name, limit)
    assert await rivals(store).ahead(job_id, classes) == Ahead(0, limit, is_exact=False)


async def test_many_lanes_are_counted_in_pieces(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rivals_module, "AT_ONCE", 2)
    services = tuple(f"s{number}" for number in range(5))
    for service in services:
        await submit(store, service, 9)
    job_id = await submit(store)
    able = {"all": Capability(services=(*services, "simulation"))}
    assert await rivals(store).ahead(job_id, able) == Ahead(0, 5, is_exact=True)
