"""settle: the holder of an idempotency key has an answer, or lets go of it."""

from hub.store.answers import Answer, Answers
from tests.support.store import Store

ANSWER = Answer(200, "application/json", b"{}")


async def test_a_key_that_was_let_go_is_free_for_the_same_request(store: Store) -> None:
    answers = Answers(store.client)
    holder = await answers.reserve("k", "f")
    assert await answers.settle("k", str(holder), None)
    assert isinstance(await answers.reserve("k", "f"), str)


async def test_who_lost_the_key_settles_nothing(store: Store) -> None:
    first = await Answers(store.client, hold_s=0).reserve("k", "f")
    second = await Answers(store.client).reserve("k", "f")
    async with store.unchanged():
        assert not await Answers(store.client).settle("k", str(first), ANSWER)
    assert await Answers(store.client).settle("k", str(second), ANSWER)


async def test_settling_twice_is_settling_once(store: Store) -> None:
    answers = Answers(store.client)
    holder = str(await answers.reserve("k", "f"))
    await answers.settle("k", holder, ANSWER)
    async with store.unchanged():
        assert await answers.settle("k", holder, ANSWER)


async def test_a_key_that_is_gone_has_no_holder(store: Store) -> None:
    async with store.unchanged():
        assert not await Answers(store.client).settle("k", "h", ANSWER)
