"""resign: a hub that stops leaves the periodic work to the next one."""

from hub.store.duties import Duties
from tests.support.store import Store


async def test_another_hub_leads_at_once(store: Store) -> None:
    duties = Duties(store.client)
    await duties.lead("hub-1", 60)
    assert await duties.resign("hub-1")
    assert await duties.lead("hub-2", 60)


async def test_only_the_leader_resigns(store: Store) -> None:
    duties = Duties(store.client)
    await duties.lead("hub-1", 60)
    async with store.unchanged():
        assert not await duties.resign("hub-2")
