"""Periodic work: what ran out, what is due, what nobody needs any more."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress
from pathlib import Path

import pytest
from attrs import define, evolve, field

from hub.reaper import JUMP_S, Reaper
from hub.settings import HubSettings
from hub.store.client import Client, StoreUnavailableError
from hub.store.keys import key
from shared.jobs import Lease
from shared.states import JobState
from tests.support.store import Hand, Store, spec
from tests.support.waiting import wait_until

HOUR_S = 3600.0


@define
class Clock:
    """The hub's clock: that of Redis, until the test shifts one against the other."""

    store: Store
    shift_s: float = 0
    _now_s: float = field(default=0, init=False)

    async def settle(self) -> None:
        """Both clocks have gone on by the same time."""
        self._now_s = await self.store.views.now_ms() / 1000

    def __call__(self) -> float:
        return self._now_s - self.shift_s


@pytest.fixture
async def store(redis_url: str) -> AsyncGenerator[Store]:
    client = Client.connect(redis_url)
    await client.open()
    yield Store.over(client)
    await client.close()


@pytest.fixture
async def clock(store: Store) -> Clock:
    clock = Clock(store)
    await clock.settle()
    return clock


@pytest.fixture
def reaper(store: Store, clock: Clock, tmp_path: Path) -> Reaper:
    settings = HubSettings(hub_data_dir=tmp_path, worker_ttl_hours=0)
    return Reaper(store.jobs, store.views, store.workers, settings, clock)


@pytest.fixture
async def hand(store: Store) -> Hand:
    return await store.hand()


async def tick(reaper: Reaper, clock: Clock) -> None:
    """One look, a moment later."""
    await clock.settle()
    await reaper.reap()


async def left_s(store: Store, lease: Lease) -> float:
    """How long the lease still runs."""
    ends_ms = await store.client.redis.zscore(key("leases"), lease.job_id)
    assert ends_ms is not None
    return ends_ms / 1000 - await store.views.now_ms() / 1000


async def status(store: Store, lease: Lease) -> JobState:
    return (await store.job(lease.job_id)).status


async def test_the_first_look_gives_every_lease_a_new_term(
    store: Store, hand: Hand, reaper: Reaper, clock: Clock
) -> None:
    lease = await hand.take(lease_s=0)
    await tick(reaper, clock)
    assert await status(store, lease) is JobState.ASSIGNED
    assert 25 < await left_s(store, lease) <= 30


