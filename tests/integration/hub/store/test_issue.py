"""issue: a token with which machines may enrol, for a while."""

from hub.store.keys import key
from hub.store.machines import Kind, Machines, Secret
from tests.support.store import Store


async def test_a_token_ends_by_itself(store: Store) -> None:
    issued = await Machines(store.client).issue(1, 60)
    token = Secret.read(Kind.TOKEN, issued.token)
    assert token is not None
    left_ms = await store.client.command("PTTL", key("enrolment", token.id))
    assert 0 < left_ms <= 60_000
    assert abs(await store.views.now_ms() + 60_000 - issued.expires_at) < 5_000


async def test_only_its_digest_is_kept_and_it_is_not_shown_by_accident(store: Store) -> None:
    issued = await Machines(store.client).issue(1, 60)
    secret = issued.token.rpartition(".")[2]
    assert secret not in repr(await store.dump())
    assert secret not in repr(issued)


async def test_said_twice_it_is_one_token(store: Store) -> None:
    again = ("issue", "0" * 16, "digest", 1, 60_000)
    await store.client.script(*again)
    async with store.unchanged():
        await store.client.script(*again)
