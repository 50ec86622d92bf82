"""greet: a machine has connected."""

from hub.store.machines import Machines
from tests.support.machines import admission
from tests.support.store import Store


async def test_when_it_connected_and_as_whom_is_noted(store: Store) -> None:
    mine = await admission(store)
    machines = Machines(store.client)
    assert await machines.greet(mine.machine.machine_id, "w1")
    (known,) = await machines.all()
    assert known.agent_id == "w1"
    assert known.connected_at is not None
    assert abs(await store.views.now_ms() - known.connected_at) < 5_000


async def test_a_machine_that_was_revoked_meanwhile_leaves_no_trace(store: Store) -> None:
    mine = await admission(store)
    machines = Machines(store.client)
    await machines.revoke(mine.machine.machine_id)
    async with store.unchanged():
        assert not await machines.greet(mine.machine.machine_id, "w1")
