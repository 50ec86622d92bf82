"""The client: batches, lost answers, and a server that is away, busy or full."""

import asyncio
import os
import signal
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from attrs import define, field
from redis.asyncio import Redis
from redis.exceptions import DataError, ResponseError

from hub.store import connecting
from hub.store.client import BATCH_LIMIT, Client, StoreFullError, StoreUnavailableError
from hub.store.jobs import Progress
from hub.store.keys import key
from hub.store.server import EmbeddedServer
from shared.states import JobState, Reason
from tests.support.proxies import LossyProxy
from tests.support.store import Hand, Store, asked, failure, spec
from tests.support.waiting import wait_until

SUBMIT = asked()


@define
class CountingClient(Client):
    """Tells what it sent."""

    batches: list[int] = field(factory=list, init=False)

    async def _send(self, batch: Sequence[Any]) -> None:
        self.batches.append(len(batch))
        await super()._send(batch)


@asynccontextmanager
async def counting(url: str, patience_s: float = 10) -> AsyncGenerator[CountingClient]:
    client = CountingClient.connect(url, patience_s)
    assert isinstance(client, CountingClient)
    try:
        await client.open()
        yield client
    finally:
        await client.close()


async def test_calls_that_are_made_together_travel_together_and_in_order(redis_url: str) -> None:
    async with counting(redis_url) as client:
        replies = await asyncio.gather(*(client.command("INCR", key("seq")) for _ in range(100)))
        assert replies == list(range(1, 101))
        assert client.batches == [100]
        assert await client.command("GET", key("seq")) == "100"
        assert client.batches == [100, 1]


async def test_calls_made_while_a_batch_is_under_way_form_the_next(redis_url: str) -> None:
    async with counting(redis_url) as client:
        replies = await asyncio.gather(
            *(client.command("INCR", key("seq")) for _ in range(BATCH_LIMIT + 88))
        )
        assert replies == list(range(1, BATCH_LIMIT + 89))
        assert client.batches == [BATCH_LIMIT, 88]


async def test_an_error_of_one_call_is_not_the_others_affair(redis_url: str) -> None:
    async with counting(redis_url) as client:
        good, bad, after = await asyncio.gather(
            client.command("INCR", key("seq")),
            client.command("LPUSH", key("seq"), 1),
            client.command("INCR", key("seq")),
            return_exceptions=True,
        )
        assert (good, after, len(client.batches)) == (1, 2, 1)
        assert isinstance(bad, ResponseError)
        assert "WRONGTYPE" in str(bad)


async def test_a_caller_that_gives_up_does_not_disturb_the_others(
    redis_url: str, client: Redis
) -> None:
    async with counting(redis_url) as counted:
        await client.client_pause(60_000, all=False)
        given_up = asyncio.create_task(counted.command("INCR", key("seq")))
        other = asyncio.create_task(counted.command("INCR", key("seq")))
        await wait_until(lambda: counted.batches)
        given_up.cancel()
        await client.client_unpause()
        assert await other == 2
        with pytest.raises(asyncio.CancelledError):
            await given_up


async def test_closing_waits_for_what_is_under_way(redis_url: str, client: Redis) -> None:
    async with counting(redis_url) as counted:
        await client.client_pause(60_000, all=False)
        calls = [asyncio.create_task(counted.command("INCR", key("seq"))) for _ in range(3)]
        await wait_until(lambda: counted.batches)
        closing = asyncio.create_task(counted.close())
        await asyncio.sleep(0)  # one turn of the loop: it waits now, or it never will
        assert not closing.done()
        await client.client_unpause()
        await closing
        assert [call.result() for call in calls] == [1, 2, 3]


async def test_scripts_that_the_server_has_lost_are_loaded_again(
    store: Store, client: Redis
) -> None:
    await store.jobs.submit(spec())
    await client.script_flush()
    submitted = await store.jobs.submit(spec())
    assert submitted.place == 1


@pytest.mark.parametrize("losses", [1, 2, 3])
async def test_a_call_whose_answer_is_lost_acts_once(
    redis_url: str, client: Redis, losses: int
) -> None:
    async with LossyProxy(redis_url).running() as proxy, counting(proxy.url) as counted:
        proxy.lose_answers(losses)
        reply = await counted.script("submit", "the-operation", *SUBMIT)
        assert reply[:2] == ["submitted", 0]
        assert proxy.lost == losses
        assert len(counted.batches) == losses + 1
    assert await client.get(key("seq")) == "1"
    assert await client.xlen(key("audit")) == 1


async def test_a_batch_whose_answers_are_lost_acts_once(redis_url: str, client: Redis) -> None:
    async with LossyProxy(redis_url).running() as proxy, counting(proxy.url) as counted:
        proxy.lose_answers(1)
        replies = await asyncio.gather(
            *(counted.script("submit", f"o{n}", *asked(f"j{n}")) for n in range(20))
        )
        assert sorted(place for _, place, *_ in replies) == list(range(20))
    assert await client.get(key("seq")) == "20"


async def test_a_server_that_stops_longer_than_the_timeout_acts_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connecting, "CALL_TIMEOUT_S", 0.1)
    async with EmbeddedServer(tmp_path) as server, counting(server.url) as counted:
        os.kill(server.pid, signal.SIGSTOP)
        try:
            call = asyncio.create_task(counted.script("submit", "the-operation", *SUBMIT))
            await wait_until(lambda: len(counted.batches) >= 3)
        finally:
            os.kill(server.pid, signal.SIGCONT)
        assert (await call)[:2] == ["submitted", 0]
        assert await counted.command("GET", key("seq")) == "1"


