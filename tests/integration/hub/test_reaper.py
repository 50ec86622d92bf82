"""What ran out, and what is due."""

import time

import pytest
from attrs import define

from hub.reaper import JUMP_S, Reaper
from hub.store.client import StoreUnavailableError
from hub.store.keys import key
from hub.store.views import Views
from shared.jobs import Lease
from shared.states import JobState
from tests.support.store import LATER_MS, Hand, Store, overdue, spec

HOUR_S = 3600.0


@define
class Clocks:
    """How far the clocks of the hub and of Redis are ahead of what they would be."""

    hub_s: float = 0
    redis_shift_s: float = 0

    def pass_(self, seconds: float) -> None:
        """Time goes by, for both."""
        self.hub_s += seconds
        self.redis_shift_s += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clocks:
    clocks = Clocks()
    now_ms = Views.now_ms

    async def shifted(views: Views) -> int:
        return await now_ms(views) + int(clocks.redis_shift_s * 1000)

    monkeypatch.setattr(Views, "now_ms", shifted)
    return clocks


@pytest.fixture
def reaper(store: Store, clock: Clocks) -> Reaper:
    return Reaper(store.jobs, store.views, lambda: time.monotonic() + clock.hub_s)


async def left_s(store: Store, lease: Lease) -> float:
    """How long the lease still runs."""
    ends_ms = await store.client.redis.zscore(key("leases"), lease.job_id)
    assert ends_ms is not None
    return ends_ms / 1000 - await store.views.now_ms() / 1000


async def status(store: Store, lease: Lease) -> JobState:
    return (await store.job(lease.job_id)).status


async def test_the_first_look_gives_every_lease_a_new_term(
    store: Store, hand: Hand, reaper: Reaper, clock: Clocks
) -> None:
    lease = await hand.take(lease_s=0)
    await reaper.reap()
    assert await status(store, lease) is JobState.ASSIGNED
    assert 25 < await left_s(store, lease) <= 30


async def test_a_lease_that_ran_out_is_taken_back(
    store: Store, hand: Hand, reaper: Reaper, clock: Clocks, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    await reaper.reap()
    lease, alive = await hand.take(lease_s=0), await hand.take()
    assert await reaper.reap() == "1 attempts ran out"
    assert await reaper.reap() == ""
    assert await status(store, lease) is JobState.PENDING
    assert await status(store, alive) is JobState.ASSIGNED
    assert f"job {lease.job_id} attempt 1 ran out: pending" in caplog.text


async def test_an_attempt_past_its_deadline_has_failed(
    store: Store, hand: Hand, reaper: Reaper, clock: Clocks
) -> None:
    await reaper.reap()
    lease = await hand.take(spec(timeout_minutes=0))
    await reaper.reap()
    assert await status(store, lease) is JobState.DELAYED


async def test_a_lease_that_another_hub_took_back_first_is_nobodys_news(
    store: Store,
    hand: Hand,
    reaper: Reaper,
    clock: Clocks,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO")
    await reaper.reap()
    lease = await hand.take(lease_s=0)

    async def read_before(_: object) -> list[Lease]:
        await store.jobs.reap(lease, 0)
        return [lease]

    monkeypatch.setattr(type(store.views), "expired", read_before)
    await reaper.reap()
    assert (await store.job(lease.job_id)).losses == 1
    assert "ran out" not in caplog.text


@pytest.mark.parametrize("shift_s", [HOUR_S, -HOUR_S])
async def test_a_clock_that_was_set_takes_no_lease_back(
    store: Store, hand: Hand, reaper: Reaper, clock: Clocks, shift_s: float
) -> None:
    await reaper.reap()
    lease = await hand.take(spec(timeout_minutes=1), lease_s=0)
    deadline_ms = int((await store.facts(lease.job_id))["deadline_at"])
    clock.redis_shift_s += shift_s
    await reaper.reap()
    assert await status(store, lease) is JobState.ASSIGNED
    moved_ms = int((await store.facts(lease.job_id))["deadline_at"]) - deadline_ms
    assert moved_ms == pytest.approx(shift_s * 1000, abs=2000)


async def test_after_the_jump_leases_run_out_again(
    store: Store, hand: Hand, reaper: Reaper, clock: Clocks
) -> None:
    await reaper.reap()
    clock.redis_shift_s += HOUR_S
    await reaper.reap()
    lease = await hand.take(lease_s=0)
    await reaper.reap()
    assert await status(store, lease) is JobState.PENDING


async def test_a_hub_that_did_not_look_for_long_gives_new_terms(
    store: Store, hand: Hand, reaper: Reaper, clock: Clocks
) -> None:
    await reaper.reap()
    lease = await hand.take(lease_s=0)
    clock.pass_(JUMP_S + 1)
    await reaper.reap()
    assert await status(store, lease) is JobState.ASSIGNED
    assert await left_s(store, lease) > 0


async def test_time_that_the_store_was_away_counts_against_nobody(
    store: Store, hand: Hand, reaper: Reaper, clock: Clocks, monkeypatch: pytest.MonkeyPatch
) -> None:
    await reaper.reap()
    lease = await hand.take(lease_s=0)
    with monkeypatch.context() as away:

        async def fail(_: object) -> int:
            raise StoreUnavailableError("away")

        away.setattr(Views, "now_ms", fail)
        with pytest.raises(StoreUnavailableError):
            await reaper.reap()
    assert await reaper.reap() == "1 leases got a new term"
    assert await status(store, lease) is JobState.ASSIGNED


async def test_a_drift_is_no_jump(store: Store, hand: Hand, reaper: Reaper, clock: Clocks) -> None:
    await reaper.reap()
    lease = await hand.take(lease_s=0)
    clock.redis_shift_s += JUMP_S - 1
    await reaper.reap()
    assert await status(store, lease) is JobState.PENDING


async def test_delayed_jobs_that_are_due_wait_in_their_lanes_again(
    store: Store, hand: Hand, reaper: Reaper
) -> None:
    later = await hand.put(JobState.DELAYED)
    due = await hand.put(JobState.DELAYED)
    await store.client.redis.zadd(key("delayed"), {due.job_id: 1})
    await store.client.redis.hset(key("job", due.job_id), "not_before", "1")
    assert await reaper.promote() == "1 jobs were due"
    assert await reaper.promote() == ""
    assert await status(store, due) is JobState.PENDING
    assert await status(store, later) is JobState.DELAYED


async def test_a_job_that_did_not_finish_before_its_deadline_has_failed(
    store: Store, reaper: Reaper, clock: Clocks, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    late, early = [(await store.jobs.submit(spec(deadline=LATER_MS))).job_id for _ in range(2)]
    await overdue(store, late)
    assert await reaper.expire() == "1 jobs were past their deadlines"
    assert await reaper.expire() == ""
    assert (await store.job(late)).status is JobState.FAILED
    assert (await store.job(early)).status is JobState.PENDING
    assert f"job {late} did not finish before its deadline" in caplog.text


async def test_a_job_that_another_hub_ended_first_is_nobodys_news(
    store: Store,
    reaper: Reaper,
    clock: Clocks,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO")

    async def read_before(_: Views) -> list[str]:
        return ["ended"]

    monkeypatch.setattr(Views, "overdue", read_before)
    await reaper.expire()
    assert caplog.text == ""
