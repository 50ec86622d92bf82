"""The line: commands that do not wait for each other, and how it breaks."""

import asyncio
from collections.abc import AsyncGenerator
from functools import partial
from typing import Any

import pytest
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import DataError, ResponseError

from hub.store.client import Client
from hub.store.keys import key
from hub.store.line import Command, Line
from tests.support.proxies import LossyProxy
from tests.support.waiting import wait_until

SEQ = key("seq")


class Answers:
    """Keeps what was answered, in order."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, Any]] = []

    async def _hear(self, name: str, answer: Any) -> None:
        self.heard.append((name, answer))

    def to(self, *commands: Command) -> list[tuple[Command, Any]]:
        return [(each, partial(self._hear, str(each[0]))) for each in commands]


@pytest.fixture
async def line(client: Redis) -> AsyncGenerator[Line]:
    line = await Line.open(client)
    yield line
    await line.close()


async def test_answers_come_in_the_order_of_the_commands(line: Line) -> None:
    answers = Answers()
    await line.send(answers.to(("INCR", SEQ), ("GET", SEQ)))
    await line.send(answers.to(("INCR", SEQ)))
    await wait_until(lambda: len(answers.heard) == 3)
    assert answers.heard == [("INCR", 1), ("GET", "1"), ("INCR", 2)]


async def test_a_command_goes_out_while_an_earlier_one_is_unanswered(
    line: Line, redis_url: str
) -> None:
    answers = Answers()
    await line.send(answers.to(("BLPOP", key("delayed"), 0)))
    await line.send(answers.to(("INCR", SEQ)))
    assert answers.heard == []
    async with Redis.from_url(redis_url) as other:
        await other.rpush(key("delayed"), "x")
    await wait_until(lambda: len(answers.heard) == 2)
    assert answers.heard == [("BLPOP", (key("delayed"), "x")), ("INCR", 1)]


async def test_a_refusal_is_the_answer_to_its_command_alone(line: Line) -> None:
    answers = Answers()
    await line.send(answers.to(("INCR", SEQ), ("LPUSH", SEQ, 1), ("INCR", SEQ)))
    await wait_until(lambda: len(answers.heard) == 3)
    assert isinstance(answers.heard[1][1], ResponseError)
    assert (answers.heard[0], answers.heard[2]) == (("INCR", 1), ("INCR", 2))
    assert not line.is_broken


async def test_nothing_is_sent_of_commands_of_which_one_cannot_be(line: Line) -> None:
    answers = Answers()
    with pytest.raises(DataError):
        await line.send(answers.to(("INCR", SEQ), ("SET", SEQ, True)))
    await line.send(answers.to(("INCR", SEQ)))
    await wait_until(lambda: answers.heard)
    assert answers.heard == [("INCR", 1)]


async def test_a_hang_up_is_the_answer_to_all_that_is_due(redis_url: str) -> None:
    answers = Answers()
    async with LossyProxy(redis_url).running() as proxy, Redis.from_url(proxy.url) as client:
        line = await Line.open(client)
        proxy.lose_answers(1)
        await line.send(answers.to(("INCR", SEQ), ("GET", SEQ)))
        await wait_until(lambda: line.is_broken)
        await line.close()
    assert [name for name, _ in answers.heard] == ["INCR", "GET"]
    assert all(isinstance(answer, RedisConnectionError) for _, answer in answers.heard)


async def test_what_cannot_be_written_is_answered_as_well(redis_url: str) -> None:
    answers = Answers()
    async with LossyProxy(redis_url).running() as proxy:
        client = Redis.from_url(proxy.url)
        line = await Line.open(client)
        await client.connection_pool.disconnect()
    await line.send(answers.to(("INCR", SEQ)))
    assert line.is_broken
    await line.close()
    ((_, answer),) = answers.heard
    assert isinstance(answer, RedisConnectionError)
    await client.aclose()


async def test_closing_a_client_waits_for_calls_that_are_not_yet_written(redis_url: str) -> None:
    client = Client.connect(redis_url)
    call = asyncio.create_task(client.command("INCR", SEQ))
    await asyncio.sleep(0)  # one turn of the loop: the call is made, and nothing is written
    await client.close()
    assert call.done()
    assert await call == 1
