"""Searches: jobs are found by all that is indexed of them, piece by piece."""

import pytest
from attrs import evolve

from hub.store import searches
from hub.store.keys import key
from hub.store.searches import Filter, Searches
from hub.store.submissions import NotReplayedError, ReplayedError
from shared.states import ErrorClass, JobState, Reason
from tests.support.graphs import FORK, Flow, graph
from tests.support.store import LATER_MS, Hand, Store, failure, others, overdue, spec


async def broken(hand: Hand, error: ErrorClass = ErrorClass.CUDA) -> str:
    """A job that has failed for good."""
    lease = await hand.take()
    await hand.store.jobs.fail(lease, failure(error_class=error, retryable=False), 0)
    return lease.job_id


async def of_error(store: Store, error: str) -> list[str]:
    return await store.client.command("ZRANGE", key("by_error", error), 0, -1)


async def test_only_what_failed_for_good_is_listed_by_its_error(store: Store, hand: Hand) -> None:
    lease = await hand.take(spec(max_retries=1))
    await store.jobs.fail(lease, failure(), 0)
    assert await of_error(store, "out_of_memory") == []
    await store.jobs.promote(lease.job_id)
    (claimed,) = await hand.claim()
    await store.jobs.fail(claimed.lease, failure(error_class=ErrorClass.CUDA), 0)
    assert await of_error(store, "out_of_memory") == []
    assert await of_error(store, "cuda") == [lease.job_id]


async def test_jobs_that_were_lost_or_late_are_listed_too(store: Store, hand: Hand) -> None:
    lost = await hand.take()
    await evolve(store.jobs, max_losses=0).release(lost, Reason.DRAINED)
    late = (await store.jobs.submit(spec(deadline=LATER_MS))).job_id
    await overdue(store, late)
    await store.jobs.expire(late)
    assert await of_error(store, "lost") == [lost.job_id]
    assert await of_error(store, "timeout") == [late]


async def test_a_removed_job_is_listed_nowhere_and_leaves_its_replays(
    store: Store, hand: Hand
) -> None:
    job_id = await broken(hand)
    replay = (await store.jobs.submit(spec(replay_of=job_id))).job_id
    await store.jobs.purge(JobState.FAILED, 0, 1000)
    assert await of_error(store, "cuda") == []
    assert await store.client.command("EXISTS", key("replays", job_id)) == 0
    job = await store.views.job(replay)
    assert job is not None
    assert job.replay_of == job_id


@pytest.mark.parametrize("state", others(JobState.FAILED, JobState.CANCELLED))
async def test_a_job_in_another_state_is_not_replayed(
    store: Store, hand: Hand, state: JobState
) -> None:
    lease = await hand.put(state)
    with pytest.raises(NotReplayedError, match=state):
        await store.jobs.submit(spec(replay_of=lease.job_id))


async def test_a_job_that_is_gone_is_not_replayed(store: Store) -> None:
    with pytest.raises(NotReplayedError, match="not there"):
        await store.jobs.submit(spec(replay_of="nobody"))


async def test_a_job_is_replayed_again_only_when_that_is_said(store: Store, hand: Hand) -> None:
    job_id = await broken(hand)
    first = (await store.jobs.submit(spec(replay_of=job_id))).job_id
    with pytest.raises(ReplayedError, match=first):
        await store.jobs.submit(spec(replay_of=job_id))
    again = (await store.jobs.submit(spec(replay_of=job_id, is_again=True))).job_id
    job = await store.views.job(job_id)
    assert job is not None
    assert job.replays == (first, again)


async def test_pages_meet_every_job_once(
    store: Store, hand: Hand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searches, "SCAN", 2)
    ids = [await broken(hand) for _ in range(5)]
    await broken(hand, ErrorClass.HANG)
    find = Searches(store.client).find
    wanted = Filter(status=JobState.FAILED, error=ErrorClass.CUDA, worker=hand.worker_id)
    first = await find(wanted, 3)
    assert first.job_ids == ids[:1:-1]
    assert first.below is not None
    rest = await find(wanted, 3, first.below)
    assert (rest.job_ids, rest.below) == (ids[1::-1], None)
    assert (await find(wanted, 5)).below is None


async def test_the_time_of_the_end_is_known_while_a_workflow_needs_the_job(store: Store) -> None:
    hand = await store.hand()
    plain = await broken(hand)
    await store.workflows.declare(graph(FORK))
    await Flow(store).advance()
    lease = await Flow(store).take(hand)
    await store.jobs.fail(lease, failure(retryable=False), 0)
    assert await store.client.command("ZSCORE", key("finished", "failed"), lease.job_id) is None
    find = Searches(store.client).find
    since = Filter(status=JobState.FAILED, ended_from=1)
    assert (await find(since, 9)).job_ids == [lease.job_id, plain]
    before = Filter(status=JobState.FAILED, ended_to=1)
    assert (await find(before, 9)).job_ids == []


async def test_what_has_not_ended_has_no_time(store: Store) -> None:
    await store.jobs.submit(spec())
    wanted = Filter(status=JobState.PENDING, ended_from=1)
    assert (await Searches(store.client).find(wanted, 9)).job_ids == []
