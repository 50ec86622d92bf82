"""sight: machines are connected still."""

import pytest

from hub.store import machines as machines_module
from hub.store.machines import Machines
from tests.support.machines import admission, unseen_since
from tests.support.store import Store


async def test_a_machine_that_is_there_is_seen_now(store: Store) -> None:
    mine = await admission(store)
    await unseen_since(store, mine, 1)
    machines = Machines(store.client)
    await machines.sight([mine.machine.machine_id])
    (known,) = await machines.all()
    assert abs(await store.views.now_ms() - known.seen_at) < 5_000
    assert known.connected_at is None


async def test_a_machine_that_was_revoked_meanwhile_leaves_no_trace(store: Store) -> None:
    mine = await admission(store)
    machines = Machines(store.client)
    await machines.revoke(mine.machine.machine_id)
    async with store.unchanged():
        await machines.sight([mine.machine.machine_id, "a stranger"])
        await machines.sight([])


async def test_many_are_told_in_parts(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machines_module, "AT_ONCE", 2)
    all_ = [await admission(store, nonce=f"nonce {n} of this test") for n in range(3)]
    for each in all_:
        await unseen_since(store, each, 1)
    machines = Machines(store.client)
    assert len(await machines.unseen(86_400)) == 2
    await machines.sight([each.machine.machine_id for each in all_])
    assert await machines.unseen(86_400) == []