async def test_a_lease_that_ran_out_is_taken_back(
    store: Store, hand: Hand, reaper: Reaper, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    await tick(reaper, clock)
    lease, alive = await hand.take(lease_s=0), await hand.take()
    await tick(reaper, clock)
    assert await status(store, lease) is JobState.PENDING
    assert await status(store, alive) is JobState.ASSIGNED
    assert f"job {lease.job_id} attempt 1 ran out: pending" in caplog.text


async def test_an_attempt_past_its_deadline_has_failed(
    store: Store, hand: Hand, reaper: Reaper, clock: Clock
) -> None:
    await tick(reaper, clock)
    lease = await hand.take(spec(timeout_minutes=0))
    await tick(reaper, clock)
    assert await status(store, lease) is JobState.DELAYED


async def test_a_lease_that_another_hub_took_back_first_is_nobodys_news(
    store: Store,
    hand: Hand,
    reaper: Reaper,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO")
    await tick(reaper, clock)
    lease = await hand.take(lease_s=0)

    async def read_before(_: object) -> list[Lease]:
        await store.jobs.reap(lease, 0)
        return [lease]

    monkeypatch.setattr(type(store.views), "expired", read_before)
    await tick(reaper, clock)
    assert (await store.job(lease.job_id)).losses == 1
    assert "ran out" not in caplog.text


@pytest.mark.parametrize("shift_s", [HOUR_S, -HOUR_S])
async def test_a_clock_that_was_set_takes_no_lease_back(
    store: Store, hand: Hand, reaper: Reaper, clock: Clock, shift_s: float
) -> None:
    await tick(reaper, clock)
    lease = await hand.take(spec(timeout_minutes=1), lease_s=0)
    deadline_ms = int((await store.facts(lease.job_id))["deadline_at"])
    clock.shift_s += shift_s
    await tick(reaper, clock)
    assert await status(store, lease) is JobState.ASSIGNED
    moved_ms = int((await store.facts(lease.job_id))["deadline_at"]) - deadline_ms
    assert moved_ms == pytest.approx(shift_s * 1000, abs=2000)


async def test_after_the_jump_leases_run_out_again(
    store: Store, hand: Hand, reaper: Reaper, clock: Clock
) -> None:
    await tick(reaper, clock)
    clock.shift_s += HOUR_S
    await tick(reaper, clock)
    lease = await hand.take(lease_s=0)
    await tick(reaper, clock)
    assert await status(store, lease) is JobState.PENDING


async def test_a_drift_is_no_jump(store: Store, hand: Hand, reaper: Reaper, clock: Clock) -> None:
    await tick(reaper, clock)
    lease = await hand.take(lease_s=0)
    clock.shift_s += JUMP_S - 1
    await tick(reaper, clock)
    assert await status(store, lease) is JobState.PENDING


async def test_delayed_jobs_that_are_due_wait_in_their_lanes_again(
    store: Store, hand: Hand, reaper: Reaper
) -> None:
    later = await hand.put(JobState.DELAYED)
    due = await hand.put(JobState.DELAYED)
    await store.client.redis.zadd(key("delayed"), {due.job_id: 1})
    await store.client.redis.hset(key("job", due.job_id), "not_before", "1")
    await reaper.promote()
    assert await status(store, due) is JobState.PENDING
    assert await status(store, later) is JobState.DELAYED


@pytest.mark.parametrize(
    "state", [JobState.COMPLETED, JobState.CANCELLED, JobState.FAILED], ids=str
)
async def test_a_job_that_ended_is_kept_for_as_long_as_is_set(
    store: Store, hand: Hand, clock: Clock, tmp_path: Path, state: JobState
) -> None:
    lease = await hand.put(state)
    for hours, kept in ((1.0, True), (0.0, False)):
        settings = HubSettings(
            hub_data_dir=tmp_path, completed_job_ttl_hours=hours, failed_job_ttl_days=hours
        )
        await Reaper(store.jobs, store.views, store.workers, settings, clock).purge()
        assert (await store.views.job(lease.job_id) is not None) == kept


async def test_more_jobs_than_one_call_removes_are_all_removed(
    store: Store, hand: Hand, clock: Clock, tmp_path: Path
) -> None:
    for _ in range(101):
        submitted = await store.jobs.submit(spec())
        await store.jobs.cancel(submitted.job_id, "enough")
    settings = HubSettings(hub_data_dir=tmp_path, completed_job_ttl_hours=0)
    await Reaper(store.jobs, store.views, store.workers, settings, clock).purge()
    assert (await store.views.page({}, 0, 1)).total == 0


async def test_workers_that_are_gone_are_forgotten_when_they_hold_nothing(
    store: Store, hand: Hand, reaper: Reaper
) -> None:
    await hand.take()
    await store.hand("w2")
    await reaper.forget()
    assert [worker.worker_id for worker in await store.workers.all()] == ["w1"]


async def test_all_chores_go_on_through_the_loss_of_the_store(
    store: Store, hand: Hand, reaper: Reaper, monkeypatch: pytest.MonkeyPatch
) -> None:
    every_chore = reaper.chores
    quick = property(lambda _: tuple(evolve(chore, every_s=0) for chore in every_chore))
    monkeypatch.setattr(Reaper, "chores", quick)
    failures = 0
    now_ms = type(store.views).now_ms

    async def away(views: object) -> int:
        nonlocal failures
        failures += 1
        if failures in {4, 5}:
            raise StoreUnavailableError("away")
        return await now_ms(store.views)

    monkeypatch.setattr(type(store.views), "now_ms", away)
    running = asyncio.create_task(reaper.run())
    await wait_until(lambda: failures > 8)
    lease = await hand.take(lease_s=0)

    async def is_taken_back() -> bool:
        return await status(store, lease) is JobState.PENDING

    await wait_until(is_taken_back)
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