async def test_patience_has_an_end(redis_url: str) -> None:
    async with LossyProxy(redis_url).running() as proxy:
        gone = proxy.url
    client = Client.connect(gone, patience_s=0.05)
    with pytest.raises(StoreUnavailableError, match="does not answer"):
        await client.command("PING")
    with pytest.raises(StoreUnavailableError, match="does not answer"):
        await client.open()
    await client.close()


async def test_a_server_that_goes_away_while_scripts_are_loaded_again_is_waited_for(
    redis_url: str, client: Redis
) -> None:
    async with LossyProxy(redis_url).running() as proxy, counting(proxy.url) as counted:
        await client.script_flush()
        proxy.lose_answers(0)
        call = asyncio.create_task(counted.script("submit", "the-operation", *SUBMIT))
        await wait_until(lambda: counted.batches)
        proxy.lose_answers(2)  # of the loading, whose first script is never confirmed
        assert (await call)[:2] == ["submitted", 0]
        assert proxy.lost == 2
    assert await client.get(key("seq")) == "1"


async def test_a_value_that_cannot_be_sent_is_an_error_and_no_hang(redis_url: str) -> None:
    async with counting(redis_url) as client:
        with pytest.raises(DataError, match="bool"):
            await client.command("SET", key("seq"), True)  # noqa: FBT003 - bool is an int to types
        assert await client.command("INCR", key("seq")) == 1


@asynccontextmanager
async def read_only(client: Redis) -> AsyncGenerator[None]:
    await client.replicaof("127.0.0.1", "1")  # nobody there: it serves what it has, and waits
    try:
        yield
    finally:
        await client.replicaof("NO", "ONE")


async def test_a_server_that_is_read_only_for_a_while_is_waited_for(
    redis_url: str, client: Redis
) -> None:
    async with counting(redis_url) as counted:
        async with read_only(client):
            call = asyncio.create_task(counted.script("submit", "the-operation", *SUBMIT))
            await wait_until(lambda: len(counted.batches) >= 2)
        assert (await call)[:2] == ["submitted", 0]
    assert await client.get(key("seq")) == "1"


async def test_a_server_that_stays_read_only_is_unavailable(redis_url: str, client: Redis) -> None:
    async with counting(redis_url, patience_s=0.05) as counted, read_only(client):
        with pytest.raises(StoreUnavailableError, match="replica"):
            await counted.command("INCR", key("seq"))


async def test_a_server_that_is_busy_with_a_script_is_waited_for(
    redis_url: str, client: Redis
) -> None:
    await client.config_set("lua-time-limit", 1)
    try:
        async with counting(redis_url) as counted:
            endless = asyncio.create_task(_endless(client))
            await wait_until(lambda: _is_busy(redis_url))
            with pytest.raises(StoreUnavailableError, match="BUSY"):
                await counted.open()
            call = asyncio.create_task(counted.command("GET", key("seq")))
            await wait_until(lambda: len(counted.batches) >= 2)
            async with Redis.from_url(redis_url) as other:
                await other.script_kill()
            with pytest.raises(ResponseError, match="killed"):
                await endless
            assert await call is None
    finally:
        await client.config_set("lua-time-limit", 5000)  # its default


async def _endless(client: Redis) -> None:
    await client.execute_command("EVAL", "while true do end", 0)


async def _is_busy(url: str) -> bool:
    async with Redis.from_url(url) as other:
        try:
            await other.ping()
        except ResponseError as problem:
            return str(problem).startswith("BUSY")
    return False


@asynccontextmanager
async def full(client: Redis) -> AsyncGenerator[None]:
    await client.config_set("maxmemory", 1)
    try:
        yield
    finally:
        await client.config_set("maxmemory", 0)


async def test_a_full_server_takes_no_job_and_keeps_no_trace(
    store: Store, hand: Hand, client: Redis
) -> None:
    await store.jobs.submit(spec(workflow_id="f"))
    async with full(client), store.unchanged():
        with pytest.raises(StoreFullError, match="out of memory"):
            await store.jobs.submit(spec())
        with pytest.raises(StoreFullError, match="out of memory"):
            await store.jobs.submit(spec(workflow_id="g"))


async def test_a_full_server_can_be_emptied(store: Store, client: Redis) -> None:
    hand = await store.hand("w1")
    leases = [await hand.put(JobState.ASSIGNED) for _ in range(5)]
    waiting = await store.jobs.submit(spec())
    async with full(client):
        assert await store.jobs.start(leases[0])
        assert await store.jobs.progress(leases[0], Progress(5))
        assert await store.jobs.renew("w1", "s1", tuple(leases)) == ()
        assert await store.jobs.complete(leases[0], "{}") == "completed"
        assert await store.jobs.fail(leases[1], failure(), 0) == "delayed"
        assert await store.jobs.promote(leases[1].job_id)
        assert await store.jobs.fail(leases[2], failure(retryable=False), 0) == "failed"
        assert await store.jobs.release(leases[3], Reason.DRAINED) == "pending"
        assert (await store.jobs.cancel(waiting.job_id, "")).outcome == "cancelled"
        assert len(await hand.claim(2)) == 2
        assert await store.jobs.regrant() == 3
        await store.workers.depart("w1", "s1", 0)
        for lease in await store.views.expired():
            assert await store.jobs.reap(lease, 0) == "pending"
        assert await store.jobs.purge("completed", 0) == 1
        assert await store.workers.forget("w1", 0)
        assert len(await (await store.hand("w2")).claim(9)) == 3
