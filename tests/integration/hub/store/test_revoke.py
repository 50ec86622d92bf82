"""revoke: a machine's credential opens nothing any more."""

from hub.store.machines import Machine, Machines
from tests.support.machines import admission
from tests.support.store import Store


async def test_a_revoked_machine_is_gone_and_every_hub_is_told(store: Store) -> None:
    mine = await admission(store)
    machines = Machines(store.client)
    told = await store.announced(machines.revoke(mine.machine.machine_id))
    assert told == [("news", f"revoke {mine.machine.machine_id}")]
    assert not await machines.admit(mine.shown)
    assert not await machines.is_enrolled(mine.machine.machine_id)
    assert await machines.all() == []


async def test_others_stay(store: Store) -> None:
    mine = await admission(store)
    other = await admission(store, nonce="another nonce of this test")
    assert await Machines(store.client).revoke(mine.machine.machine_id)
    assert await Machines(store.client).admit(other.shown)


async def test_the_call_acts_once_and_an_unknown_machine_is_told(store: Store) -> None:
    mine = await admission(store)
    assert await store.acts_once("revoke", mine.machine.machine_id) == ["revoked"]
    async with store.unchanged():
        assert not await Machines(store.client).revoke(mine.machine.machine_id)


async def test_one_that_goes_while_all_are_listed_is_left_out(store: Store) -> None:
    mine = await admission(store)
    await store.client.command("DEL", f"{{emp}}:machine:{mine.machine.machine_id}")
    found: list[Machine] = await Machines(store.client).all()
    assert found == []
    await Machines(store.client).client.command("DEL", "{emp}:machines")
