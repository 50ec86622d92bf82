"""reserve: a request with an idempotency key wants to act."""

import pytest

from hub.store.answers import TTL_S, Answer, Answers, Refusal
from hub.store.keys import key
from tests.support.store import Store

ANSWER = Answer(201, "application/json", b'{"a": "\xff"}')


@pytest.fixture
def answers(store: Store) -> Answers:
    return Answers(store.client)


async def test_the_first_request_may_act_and_nobody_else_meanwhile(answers: Answers) -> None:
    assert not isinstance(await answers.reserve("k", "f"), (Answer, Refusal))
    assert await answers.reserve("k", "f") is Refusal.BUSY
    assert isinstance(await answers.reserve("another", "f"), str)


async def test_an_answer_is_given_again(answers: Answers) -> None:
    holder = await answers.reserve("k", "f")
    assert isinstance(holder, str)
    assert await answers.settle("k", holder, ANSWER)
    assert await answers.reserve("k", "f") == ANSWER


@pytest.mark.parametrize("is_answered", [True, False])
async def test_a_key_is_for_one_request(store: Store, answers: Answers, is_answered: bool) -> None:  # noqa: FBT001 - drawn
    holder = await answers.reserve("k", "f")
    if is_answered:
        await answers.settle("k", str(holder), ANSWER)
    async with store.unchanged():
        assert await answers.reserve("k", "g") is Refusal.OTHER


async def test_a_holder_that_never_came_back_has_its_key_for_a_while_only(store: Store) -> None:
    first = await Answers(store.client, hold_s=0).reserve("k", "f")
    second = await Answers(store.client).reserve("k", "f")
    assert isinstance(second, str)
    assert not isinstance(second, Refusal)
    assert second != first
    assert await Answers(store.client).reserve("k", "f") is Refusal.BUSY


async def test_a_reservation_whose_answer_was_lost_is_still_its_holders(store: Store) -> None:
    again = ("reserve", "k", "f", "holder", 60_000, 60_000)
    assert await store.client.script(*again) == ["reserved"]
    assert await store.client.script(*again) == ["reserved"]


async def test_keys_are_forgotten_after_a_day(store: Store, answers: Answers) -> None:
    await answers.reserve("k", "f")
    left_ms = await store.client.command("PTTL", key("answer", "k"))
    assert 24 * 3_600_000 < left_ms <= TTL_S * 1000
