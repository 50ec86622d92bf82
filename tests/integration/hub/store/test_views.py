"""Reading jobs."""

import pytest

from hub.store import views as views_module
from hub.store.keys import key
from shared.matching import HardwareNeed, Requirement
from shared.states import JobState
from tests.support.store import Hand, Store, spec


async def test_a_job_is_read_as_it_was_asked_for(store: Store) -> None:
    asked = spec(
        payload={"seed": 2**64 - 1, "big": 10**40, "text": "ü\x00\u2028", "deep": [[[{}]]]},
        requirement=Requirement(
            service_type="simulation", models=("m",), hardware=HardwareNeed(gpu_memory_gb=24)
        ),
        priority=-3,
        customer_id="c",
        max_retries=0,
        timeout_minutes=2.5,
        workflow_id="f",
        workflow_priority=8,
        workflow_datetime=1_700_000_000_000,
        step_number=4,
    )
    job = await store.job((await store.jobs.submit(asked)).job_id)
    assert job.payload == asked.payload
    assert job.requirements == asked.requirement
    assert (job.type, job.customer_id, job.max_retries) == ("simulation", "c", 0)
    assert (job.timeout_minutes, job.step_number) == (2.5, 4)
    assert (job.priority, job.workflow_priority) == (8, 8)
    assert (job.workflow_id, job.workflow_datetime) == ("f", 1_700_000_000_000)


async def test_a_new_job_has_no_more_than_was_said(store: Store) -> None:
    job = await store.job((await store.jobs.submit(spec())).job_id)
    assert (job.customer_id, job.timeout_minutes, job.workflow_id) == (None, None, None)
    assert (job.worker_id, job.assigned_at, job.started_at, job.finished_at) == (None,) * 4
    assert (job.result, job.error, job.error_class, job.attempts) == (None, None, None, ())
    assert (job.progress, job.progress_message, job.progress_details) == (0, None, None)


async def test_an_unknown_job_is_none(store: Store) -> None:
    assert await store.views.job("nobody") is None
    assert await store.views.place("nobody") is None


@pytest.mark.parametrize("state", list(JobState))
async def test_only_a_pending_job_has_a_place(store: Store, hand: Hand, state: JobState) -> None:
    lease = await hand.put(state)
    place = await store.views.place(lease.job_id)
    assert place == (0 if state is JobState.PENDING else None)


async def test_every_state_is_counted(store: Store, hand: Hand) -> None:
    for state in reversed(JobState):
        await hand.put(state)
    assert await store.views.counts() == dict.fromkeys(JobState, 1)


async def test_pages_start_with_the_newest(store: Store) -> None:
    ids = [(await store.jobs.submit(spec())).job_id for _ in range(5)]
    pages = [await store.views.page({}, offset, 2) for offset in (0, 2, 4, 6)]
    assert [[job.id for job in page.jobs] for page in pages] == [
        [ids[4], ids[3]], [ids[2], ids[1]], [ids[0]], [],
    ]  # fmt: skip
    assert {page.total for page in pages} == {5}


async def test_each_filter_finds_its_own(store: Store, hand: Hand) -> None:
    taken = await hand.take(spec(customer_id="c"))
    other = await store.jobs.submit(spec("other"))
    for filters, expected in (
        ({"status": "assigned"}, [taken.job_id]),
        ({"type": "other"}, [other.job_id]),
        ({"customer": "c"}, [taken.job_id]),
        ({"worker": "w1"}, [taken.job_id]),
        ({"worker": "w2"}, []),
    ):
        page = await store.views.page(filters, 0, 9)
        assert ([job.id for job in page.jobs], page.total) == (expected, len(expected))


@pytest.mark.parametrize("scan", [1, 3, 500])
async def test_several_filters_find_what_matches_all(
    store: Store, monkeypatch: pytest.MonkeyPatch, scan: int
) -> None:
    monkeypatch.setattr(views_module, "SCAN", scan)
    both = [(await store.jobs.submit(spec("x", customer_id="c"))).job_id for _ in range(4)]
    for _ in range(2):
        await store.jobs.submit(spec("x"))
        await store.jobs.submit(spec("y", customer_id="c"))
    filters = {"type": "x", "customer": "c", "status": "pending"}
    page = await store.views.page(filters, 1, 2)
    assert ([job.id for job in page.jobs], page.total) == ([both[2], both[1]], 4)
    assert (await store.views.page(filters | {"worker": "w1"}, 0, 9)).total == 0


async def test_filters_that_share_nothing_find_nothing(store: Store, hand: Hand) -> None:
    for _ in range(3):
        await hand.take()
    await store.jobs.submit(spec("other"))
    page = await store.views.page({"worker": "w1", "type": "other", "status": "pending"}, 0, 9)
    assert (page.jobs, page.total) == ([], 0)


async def test_a_job_that_is_purged_while_its_page_is_read_is_left_out(store: Store) -> None:
    kept = await store.jobs.submit(spec())
    await store.client.command("ZADD", key("jobs"), 9, "half-gone")
    page = await store.views.page({}, 0, 9)
    assert [job.id for job in page.jobs] == [kept.job_id]
    await store.client.command("ZREM", key("jobs"), "half-gone")


async def test_a_lease_that_ends_while_the_expired_are_read_is_left_out(
    store: Store, hand: Hand
) -> None:
    lease = await hand.take(lease_s=0)
    await store.client.command("ZADD", key("leases"), 1, "half-gone")
    assert await store.views.expired() == [lease]
    await store.client.command("ZREM", key("leases"), "half-gone")


async def test_no_more_than_the_limit_is_read(store: Store, hand: Hand) -> None:
    for _ in range(3):
        await hand.take(lease_s=0)
    assert len(await store.views.expired(limit=2)) == 2
    for lease in await store.views.expired():
        await store.jobs.reap(lease, 0)


async def test_the_clock_is_that_of_redis(store: Store) -> None:
    seconds, _ = await store.client.command("TIME")
    assert 0 <= await store.views.now_ms() - int(seconds) * 1000 < 60_000
