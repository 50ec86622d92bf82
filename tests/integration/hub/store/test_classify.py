"""classify: adds lanes to those that a class of workers can serve."""

from hub.store.keys import key
from tests.support.store import Store


async def lanes_of(store: Store, class_: str) -> dict[str, float]:
    return (await store.dump())[key("eligible", class_)]


async def test_the_lanes_are_added_with_the_version(store: Store) -> None:
    assert await store.client.script("classify", "c", "0", "4", "l1", "l2") == ["classified"]
    assert await lanes_of(store, "c") == {"l1": 4, "l2": 4, "": 4}
    assert await store.client.script("classify", "c", "4", "5", "l3") == ["classified"]
    assert await lanes_of(store, "c") == {"l1": 4, "l2": 4, "l3": 5, "": 5}


async def test_a_class_without_lanes_has_a_version(store: Store) -> None:
    assert await store.client.script("classify", "c", "0", "4") == ["classified"]
    assert await lanes_of(store, "c") == {"": 4}


async def test_who_comes_second_adds_nothing(store: Store) -> None:
    await store.client.script("classify", "c", "0", "4", "l1")
    async with store.unchanged():
        assert await store.client.script("classify", "c", "0", "3", "l2") == ["kept"]
        assert await store.client.script("classify", "c", "3", "9", "l2") == ["kept"]


async def test_a_class_that_expired_meanwhile_is_not_half_filled(store: Store) -> None:
    async with store.unchanged():
        assert await store.client.script("classify", "c", "4", "5", "l2") == ["kept"]


async def test_the_lanes_of_a_class_have_a_time_to_live(store: Store) -> None:
    await store.client.script("classify", "c", "0", "4", "l1")
    assert await store.client.command("PTTL", key("eligible", "c")) > 0
