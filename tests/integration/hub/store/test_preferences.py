"""What a worker takes among jobs of equal priority: what it is ready for, within bounds."""

import pytest
from attrs import evolve

from hub.store.preferences import Preferences, loads_of
from shared.matching import Capability, Requirement
from tests.support.store import Hand, Store, failure, spec

ABLE = Capability(services=("a", "b"))


@pytest.fixture
def choosy(store: Store) -> Store:
    """The same store, with workers that may pass a job over twice."""
    prefer = Preferences(passes=2, window=5)
    return evolve(
        store,
        jobs=evolve(store.jobs, prefer=prefer),
        outlook=evolve(store.outlook, prefer=prefer),
    )


@pytest.fixture
async def warm(choosy: Store) -> Hand:
    """A worker whose last job was of `b`."""
    hand = await choosy.hand("w1", capability=ABLE)
    await submit(choosy, "b")
    await taken(hand)
    return hand


async def submit(store: Store, service: str, **changes: object) -> str:
    requirement = Requirement(service_type=service)
    return (await store.jobs.submit(spec(service, requirement=requirement, **changes))).job_id


async def taken(hand: Hand) -> str:
    (claimed,) = await hand.claim()
    return claimed.lease.job_id


async def test_what_is_loaded_goes_first_but_no_job_waits_for_it_for_ever(
    choosy: Store, warm: Hand
) -> None:
    cold = await submit(choosy, "a")
    ready = [await submit(choosy, "b") for _ in range(3)]
    assert [await taken(warm) for _ in range(3)] == [*ready[:2], cold]
    assert (await choosy.facts(cold))["passes"] == "2"
    assert await taken(warm) == ready[2]


async def test_a_look_tells_what_is_preferred(choosy: Store, warm: Hand) -> None:
    cold = await submit(choosy, "a")
    ready = [await submit(choosy, "b") for _ in range(3)]
    cool = await choosy.hand("w2", capability=ABLE)
    told = await choosy.outlook.peek(warm.class_, ABLE, 9, ["w1", cool.worker_id])
    assert told == [[*ready[:2], cold, ready[2]], [cold, *ready]]


async def test_a_higher_priority_is_never_passed_over(choosy: Store, warm: Hand) -> None:
    cold = await submit(choosy, "a", priority=51)
    await submit(choosy, "b", priority=50)
    assert await taken(warm) == cold


async def test_a_job_that_came_much_later_is_not_preferred(choosy: Store, warm: Hand) -> None:
    cold = await submit(choosy, "a")
    for _ in range(5):
        await submit(choosy, "alien")
    await submit(choosy, "b")
    assert await taken(warm) == cold


async def test_a_worker_goes_on_with_the_workflow_it_has_begun(choosy: Store) -> None:
    hand = await choosy.hand("w1", capability=ABLE)
    await submit(choosy, "a", workflow_id="f", workflow_datetime=9_000_000_000_000)
    await taken(hand)
    others = [await submit(choosy, "b", step_number=each) for each in range(3)]
    step = await submit(choosy, "b", workflow_id="f")  # of a later time than the others
    assert [await taken(hand) for _ in range(4)] == [step, *others]


async def test_a_worker_leaves_a_job_that_it_failed_to_others_but_not_for_ever(
    choosy: Store,
) -> None:
    hand = await choosy.hand("w1", capability=ABLE)
    lease = await hand.take(spec("a", requirement=Requirement(service_type="a")))
    await choosy.jobs.fail(lease, failure(), 0)
    assert await choosy.jobs.promote(lease.job_id)
    later = await submit(choosy, "b")
    assert await taken(hand) == later
    assert await taken(hand) == lease.job_id


async def test_a_new_session_has_nothing_loaded(choosy: Store, warm: Hand) -> None:
    cold = await submit(choosy, "a")
    await submit(choosy, "b")
    fresh = await choosy.hand("w1", session="s2", capability=ABLE)
    assert await taken(fresh) == cold


def test_what_is_loaded_depends_on_models_not_on_customers() -> None:
    plain = Requirement(service_type="a", models=("x", "y"))
    assert loads_of(plain) == loads_of(evolve(plain, customer_id="c", models=("y", "x")))
    assert loads_of(plain) != loads_of(evolve(plain, models=("x",)))
    assert loads_of(plain) != loads_of(evolve(plain, component="c"))
