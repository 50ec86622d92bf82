"""enrol: a machine shows a token and gets a credential of its own."""

import hmac

import pytest

from hub.store.keys import key
from hub.store.machines import Kind, Machines, Secret
from tests.support.machines import NONCE, admission
from tests.support.store import Store


async def test_a_machine_that_has_enrolled_is_let_in(store: Store) -> None:
    mine = await admission(store)
    machines = Machines(store.client)
    assert await machines.admit(mine.shown)
    assert await machines.is_enrolled(mine.machine.machine_id)
    (known,) = await machines.all()
    assert (known.machine_id, known.name) == (mine.machine.machine_id, "box")
    assert (known.connected_at, known.agent_id) == (None, None)
    assert abs(await store.views.now_ms() - known.enrolled_at) < 5_000


async def test_only_digests_are_kept(store: Store) -> None:
    mine = await admission(store)
    kept = repr(await store.dump())
    assert mine.shown.rest not in kept
    assert mine.token.rpartition(".")[2] not in kept
    assert mine.shown.digest in kept
    assert mine.shown.rest not in repr((mine.machine, mine.shown))


async def test_a_token_is_good_for_so_many_machines(store: Store) -> None:
    mine = await admission(store, uses=2)
    machines = Machines(store.client)
    other = await machines.enrol(mine.token, "another", "another nonce")
    assert other is not None
    assert other.machine_id != mine.machine.machine_id
    async with store.unchanged():
        assert await machines.enrol(mine.token, "third", "a third nonce") is None


async def test_asked_again_the_answer_is_the_same_also_when_the_token_is_gone(store: Store) -> None:
    mine = await admission(store)
    machines = Machines(store.client)
    async with store.unchanged():
        assert await machines.enrol(mine.token, "box", NONCE) == mine.machine
    token = Secret.read(Kind.TOKEN, mine.token)
    assert token is not None
    await store.client.command("DEL", key("enrolment", token.id))  # as its end does
    assert await machines.enrol(mine.token, "box", NONCE) == mine.machine
    assert await machines.enrol(mine.token, "box", "another nonce") is None


@pytest.mark.parametrize("text", ["", "nonsense", "emp-enrol.0.0", "emp-machine.{id}.{rest}"])
async def test_what_is_no_token_enrols_nobody(store: Store, text: str) -> None:
    machines = Machines(store.client)
    token = Secret.read(Kind.TOKEN, (await machines.issue(1, 60)).token)
    assert token is not None
    async with store.unchanged():
        assert await machines.enrol(text.format(id=token.id, rest=token.rest), "x", NONCE) is None


async def test_a_guess_at_a_token_or_a_credential_opens_nothing(store: Store) -> None:
    mine = await admission(store, uses=2)
    machines = Machines(store.client)
    guess = mine.token[:-64] + "0" * 64
    assert await machines.enrol(guess, "x", "another nonce") is None
    assert not await machines.admit(Secret(Kind.CREDENTIAL, mine.shown.id, "0" * 64))
    assert not await machines.admit(Secret(Kind.CREDENTIAL, "0" * 16, mine.shown.rest))


async def test_digests_are_compared_in_constant_time(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = await admission(store)
    compared: list[tuple[str, str]] = []

    def compare(known: str, given: str) -> bool:
        compared.append((known, given))
        return known == given

    monkeypatch.setattr(hmac, "compare_digest", compare)
    assert await Machines(store.client).admit(mine.shown)
    assert compared == [(mine.shown.digest, mine.shown.digest)]
