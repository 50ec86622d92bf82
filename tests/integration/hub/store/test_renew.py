"""renew: a worker is alive and keeps the leases it names."""

import pytest

from hub.store.jobs import EvictedError
from hub.store.keys import key
from shared.states import LEASED, JobState, Reason
from tests.support.store import Hand, Store, others, spec, strangers

WORKERS = key("workers")


async def test_every_lease_that_is_named_gets_a_full_term(store: Store, hand: Hand) -> None:
    leases = (await hand.take(lease_s=0), await hand.take(lease_s=0))
    assert set(await store.views.expired()) == set(leases)
    assert await store.jobs.renew("w1", "s1", leases) == ()
    assert await store.views.expired() == []


async def test_a_lease_that_is_not_named_is_not_renewed(store: Store, hand: Hand) -> None:
    named, silent = await hand.take(lease_s=0), await hand.take(lease_s=0)
    await store.jobs.renew("w1", "s1", (named,))
    assert await store.views.expired() == [silent]


async def test_no_renewal_moves_a_deadline(store: Store, hand: Hand) -> None:
    lease = await hand.take(spec(timeout_minutes=0))
    assert await store.jobs.renew("w1", "s1", (lease,)) == ()
    assert await store.views.expired() == [lease]


async def test_a_worker_that_renews_is_heard_of(store: Store, hand: Hand) -> None:
    before = await store.workers.get("w1")
    await store.client.command("ZADD", WORKERS, 1, "w1")
    await store.jobs.renew("w1", "s1", (), status="busy", system='{"cpu_usage":3}')
    after = await store.workers.get("w1")
    assert before is not None
    assert after is not None
    assert after.last_heartbeat >= before.last_heartbeat
    assert (after.status, after.system) == ("busy", {"cpu_usage": 3})


async def test_what_a_worker_does_not_say_stays(store: Store, hand: Hand) -> None:
    await store.jobs.renew("w1", "s1", (), status="busy", system='{"cpu_usage":3}')
    async with store.unchanged(WORKERS):
        await store.jobs.renew("w1", "s1", ())


@pytest.mark.parametrize("state", others(*LEASED))
async def test_an_attempt_that_has_ended_is_lost(store: Store, hand: Hand, state: JobState) -> None:
    lease = await hand.put(state)
    async with store.unchanged(WORKERS):
        assert await store.jobs.renew("w1", "s1", (lease,)) == (lease,)


async def test_another_lease_is_lost(store: Store, hand: Hand) -> None:
    lease = await hand.take(lease_s=0)
    async with store.unchanged(WORKERS):
        assert await store.jobs.renew("w1", "s1", strangers(lease)) == strangers(lease)


async def test_another_lease_of_a_lost_job_is_lost(store: Store, hand: Hand) -> None:
    lease = await hand.lost()
    async with store.unchanged(WORKERS):
        assert await store.jobs.renew("w1", "s1", strangers(lease)) == strangers(lease)


async def test_kept_and_lost_leases_are_told_apart(store: Store, hand: Hand) -> None:
    gone, kept = await hand.put(JobState.COMPLETED), await hand.take()
    assert await store.jobs.renew("w1", "s1", (gone, kept, gone)) == (gone, gone)


async def test_the_old_holder_of_a_lost_job_may_go_on(store: Store, hand: Hand) -> None:
    lease = await hand.lost()
    heard = await store.announced(store.jobs.renew("w1", "s1", (lease,)))
    assert (lease.job_id, "adopted") in heard
    job = await store.job(lease.job_id)
    assert (job.status, job.reason, job.attempt) == (JobState.IN_PROGRESS, Reason.ADOPTED, 1)
    assert job.losses == 1
    assert await hand.claim() == []
    assert await store.jobs.complete(lease, "{}") == "completed"


async def test_an_adopted_job_that_is_lost_again_can_be_adopted_again(
    store: Store, hand: Hand
) -> None:
    lease = await hand.lost()
    jobs = store.jobs.__class__(store.client, lease_s=0)
    assert await jobs.renew("w1", "s1", (lease,)) == ()
    assert await jobs.reap(lease, 0) == "pending"
    assert await store.jobs.renew("w1", "s1", (lease,)) == ()


async def test_a_lost_job_is_not_adopted_after_the_next_claim(store: Store, hand: Hand) -> None:
    lease = await hand.lost()
    (second,) = await hand.claim()
    async with store.unchanged(WORKERS):
        assert await store.jobs.renew("w1", "s1", (lease,)) == (lease,)
    assert await store.jobs.start(second.lease)


async def test_the_same_operation_twice_adopts_once(store: Store, hand: Hand) -> None:
    lease = await hand.lost()
    reply = await store.acts_once(
        "renew", "w1", "s1", 30_000, "", "", lease.job_id, lease.attempt, lease.id,
        but=(WORKERS, key("leases")),
    )  # fmt: skip
    assert reply == ["renewed", 1]


async def test_another_session_of_the_worker_is_evicted(store: Store, hand: Hand) -> None:
    lease = await hand.take(lease_s=0)
    await store.hand("w1", session="s2")
    async with store.unchanged():
        with pytest.raises(EvictedError):
            await store.jobs.renew("w1", "s1", (lease,), status="busy", system="{}")
    assert await store.jobs.renew("w1", "s2", (lease,)) == ()


async def test_an_unknown_worker_is_evicted(store: Store) -> None:
    async with store.unchanged():
        with pytest.raises(EvictedError):
            await store.jobs.renew("nobody", "s1", ())
