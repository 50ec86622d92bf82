"""lapse: removes a machine that has not been seen for long."""

from hub.store.keys import key
from hub.store.machines import Machines
from tests.support.machines import NONCE, admission, unseen_since
from tests.support.store import Store

DAY_S = 86_400


async def test_a_machine_that_is_not_seen_is_let_in_no_more_and_every_hub_is_told(
    store: Store,
) -> None:
    mine = await admission(store)
    machines = Machines(store.client)
    told = await store.announced(machines.lapse(mine.machine.machine_id, 0))
    assert told == [("news", f"revoke {mine.machine.machine_id}")]
    assert not await machines.admit(mine.shown)
    assert await machines.all() == []
    assert await machines.enrol(mine.token, "box", NONCE) is None


async def test_a_machine_that_was_seen_is_kept(store: Store) -> None:
    mine = await admission(store)
    async with store.unchanged():
        assert not await Machines(store.client).lapse(mine.machine.machine_id, 60)


async def test_one_that_comes_back_between_the_look_and_the_removal_stays(store: Store) -> None:
    mine = await admission(store)
    machines = Machines(store.client)
    await unseen_since(store, mine, 1)
    assert await machines.unseen(DAY_S) == [mine.machine.machine_id]
    await machines.greet(mine.machine.machine_id, "w1")
    assert not await machines.lapse(mine.machine.machine_id, DAY_S)
    assert await machines.admit(mine.shown)


async def test_an_unknown_machine_leaves_no_trace(store: Store) -> None:
    async with store.unchanged():
        assert not await Machines(store.client).lapse("nobody", 0)


async def test_lapsing_twice_is_lapsing_once(store: Store) -> None:
    mine = await admission(store)
    assert await Machines(store.client).lapse(mine.machine.machine_id, 0)
    async with store.unchanged():
        assert not await Machines(store.client).lapse(mine.machine.machine_id, 0)


async def test_the_longest_unseen_come_first_and_lists_go_by_enrolment(store: Store) -> None:
    first, second = [await admission(store, nonce=f"nonce {n} of this test") for n in range(2)]
    await store.client.command("HSET", key("machine", first.machine.machine_id), "enrolled_at", 1)
    await unseen_since(store, first, 2)
    await unseen_since(store, second, 1)
    machines = Machines(store.client)
    assert await machines.unseen(DAY_S) == [second.machine.machine_id, first.machine.machine_id]
    assert [each.seen_at for each in await machines.all()] == [2, 1]
