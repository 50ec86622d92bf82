"""regrant: gives every live lease a fresh full term."""

from hub.store.keys import key
from shared.states import LEASED, JobState
from tests.support.store import Hand, Store, spec


async def test_every_lease_gets_a_full_term(store: Store, hand: Hand) -> None:
    for _ in range(3):
        await hand.take(lease_s=0)
    assert len(await store.views.expired()) == 3
    before = await store.views.now_ms()
    assert await store.jobs.regrant() == 3
    assert await store.views.expired() == []
    leases = (await store.dump())[key("leases")]
    assert min(leases.values()) >= before + 30_000


async def test_only_leases_are_touched(store: Store, hand: Hand) -> None:
    for state in reversed(JobState):
        await hand.put(state)
    async with store.unchanged(key("leases")):
        assert await store.jobs.regrant() == len(LEASED)


async def test_deadlines_move_with_the_clock(store: Store, hand: Hand) -> None:
    lease = await hand.take(spec(timeout_minutes=1))
    plain = await hand.take()
    before = int((await store.facts(lease.job_id))["deadline_at"])
    await store.jobs.regrant(shift_s=3600)
    assert int((await store.facts(lease.job_id))["deadline_at"]) == before + 3_600_000
    await store.jobs.regrant(shift_s=-3600)
    assert int((await store.facts(lease.job_id))["deadline_at"]) == before
    assert "deadline_at" not in await store.facts(plain.job_id)


async def test_a_deadline_that_has_passed_is_not_lifted(store: Store, hand: Hand) -> None:
    lease = await hand.take(spec(timeout_minutes=0))
    await store.jobs.regrant()
    assert await store.views.expired() == [lease]


async def test_without_leases_nothing_is_written(store: Store) -> None:
    async with store.unchanged():
        assert await store.jobs.regrant() == 0


async def test_the_same_operation_twice_moves_deadlines_once(store: Store, hand: Hand) -> None:
    await hand.take(spec(timeout_minutes=1))
    assert await store.acts_once("regrant", 30_000, 5_000) == ["regranted", 1]
